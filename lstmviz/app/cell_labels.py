"""The words and numbers on the cell diagram."""

from __future__ import annotations

from lstmviz.app import numbers, signal_names
from lstmviz.app.functions import functions_of, in_words
from lstmviz.cells.weights import LstmWeights
from lstmviz.language import tr
from lstmviz.traces.trace import LayerInfo, Trace

NO_FORGET_GATE = 50.0
"""From this bias on f is 1 in double precision whatever comes in: such a net was trained without its forget gate."""


def number(value: float, digits: int = 2) -> str:
    """A number that keeps its width: so many decimals, fewer for large ones."""
    size = abs(value)
    return numbers.number(value, max(0, digits - (size >= 9.995) - (size >= 99.95)))


def labels(info: LayerInfo, direction: str, passes: str = "tanh") -> dict[str, tuple[str, ...]]:
    """What stands over each strip, from the longest wording to the shortest; ``passes`` names the function of c(t)."""
    prev, short = ("t+1", "₊₁") if direction == "reverse" else ("t−1", "₋₁")
    if info.cell == "rnn":
        return {
            "h_prev": (f"y({prev})",),
            "x": ("x(t)",),
            "z": (f"z(t) = Wxᵀx(t) + Wyᵀy({prev}) + b", "z(t) = Wxᵀx + Wyᵀy + b", "FC z(t)"),
            "h": ("y(t) = h(t)", "y(t)"),
        }
    if info.cell == "gru":
        return {
            "h_prev": (f"h({prev})", f"h{short}"),
            "x": ("x(t)",),
            "r": ("FC r", "r"),
            "f": ("FC f", "f"),
            "g": ("FC g", "g"),
            "i": ("i = 1 − f", "1 − f", "1−f"),
            "kept": (tr("kept = f ⊗ h({prev})", prev=prev), f"f ⊗ h({prev})", f"f⊗h({prev})", f"f⊗h{short}", "f⊗h"),
            "written": (tr("written = i ⊗ g"), "i ⊗ g", "i⊗g"),
            "h": (tr("h(t) = kept + written"), "h(t) = y(t)", "h(t)"),
        }
    return {
        "c_prev": (f"c({prev})", f"c{short}"),
        "h_prev": (f"h({prev})", f"h{short}"),
        "x": ("x(t)",),
        "f": ("FC f", "f"),
        "g": ("FC g", "g"),
        "i": ("FC i", "i"),
        "o": ("FC o", "o"),
        "kept": (tr("kept = f ⊗ c({prev})", prev=prev), f"f ⊗ c({prev})", f"f⊗c({prev})", f"f⊗c{short}", "f⊗c"),
        "written": (tr("written = i ⊗ g"), "i ⊗ g", "i⊗g"),
        "c": (tr("c(t) = kept + written"), "c(t)"),
        "tanh_c": (f"{passes} c(t)", f"{passes} c", passes),
        "h": ("h(t) = y(t)", "h(t)=y(t)", "h(t)"),
    }


def full_names(key: str) -> tuple[str, ...]:
    """What a layer of neurons is called, from the longest wording to the shortest."""
    brief = {"r": tr("reset"), "f": tr("forget"), "g": tr("candidate"), "i": tr("input"), "o": tr("output")}
    return (signal_names.words(key), brief[key])


def name(key: str, info: LayerInfo, direction: str) -> str:
    """The short name of a vector, as an equation writes it."""
    if key in ("z", "h") and info.cell == "rnn":
        return "z" if key == "z" else "y"
    if key in ("r", "f", "g", "i", "o", "c", "h", "x"):
        return key
    return labels(info, direction)[key][0].rpartition("= ")[2]


def meaning(key: str, info: LayerInfo) -> str:
    """What a vector is, in words; "" where its name says it."""
    if info.cell == "rnn":
        return signal_names.words("y") if key == "h" else ""
    named = ("r", "f", "g", "i", "o", "c", "h", "kept", "written")
    return signal_names.words(key, info.cell) if key in named else ""


def direction_name(direction: str) -> str:
    """The word for a direction."""
    return tr("reverse") if direction == "reverse" else tr("forward")


def side_name(trace: Trace, t: int) -> str:
    """Whether the encoder or the decoder works at step t, "" where there is but one net."""
    if not trace.handover:
        return ""
    return tr("encoder") if t < trace.handover else tr("decoder")


def caption(trace: Trace, layer: int, direction: str, unit: int, shared: int) -> str:
    """What the diagram shows: the layer, its size, the unit whose numbers stand on it, what a pixel of a strip is."""
    info = trace.layers[layer]
    parts = [
        tr("layer {layer} {direction}", layer=layer, direction=direction_name(direction)),
        tr("{units} units", units=info.units) if info.units > 1 else tr("1 unit"),
        tr("numbers of unit {unit}", unit=unit),
    ]
    if info.outputs != info.units:
        parts.insert(2, tr("h projected to {outputs}", outputs=info.outputs))
    weights = trace.weights_at(0, layer, direction)
    if isinstance(weights, LstmWeights) and weights.b[weights.block("f")].min() >= NO_FORGET_GATE:
        parts.insert(2, tr("no forget gate: f = 1"))
    if isinstance(weights, LstmWeights) and weights.peephole is not None:
        parts.insert(2, tr("peepholes"))
    if isinstance(weights, LstmWeights) and weights.norm is not None:
        parts.insert(2, tr("LN: layer norm"))
    parts[2:2] = in_words(functions_of(weights))
    if shared > 1:
        parts.append(tr("a pixel: mean of up to {shared} units", shared=shared))
    return " · ".join(parts)
