"""record_whole: a whole model is run, and its recurrent layer recorded on the very x(t) that it read there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lstmviz.engine.layers import Progress
from lstmviz.engine.recorder import record
from lstmviz.errors import ModelError
from lstmviz.language import tr
from lstmviz.nets.foreign.formats import read_found
from lstmviz.nets.foreign.onnx_layers import BEGINS_FED
from lstmviz.nets.net import Net
from lstmviz.nets.reader import load_model
from lstmviz.nets.whole.frames import SPOKEN, cut, known_frame
from lstmviz.nets.whole.kinds import cannot_run, run_by
from lstmviz.nets.whole.others import rates
from lstmviz.nets.whole.ports import Runner
from lstmviz.nets.whole.seen import Seen, see
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Array, Check, Trace
from lstmviz.wire.model_place import split

TOLERANCE = 2e-5
"""Between two frameworks in float32, from step to step of a whole sequence."""
_HALF = 1e-3
"""Where h was kept as float16."""
_AT_ONCE = 1 << 16


def record_whole(
    model: str | Path | Net,
    sequence: Sequence | Any,
    layer: str | int | None = None,
    *,
    inputs: Mapping[str, Any] | None = None,
    frame: int = 0,
    context: int = 0,
    progress: Progress | None = None,
    **recording: Any,
) -> Trace:
    """Run a whole ONNX or TorchScript model and record one recurrent layer on what it read in it: x, h0 and c0.

    model: its file, or a net that `load_model` made of it; ``layer`` as there. A TorchScript file's own code is run.
    sequence: what the whole model reads, a Sequence or an array (T, F). inputs: values of its other inputs by name;
    states that it gives back are fed back by themselves. frame: so many samples of a sequence (T, 1) are one step of
    the model, each with ``context`` samples from before it. recording: as ``record`` takes it.

    The trace's check holds the layer's h against what it gave within the model, too. Raises ModelError, also where the
    file holds weights alone, and SequenceError.
    """
    net = model if isinstance(model, Net) else load_model(model, layer)
    whole = sequence if isinstance(sequence, Sequence) else Sequence(np.asarray(sequence))
    runner = runner_of(net)
    values = {**rates(runner.inputs, whole), **(inputs or {})}
    if not frame and whole.features == 1:
        frame, context = known_frame(runner.inputs, whole)
    given = cut(whole, frame, context) if frame else whole
    try:
        seen = _told_of(see(runner, given, values, net.spec.directions, progress, stepwise=frame > 0), frame, context)
    except ModelError:
        if frame or whole.kind != "audio" or whole.features != 1:
            raise
        given, seen = _in_frames(runner, whole, values, net, progress)
    trace = record(net, _entered(seen, given, whole, net), seen.h0, seen.c0, progress=progress, **recording)
    return _checked(trace, seen, runner, net)


def runner_of(net: Net) -> Runner:
    """What runs the whole model that a net's layers were read from; raises ModelError where nothing can."""
    file, stack = split(net.path)
    path = Path(file)
    kind = run_by(path)
    weights = net.state_dict()
    if kind == "onnx":
        from lstmviz.nets.whole.onnx_runner import OnnxRunner

        nodes = tuple((stack or read_found(path)[0].path).split("+"))
        return OnnxRunner(path, nodes, np.dtype(str(next(iter(weights.values())).dtype).removeprefix("torch.")))
    if kind == "torchscript":
        from lstmviz.nets.whole.torch_runner import TorchRunner

        return TorchRunner(path, *(weights[f"recurrent.{name}_l0"] for name in ("weight_ih", "weight_hh")))
    raise cannot_run(path, net.spec.input.width)


def _in_frames(
    runner: Runner, whole: Sequence, inputs: Mapping[str, Any], net: Net, progress: Progress | None
) -> tuple[Sequence, Seen]:
    """Sound that the model did not take at once, in the first common frame that it takes; else its first reason."""
    failed: list[ModelError] = []
    for frame in (size for size in SPOKEN if size <= len(whole)):
        given = cut(whole, frame)
        try:
            runner.begin()
            return given, _told_of(see(runner, given, inputs, net.spec.directions, progress, stepwise=True), frame)
        except ModelError as error:
            failed.append(error)
    raise failed[0] if failed else cannot_run(Path(runner.file), net.spec.input.width)


def _told_of(seen: Seen, frame: int, context: int = 0) -> Seen:
    """What was seen, which tells of the frames that the sequence was cut into, of none where frame is 0."""
    if not frame:
        return seen
    cut_into = (
        tr("Frames of {frame} samples, each with {context} from before it.", frame=frame, context=context)
        if context
        else tr("Frames of {frame} samples.", frame=frame)
    )
    return replace(seen, told=(cut_into, *seen.told))


def _entered(seen: Seen, given: Sequence, whole: Sequence, net: Net) -> Sequence:
    """x as a sequence, with the labels, times and targets of what the model read where there are as many steps."""
    same = given if len(given) == len(seen.x) else None
    labels = None if same is None else same.labels
    if same is not None and same.vocabulary and labels is None:
        labels = tuple(same.symbol(t) for t in range(len(same)))
    said = tr("{name} through {model}", name=whole.name, model=Path(split(net.path)[0]).name)
    about = tr("x of “{layer}”, recorded from the whole model.", layer=net.spec.name)
    return Sequence(
        seen.x,
        net.spec.input.names,
        name=said,
        labels=labels,
        times=None if same is None else same.times,
        targets=None if same is None else same.targets,
        target_names=() if same is None else same.target_names,
        source=" ".join([about, *seen.told, whole.source]).strip(),
    )


def _checked(trace: Trace, seen: Seen, runner: Runner, net: Net) -> Trace:
    """The trace, whose check now covers the layer's own output within the model and whose note says how it ran."""
    top = len(trace.layers) - 1
    sides = trace.layers[top].directions
    worst = 0.0
    for start in range(0, len(trace), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        own: Array = np.concatenate([trace.lanes[top, side].signals["h"][rows] for side in sides], axis=1)
        expected = seen.y[rows]
        worst = float(np.maximum(worst, (np.abs(own - expected) / np.maximum(1, np.abs(expected))).max()))
    halved = trace.lanes[top, sides[0]].signals["h"].dtype == np.float16  # rounded when it was stored
    before = trace.check or Check(0.0, TOLERANCE, 0, ())
    check = Check(
        float(np.maximum(before.max_error, worst)),
        max(before.tolerance, _HALF if halved else TOLERANCE),
        before.steps,
        (*before.against, "onnxruntime" if run_by(Path(runner.file)) == "onnx" else "TorchScript"),
    )
    told = " ".join([tr("x recorded from the whole model."), *seen.told])
    own_note = trace.model.note.replace(tr(BEGINS_FED), "").strip()  # it is that of the model here
    note = " ".join(part for part in (told, own_note) if part)
    return replace(trace, check=check, model=replace(trace.model, note=note))
