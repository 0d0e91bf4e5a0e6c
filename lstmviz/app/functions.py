"""The functions of a cell as a picture and a sentence name them."""

from __future__ import annotations

from lstmviz.cells.activations import PLAIN, Functions
from lstmviz.cells.weights import LstmWeights, RnnWeights, Weights
from lstmviz.language import tr

_SIGNS = {"sigmoid": "σ", "hard_sigmoid": "hard σ", "hard_sigmoid_keras3": "hard σ", "linear": "id"}
_BRIEF = {"hard_sigmoid": "σₕ", "hard_sigmoid_keras3": "σₕ", "softsign": "soft"}
_HARD = {
    "hard_sigmoid": "hard σ(z) = clip(0.2·z + 0.5, 0, 1)",
    "hard_sigmoid_keras3": "hard σ(z) = clip(z + 3, 0, 6)/6",
}


def functions_of(weights: Weights | None) -> Functions:
    """Those of an LSTM's weights, σ and tanh where there are none."""
    return weights.functions if isinstance(weights, LstmWeights) else PLAIN


def sign(name: str) -> str:
    """σ, hard σ, tanh, relu …"""
    return _SIGNS.get(name, name)


def brief_sign(name: str) -> str:
    """The sign where there is room for one of the width of σ, or of tanh for a candidate."""
    return _BRIEF.get(name, sign(name))


def sign_of(weights: Weights | None, gate: str) -> str:
    """The sign of the function that makes a gate, g, or the y of a recurrent layer."""
    if isinstance(weights, RnnWeights):
        return sign(weights.activation)
    return sign(functions_of(weights).of(gate))


def in_words(functions: Functions) -> tuple[str, ...]:
    """What is not as in a plain LSTM, for a caption."""
    words = [_HARD[functions.gate]] if functions.gate in _HARD else []
    if functions.candidate != PLAIN.candidate:
        words.append(f"g = {sign(functions.candidate)}(z)")
    if functions.output != PLAIN.output:
        words.append(f"h = o ⊗ {sign(functions.output)}(c)")
    if functions.clip:
        words.append(tr("z clipped at ±{clip}", clip=f"{functions.clip:g}"))
    return tuple(words)
