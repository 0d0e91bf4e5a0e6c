"""Layers of Keras as nets: those that follow one another and fit as one stack, and each of them alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

from lstmviz.language import mark
from lstmviz.nets.foreign.found import Array, Found
from lstmviz.nets.foreign.keras_cells import KerasLayer
from lstmviz.nets.foreign.torch_names import inputs_named
from lstmviz.nets.spec import Look, NetSpec, check_spec

MAX_DEPTH = 256
FED = mark("In its model this layer starts from a state that others give it; here it starts from zero.")
MERGED = mark("In its model both directions are merged into one; here they are shown apart.")
ORDER_ASSUMED = mark("That these layers follow one another is taken from their order and sizes.")
OTHERS = mark("This file has recurrent layers, too, that lstmviz has no cell for.")
ASSUMED = {
    "sigmoid": mark("The file does not tell the layer's functions; taken are sigmoid and tanh, Keras' own choice."),
    "hard_sigmoid": mark(
        "The file does not tell the layer's functions; taken are hard_sigmoid and tanh, this old Keras' own choice."
    ),
    "rnn": mark("The file does not tell the layer's function; taken is tanh, Keras' own choice."),
}


def found_in(layers: Sequence[KerasLayer], model: str, notes: tuple[str, ...] = ()) -> tuple[Found, ...]:
    """What a model offers: its stacks, each with the layers that it is made of. notes: what is said of all of them."""
    result: list[Found] = []
    for chain in _chains(layers):
        parts = tuple(_found([layer], model, notes) for layer in chain)
        result.append(parts[0] if len(chain) == 1 else replace(_found(chain, model, notes), parts=parts))
    return tuple(result)


def _chains(layers: Sequence[KerasLayer]) -> list[list[KerasLayer]]:
    """All layers, each in one chain; where two read the same layer, the first of them goes on with it."""
    chains: list[list[KerasLayer]] = []
    for layer in layers:
        for chain in chains:
            if len(chain) < MAX_DEPTH and _fits(chain[-1], layer):
                chain.append(layer)
                break
        else:
            chains.append([layer])
    return chains


def _fits(lower: KerasLayer, upper: KerasLayer) -> bool:
    """Whether one layer reads all of the other and both can be layers of one net."""
    same = (lower.cell, lower.functions, lower.reset_before, lower.hidden, len(lower.sides)) == (
        upper.cell,
        upper.functions,
        upper.reset_before,
        upper.hidden,
        len(upper.sides),
    )
    wired = upper.below == lower.path and upper.inputs == lower.hidden * len(lower.sides)
    return same and wired and lower.joined and lower.whole and not lower.backwards and not upper.backwards


def _found(chain: Sequence[KerasLayer], model: str, notes: tuple[str, ...]) -> Found:
    first = chain[0]
    path = "+".join(layer.path for layer in chain)
    spec = NetSpec(
        name=path or model,
        cell=first.cell,
        input=inputs_named(first.inputs),
        hidden=first.hidden,
        layers=len(chain),
        bidirectional=len(first.sides) == 2,
        reverse=first.backwards,
        look=Look(direction="reverse" if first.backwards else "forward"),
        reset_before=first.reset_before,
        **_functions(first),
    )
    kind = f"Bidirectional({first.kind})" if len(first.sides) == 2 else first.kind
    return Found(path, f"Keras {kind}", check_spec(spec, model), _tensors(chain), (*_notes(chain), *notes))


def _functions(layer: KerasLayer) -> dict[str, Any]:
    """The activations as NetSpec has them; Keras takes one function for the candidate and for what leaves the cell."""
    functions = layer.functions
    if layer.cell == "rnn":
        return {"activation": functions.candidate}
    return {
        "gate_activation": functions.gate,
        "candidate_activation": functions.candidate,
        "output_activation": functions.output,
    }


def _tensors(chain: Sequence[KerasLayer]) -> dict[str, Array]:
    return {
        f"recurrent.{name}_l{depth}{ending}": array
        for depth, layer in enumerate(chain)
        for side, ending in zip(layer.sides, ("_reverse",) if layer.backwards else ("", "_reverse"), strict=False)
        for name, array in side.items()
    }


def _notes(chain: Sequence[KerasLayer]) -> Iterator[str]:
    """What a person must know of these layers: marked sentences."""
    first = chain[0]
    if first.fed:
        yield FED
    if not first.joined:
        yield MERGED
    if first.guessed:
        yield ASSUMED["rnn" if first.cell == "rnn" else first.functions.gate]
    if any(not upper.described for _, upper in pairwise(chain)):
        yield ORDER_ASSUMED
