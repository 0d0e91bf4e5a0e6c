"""record: a model and a sequence in, a trace of every signal out."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, cast, overload

import numpy as np
import torch
from torch import Tensor, nn

import lstmviz
from lstmviz.engine.inputs import Entry, initial_state, is_batch, one_entry, padded
from lstmviz.engine.layers import Progress, StackRun, run_stack
from lstmviz.engine.weights import RECURRENT, Recurrent, Stack, read_stack
from lstmviz.errors import ModelError, SequenceError
from lstmviz.nets.net import Net
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Array, Lane, ModelInfo, Recorded, Trace


@overload
def record(
    model: nn.Module, sequence: Sequence, h0: Any = None, c0: Any = None, *, progress: Progress | None = None
) -> Trace: ...
@overload
def record(
    model: nn.Module, sequence: Any, h0: Any = None, c0: Any = None, *, progress: Progress | None = None
) -> Any: ...
def record(
    model: nn.Module, sequence: Any, h0: Any = None, c0: Any = None, *, progress: Progress | None = None
) -> Trace | list[Trace]:
    """Every signal of ``model`` on ``sequence``, in evaluation mode; nothing of the model changes.

    model: a loaded net, nn.LSTM, nn.LSTMCell, nn.RNN or nn.RNNCell, on its own device and in its own float type.
    sequence: a Sequence or an array (T, F), whatever the module's batch_first says; a list of them, of any lengths,
    is recorded as a batch and gives a list of traces, whose arrays are views of the batch's. h0: (L·D, R) or
    (L·D, B, R), c0 with H for R, zero unless given. ``progress(done, total)`` counts the steps of all
    layers and directions and may raise to cancel. Raises ModelError and SequenceError.
    """
    recurrent, name = _recurrent(model)
    stack = read_stack(recurrent, name)
    if c0 is not None and stack.cell == "rnn":
        raise ModelError("c0 was given, but the model is an RNN, which has no c; expected h0 alone.")
    entries = _entries(model, sequence, stack)
    h = initial_state("h0", h0, stack, len(entries))
    c = initial_state("c0", c0, stack, len(entries)) if stack.cell == "lstm" else None
    info = model.info() if isinstance(model, Net) else ModelInfo(type(model).__name__, stack.sha256)
    with torch.autocast(stack.device.type, enabled=False):  # it would run a part of the layer in another float type
        run = run_stack(stack, padded(entries, stack), [len(entry.x) for entry in entries], h, c, progress=progress)
        traces = make_traces(stack, entries, run, h, c, info, model if isinstance(model, Net) else None)
    return traces if is_batch(sequence) else traces[0]


def _recurrent(model: nn.Module) -> tuple[Recurrent, str]:
    if isinstance(model, Net):
        return model.recurrent, "recurrent"
    if isinstance(model, RECURRENT):
        return model, ""
    raise ModelError(
        "A {kind} cannot be recorded; expected a loaded net, nn.LSTM, nn.LSTMCell, nn.RNN or nn.RNNCell. For layers"
        " inside another module use: with lstmviz.watch(module) as watch.",
        kind=type(model).__name__,
    )


def _entries(model: nn.Module, sequence: Any, stack: Stack) -> list[Entry]:
    encode: Callable[[Sequence], Array] | None = model.encode if isinstance(model, Net) else None
    if not is_batch(sequence):
        return [one_entry(sequence, stack, encode)]
    if not sequence:
        raise SequenceError("The list of sequences is empty; expected at least one.")
    return [one_entry(item, stack, encode) for item in sequence]


def make_traces(
    stack: Stack, entries: list[Entry], run: StackRun, h0: Tensor, c0: Tensor | None, info: ModelInfo, net: Net | None
) -> list[Trace]:
    """One trace for each sequence of the batch."""
    recorded = Recorded(
        datetime.now(UTC).isoformat(timespec="seconds"),
        str(stack.device),
        str(stack.dtype).removeprefix("torch."),
        run.method,
        dict(_versions()),
    )
    signals = _signals(run)
    h_0, c_0 = h0.cpu().numpy(), None if c0 is None else c0.cpu().numpy()
    top = run.top().cpu().numpy() if net is not None else None
    traces = []
    for b, entry in enumerate(entries):
        length = len(entry.x)
        lanes = {
            key: Lane(
                {name: array[:length, b] for name, array in arrays.items()},
                h_0[place, b],
                None if c_0 is None else c_0[place, b],
                stack.lanes[key].cells,
            )
            for place, (key, arrays) in enumerate(signals.items())
        }
        said = net.decode(top[:length, b]) if net is not None and top is not None else None
        traces.append(
            Trace(
                sequence=entry.sequence,
                inputs=entry.x,
                layers=stack.layers,
                lanes=cast(dict[tuple[int, str], Lane], lanes),
                outputs=said,
                output_names=net.output_names if net is not None else (),
                output_kind=net.output_kind if net is not None else "none",
                targets=net.targets(entry.sequence) if net is not None else None,
                input_names=_input_names(entry, net),
                model=info,
                check=run.check,
                recorded=recorded,
            )
        )
    return traces


def _signals(run: StackRun) -> dict[tuple[int, Any], dict[str, Array]]:
    """The arrays of every lane by name, (T, B, H), in the order of the state's rows."""
    found: dict[tuple[int, Any], dict[str, Array]] = {}
    for key, lane in run.lanes.items():
        arrays: dict[str, Array] = {}
        if lane.gates is not None and lane.c is not None:
            gates = lane.gates.cpu().numpy()
            units = gates.shape[2] // 4
            arrays = {name: gates[:, :, n * units : (n + 1) * units] for n, name in enumerate(lane.blocks)}
            arrays["c"] = lane.c.cpu().numpy()
        arrays["h"] = lane.h.cpu().numpy()
        found[key] = arrays
    return found


def _input_names(entry: Entry, net: Net | None) -> tuple[str, ...]:
    if net is not None:
        return net.spec.input.names
    if entry.sequence.vocabulary and entry.x.shape[1] == len(entry.sequence.vocabulary):
        return entry.sequence.vocabulary
    return entry.sequence.names


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    return (("lstmviz", lstmviz.__version__), ("torch", str(torch.__version__)), ("numpy", np.__version__))
