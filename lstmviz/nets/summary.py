"""What a model file holds, told without building the net."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from pathlib import Path

import msgspec
from safetensors.numpy import load

from lstmviz import language
from lstmviz.cells.activations import Functions
from lstmviz.language import tr
from lstmviz.nets.foreign.choose import choose, named
from lstmviz.nets.foreign.formats import is_own, read_found
from lstmviz.nets.foreign.found import Found
from lstmviz.nets.reader import check_only, read_net_file
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, expected_shapes
from lstmviz.nets.strange import strange_weights
from lstmviz.nets.whole.kinds import run_by
from lstmviz.wire.messages import LayerData, NetSummary, StackData
from lstmviz.wire.model_place import join, split


def summarise(path: str | Path) -> NetSummary:
    """The summary of a model's file, or of one stack of it (FILE#STACK); raises ModelError as ``load_model`` does.

    A foreign model of several stacks of which none is named has no layers in its summary, but all its stacks.
    """
    file, stack = split(str(path))
    if not is_own(Path(file)):
        return _foreign(Path(file), stack)
    check_only(stack, file)
    own = read_net_file(file)
    strange = strange_weights(load(own.weights))
    summary = _summary(file, own.spec)
    words = f"{own.spec.words(language.current())} {strange}".strip()
    return msgspec.structs.replace(summary, note=summary.note | {language.current(): words}) if strange else summary


def _foreign(path: Path, stack: str) -> NetSummary:
    found = read_found(path)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    stacks = tuple(map(_stack, found))
    if len(found) > 1 and not stack:
        parameters = sum(array.size for one in found for array in one.tensors.values())
        note = _said(found)
        return NetSummary(
            str(path), path.stem, sha256, (), parameters, 0, 0, "none", note, stacks=stacks, whole=run_by(path)
        )
    one = choose(found, stack, str(path))
    alone = len(found) == 1 and one is found[0]
    spec = msgspec.structs.replace(named(one, path.stem, alone), sha256=sha256)
    place = str(path) if alone else join(str(path), one.path)
    return msgspec.structs.replace(_summary(place, spec), stacks=stacks, note=_notes(one), whole=run_by(path))


def _notes(found: Found) -> dict[str, str]:
    """What was assumed, and which weights are no numbers, in the language in use."""
    said = [*map(tr, found.notes), *filter(None, [strange_weights(found.tensors)])]
    return {language.current(): " ".join(said)} if said else {}


def _said(found: tuple[Found, ...]) -> dict[str, str]:
    """What is to be said of a whole model: that weights of one of its stacks are no numbers."""
    strange = next(filter(None, (strange_weights(each.tensors) for each in found)), "")
    return {language.current(): strange} if strange else {}


def _stack(found: Found) -> StackData:
    spec = found.spec
    return StackData(
        found.path,
        found.origin,
        spec.cell,
        spec.input.width,
        spec.hidden,
        spec.layers,
        spec.directions,
        spec.projection,
        tuple(map(_stack, found.parts)),
    )


def _summary(path: str, spec: NetSpec) -> NetSummary:
    layers = tuple(
        LayerData(
            index=layer,
            path=f"recurrent.{layer}",
            cell=spec.cell,
            inputs=spec.layer_inputs(layer),
            units=spec.hidden,
            outputs=spec.layer_outputs,
            directions=spec.directions,
        )
        for layer in range(spec.layers)
    )
    kind = "none" if spec.output is None else "probability" if isinstance(spec.output, ProbabilityOutput) else "value"
    return NetSummary(
        path=path,
        name=spec.name,
        sha256=spec.sha256,
        layers=layers,
        parameters=sum(math.prod(shape) for shape in expected_shapes(spec).values()),
        inputs=spec.input.width,
        outputs=0 if spec.output is None else len(spec.output.names),
        output_kind=kind,
        note=spec.note,
        vocabulary=spec.input.vocabulary if isinstance(spec.input, OneHotInput) else (),
        topology=spec.topology,
        variants=tuple(_variants(spec)),
    )


def _variants(spec: NetSpec) -> Iterator[str]:
    """The fields of the spec that make its cells others than plain ones."""
    plain = Functions()
    functions = {
        "gate_activation": spec.gate_activation != plain.gate,
        "candidate_activation": spec.candidate_activation != plain.candidate,
        "output_activation": spec.output_activation != plain.output,
    }
    names = ("peepholes", "layer_norm", "reset_before", "clip", "cell_clip", "initial_state")
    fields = {name: bool(getattr(spec, name)) for name in names}
    fields["activation"] = spec.cell == "rnn" and spec.activation not in ("tanh", "relu")
    yield from (name for name, there in {**fields, **functions}.items() if there)
