"""record: a model and a sequence in, a trace of every signal out."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, cast, overload

import numpy as np
import torch
from torch import Tensor, nn

import lstmviz
from lstmviz.engine.fused import LaneRun
from lstmviz.engine.handover import run_handover
from lstmviz.engine.inputs import Entry, initial_state, is_batch, one_entry, padded
from lstmviz.engine.layers import Progress, StackRun, run_stack
from lstmviz.engine.weights import RECURRENT, Recurrent, Side, Stack, read_stack
from lstmviz.errors import ModelError, SequenceError, TraceError
from lstmviz.nets.answering import answered
from lstmviz.nets.encoding import handover_in, handover_of
from lstmviz.nets.net import Net
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Array, Lane, ModelInfo, Recorded, Trace


@overload
def record(
    model: nn.Module,
    sequence: Sequence,
    h0: Any = None,
    c0: Any = None,
    *,
    out: str | Path | None = None,
    dtype: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Trace: ...
@overload
def record(
    model: nn.Module,
    sequence: Any,
    h0: Any = None,
    c0: Any = None,
    *,
    out: str | Path | None = None,
    dtype: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Any: ...
def record(
    model: nn.Module,
    sequence: Any,
    h0: Any = None,
    c0: Any = None,
    *,
    out: str | Path | None = None,
    dtype: str | None = None,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Trace | list[Trace]:
    """Every signal of ``model`` on ``sequence``, in evaluation mode; nothing of the model changes.

    model: a net, nn.LSTM, nn.GRU, nn.RNN or one of their cells, on its own device and in its own float type.
    sequence: a Sequence or an array (T, F), whatever the module's batch_first says; a list of them, of any lengths,
    is recorded as a batch and gives a list of traces, whose arrays are views of the batch's. An encoder→decoder is one
    trace, its decoder from ``handover`` on; without a START in the sequence it answers by itself, and the trace's
    sequence holds what was really read. h0: (L·D, R) or (L·D, B, R), c0 with H for R; unless given those that the net
    begins in, else zero. ``progress(done, total)`` counts the steps of all layers and directions and may raise to
    cancel.

    out: a folder NAME.zarr that is written meanwhile, for what is larger than memory; the trace reads it when it is
    looked at. One sequence only. Stopped at any moment, it opens with what is complete. dtype: what the signals are
    kept as there, ``float16``, ``float32`` or ``float64``, the model's own unless told. overwrite: a store that is
    there is replaced. Raises ModelError, SequenceError and, for the store, ExportError.
    """
    recurrent, name = _recurrent(model)
    stack = read_stack(recurrent, name)
    if c0 is not None and stack.cell != "lstm":
        raise ModelError("c0 was given, but a layer of kind {cell} has no c; expected h0 alone.", cell=stack.cell)
    net = model if isinstance(model, Net) else None
    if net is not None and net.spec.initial_state:
        h0 = net.initial_h if h0 is None else h0
        c0 = net.initial_c if c0 is None and stack.cell == "lstm" else c0
    info = ModelInfo(type(model).__name__, stack.sha256) if net is None else net.info()
    with torch.autocast(stack.device.type, enabled=False):  # it would run a part of the layer in another float type
        if out is None:
            if dtype is not None or overwrite:
                raise TraceError("“dtype” and “overwrite” are of a trace store; say with “out” where to write one.")
            traces = _whole(stack, net, info, _items(sequence, net), h0, c0, progress)
            return traces if is_batch(sequence) else traces[0]
        # imported where it is needed: it brings what writes stores
        from lstmviz.engine.store_recording import record_to_store, work_of

        item = _items(_single(sequence), net)[0]
        h, c = _states(stack, h0, c0, 1)
        return record_to_store(work_of(stack, net, item, h, c), info, out, dtype, overwrite, progress)


def _whole(
    stack: Stack, net: Net | None, info: ModelInfo, items: list[Any], h0: Any, c0: Any, progress: Progress | None
) -> list[Trace]:
    """Traces in memory, of all items as one batch."""
    entries = [one_entry(item, stack, None if net is None else net.encode) for item in items]
    h, c = _states(stack, h0, c0, len(entries))
    _check_memory(stack, entries)
    if net is None or net.decoder is None:
        run = run_stack(stack, padded(entries, stack), [len(entry.x) for entry in entries], h, c, progress=progress)
        return make_traces(stack, entries, run, h, c, info, net)
    decoder = read_stack(net.decoder, "decoder")
    handovers = [handover_in(entry.sequence, net.spec) for entry in entries]
    run = run_handover(stack, decoder, entries, handovers, h, c, progress)
    traces = make_traces(stack, entries, run, h, c, info, net)
    return [_handed_over(trace, decoder, at) for trace, at in zip(traces, handovers, strict=True)]


def _check_memory(stack: Stack, entries: list[Entry]) -> None:
    """Refuse what cannot be in this computer's memory at once, before the system ends us for it."""
    if not hasattr(os, "sysconf"):  # Windows says no, and ends nobody
        return
    row = sum(weights.w.shape[0] + 2 * weights.units for weights in stack.lanes.values()) * stack.dtype.itemsize
    need = row * len(entries) * max(len(entry.x) for entry in entries)
    have = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if need > have:
        raise SequenceError(
            "The recording would take {need:.1f} GiB, and this computer has {have:.1f} GiB of memory. Give “out”, the"
            " name of a store to record into, or fewer steps.",
            need=need / 2**30,
            have=have / 2**30,
        )


