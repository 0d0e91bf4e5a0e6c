"""A user who does anything at all, three hundred times: nothing raises, nothing warns, the session stays valid."""

from __future__ import annotations

import random
from collections.abc import Callable

import msgspec
import pytest
from desk import CONTROL, SHIFT, Desk
from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtGui import QRegion
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QDialog, QWidget

from lstmviz.runs.config import RunConfig
from lstmviz.session.commands import COMMANDS
from lstmviz.session.snapshot import PHASES
from lstmviz.session.state import SPEEDS

ACTIONS = 300
LEFT_OUT = {"app.quit", "engine.restart", "log.open"}
"""The end of the window, three seconds of waiting, and another program."""
KEYS = [
    Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down, Qt.Key.Key_Home, Qt.Key.Key_End,
    Qt.Key.Key_Space, Qt.Key.Key_I, Qt.Key.Key_L, Qt.Key.Key_Tab, Qt.Key.Key_Return, Qt.Key.Key_Plus,
    Qt.Key.Key_Minus, Qt.Key.Key_Escape, Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight, Qt.Key.Key_PageDown,
]  # fmt: skip


def check(desk: Desk) -> None:
    """What holds of every session, whatever was done."""
    session, snapshot = desk.session, desk.program.dispatcher.snapshot
    place, trace = session.place, session.trace
    assert SPEEDS[0] <= session.speed <= SPEEDS[-1]
    assert session.signals
    assert snapshot.trace is trace
    if trace is None:
        assert place.trace_id == 0
        assert not session.playing
        return
    info = trace.layers[place.layer]
    assert 0 <= place.start < place.stop <= len(trace)
    assert 0 <= place.t < len(trace), "the range may be moved away from the cursor, not the cursor out of the trace"
    assert 0 <= place.unit < info.units
    assert place.direction in info.directions
    assert (place.phase is not None) == session.inside
    assert place.phase is None or 0 <= place.phase < len(PHASES)
    assert session.compared in (0, *session.opened)
    assert session.compared != place.trace_id or session.compared == 0
    assert all(len(view.sentence()) > 10 for view in desk.window.views.values())
    assert snapshot.run is None or snapshot.run in snapshot.runs
    for view in session.runs.views:
        assert view.trace_id == 0 or view.trace_id in session.opened
        assert view.twin == 0 or session.runs.get(view.twin).twin == view.id
    replay = snapshot.replay
    assert replay is None or 0 <= replay.position < len(replay.updates)


def in_sight(widget: QWidget, at: QPoint | None = None) -> bool:
    """Whether a part of a widget, or a point of it, is on the screen: what is scrolled away cannot be clicked."""
    seen = widget.visibleRegion() if widget.isVisible() else QRegion()
    return not seen.isEmpty() if at is None else seen.contains(at)


def close_popups() -> None:
    while QApplication.activePopupWidget() is not None:
        QApplication.activePopupWidget().close()


def close_dialogs(desk: Desk) -> None:
    close_popups()
    for dialog in desk._dialogs(QDialog):
        dialog.reject()
    QTest.qWait(1)


