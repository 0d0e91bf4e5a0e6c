"""Trace stores written stretch by stretch from arrays, for the tests of what is larger than memory."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import STORED, Lane, LayerInfo, Trace
from lstmviz.traces.writer import StoreWriter, begin_store


def bare_trace(
    steps: int, units: int, sides: tuple[str, ...] = ("forward",), cell: str = "rnn", seed: int = 0
) -> Trace:
    """A trace of random numbers, of one layer without weights."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(steps, 2)).astype(np.float32)
    lanes = {}
    for side in sides:
        signals = {name: rng.normal(size=(steps, units)).astype(np.float32) for name in STORED[cell]}
        zeros = np.zeros(units, np.float32)
        lanes[0, side] = Lane(signals, zeros, zeros if cell == "lstm" else None)
    return Trace(
        Sequence(inputs, name="random"), inputs, (LayerInfo(0, "", cell, 2, units, units, sides),), lanes, name="bare"
    )


def begin(path: Path, trace: Trace, dtype: str = "float32") -> StoreWriter:
    """A store for the whole of a trace, of which its first steps are the head."""
    lanes = {
        key: Lane({name: array[:3] for name, array in lane.signals.items()}, lane.h0, lane.c0, lane.weights)
        for key, lane in trace.lanes.items()
    }
    head = Trace(
        trace.sequence[:3], trace.inputs[:3], trace.layers, lanes,
        outputs=None if trace.outputs is None else trace.outputs[:3], output_names=trace.output_names,
        output_kind=trace.output_kind, input_names=trace.input_names, model=trace.model, recorded=trace.recorded,
        name=trace.name,
    )  # fmt: skip
    return begin_store(path, head, trace.sequence, trace.inputs, trace.targets, len(trace), dtype)


def feed(writer: StoreWriter, trace: Trace, stop: int | None = None, stretch: int = 700) -> None:
    """The first ``stop`` steps, or the last ones of a reverse lane, in stretches."""
    steps = len(trace)
    stop = steps if stop is None else stop
    for (layer, side), lane in trace.lanes.items():
        for at in range(0, stop, stretch):
            first, last = at, min(at + stretch, stop)
            if side == "reverse":
                first, last = steps - last, steps - first
            writer.append((layer, side), first, {name: array[first:last] for name, array in lane.signals.items()})
    if trace.outputs is not None:
        for at in range(0, stop, stretch):
            writer.say(at, trace.outputs[at : min(at + stretch, stop)])


def stream(path: Path, trace: Trace, dtype: str = "float32", stretch: int = 700) -> None:
    """The whole trace as a finished store."""
    with begin(path, trace, dtype) as writer:
        feed(writer, trace, stretch=stretch)
        writer.finish(trace.check, trace.recorded)
