"""Of many wishes the newest is asked, and each answer is waited for."""

from __future__ import annotations

from functools import partial

from lstmviz.app.latest import SHARE, Latest


def test_what_is_under_way_is_finished_and_of_the_rest_only_the_newest_is_asked():
    asked = []
    latest = Latest()
    for wish in range(5):
        latest.ask(partial(asked.append, wish))
    assert asked == [0]
    latest.over()
    assert asked == [0, 4]
    latest.over()
    latest.ask(partial(asked.append, 9))
    assert asked == [0, 4, 9]


def test_a_question_rests_so_long_that_it_takes_its_share_of_the_time_at_most():
    now = [0.0]
    latest = Latest(lambda: now[0])
    assert latest.rested
    latest.ask(lambda: None)
    assert not latest.rested
    now[0] = 2.0
    latest.over()
    now[0] = 2.0 / SHARE - 0.01
    assert not latest.rested
    now[0] = 2.0 / SHARE + 0.01
    assert latest.rested
