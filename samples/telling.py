"""Telling: what is measured of a trained net, and the note that says so."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import truths

from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace

FRESH = range(900_000, 900_200)
"""Seeds of the sequences that judge a net of single answers; no training uses them."""

Facts = Callable[[list[Trace], int], dict[str, str]]


@dataclass(frozen=True, kw_only=True)
class Telling:
    """What a note tells.

    probe: what the clearest unit is chosen and measured on, as the note says. truth, signal, layer: what that unit's
    signal shall follow; sign: −1 or 1 where the note holds for that sign alone. facts: other numbers that the note
    tells, from the traces of the probes and the unit.
    """

    probe: Callable[[], list[Sequence]]
    truth: Callable[[Sequence], truths.Truth]
    signal: str
    note: dict[str, str]
    layer: int = 0
    sign: int = 0
    facts: Facts = lambda traces, unit: {}
