"""The bars above the views: what is under way, and how long it will take."""

from __future__ import annotations

import pytest

from lstmviz.session.snapshot import Task


@pytest.mark.parametrize(
    ("seconds", "words"), [(40.0, "40 s left"), (252.0, "5 min left"), (7800.0, "2 h 10 min left")]
)
def test_the_time_that_is_left_is_said_in_minutes_and_hours_where_it_is_long(program, seconds, words):
    program.dispatcher.session.task = Task("Recording", 1, 10, seconds)
    program.dispatcher.announce()
    assert program.window.tasks._left.text() == words


def test_a_task_with_a_long_name_does_not_widen_the_window(program, qtbot):
    narrowest = program.window.minimumSizeHint().width()
    program.dispatcher.session.task = Task("Recording " + "a long name " * 40, 1, 10, 3.0)
    program.dispatcher.announce()
    bar = program.window.tasks
    qtbot.waitUntil(bar.isVisible)
    assert program.window.minimumSizeHint().width() <= narrowest
    assert bar._bar.width() > 100
    assert "Recording a long name" in bar._what.toolTip()


def test_the_progress_of_more_values_than_qt_counts_is_shown(program):
    for task in (Task("Writing", 6_144_000_000 // 4, 6_144_000_000), Task("Writing", 3, 12)):
        program.dispatcher.session.task = task
        program.dispatcher.announce()
        bar = program.window.tasks._bar
        assert bar.value() / bar.maximum() == 0.25
    program.dispatcher.session.task = Task("Writing")
    program.dispatcher.announce()
    assert bar.maximum() == bar.minimum()  # it goes to and fro
