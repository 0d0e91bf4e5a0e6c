"""The session stays valid whatever is asked of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from by_hand import KINDS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstmviz.app.step_rows import step_rows
from lstmviz.errors import TraceError
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.resolve import resolve
from lstmviz.session.snapshot import PHASES, changes
from lstmviz.session.state import RECENT_LENGTH, SHORTEST_RANGE, SIGNALS, Session


@pytest.fixture
def session(make_trace):
    session = Session()
    session.add_trace(make_trace(steps=50, units=8, layers=2))
    return session


def test_a_new_trace_is_active_at_its_first_step_all_of_it_shown(session):
    snapshot = resolve(session)
    assert (snapshot.t, snapshot.start, snapshot.stop, snapshot.playing) == (0, 0, 50, False)
    assert snapshot.trace is session.trace
    assert [entry.id for entry in snapshot.open_traces] == [snapshot.trace_id]


@pytest.mark.parametrize(
    ("steps", "symbols", "shown"),
    [(50, False, 50), (480, False, 480), (481, False, 400), (72, True, 72), (73, True, 60), (2000, True, 60)],
)
def test_a_trace_opens_at_a_range_that_can_be_read(make_trace, steps, symbols, shown):
    trace = make_trace(steps=steps, inputs=1, units=2)
    if symbols:
        letters = Sequence(np.arange(steps)[:, None] % 2, kind="symbols", vocabulary=("a", "b"))
        trace = replace(trace, sequence=letters)
    session = Session()
    session.add_trace(trace)
    assert (session.place.start, session.place.stop) == (0, shown)


def test_what_to_look_at_is_said_in_the_language_in_use_until_it_is_closed(make_trace):
    session = Session()
    session.add_trace(make_trace(), notes={"en": "Look at c.", "pt_BR": "Veja o c."})
    session.choose_language("en")
    assert (resolve(session).note, resolve(session).note_open) == ("Look at c.", True)
    session.choose_language("pt_BR")
    assert resolve(session).note == "Veja o c."
    session.toggle_note()
    assert not resolve(session).note_open
    trace = make_trace()
    session.add_trace(replace(trace, model=replace(trace.model, note="From the file.")))
    assert (resolve(session).note, resolve(session).note_open) == ("From the file.", True)
    session.activate(1)
    assert not resolve(session).note_open


@pytest.mark.parametrize(("asked", "found"), [(-5, 0), (0, 0), (49, 49), (50, 49), (10**9, 49)])
def test_the_cursor_is_clamped_to_the_trace(session, asked, found):
    session.set_cursor(asked)
    assert session.place.t == found


def test_selection_is_clamped_to_what_the_trace_has(session):
    session.select(unit=99, layer=7, direction="sideways")
    assert (session.place.unit, session.place.layer, session.place.direction) == (7, 1, "forward")
    session.select(unit=-1, layer=-1)
    assert (session.place.unit, session.place.layer) == (0, 0)


def test_a_cursor_that_leaves_the_range_turns_the_page_by_its_width(session):
    session.set_range(10, 20)
    session.set_cursor(20)
    assert (session.place.start, session.place.stop) == (20, 30)
    session.set_cursor(19)
    assert (session.place.start, session.place.stop) == (10, 20)
    session.set_cursor(49)
    assert (session.place.start, session.place.stop) == (40, 50)


def test_zoom_keeps_the_step_it_is_around_in_its_place(session):
    session.zoom(0.5, 40)
    assert (session.place.start, session.place.stop) == (20, 45)
    session.zoom(100, 40)
    assert (session.place.start, session.place.stop) == (0, 50)
    for _ in range(20):
        session.zoom(0.5, 10)
    assert session.place.stop - session.place.start == SHORTEST_RANGE


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=st.lists(st.tuples(st.sampled_from("crzaupi"), st.integers(-70, 70), st.integers(-70, 70)), max_size=30))
def test_whatever_is_asked_the_place_stays_inside_the_trace(session, moves):
    for what, a, b in moves:
        match what:
            case "c":
                session.set_cursor(a)
            case "r":
                session.set_range(a, b)
            case "z":
                session.zoom(abs(b) / 10 + 0.1, a)
            case "a":
                session.advance(a)
            case "u":
                session.select(unit=a, layer=b)
            case "p":
                session.set_cursor(a, b)
            case "i":
                session.set_inside(a > 0)
        place = session.place
        assert 0 <= place.start < place.stop <= 50
        assert 0 <= place.t < 50
        assert 0 <= place.unit < 8
        assert place.layer in (0, 1)
        assert (place.phase is not None) == session.inside
        assert place.phase is None or 0 <= place.phase < len(PHASES)


def test_stepping_inside_a_step_goes_through_its_phases_both_ways(session):
    session.set_inside(True)
    assert session.place.phase == 0
    session.advance(len(PHASES))
    assert (session.place.t, session.place.phase) == (1, 0)
    session.advance(-1)
    assert (session.place.t, session.place.phase) == (0, len(PHASES) - 1)
    session.set_inside(False)
    assert session.place.phase is None


def test_each_trace_is_found_where_one_left_it(session, make_trace):
    first = session.place.trace_id
    session.set_cursor(31)
    session.set_range(20, 40)
    second = session.add_trace(make_trace(steps=5, units=2))
    assert session.place.t == 0
    session.activate(first)
    assert (session.place.t, session.place.start, session.place.stop) == (31, 20, 40)
    session.close(first)
    assert session.place.trace_id == second
    session.close(second)
    assert session.trace is None
    assert resolve(session).steps == 0


def test_an_unknown_trace_is_refused_with_a_sentence_and_nothing_changes(session):
    before = resolve(session)
    for refused in (session.activate, session.close, session.compare):
        with pytest.raises(TraceError, match="no open trace with the number 77"):
            refused(77)
    assert not changes(before, resolve(session))


def test_comparing_a_trace_with_itself_compares_nothing(session, make_trace):
    first = session.place.trace_id
    second = session.add_trace(make_trace(seed=1))
    session.compare(second)
    assert resolve(session).compared is None
    session.compare(first)
    assert resolve(session).compared is session.opened[first].trace
    session.activate(first)
    assert resolve(session).compared is None


@pytest.mark.parametrize("kind", KINDS)
def test_inside_a_step_only_phases_of_which_the_pseudocode_has_a_line_are_gone_through(make_trace, kind):
    session = Session()
    session.add_trace(make_trace(steps=12, kind=kind))
    session.set_inside(True)
    phases = list(dict.fromkeys(row.phase for row in step_rows(session.trace, 0, 0, "forward", 0)))
    walked = [(t, phase) for t in range(3) for phase in phases]
    for place in walked:
        assert (session.place.t, session.place.phase) == place
        session.advance(1)
    for place in reversed(walked):
        session.advance(-1)
        assert (session.place.t, session.place.phase) == place
    session.advance(-1)
    assert (session.place.t, session.place.phase) == walked[0]
    session.advance(12 * len(phases))
    assert (session.place.t, session.place.phase) == (11, phases[-1])
    for phase in range(len(PHASES)):
        session.set_cursor(5, phase)
        assert session.place.phase == min(each for each in phases if each >= phase)


def test_unknown_signals_are_left_out_and_one_always_stays(session):
    session.show_signals(["h", "nonsense", "h", "kept"])
    assert session.signals == ("h", "kept")
    session.show_signals([])
    assert session.signals == ("h", "kept")
    assert Session().signals == SIGNALS


def test_playing_from_the_end_begins_again(session):
    session.set_cursor(49)
    session.set_playing(True)
    assert (session.place.t, session.playing) == (0, True)
    assert not Session().playing


def test_playing_needs_a_trace():
    session = Session()
    session.set_playing(True)
    assert not session.playing


def test_recent_files_are_ten_newest_first_and_unique():
    session = Session()
    for n in range(15):
        session.remember(f"{n}.csv")
    session.remember("9.csv")
    assert session.recent[:2] == ("9.csv", "14.csv")
    assert len(session.recent) == RECENT_LENGTH == len(set(session.recent))


def test_the_same_sentence_twice_is_two_notices():
    session = Session()
    session.notify("full")
    first = resolve(session)
    session.notify("full")
    assert changes(first, resolve(session)) == {"notice"}


def test_theme_and_language_follow_the_system_until_one_is_chosen():
    session = Session(system_theme="dark", system_language="pt_BR")
    assert (session.theme, session.language) == ("dark", "pt_BR")
    session.choose_theme("light")
    session.choose_language("en")
    assert (session.theme, session.language) == ("light", "en")
    session.choose_theme("pink")
    session.choose_language("xx")
    assert (session.theme, session.language) == ("dark", "pt_BR")
