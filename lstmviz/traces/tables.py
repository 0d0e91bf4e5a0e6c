"""What every exporter shares: the forms of a table, the names of its columns, and texts that any format can hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from lstmviz.traces.selection import Block, Selection
from lstmviz.traces.trace import Trace

Form = Literal["long", "wide"]
Tick = Callable[[int], None]
"""Gets the number of values written since it was last called; may raise to cancel."""


def header(selection: Selection, form: Form) -> tuple[str, ...]:
    """The names of a table's columns."""
    nothing = slice(0, 0)
    time = ("time",) if selection.times(nothing) is not None else ()
    label = ("label",) if selection.labels(nothing) is not None else ()
    if form == "long":
        return ("t", *time, *label, "layer", "direction", "unit", "signal", "value")
    return ("t", *time, *label, *(name for block in selection.blocks for name in column_names(selection, block)))


def column_names(selection: Selection, block: Block) -> list[str]:
    """The wide form's names for one block: f[0], or layer0/forward/f[0] where several lanes are chosen."""
    several = len({(other.layer, other.direction) for other in selection.blocks}) > 1
    stem = block.key if several else block.signal
    return [f"{stem}[{name}]" for name in block.names]


def time_texts(times: npt.NDArray[Any]) -> list[str]:
    """Times as text: ISO 8601 for dates, else the shortest number."""
    if times.dtype.kind == "M":
        return [str(text) for text in np.datetime_as_string(times)]
    return list(map(str, times))


def plain(text: str) -> str:
    """A text that every binary format can hold: a zero character becomes ␀, half a surrogate pair its code."""
    return text.replace("\0", "␀").encode("utf-8", "backslashreplace").decode("utf-8")


def about(trace: Trace) -> dict[str, str]:
    """Where a trace comes from, for the attributes of a file."""
    words = {
        "trace": trace.name,
        "sequence": trace.sequence.name,
        "model": trace.model.name,
        "model_sha256": trace.model.sha256,
        "recorded": trace.recorded.when,
        "device": trace.recorded.device,
        "method": trace.recorded.method,
    }
    return {key: plain(word) for key, word in words.items()}
