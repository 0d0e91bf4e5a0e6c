"""Colours: one a signal, everywhere; light and dark; the maps of gates and of signed signals."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pyqtgraph as pg
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

SIGNAL_COLOURS = {
    "f": "#D55E00",
    "i": "#009E73",
    "g": "#E69F00",
    "o": "#0072B2",
    "c": "#CC79A7",
    "h": "#56B4E9",
    "x": "#8C8C8C",
    "r": "#AA3377",
}
"""Safe for colour-blind eyes: the palette of Okabe and Ito (2008), https://jfly.uni-koeln.de/color/

r is the purple of Tol's bright scheme: their eighth colour, yellow, cannot be seen on white. As the three kinds of
colour-blind eyes see it (Machado 2009), it lies ΔE 13 or more from each of the others, which lie 7 or more apart.
"""

GATES = ("r", "f", "i", "o")
"""Signals in [0, 1]; all others are signed."""


@dataclass(frozen=True)
class Theme:
    """The colours of one scheme, as #RRGGBB; ``edge`` outlines controls, 3:1 on their ground (WCAG 1.4.11)."""

    name: str
    window: str
    base: str
    raised: str
    line: str
    edge: str
    grid: str
    text: str
    dim: str
    accent: str
    accent_text: str
    cursor: str
    good: str
    warning: str
    error: str

    def signal(self, name: str) -> QColor:
        """The colour of a signal; y is the text's, derived ones take after what they come from."""
        root = {"kept": "f", "written": "i", "tanh_c": "c", "c_prev": "c", "h_prev": "h"}.get(name, name)
        if len(root) == 2 and root[0] == "z":
            root = root[1]
        return QColor(SIGNAL_COLOURS.get(root, self.text))


LIGHT = Theme(
    name="light", window="#EEF0F3", base="#FFFFFF", raised="#F7F8FA", line="#C9CED6", edge="#868F9B", grid="#E3E6EB",
    text="#16191D", dim="#58616E", accent="#0B5CAD", accent_text="#FFFFFF", cursor="#16191D", good="#1B7F4B",
    warning="#8A5A00", error="#B3261E",
)  # fmt: skip
DARK = Theme(
    name="dark", window="#16191E", base="#0F1216", raised="#1D2127", line="#3A414B", edge="#626D7B", grid="#262C34",
    text="#E8EBEF", dim="#9BA5B2", accent="#5AA9F0", accent_text="#0B0E12", cursor="#FFFFFF", good="#5BC98C",
    warning="#E8B04A", error="#FF8A80",
)  # fmt: skip
THEMES = {"light": LIGHT, "dark": DARK}


@lru_cache(maxsize=2)
def lookup_table(signed: bool) -> npt.NDArray[np.uint8]:
    """256 colours as (256, 4) uint8 RGBA: gates closed dark and open bright, signed signals with zero in the middle."""
    name = "CET-D1" if signed else "CET-L8"
    table = pg.colormap.get(name).getLookupTable(nPts=256, alpha=True)
    return np.ascontiguousarray(table, dtype=np.uint8)


def is_gate(name: str) -> bool:
    """Whether a signal is drawn with the gate map, fixed to 0..1."""
    return name in GATES


def apply(app: QApplication, theme: Theme) -> None:
    """Give Fusion and pyqtgraph our own palette.

    WORKAROUND (Qt 6.8–6.11): ``styleHints().setColorScheme`` does nothing off screen or on a bare X server, and
    pyqtgraph ignores the palette, so both are set by hand.
    """
    app.setStyle("Fusion")
    palette = QPalette()
    roles = {
        QPalette.ColorRole.Window: theme.window,
        QPalette.ColorRole.WindowText: theme.text,
        QPalette.ColorRole.Base: theme.base,
        QPalette.ColorRole.AlternateBase: theme.raised,
        QPalette.ColorRole.Text: theme.text,
        QPalette.ColorRole.Button: theme.raised,
        QPalette.ColorRole.ButtonText: theme.text,
        QPalette.ColorRole.BrightText: theme.error,
        QPalette.ColorRole.Highlight: theme.accent,
        QPalette.ColorRole.HighlightedText: theme.accent_text,
        QPalette.ColorRole.ToolTipBase: theme.raised,
        QPalette.ColorRole.ToolTipText: theme.text,
        QPalette.ColorRole.PlaceholderText: theme.dim,
        QPalette.ColorRole.Link: theme.accent,
        QPalette.ColorRole.Mid: theme.line,
        QPalette.ColorRole.Light: theme.raised,
        QPalette.ColorRole.Midlight: theme.grid,
        QPalette.ColorRole.Dark: theme.line,
    }
    for role, colour in roles.items():
        palette.setColor(role, QColor(colour))
    for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text, QPalette.ColorRole.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, role, QColor(theme.dim))
    app.setPalette(palette)
    pg.setConfigOptions(background=theme.base, foreground=theme.text, antialias=False)
