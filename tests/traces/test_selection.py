"""What a person types chooses what they mean, and whatever a trace does not have is a sentence."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from lstmviz.errors import TraceError
from lstmviz.traces.selection import indices, select
from lstmviz.traces.trace import Trace

MakeTrace = Callable[..., Trace]


@pytest.mark.parametrize(
    ("wish", "places"),
    [
        (None, range(10)),
        ("", range(10)),
        (":", range(10)),
        ("0:3", [0, 1, 2]),
        ("1,3,5", [1, 3, 5]),
        (" 5 , 1, 5 ", [1, 5]),
        ("0:10:4", [0, 4, 8]),
        ("7:", [7, 8, 9]),
        ("-2:", [8, 9]),
        ("-1", [9]),
        ("0:2,8:10,5", [0, 1, 5, 8, 9]),
        (4, [4]),
        (np.int64(4), [4]),
        ([2, -1], [2, 9]),
        (slice(1, 3), [1, 2]),
        (range(3), [0, 1, 2]),
    ],
)
def test_places_are_read_as_they_are_written(make_trace: MakeTrace, wish: object, places: object) -> None:
    assert indices(wish, 10, "unit", make_trace()).tolist() == list(places)


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ("abc", "“abc” does not name units; expected something like 0:16"),
        ("1:2:3:4", "does not name units"),
        ("5:1:-1", "does not name units"),
        ("1,,2", "does not name units"),
        (["a"], "does not name units"),
        (1.5, "“1.5” does not name units"),
        (slice(0, 5, 0), "does not name units"),
        (slice("a"), "does not name units"),
        ("10", "no unit 10 in the chosen layers of “by hand · random walk”; expected 0 to 9"),
        ("0:11", "no unit 10"),
        ("-11", "no unit -11"),
        ([3, 99], "no unit 99"),
        ("3:3", "hold none"),
        ([], "hold none"),
    ],
)
def test_units_that_do_not_exist_are_a_sentence(make_trace: MakeTrace, wish: object, words: str) -> None:
    with pytest.raises(TraceError, match=words):
        indices(wish, 10, "unit", make_trace())


def test_nothing_said_chooses_all_that_a_recording_keeps(make_trace: MakeTrace) -> None:
    chosen = select(make_trace(layers=2))
    assert [block.key for block in chosen.blocks] == [f"layer{n}/forward/{name}" for n in (0, 1) for name in "ifogch"]
    assert chosen.columns() == 2 * 6 * 8
    assert len(chosen.steps) == 50


def test_all_chooses_the_derived_signals_and_x_and_y_too(make_trace: MakeTrace) -> None:
    names = [block.signal for block in select(make_trace(), signals="all").blocks]
    assert names == [*"xifogch", "kept", "written", "tanh_c", "zi", "zf", "zo", "zg", "y"]


def test_a_choice_gives_the_trace_s_own_numbers(make_trace: MakeTrace) -> None:
    trace = make_trace(layers=2)
    chosen = select(trace, signals="f,kept", layers="1", units="0:2,5", steps="10:20:3")
    assert [block.signal for block in chosen.blocks] == ["f", "kept"]
    for block in chosen.blocks:
        expected = trace.signal(block.signal, 1)[10:20:3][:, [0, 1, 5]]
        np.testing.assert_array_equal(chosen.source(block).read(), expected)


def test_units_do_not_cut_x_and_y_whose_columns_are_features_and_outputs(make_trace: MakeTrace) -> None:
    chosen = select(make_trace(inputs=3), signals=["x", "h", "y"], units="7")
    assert [block.names for block in chosen.blocks] == [("x0", "x1", "x2"), ("7",), ("next",)]


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"signals": "f,q"}, "Unknown signal “q” .* expected some of: x i f o g c h kept"),
        ({"signals": ""}, "No signal is chosen"),
        ({"layers": "2"}, "Layer 2 is not in .* expected 0 to 1"),
        ({"layers": "top"}, "“top” does not name layers"),
        ({"layers": [-1]}, "Layer -1 is not in"),
        ({"directions": "backward"}, "no direction “backward” .* expected one of: forward"),
        ({"units": "0:9"}, "no unit 8 .* expected 0 to 7"),
        ({"steps": "50"}, "no step 50 in .* expected 0 to 49"),
        ({"steps": "noon"}, "“noon” does not name steps"),
    ],
)
def test_what_the_trace_does_not_have_is_a_sentence(make_trace: MakeTrace, wish: dict, words: str) -> None:
    with pytest.raises(TraceError, match=words):
        select(make_trace(layers=2), **wish)
