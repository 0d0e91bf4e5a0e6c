"""Which model and which sequence belong together, and what is asked where one is missing."""

from __future__ import annotations

from dataclasses import dataclass

from lstmviz.language import tr
from lstmviz.sequences.sequence import Sequence
from lstmviz.wire.messages import NetSummary


@dataclass(frozen=True)
class Offer:
    """What the window should ask the user: a model for this sequence, a sequence for this model, or both.

    nets: the models that are known, each with whether it fits the sequence (None where there is no sequence).
    """

    sequence: Sequence | None
    model: NetSummary | None
    nets: tuple[tuple[NetSummary, bool | None], ...]


def fits(net: NetSummary, sequence: Sequence) -> bool:
    """Whether the net can take the sequence: its symbols are known, or its width is the net's."""
    if net.vocabulary:
        return bool(sequence.vocabulary) and set(sequence.vocabulary) <= set(net.vocabulary)
    return not sequence.vocabulary and sequence.features == net.inputs


def could_fit(net: NetSummary, sequence: Sequence) -> bool:
    """Whether the net can take the sequence, or some of its features."""
    enough = not net.vocabulary and not sequence.vocabulary and sequence.features > net.inputs
    return enough or fits(net, sequence)


def no_model_sentence(sequence: Sequence) -> str:
    """Why a model must be chosen."""
    if sequence.vocabulary:
        return tr(
            "“{name}” is a sequence of {count} different symbols. Which model should read it?",
            name=sequence.name,
            count=len(sequence.vocabulary),
        )
    return tr(
        "“{name}” has {features} features a step. Which model should read it?",
        name=sequence.name,
        features=sequence.features,
    )
