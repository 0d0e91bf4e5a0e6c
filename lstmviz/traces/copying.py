"""Copying a trace whose signals are on the disk, stretch by stretch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

from lstmviz.errors import ExportError
from lstmviz.traces.trace import Trace
from lstmviz.traces.writer import Dtype, begin_store

_STRETCH = 16 << 20
"""Bytes of one signal that are copied together."""


def copy_trace(trace: Trace, path: str | Path, progress: Callable[[int, int], None] | None, called: str | Path) -> None:
    """Write a lazy trace as a new store in the empty folder ``path``, which will be ``called`` something else.

    Raises ExportError, and TraceError on damage.
    """
    some = next(iter(next(iter(trace.lanes.values())).signals.values()))
    steps = len(trace)
    stretch = max(1, _STRETCH // max(1, some.shape[1] * some.dtype.itemsize))
    done, total = 0, sum(array.nbytes for lane in trace.lanes.values() for array in lane.signals.values())
    starts = range(0, steps, stretch)
    dtype = cast(Dtype, some.dtype.name)
    known = (trace.sequence, trace.inputs, trace.targets)
    with begin_store(path, trace, *known, steps, dtype, called) as writer:
        for key, lane in trace.lanes.items():
            for start in reversed(starts) if key[1] == "reverse" else starts:
                part: dict[str, Any] = {n: array[start : start + stretch] for n, array in lane.signals.items()}
                writer.append(key, start, part)
                done += sum(array.nbytes for array in part.values())
                if progress is not None:
                    progress(done, total)
        if trace.outputs is not None:
            for start in starts:
                writer.say(start, trace.outputs[start : start + stretch])
        writer.finish(trace.check, trace.recorded)


def refuse_itself(trace: Trace, path: str | Path) -> None:
    """Refuse to write a trace in the place of the store that it is read from. Raises ExportError."""
    if trace.overview is not None and Path(trace.overview.place.name).resolve() == Path(path).resolve():
        raise ExportError(
            "“{path}” is the store that this trace is read from, and has all of it. Choose another name for a copy.",
            path=str(path),
        )
