"""What the window remembers from one start to the next, through the real file of settings."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from desk import CONTROL, SHIFT, Desk, wait
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtTest import QTest

from lstmviz import paths
from lstmviz.app.dialogs.settings import SettingsDialog

SMALL = QRect(0, 60, 840, 640)
"""The screen of the off screen platform is 800 × 800: a larger window is made smaller when it is restored."""


@pytest.fixture
def start():
    """start() -> a window with the settings on the disk and no engine; each is closed at the end."""
    opened: list[Desk] = []

    def begin() -> Desk:
        opened.append(Desk())
        return opened[-1]

    yield begin
    for desk in opened:
        if desk.window is not None:
            desk.close()


def end(desk: Desk) -> None:
    desk.close()
    desk.window = None


def test_geometry_docks_splitter_theme_language_speed_signals_and_recent_files_come_back(start, make_trace, tmp_path):
    desk = start()
    window, session = desk.window, desk.session
    session.add_trace(make_trace())
    session.remember(str(tmp_path / "first.csv"))
    session.remember(str(tmp_path / "second.csv"))
    desk.program.dispatcher.announce()
    window.setGeometry(SMALL)
    desk.press(Qt.Key.Key_3, CONTROL)
    window.addDockWidget(Qt.DockWidgetArea.RightDockWidgetArea, window.docks["library"])
    desk.press(Qt.Key.Key_T, CONTROL)
    desk.press(Qt.Key.Key_BracketRight, times=2)
    desk.press(Qt.Key.Key_L)
    desk.run_by_name("what was kept")
    handle = window.splitter.handle(1)
    desk.drag(handle, handle.rect().center(), handle.rect().center() + QPoint(0, -70))
    desk.run_by_name("português")
    wait(lambda: window.size() == SMALL.size(), "the size")
    parts = window.splitter.sizes()
    share = parts[0] / sum(parts)
    end(desk)

    again = start()
    session, window = again.session, again.window
    assert window.size() == SMALL.size()
    assert session.docks == ("library", "unit")
    assert window.dockWidgetArea(window.docks["library"]) == Qt.DockWidgetArea.RightDockWidgetArea
    assert (session.theme, session.language, session.speed, session.loop) == ("dark", "pt_BR", 5.0, True)
    assert "kept" in session.signals
    assert session.recent[:2] == (str(tmp_path / "second.csv"), str(tmp_path / "first.csv"))
    assert session.trace is None, "a start without files shows the welcome page"
    session.add_trace(make_trace())
    again.program.dispatcher.announce()
    QTest.qWait(20)
    parts = window.splitter.sizes()
    assert abs(parts[0] / sum(parts) - share) < 0.03


def test_only_the_first_start_opens_a_sample(start):
    desk = start()
    assert not desk.program.settings.started_before
    end(desk)
    again = start()
    assert again.program.settings.started_before
    again.program.open_first((), "")
    assert again.session.task is None


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe\x00", b"[1, 2]", b'{"speed": "fast"}', b"{}" * 3])
def test_a_corrupt_file_is_put_aside_and_the_window_starts_afresh(start, content):
    paths.settings_file().write_bytes(content)
    desk = start()
    assert desk.session.speed == 1.0
    assert desk.window.views["welcome"].isVisible()
    end(desk)
    aside = paths.settings_file().with_name("settings.json.bad")
    assert aside.read_bytes() == content
    assert json.loads(paths.settings_file().read_bytes())["started_before"] is True


def test_settings_from_a_later_version_and_values_without_meaning_are_no_fault(start):
    paths.settings_file().write_text(
        json.dumps({
            "theme": "sepia", "language": "tlh", "speed": 1e9, "signals": ["q", "f"], "recent": ["/gone.csv"],
            "window_geometry": "AAAA", "window_state": "%%%", "from_the_future": [1],
        })
    )  # fmt: skip
    desk = start()
    assert (desk.session.theme_choice, desk.session.language_choice) == ("system", "system")
    assert desk.session.signals == ("f",)
    assert desk.session.speed == 300.0
    assert desk.window.docks["library"].isVisible()


def test_a_window_that_lay_on_a_screen_that_is_gone_comes_back_in_sight(start):
    desk = start()
    desk.window.setGeometry(QRect(5000, 4000, 900, 700))
    QTest.qWait(10)
    end(desk)
    again = start()
    screen = again.window.screen().availableGeometry()
    assert screen.intersects(again.window.geometry())


def test_what_the_settings_dialog_chose_is_kept(start):
    desk = start()
    desk.press(Qt.Key.Key_Comma, CONTROL)
    dialog = desk.dialog(SettingsDialog)
    desk.tab_to(dialog.theme)
    desk.press(Qt.Key.Key_End)
    desk.tab_to(dialog.loop)
    desk.press(Qt.Key.Key_Space)
    desk.press(Qt.Key.Key_Escape)
    assert (desk.session.theme, desk.session.loop) == ("dark", True)
    end(desk)
    assert (start().session.theme_choice, Path(paths.settings_file()).exists()) == ("dark", True)


def test_focus_mode_is_not_remembered_but_the_docks_are(start, make_trace):
    desk = start()
    desk.session.add_trace(make_trace())
    desk.program.dispatcher.announce()
    desk.press(Qt.Key.Key_F11)
    assert not any(dock.isVisible() for dock in desk.window.docks.values())
    end(desk)
    assert start().session.docks == ("library", "unit", "step")


def test_reset_brings_the_first_layout_back(start, make_trace):
    desk = start()
    desk.session.add_trace(make_trace())
    desk.program.dispatcher.announce()
    first = {name: dock.geometry() for name, dock in desk.window.docks.items()}
    desk.press(Qt.Key.Key_1, CONTROL)
    desk.press(Qt.Key.Key_2, CONTROL)
    assert not desk.window.docks["unit"].isVisible()
    desk.press(Qt.Key.Key_0, CONTROL | SHIFT)
    assert all(dock.isVisible() for dock in desk.window.docks.values())
    for name, dock in desk.window.docks.items():
        assert abs(dock.geometry().width() - first[name].width()) <= 4
