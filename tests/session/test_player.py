"""Time becomes steps."""

from __future__ import annotations

import pytest

from lstmviz.session.player import PHASES_A_SECOND, STEPS_A_SECOND, Player
from lstmviz.session.snapshot import PHASES
from lstmviz.session.state import Session


@pytest.fixture
def session(make_trace):
    session = Session()
    session.add_trace(make_trace(steps=50, units=3))
    return session


def test_many_small_ticks_are_as_many_steps_as_one_long_tick(session):
    session.set_playing(True)
    player = Player(session)
    for _ in range(120):
        player.tick(1 / 60)
    assert session.place.t == pytest.approx(2 * STEPS_A_SECOND, abs=1)


def test_a_late_tick_skips_steps_instead_of_lagging(session):
    session.set_playing(True)
    session.set_speed(2)
    assert Player(session).tick(1.0)
    assert session.place.t == 2 * STEPS_A_SECOND


def test_paused_nothing_moves(session):
    assert not Player(session).tick(100)
    assert session.place.t == 0


def test_at_the_end_it_pauses_or_loops(session):
    player = Player(session)
    session.set_playing(True)
    player.tick(1000)
    assert (session.place.t, session.playing) == (49, False)
    session.loop = True
    session.set_playing(True)
    player.rewind()
    player.tick(5.3)
    assert (session.place.t, session.playing) == (3, True)


def test_inside_the_step_it_plays_phase_by_phase(session):
    session.set_inside(True)
    session.set_playing(True)
    player = Player(session)
    player.tick(3 / PHASES_A_SECOND)
    assert (session.place.t, session.place.phase) == (0, 3)
    player.tick(len(PHASES) / PHASES_A_SECOND)
    assert (session.place.t, session.place.phase) == (1, 3)


def test_inside_a_recurrent_layer_it_plays_its_two_phases(make_trace):
    session = Session()
    session.add_trace(make_trace(steps=4, kind="rnn"))
    session.set_inside(True)
    session.set_playing(True)
    player = Player(session)
    seen = []
    while session.playing:
        player.tick(1 / PHASES_A_SECOND)
        seen.append((session.place.t, session.place.phase))
    last = len(PHASES) - 1
    assert seen == [(0, last), (1, 0), (1, last), (2, 0), (2, last), (3, 0), (3, last)]


def test_playing_pages_the_visible_range(session):
    session.set_range(0, 10)
    session.set_playing(True)
    pages = set()
    player = Player(session)
    while session.playing:
        player.tick(0.1)
        pages.add((session.place.start, session.place.stop))
    assert sorted(pages) == [(0, 10), (10, 20), (20, 30), (30, 40), (40, 50)]
