"""What a net reads of a sequence, and what it is asked: arrays out of a Sequence and a NetSpec, no torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.sequence import Floats, Sequence
from lstmviz.sequences.topology import START

Array = npt.NDArray[np.floating]
Places = npt.NDArray[np.intp]


def encoded(sequence: Sequence, spec: NetSpec) -> Floats:
    """x(1..T) as the first layer takes it, (T, F) float32.

    (value − mean) / scale, or one-hot over the net's vocabulary. Raises SequenceError for another width, NaN or an
    infinity, a symbol that the net does not know, or numbers where symbols are expected and the other way round.
    """
    if isinstance(spec.input, OneHotInput):
        x: Floats = np.eye(spec.input.width, dtype=np.float32)[places_of(sequence, spec)]
        return x
    return _normalised(sequence, spec.input, spec.name)


def targets_of(sequence: Sequence, spec: NetSpec) -> Floats | None:
    """What a perfect net says, (T, K), NaN where nothing is asked; None where the sequence does not tell.

    The next values of the foretold columns in their units (K = O); else the place of the right symbol among the
    names of the outputs (K = 1); else the sequence's own targets where their width fits.
    """
    output = spec.output
    if isinstance(output, ValueOutput):
        if output.columns:
            return _next_values(sequence, list(output.columns))
        fits = sequence.targets is not None and sequence.targets.shape[1] == len(output.names)
        return sequence.targets if fits else None
    if isinstance(output, ProbabilityOutput):
        foretells = spec.task == "next" and spec.topology == "seq2seq"
        return _right_symbols(sequence, output.names, foretells=foretells)
    return None


def handover_of(sequence: Sequence) -> int:
    """The step of the first START, where a decoder takes over; −1 in a sequence without one, which is a question."""
    if START not in sequence.vocabulary:
        return -1
    found = np.flatnonzero(sequence.values[:, 0] == sequence.vocabulary.index(START))
    return int(found[0]) if len(found) else -1


def handover_in(sequence: Sequence, spec: NetSpec) -> int:
    """The step where the decoder of a net takes over; raises SequenceError where it has nothing to take over."""
    handover = handover_of(sequence)
    if handover < 1:
        raise SequenceError(
            "“{name}” is no example for the encoder→decoder “{net}”; expected symbols, {start}, and the right answer.",
            name=sequence.name,
            net=spec.name,
            start=START,
        )
    return handover


def _normalised(sequence: Sequence, wanted: ValueInput, net: str) -> Floats:
    if sequence.vocabulary:
        raise SequenceError(
            "“{name}” is a sequence of symbols; the net “{net}” takes the values {names}.",
            name=sequence.name,
            net=net,
            names=", ".join(wanted.names),
        )
    if sequence.features != wanted.width:
        raise SequenceError(
            "“{name}” has {found} features a step; the net “{net}” takes {expected}: {names}.",
            name=sequence.name,
            found=sequence.features,
            net=net,
            expected=wanted.width,
            names=", ".join(wanted.names),
        )
    check_finite(sequence.values, sequence.names, sequence.name)
    mean, scale = np.array(wanted.mean), np.array(wanted.scale)
    x: Floats = ((sequence.values.astype(np.float64) - mean) / scale).astype(np.float32)
    return x


def places_of(sequence: Sequence, spec: NetSpec) -> Places:
    """Where the symbol of each step stands in the vocabulary of the net, (T,); raises SequenceError like `encoded`."""
    vocabulary = spec.input.names
    if not sequence.vocabulary:
        raise SequenceError(
            "“{name}” is a sequence of values; the net “{net}” takes symbols out of its {size}: {some}",
            name=sequence.name,
            net=spec.name,
            size=len(vocabulary),
            some=_some(vocabulary),
        )
    check_finite(sequence.values, sequence.names, sequence.name)
    place = {symbol: n for n, symbol in enumerate(vocabulary)}
    places = np.array([place.get(symbol, -1) for symbol in sequence.vocabulary])[sequence.values[:, 0].astype(np.intp)]
    unknown = np.flatnonzero(places < 0)
    if len(unknown):
        t = int(unknown[0])
        raise SequenceError(
            "Step {t} of “{name}” is “{symbol}”, unknown to the net “{net}”; expected one of its {size} symbols:"
            " {some}",
            t=t,
            name=sequence.name,
            symbol=repr(sequence.symbol(t))[1:-1],  # a newline would break the sentence in two
            net=spec.name,
            size=len(vocabulary),
            some=_some(vocabulary),
        )
    return places


def check_finite(values: Array, names: tuple[str, ...], name: str) -> None:
    """Raise a SequenceError that names the first step and feature of (T, F) that is NaN or infinite."""
    if np.isfinite(values).all():
        return
    t, feature = (int(n) for n in np.argwhere(~np.isfinite(values))[0])
    raise SequenceError(
        "Step {t} of “{name}” has {value} in the feature “{feature}”; expected a number. Fill or remove it first.",
        t=t,
        name=name,
        value=str(values[t, feature]),
        feature=names[feature] if feature < len(names) else str(feature),
    )


def _next_values(sequence: Sequence, columns: list[int]) -> Floats:
    """The values of some features one step ahead, (T, len(columns)); a window cut from a longer one knows its last."""
    own = sequence.targets
    if own is not None and sequence.target_names == sequence.names:
        return own[:, columns]
    wanted = np.full((len(sequence), len(columns)), np.nan, np.float32)
    wanted[:-1] = sequence.values[1:, columns]
    return wanted


def _right_symbols(sequence: Sequence, names: tuple[str, ...], *, foretells: bool) -> Floats | None:
    """Places among ``names`` of the right symbols, (T, 1): the sequence's own targets, else the next symbols."""
    place = {symbol: n for n, symbol in enumerate(names)}
    own = sequence.targets
    if own is not None and own.shape[1] == 1:
        spoken = sequence.target_names if len(sequence.target_names) > 1 else sequence.vocabulary
        table = np.array([place.get(symbol, np.nan) for symbol in spoken] + [np.nan], np.float32)
        asked = np.where(np.isfinite(own), own, -1)
        inside = (asked >= 0) & (asked < len(spoken))
        right: Floats = table[np.where(inside, asked, len(spoken)).astype(np.intp)]
        return right
    if not foretells or not sequence.vocabulary:
        return None
    table = np.array([place.get(symbol, np.nan) for symbol in sequence.vocabulary], np.float32)
    wanted = np.full((len(sequence), 1), np.nan, np.float32)
    wanted[:-1] = table[sequence.values[1:].astype(np.intp)]
    return wanted


def _some(vocabulary: tuple[str, ...]) -> str:
    """The first symbols for a sentence, and a sign where there are more."""
    return " ".join(repr(symbol)[1:-1] for symbol in vocabulary[:12]) + (" …" if len(vocabulary) > 12 else "")
