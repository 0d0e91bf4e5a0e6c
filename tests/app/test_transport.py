"""The transport asks for what its controls say and shows where the cursor is."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from lstmviz.app.views.transport import TransportView
from lstmviz.session.snapshot import Snapshot, changes
from lstmviz.session.state import SPEEDS


@pytest.fixture
def transport(qtbot, make_trace):
    view = TransportView()
    qtbot.addWidget(view)
    view.resize(1280, 44)
    view.show()
    view.snapshot = Snapshot(trace=make_trace(steps=1001, units=2), stop=1001)
    view.present(view.snapshot, changes(None, view.snapshot))
    return view


def show(transport, **fields):
    from dataclasses import replace

    after = replace(transport.snapshot, **fields)
    transport.present(after, changes(transport.snapshot, after))
    transport.snapshot = after


def test_each_button_asks_for_its_command(transport, qtbot):
    for name, button in transport.buttons.items():
        with qtbot.waitSignal(transport.asked) as asked:
            qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
        assert asked.args == [name, {}]
        assert button.toolTip().startswith(button.accessibleName())


def test_the_cursor_is_shown_in_words_and_on_the_slider(transport):
    show(transport, t=421)
    assert transport.position.text() == "t = 421 / 1\u202f000"
    assert transport.slider.value() == 421
    assert transport.sentence() == "Paused at step 421 of 1000."


def test_the_place_of_the_cursor_does_not_jitter(transport):
    widths = set()
    for t in (0, 9, 99, 999, 1000):
        show(transport, t=t)
        widths.add(transport.position.width())
        assert transport.position.sizeHint().width() <= transport.position.width()
    assert len(widths) == 1


def test_a_drag_asks_only_for_its_newest_place(transport, qtbot):
    heard = []
    transport.asked.connect(lambda name, args: heard.append((name, args)))
    for t in range(0, 900, 10):
        transport.slider.setValue(t)
    qtbot.waitUntil(lambda: bool(heard))
    qtbot.wait(10)
    assert heard == [("cursor.set", {"t": 890})]


def test_showing_the_cursor_asks_for_nothing(transport, qtbot):
    with qtbot.assertNotEmitted(transport.asked, wait=20):
        show(transport, t=500)


def test_the_play_button_becomes_pause_while_playing(transport):
    before = transport.buttons["play.toggle"].icon().cacheKey()
    show(transport, playing=True)
    assert transport.buttons["play.toggle"].isChecked()
    assert transport.buttons["play.toggle"].icon().cacheKey() != before
    assert transport.sentence() == "Playing at speed 1, step 0 of 1000."
    show(transport, playing=False)
    assert transport.buttons["play.toggle"].icon().cacheKey() == before


def test_every_speed_can_be_chosen_and_is_shown(transport, qtbot):
    for n, speed in enumerate(SPEEDS):
        with qtbot.waitSignal(transport.asked) as asked:
            transport.speed.activated.emit(n)
        assert asked.args == ["play.speed", {"speed": speed}]
        show(transport, speed=speed)
        assert transport.speed.currentText() == f"{speed:g}×"


def test_without_a_trace_only_loop_and_speed_can_be_used(transport):
    show(transport, trace=None)
    assert [name for name, button in transport.buttons.items() if button.isEnabled()] == ["play.loop"]
    assert not transport.slider.isEnabled()
    assert transport.sentence() == "No trace is open."
