"""An encoder and its decoder as one run on one time axis."""

from __future__ import annotations

import math
from dataclasses import replace

import torch
from torch import Tensor

from lstmviz.engine.fused import LaneRun
from lstmviz.engine.inputs import Entry, padded
from lstmviz.engine.layers import Progress, StackRun, run_stack
from lstmviz.engine.weights import Stack
from lstmviz.traces.trace import Check


def run_handover(
    encoder: Stack,
    decoder: Stack,
    entries: list[Entry],
    handovers: list[int],
    h0: Tensor,
    c0: Tensor | None,
    progress: Progress | None = None,
) -> StackRun:
    """The encoder over each sequence up to its own handover, the decoder from its state there to the sequence's end.

    h0: (L, B, R) and c0: (L, B, H), the encoder's. Signals are (T, B, …), as of one stack.
    """
    sources = [Entry(entry.sequence, entry.x[:at]) for entry, at in zip(entries, handovers, strict=True)]
    answers = [Entry(entry.sequence, entry.x[at:]) for entry, at in zip(entries, handovers, strict=True)]
    longest = [max(len(part.x) for part in parts) for parts in (sources, answers)]
    lanes, total = len(encoder.lanes), len(encoder.lanes) * sum(longest)

    def first(done: int, _total: int) -> None:
        if progress is not None:
            progress(done, total)

    def second(done: int, _total: int) -> None:
        if progress is not None:
            progress(lanes * longest[0] + done, total)

    asked = run_stack(encoder, padded(sources, encoder), handovers, h0, c0, progress=first)
    h, c = _states(asked, handovers, encoder.device)
    lengths = [len(part.x) for part in answers]
    said = run_stack(decoder, padded(answers, decoder), lengths, h, c, progress=second)
    rows = _rows(handovers, [len(entry.x) for entry in entries], longest[0])
    joined = {key: _joined(run, said.lanes[key], rows) for key, run in asked.lanes.items()}
    methods = {*asked.method.split(), *said.method.split()}
    return StackRun(joined, worst(asked.check, said.check), " ".join(sorted(methods)))


def _states(run: StackRun, ends: list[int], device: torch.device) -> tuple[Tensor, Tensor | None]:
    """h (L, B, R) and c (L, B, H) of every lane after each sequence's own last step."""
    last, b = torch.tensor(ends) - 1, torch.arange(len(ends))
    hs = [lane.h[last.to(device), b.to(device)] for lane in run.lanes.values()]
    cs = [lane.c[last, b].to(device) for lane in run.lanes.values() if lane.c is not None]
    return torch.stack(hs), torch.stack(cs) if cs else None


def _rows(handovers: list[int], lengths: list[int], read: int) -> Tensor:
    """Where step t of sequence b lies, (T, B), in the encoder's ``read`` steps with the decoder's behind them."""
    t, at = torch.arange(max(lengths))[:, None], torch.tensor(handovers)
    rows = torch.where(t < at, t, t - at + read)
    return rows.clamp(max=read + max(n - start for n, start in zip(lengths, handovers, strict=True)) - 1)


def _joined(first: LaneRun, second: LaneRun, rows: Tensor) -> LaneRun:
    return replace(
        first,
        h=_picked(first.h, second.h, rows),
        gates=None if first.gates is None else _picked(first.gates, _in_blocks(second, first.blocks), rows),
        c=None if first.c is None else _picked(first.c, second.c, rows),
        last_c=None,
        views=False,
    )


def _picked(first: Tensor, second: Tensor | None, rows: Tensor) -> Tensor:
    assert second is not None  # both parts are layers of one kind
    return torch.cat([first, second])[rows.to(first.device), torch.arange(rows.shape[1], device=first.device)]


def _in_blocks(run: LaneRun, blocks: str) -> Tensor | None:
    """The gates in the order of the other part, which may have been computed in another way."""
    if run.gates is None or run.blocks == blocks:
        return run.gates
    parts = dict(zip(run.blocks, run.gates.chunk(len(run.blocks), dim=2), strict=True))
    return torch.cat([parts[name] for name in blocks], dim=2)


def worst(one: Check, other: Check) -> Check:
    """Two checks of parts of one recording as one: the larger error, and all steps that were looked at."""
    errors = (one.max_error, other.max_error)
    worst = math.nan if any(map(math.isnan, errors)) else max(errors)
    return replace(one, max_error=worst, steps=one.steps + other.steps)
