"""A recording that goes to a store while it is made, however long it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

import numpy as np
from torch import Tensor

from lstmviz.engine.inputs import lazy_entry
from lstmviz.engine.layers import Progress
from lstmviz.engine.recorder import input_names_of, recorded_by
from lstmviz.engine.streaming import Work, stream
from lstmviz.engine.weights import Stack, read_stack
from lstmviz.errors import ExportError, LstmvizError, TraceError
from lstmviz.language import tr
from lstmviz.nets.encoding import handover_in
from lstmviz.nets.net import Net
from lstmviz.traces.store import is_trace_store, open_trace
from lstmviz.traces.trace import STORED, Array, Lane, LayerInfo, ModelInfo, Trace
from lstmviz.traces.writer import Dtype, begin_store

DTYPES = ("float16", "float32", "float64")


def work_of(stack: Stack, net: Net | None, item: object, h0: Tensor, c0: Tensor | None) -> Work:
    """What is recorded of a stack, or of the net whose stack it is, on one sequence or array."""
    entry = lazy_entry(item, stack, net)
    if net is None or net.decoder is None:
        return Work(stack, entry, h0, c0, net)
    return Work(stack, entry, h0, c0, net, read_stack(net.decoder, "decoder"), handover_in(entry.sequence, net.spec))


def record_to_store(
    work: Work, info: ModelInfo, out: str | Path, dtype: str | None, overwrite: bool, progress: Progress | None
) -> Trace:
    """Write the work to the store ``out`` while it is computed, and open that.

    dtype: what signals are kept as, the model's own unless told. overwrite: a store of that name gives way, and goes
    once the new one is complete. Whatever stops it, a store is left that opens with what is complete. Raises
    ExportError.
    """
    kept = dtype or str(work.stack.dtype).removeprefix("torch.")
    if kept not in DTYPES:
        raise TraceError(
            "A trace store keeps no “{dtype}”; expected one of: {known}.", dtype=kept, known=" ".join(DTYPES)
        )
    place, entry = Path(out), work.entry
    targets = None if work.net is None else work.net.targets(entry.sequence)
    _check_free(place, overwrite)
    head = head_of(work, info)
    begun = begin_store(place, head, entry.sequence, entry.x, targets, len(entry.x), dtype=cast(Dtype, kept))
    try:
        with begun as writer:
            check, method = stream(work, writer, place, progress)
            writer.finish(check, recorded_by(work.stack, method))
    except LstmvizError as error:
        raise ExportError("{reason} {left}", reason=str(error), left=what_is_left(place)) from error
    return open_trace(place, lazy=True)


def what_is_left(place: str | Path) -> str:
    """What a recording that was stopped leaves, as a sentence."""
    try:
        trace = open_trace(place, lazy=True)
    except TraceError as error:
        return str(error)
    return tr("“{path}” opens with what is there. {note}", path=str(place), note=trace.recorded.note)


def head_of(work: Work, info: ModelInfo) -> Trace:
    """All that is known before the first step: a trace of zeros, as long as the decoder needs to be in it."""
    entry, net = work.entry, work.net
    steps, dtype = work.handover + 1, np.dtype(str(work.stack.dtype).removeprefix("torch."))
    lanes = {
        key: Lane(
            {name: _zeros(steps, _width(work.stack.layers[key[0]], name), dtype) for name in STORED[work.stack.cell]},
            work.h0[place, 0].cpu().numpy(),
            None if work.c0 is None else work.c0[place, 0].cpu().numpy(),
            weights.cells,
            None if work.decoder is None else work.decoder.lanes[key].cells,
        )
        for place, (key, weights) in enumerate(work.stack.lanes.items())
    }
    return Trace(
        sequence=entry.sequence[:steps],
        inputs=_zeros(steps, work.stack.inputs, dtype),
        layers=work.stack.layers,
        lanes=cast("dict[tuple[int, str], Lane]", lanes),
        outputs=_zeros(steps, work.outputs, dtype) if work.outputs else None,
        output_names=net.output_names if net is not None else (),
        output_kind=net.output_kind if net is not None else "none",
        input_names=input_names_of(entry, net),
        model=info,
        recorded=recorded_by(work.stack, ""),
        handover=work.handover,
    )


def _width(info: LayerInfo, name: str) -> int:
    return info.outputs if name == "h" else info.units


def _zeros(steps: int, width: int, dtype: np.dtype[Any]) -> Array:
    return np.broadcast_to(np.zeros((), dtype), (steps, width))


def _check_free(place: Path, overwrite: bool) -> None:
    if is_trace_store(place) and not overwrite:
        raise ExportError(
            "“{path}” holds a recording already. Choose another name, or let it be replaced: --overwrite on the"
            " command line, overwrite=True in Python.",
            path=str(place),
        )
