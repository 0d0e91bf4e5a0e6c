"""At the right end of the toolbar: on what device, how well checked, and how the engine is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QToolButton, QWidget

from lstmviz.app.rich_text import plain_tip
from lstmviz.app.theme import THEMES
from lstmviz.language import mark, tr
from lstmviz.session.snapshot import Snapshot

_FAR = {
    "stopped": mark("{host} stopped"),
    "starting": mark("connecting to {host}…"),
    "ready": mark("{host}"),
    "restarting": mark("connecting to {host}…"),
    "lost": mark("{host} lost"),
    "failed": mark("{host} failed"),
}
_STATES = {
    "stopped": mark("engine stopped"),
    "starting": mark("engine starting…"),
    "ready": mark("engine ready"),
    "restarting": mark("engine restarting…"),
    "lost": mark("engine lost"),
    "failed": mark("engine failed"),
}


class StatusBadge(QWidget):
    """Two short texts: the trace's device and check, where the engine is and how; a click on that chooses another."""

    asked = Signal(str, dict)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._checked, self.engine = QLabel(self), QToolButton(self)
        self._checked.setTextFormat(Qt.TextFormat.PlainText)
        self.engine.setAutoRaise(True)
        self.engine.clicked.connect(self._on_engine_clicked)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 6, 0)
        row.setSpacing(8)
        row.addWidget(self._checked)
        row.addWidget(self.engine)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Say both, in the colours of what they mean."""
        if not changed & {"trace", "engine", "device", "link", "language", "theme"}:
            return
        theme = THEMES[snapshot.theme]
        check = None if snapshot.trace is None else snapshot.trace.check
        if check is None:
            self._checked.setText(tr("device: {device}", device=snapshot.device))
            self._checked.setToolTip("")
        else:
            self._checked.setText(
                tr("device: {device} · checked {error}", device=snapshot.device, error=_short(check.max_error))
            )
            self._checked.setToolTip(
                tr(
                    "{steps} steps were computed again: max |Δ| = {error} against {against}; allowed {tolerance}.",
                    steps=check.steps,
                    error=_short(check.max_error),
                    against=", ".join(check.against),
                    tolerance=_short(check.tolerance),
                )
            )
        passed = check is None or check.passed
        self._checked.setStyleSheet(f"color: {theme.dim if passed else theme.error}")
        colour = {"ready": theme.good, "failed": theme.error, "stopped": theme.dim}.get(snapshot.engine, theme.warning)
        self.engine.setText(f"● {_where(snapshot)}")
        self.engine.setStyleSheet(f"QToolButton {{ color: {colour} }}")
        self.engine.setToolTip(plain_tip(snapshot.link.problem or tr("Choose where the engine computes")))
        for label in (self._checked, self.engine):
            label.setAccessibleName(label.text())

    def sentence(self) -> str:
        """Both texts."""
        return f"{self._checked.text()}; {self.engine.text().removeprefix('● ')}"

    def _on_engine_clicked(self) -> None:
        self.asked.emit("engine.choose", {})


def _where(snapshot: Snapshot) -> str:
    """The engine's state; elsewhere its host, device and the time there and back."""
    link = snapshot.link
    if not link.host:
        return tr(_STATES[snapshot.engine])
    words = [tr(_FAR[snapshot.engine], host=link.host)]
    if snapshot.engine == "ready":
        words += [link.device] if link.device else []
        words += [f"{link.milliseconds} ms"] if link.milliseconds is not None else []
    return " · ".join(words)


def _short(error: float) -> str:
    """A small number in one digit: 2e-7."""
    mantissa, _, exponent = f"{error:.0e}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent and error else mantissa
