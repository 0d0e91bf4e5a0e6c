"""Which net a run trains: the shape from its settings, inputs and outputs from its data."""

from __future__ import annotations

from lstmviz.language import mark
from lstmviz.nets.encoding import handover_of
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput, check_spec
from lstmviz.runs.config import RunConfig
from lstmviz.sequences.datasets import DataSet
from lstmviz.sequences.generators.truth import Truth
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START

_SAID = 64
"""The most symbols that a decoder may say, unless the longest answer known is over half of that."""


def spec_for(config: RunConfig, data: DataSet) -> NetSpec:
    """The spec of the net that ``config`` describes, for the sequences of ``data``; raises ModelError.

    Values enter as (value − mean) / scale of what is trained on, where the config says ``standardise``; so do the
    targets of a file, and those of a generator, whose truth is told in their own units, stay as they are. Sequences
    that ask what is read next are foretold feature by feature, or symbol by symbol; others are asked for their own
    targets, values or one name out of several.
    """
    spec = NetSpec(
        name=f"{data.name} · {_cell(config)} {config.hidden}",
        cell=config.cell,
        topology=config.topology,
        activation=config.activation,
        input=_input(config, data),
        hidden=config.hidden,
        layers=config.layers,
        bidirectional=config.bidirectional,
        projection=config.projection,
        peepholes=config.peepholes,
        layer_norm=config.layer_norm,
        output=_output(config, data),
        said=max(_SAID, 2 * max(map(_answer_length, (data.probe, *data.validation)))),
        task="next" if data.foretells else "answer",
    )
    return check_spec(spec, spec.name)


def loss_of(spec: NetSpec, truth: Truth | None) -> tuple[str, float | None]:
    """The unit of the loss that ``loss_sum`` gives for a net (English, to translate), and the least it can be.

    A truth tells errors of values in their own units; the loss is that of standardised ones, smaller by scale². None
    where no truth is known, or where it cannot be told for outputs of different scales together.
    """
    best = None if truth is None else truth.optimal_loss
    if not isinstance(spec.output, ValueOutput):
        return "nats per predicted symbol" if truth is None else truth.unit, best
    scales = set(spec.output.scale)
    if scales == {1.0}:
        return "mean squared error" if truth is None else truth.unit, best
    if best:
        best = best / scales.pop() ** 2 if len(scales) == 1 else None
    return mark("mean squared error of standardised values"), best


def _cell(config: RunConfig) -> str:
    return config.activation if config.cell == "rnn" else config.cell.upper()


def _input(config: RunConfig, data: DataSet) -> ValueInput | OneHotInput:
    if data.probe.vocabulary:
        return OneHotInput(_vocabulary(data))
    names = data.probe.names
    if not config.standardise:
        return ValueInput(names, (0.0,) * len(names), (1.0,) * len(names))
    scales = data.scales()
    return ValueInput(names, scales.mean, scales.scale)


def _output(config: RunConfig, data: DataSet) -> ValueOutput | ProbabilityOutput:
    probe = data.probe
    if probe.vocabulary and len(probe.target_names) <= 1 and _asks_symbols(probe, data):
        said = _vocabulary(data)
        return ProbabilityOutput(tuple(name for name in said if name != START or config.topology != "enc2dec"))
    width = 1 if probe.targets is None else probe.targets.shape[1]
    if width == 1 and len(probe.target_names) > 1:
        return ProbabilityOutput(probe.target_names)
    if data.foretells:
        entered = _input(config, data)
        assert isinstance(entered, ValueInput)
        return ValueOutput(entered.names, entered.mean, entered.scale, tuple(range(entered.width)))
    names = probe.target_names if len(probe.target_names) == width else tuple(f"y{n}" for n in range(width))
    if not config.standardise or data.training is None:
        return ValueOutput(names, (0.0,) * width, (1.0,) * width)
    scales = data.scales()
    return ValueOutput(names, scales.target_mean, scales.target_scale)


def _asks_symbols(probe: Sequence, data: DataSet) -> bool:
    """Whether a sequence of symbols is asked for symbols: the next one, or those of a decoder; else for a value."""
    return data.foretells or probe.targets is None or data.topology == "enc2dec"


def _vocabulary(data: DataSet) -> tuple[str, ...]:
    """The symbols of the data, each once."""
    shown = (data.probe, data.draw(0), *data.validation)
    return tuple(dict.fromkeys(symbol for sequence in shown for symbol in sequence.vocabulary))


def _answer_length(sequence: Sequence) -> int:
    handover = handover_of(sequence)
    return 0 if handover < 0 else len(sequence) - handover
