"""What a notebook shows of a trace, a frame or a sequence is a line; what they lack is a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lstmviz.errors import TraceError
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace


def test_a_trace_says_itself_in_a_line(make_trace: Callable[..., Trace]) -> None:
    trace = make_trace(steps=2000, inputs=3, units=64, layers=2)

    said = repr(trace)
    assert "\n" not in said
    assert len(said) < 200
    for word in (trace.name, "2000 steps", "lstm 3→64 forward", "lstm 64→64 forward", "2.0e-07"):
        assert word in said


def test_a_frame_and_a_lane_name_their_signals(make_trace: Callable[..., Trace]) -> None:
    trace = make_trace(steps=5, units=4)

    assert repr(trace.frame(3)).startswith("<Frame t = 3; (0, 'forward'): i f o g c h x kept written")
    assert repr(trace.lanes[0, "forward"]).startswith("<Lane i (5, 4), f (5, 4)")


def test_a_sequence_says_its_length_and_its_first_names() -> None:
    said = repr(Sequence(np.zeros((100_000, 8)), names=tuple("abcdefgh"), name="eight"))

    assert said == "<Sequence “eight”: 100000 steps of 8 (a, b, c, d, e, f, …), series>"


def test_what_a_frame_does_not_have_is_a_sentence(make_trace: Callable[..., Trace]) -> None:
    frame = make_trace(steps=5, layers=2).frame(2)

    with pytest.raises(TraceError, match="The frame at step 2 has no “q”; expected one of: i f o g c h x kept"):
        frame["q"]
    with pytest.raises(TraceError, match=r"no “\(7, 'forward'\)”.*out of \(0, 'forward'\) \(1, 'forward'\)"):
        frame[7, "forward"]


def test_a_trace_knows_which_signals_it_has(make_trace: Callable[..., Trace]) -> None:
    trace = make_trace(steps=5)

    assert "kept" in trace
    assert "q" not in trace
    assert 0 not in trace