class User:
    """Chooses at random, reproducibly."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.chance = desk, random.Random(seed)
        self.commands = [one for one in COMMANDS.values() if not one.parameters and one.id not in LEFT_OUT]
        self.did: list[str] = []

    def act(self) -> None:
        """Do one thing and see to it that no dialog stays in the way for long."""
        kinds: list[Callable[[], str]] = [
            self.key, self.key, self.command, self.command, self.click, self.click, self.drag, self.wheel, self.resize,
            self.button, self.sample, self.train, self.steer, self.steer,
        ]  # fmt: skip
        self.did.append(self.chance.choice(kinds)())
        if self.chance.random() < 0.4:
            close_dialogs(self.desk)
        if self.chance.random() < 0.1:
            QTest.qWait(30)

    def key(self) -> str:
        key, modifier = self.chance.choice(KEYS), self.chance.choice([Qt.KeyboardModifier.NoModifier, SHIFT, CONTROL])
        if not self.desk._dialogs(QDialog):
            self.desk.press(key, modifier)
        return f"key {key.name} {modifier.name}"

    def command(self) -> str:
        command = self.chance.choice(self.commands)
        action = self.desk.window.menus.actions[command.id]
        if not self.desk._dialogs(QDialog):
            action.trigger()
        return f"command {command.id}"

    def _view(self) -> tuple[str, QPoint]:
        name = self.chance.choice([name for name, view in self.desk.window.views.items() if in_sight(view)])
        seen = self.desk.window.views[name].visibleRegion().boundingRect()
        return name, QPoint(
            seen.left() + self.chance.randrange(seen.width()), seen.top() + self.chance.randrange(seen.height())
        )

    def click(self) -> str:
        name, at = self._view()
        self.desk.click(self.desk.window.views[name], at)
        return f"click {name} {at.x()} {at.y()}"

    def drag(self) -> str:
        name, start = self._view()
        view = self.desk.window.views[name]
        window = view.window()  # a dock that floats is its own
        end = QPoint(self.chance.randrange(window.width()), self.chance.randrange(window.height()))
        self.desk.drag(view, start, view.mapFrom(window, end))
        return f"drag {name}"

    def wheel(self) -> str:
        name, at = self._view()
        view = self.desk.window.views[name]
        self.desk.wheel(view.childAt(at) or view, at, self.chance.choice([-3, -1, 1, 3]))
        return f"wheel {name}"

    def resize(self) -> str:
        width, height = self.chance.randrange(960, 1800), self.chance.randrange(200, 1200)
        self.desk.window.resize(width, height)
        QTest.qWait(1)  # nobody clicks before what they see has taken its new place
        return f"resize {width} {height}"

    def button(self) -> str:
        buttons = [
            one
            for one in self.desk.window.findChildren(QAbstractButton)
            if in_sight(one, one.rect().center()) and one.isEnabled() and one.window() is self.desk.window
        ]
        chosen = self.chance.choice(buttons)
        self.desk.click(chosen)
        return f"button {chosen.accessibleName() or chosen.text()}"

    def sample(self) -> str:
        title = self.chance.choice([one.title for one in self.desk.program.samples if one.net])
        if self.chance.random() < 0.3 and not self.desk.window.docks["library"].isHidden():
            self.desk.double_click_row(title)
        return f"sample {title}"

    def train(self) -> str:
        """Begin a tiny training, or twins, a few in all."""
        runs = self.desk.session.runs
        if len(runs.views) < 4 and not self.desk._dialogs(QDialog):
            one = RunConfig(data="reber", hidden=4, examples=12, batch=4, epochs=self.chance.choice([3, 300]))
            cell = self.chance.choice(["lstm", "gru", "rnn"])
            twin = (msgspec.structs.replace(one, cell="gru"),) if self.chance.random() < 0.3 else ()
            configs = (msgspec.structs.replace(one, cell="lstm" if twin else cell), *twin)
            self.desk.program.dispatcher.run("run.start", configs=configs, title="")
        return "train"

    def steer(self) -> str:
        """Ask for anything of a training or of its replay, also where it makes no sense now."""
        runs = self.desk.session.runs
        some = [view.id for view in runs.views]
        command, args = self.chance.choice([
            ("run.toggle", {}), ("run.phase", {}), ("run.batch", {}), ("run.epoch", {}), ("run.probe", {}),
            ("run.stop", {}), ("run.continue", {}), ("run.rate", {"learning_rate": self.chance.choice([0, 0.1, 100])}),
            ("run.clip", {"clipping": self.chance.choice([-1, 0, 0.5])}), ("replay.play", {}), ("replay.live", {}),
            ("replay.set", {"position": self.chance.randrange(-2, 12)}), ("flow.ask", {"step": -1}), ("batch.ask", {}),
            *((name, {"id": one}) for one in some for name in ("run.show", "run.close")),
        ])  # fmt: skip
        self.desk.program.dispatcher.run(command, **args)
        return command


@pytest.mark.parametrize("seed", [1, 2])
def test_three_hundred_random_actions_never_raise_and_leave_the_session_valid(desk, seed, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    user = User(desk, seed)
    closing = QTimer(interval=40)  # the menu of a tool button has an event loop of its own, in which nobody else acts
    closing.timeout.connect(close_popups)
    closing.start()
    try:
        for _ in range(ACTIONS // 2):
            user.act()
            check(desk)
    except AssertionError as error:
        raise AssertionError("after " + "; ".join(user.did[-8:])) from error
    finally:
        closing.stop()
        close_dialogs(desk)
        desk.press(Qt.Key.Key_0, CONTROL | SHIFT)  # docks that float come home
    desk.settled()
    close_dialogs(desk)  # one that waited for an answer of the engine
    check(desk)
    assert desk.session.engine == "ready"
    assert "went wrong" not in desk.notice
