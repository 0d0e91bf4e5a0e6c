"""The sample nets as the tests read them: loaded once, recorded on the sample that shows them, and their notes."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache

import numpy as np
import numpy.typing as npt

import lstmviz
from lstmviz import paths
from lstmviz.nets.net import Net
from lstmviz.sequences.samples import sample
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace

Numbers = npt.NDArray[np.float64]
FRESH = range(900_000, 900_200)
"""Seeds of the 200 sequences that two of the notes speak of."""


@cache
def net_of(name: str) -> Net:
    return lstmviz.load_model(paths.samples() / "nets" / f"{name}.safetensors")


@cache
def shown(id: str) -> Trace:
    one = sample(id)
    assert one.net is not None
    return lstmviz.record(net_of(one.net), one.load())


def looked_at(name: str, traces: Iterable[Trace]) -> Numbers:
    """What the note says to look at, one trace after the other."""
    look = net_of(name).spec.look
    return np.concatenate([trace.signal(look.signal, look.layer)[:, look.unit] for trace in traces]).astype(np.float64)


def symbols(sequence: Sequence) -> str:
    return "".join(sequence.symbol(t) for t in range(len(sequence)))


def owed(trace: Trace) -> Numbers:
    return np.cumsum([{"a": 1.0, "b": -1.0}.get(symbol, 0.0) for symbol in symbols(trace.sequence)])


def numbers_in(note: str, language: str) -> list[float]:
    """Every number with decimals, as the language writes it."""
    point = "." if language == "en" else ","
    return [float(n.replace("−", "-").replace(",", ".")) for n in re.findall(rf"−?\d+\{point}\d+", note)]