def _states(stack: Stack, h0: Any, c0: Any, batch: int) -> tuple[Tensor, Tensor | None]:
    h = initial_state("h0", h0, stack, batch)
    return h, initial_state("c0", c0, stack, batch) if stack.cell == "lstm" else None


def _recurrent(model: nn.Module) -> tuple[Recurrent, str]:
    if isinstance(model, Net):
        return model.recurrent, "recurrent"
    if isinstance(model, RECURRENT):
        return model, ""
    raise ModelError(
        "A {kind} cannot be recorded; expected a net, nn.LSTM, nn.GRU, nn.RNN or one of their cells. For layers inside"
        " another module use: with lstmviz.watch(module) as watch.",
        kind=type(model).__name__,
    )


def _items(sequence: Any, net: Net | None) -> list[Any]:
    """The sequences of a batch, or the one, with what a decoder itself says to a question."""
    items = list(sequence) if is_batch(sequence) else [sequence]
    if not items:
        raise SequenceError("The list of sequences is empty; expected at least one.")
    return items if net is None or net.decoder is None else [_completed(net, item) for item in items]


def _single(sequence: Any) -> Any:
    if is_batch(sequence):
        raise SequenceError(
            "A list of {count} sequences cannot be recorded into one store; expected one sequence. Record each into a"
            " store of its own, or leave out “out”.",
            count=len(sequence),
        )
    return sequence


def _completed(net: Net, item: Any) -> Any:
    """A question with the decoder's own answer, which it reads; anything else as it is."""
    asks = isinstance(item, Sequence) and item.vocabulary and handover_of(item) < 0
    return answered(net, item) if asks else item


def _handed_over(trace: Trace, decoder: Stack, handover: int) -> Trace:
    """The trace with the decoder's weights, and no outputs before the decoder began."""
    outputs = None if trace.outputs is None else trace.outputs.copy()
    if outputs is not None:
        outputs[:handover] = np.nan
    lanes = {key: replace(lane, decoder=decoder.lanes[key].cells) for key, lane in _sided(trace).items()}
    return replace(trace, lanes=cast(dict[tuple[int, str], Lane], lanes), outputs=outputs, handover=handover)


def _sided(trace: Trace) -> dict[tuple[int, Side], Lane]:
    return {(layer, cast(Side, side)): lane for (layer, side), lane in trace.lanes.items()}


def make_traces(
    stack: Stack, entries: list[Entry], run: StackRun, h0: Tensor, c0: Tensor | None, info: ModelInfo, net: Net | None
) -> list[Trace]:
    """One trace for each sequence of the batch."""
    recorded = recorded_by(stack, run.method)
    signals = {key: signals_of(lane) for key, lane in run.lanes.items()}
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
                input_names=input_names_of(entry, net),
                model=info,
                check=run.check,
                recorded=recorded,
            )
        )
    return traces


def signals_of(lane: LaneRun) -> dict[str, Array]:
    """The arrays of a lane by name, (T, B, H)."""
    arrays: dict[str, Array] = {}
    if lane.gates is not None:
        gates = lane.gates.cpu().numpy()
        units = gates.shape[2] // len(lane.blocks)
        arrays = {name: gates[:, :, n * units : (n + 1) * units] for n, name in enumerate(lane.blocks)}
    if lane.c is not None:
        arrays["c"] = lane.c.cpu().numpy()
    arrays["h"] = lane.h.cpu().numpy()
    return arrays


def recorded_by(stack: Stack, method: str) -> Recorded:
    """How and when a stack was recorded: now."""
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Recorded(now, str(stack.device), str(stack.dtype).removeprefix("torch."), method, dict(_versions()))


def input_names_of(entry: Entry, net: Net | None) -> tuple[str, ...]:
    """What the columns of x are called."""
    if net is not None:
        return net.spec.input.names
    if entry.sequence.vocabulary and entry.x.shape[1] == len(entry.sequence.vocabulary):
        return entry.sequence.vocabulary
    return entry.sequence.names


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    return (("lstmviz", lstmviz.__version__), ("torch", str(torch.__version__)), ("numpy", np.__version__))
