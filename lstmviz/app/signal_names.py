"""The signals in words, and the order in which they are listed."""

from __future__ import annotations

from lstmviz.language import mark, tr

MAIN = ("r", "f", "i", "o", "g", "c", "h")
"""The signals that an LSTM or a GRU stores, gates first."""
DERIVED = ("kept", "written", "tanh_c", "zr", "zf", "zi", "zo", "zg", "z")
"""Those computed when asked for."""

_WORDS = {
    "r": mark("reset gate"),
    "f": mark("forget gate"),
    "i": mark("input gate"),
    "o": mark("output gate"),
    "g": mark("candidate"),
    "c": mark("long-term state"),
    "h": mark("short-term state"),
    "x": mark("input"),
    "y": mark("output"),
    "kept": mark("kept of the state, f⊗c(t−1)"),
    "written": mark("written to the state, i⊗g"),
    "tanh_c": mark("tanh of the long-term state"),
    "zr": mark("pre-activation of r"),
    "zf": mark("pre-activation of f"),
    "zi": mark("pre-activation of i"),
    "zo": mark("pre-activation of o"),
    "zg": mark("pre-activation of g"),
    "z": mark("pre-activation"),
}

_SHORT = {"kept": "f·c₋₁", "written": "i·g", "tanh_c": "tanh c"}


def words(name: str, cell: str = "lstm") -> str:
    """A signal in words."""
    if cell == "gru" and name == "kept":
        return tr("kept of the state, f⊗h(t−1)")
    return tr(_WORDS[name]) if name in _WORDS else name


def short(name: str, cell: str = "lstm") -> str:
    """A signal's sign as it is drawn."""
    return "f·h₋₁" if cell == "gru" and name == "kept" else _SHORT.get(name, name)


def lane_sign(layer: int, direction: str) -> str:
    """A layer and its direction in two signs: 0→ or 0←."""
    return f"{layer}{'←' if direction == 'reverse' else '→'}"


def ordered(names: set[str]) -> tuple[str, ...]:
    """The signals among ``names``, in the order of the lists above."""
    return tuple(name for name in (*MAIN, *DERIVED) if name in names)
