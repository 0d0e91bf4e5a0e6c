"""At the right end of the toolbar: on what device, how well checked, and how the engine is."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QLabel, QWidget

from lstmviz.app.theme import THEMES
from lstmviz.language import mark, tr
from lstmviz.session.snapshot import Snapshot

_STATES = {
    "stopped": mark("engine stopped"),
    "starting": mark("engine starting…"),
    "ready": mark("engine ready"),
    "restarting": mark("engine restarting…"),
    "failed": mark("engine failed"),
}


class StatusBadge(QWidget):
    """Two short texts: the trace's device and check, the engine's state."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._checked, self._engine = QLabel(self), QLabel(self)
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 6, 0)
        row.setSpacing(14)
        row.addWidget(self._checked)
        row.addWidget(self._engine)

    def present(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        """Say both, in the colours of what they mean."""
        if not changed & {"trace", "engine", "device", "language", "theme"}:
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
        self._engine.setText(f"● {tr(_STATES[snapshot.engine])}")
        self._engine.setStyleSheet(f"color: {colour}")
        for label in (self._checked, self._engine):
            label.setAccessibleName(label.text())

    def sentence(self) -> str:
        """Both texts."""
        return f"{self._checked.text()}; {self._engine.text().removeprefix('● ')}"


def _short(error: float) -> str:
    """A small number in one digit: 2e-7."""
    mantissa, _, exponent = f"{error:.0e}".partition("e")
    return f"{mantissa}e{int(exponent)}" if exponent and error else mantissa
