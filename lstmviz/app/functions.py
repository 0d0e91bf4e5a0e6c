"""The functions of a cell as a picture and a sentence name them."""

from __future__ import annotations

from lstmviz.cells.activations import PLAIN, Functions, bare, parsed
from lstmviz.cells.weights import GruWeights, LstmWeights, RnnWeights, Weights
from lstmviz.language import tr

_SIGNS = {"sigmoid": "σ", "hard_sigmoid": "hard σ", "hard_sigmoid_keras3": "hard σ", "linear": "id"}
_BRIEF = {"hard_sigmoid": "σₕ", "hard_sigmoid_keras3": "σₕ", "softsign": "soft"}


def functions_of(weights: Weights | None) -> Functions:
    """Those of the weights of an LSTM or a GRU, σ and tanh where there are none."""
    return weights.functions if isinstance(weights, LstmWeights | GruWeights) else PLAIN


def sign(name: str) -> str:
    """σ, hard σ, tanh, relu … without their own numbers, for which no picture has the room."""
    return _SIGNS.get(bare(name), bare(name))


def brief_sign(name: str) -> str:
    """The sign where there is room for one of the width of σ, or of tanh for a candidate."""
    return _BRIEF.get(bare(name), sign(name))


def sign_of(weights: Weights | None, gate: str) -> str:
    """The sign of the function that makes a gate, g, or the y of a recurrent layer."""
    if isinstance(weights, RnnWeights):
        return sign(weights.activation)
    return sign(functions_of(weights).of(gate))


def in_words(functions: Functions) -> tuple[str, ...]:
    """What is not as in a plain LSTM, for a caption."""
    words = []
    if functions.gate != PLAIN.gate:
        words.append(f"{sign(functions.gate)}(z) = {_formula(functions.gate, 'z')}")
    if functions.candidate != PLAIN.candidate:
        words.append(f"g = {_formula(functions.candidate, 'z')}")
    if functions.output != PLAIN.output:
        words.append(f"h = o ⊗ {_formula(functions.output, 'c')}")
    if functions.clip:
        words.append(tr("z clipped at ±{clip}", clip=f"{functions.clip:g}"))
    if functions.cell_clip:
        words.append(tr("c clipped at ±{clip}", clip=f"{functions.cell_clip:g}"))
    return tuple(words)


def _formula(name: str, of: str) -> str:
    """What a function makes of z or c, with its own numbers: relu(z), clip(0.2·z + 0.5, 0, 1) …"""
    kind, numbers = parsed(name)
    told = [f"{number:.3g}".replace("-", "−") for number in numbers]
    return _FORMULAS.get(kind, "{0}({1})").format(_SIGNS.get(kind, kind), of, *told)


_FORMULAS = {
    "hard_sigmoid": "clip({2}·{1} + {3}, 0, 1)",
    "hard_sigmoid_keras3": "clip({1} + 3, 0, 6)/6",
    "affine": "{2}·{1} + {3}",
    "scaled_tanh": "{2}·tanh({3}·{1})",
    "leaky_relu": "max({2}·{1}, {1})",
    "thresholded_relu": "{1} beyond {2}, else 0",
    "elu": "elu({1}, {2})",
}
"""With {1} for z or c, {2} and {3} for the function's own numbers; for all others the name and what it is of."""
