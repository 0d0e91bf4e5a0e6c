"""The second axis of the transport: it is there where a run's probe is shown, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from lstmviz.app.views.transport import TransportView
from lstmviz.session.run_view import Replay
from lstmviz.session.snapshot import Snapshot, changes

KEPT = (0, 10, 40, 120, 400)


@pytest.fixture
def transport(qtbot, make_trace):
    view = TransportView()
    qtbot.addWidget(view)
    view.resize(1280, 90)
    view.show()
    view.snapshot = Snapshot(trace=make_trace(steps=101, units=2), stop=101)
    view.present(view.snapshot, changes(None, view.snapshot))
    return view


def show(transport, **fields):
    after = replace(transport.snapshot, **fields)
    transport.present(after, changes(transport.snapshot, after))
    transport.snapshot = after


def test_without_a_run_there_is_one_axis(transport):
    assert not any(part.isVisible() for part in transport.replay.parts)
    assert not transport._axis_label.isVisible()


def test_with_a_run_there_are_two_each_under_the_other(transport):
    show(transport, replay=Replay(1, KEPT, 2))
    assert all(part.isVisible() for part in transport.replay.parts)
    assert transport.replay.slider.x() == transport.slider.x()
    assert transport.replay.slider.y() > transport.slider.y()
    assert (transport._axis_label.text(), transport.replay.title.text()) == ("Time step", "Training step")
    show(transport, replay=None)
    assert not transport.replay.slider.isVisible()


def test_the_update_is_shown_in_words_and_on_the_slider(transport):
    show(transport, replay=Replay(1, KEPT, 3))
    assert transport.replay.position.text() == "update 120 / 400"
    assert transport.replay.slider.value() == 3
    assert transport.sentence() == "Paused at step 0 of 100. The training is shown at update 120 of 400."


def test_a_drag_asks_only_for_its_newest_place(transport, qtbot):
    show(transport, replay=Replay(1, KEPT, 0))
    heard = []
    transport.asked.connect(lambda name, args: heard.append((name, args)))
    for position in (1, 2, 3, 4):
        transport.replay.slider.setValue(position)
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.wait(10)
    assert heard == [("replay.set", {"position": 4})]


def test_showing_a_place_asks_for_nothing(transport, qtbot):
    with qtbot.assertNotEmitted(transport.asked, wait=20):
        show(transport, replay=Replay(1, KEPT, 2))
        show(transport, replay=Replay(1, (*KEPT, 900), 5))


def test_each_button_asks_for_its_command(transport, qtbot):
    show(transport, replay=Replay(1, KEPT, 2))
    for name, button in transport.replay.buttons.items():
        with qtbot.waitSignal(transport.asked) as asked:
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert asked.args == [name, {}]
        assert button.accessibleName()


def test_live_and_playing_are_seen_on_their_buttons_and_said(transport):
    show(transport, replay=Replay(1, KEPT, 4, live=True))
    assert transport.replay.buttons["replay.live"].isChecked()
    assert "Following the training, update 400." in transport.sentence()
    show(transport, replay=Replay(1, KEPT, 1, playing=True))
    assert transport.replay.buttons["replay.play"].isChecked()
    assert "Playing the training, update 10 of 400." in transport.sentence()


def test_one_probe_cannot_be_played(transport):
    show(transport, replay=Replay(1, (0,), 0, live=True))
    assert not transport.replay.buttons["replay.play"].isEnabled()
