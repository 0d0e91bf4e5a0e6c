"""Which models are run whole: where a sequence is not the layer's own input, and the user agrees to run their code."""

from __future__ import annotations

from collections.abc import Callable

from lstmviz.sequences.sequence import Sequence
from lstmviz.wire.messages import NetSummary
from lstmviz.wire.model_place import split

CODE = "torchscript"
"""What brings code of its own; the operators of ONNX are onnxruntime's."""


class Wholes:
    """Remembers what was run whole in this session, and which files the user lets run.

    ``ask`` asks the user to let a file's own code run and calls what it is given where the answer is yes.
    """

    def __init__(self, ask: Callable[[NetSummary, Callable[[], None]], None]) -> None:
        self._ask = ask
        self._agreed: set[str] = set()
        self._ran: set[str] = set()

    def ran(self, net: NetSummary) -> bool:
        """Whether a model was run whole before."""
        return net.path in self._ran

    def decide(self, net: NetSummary | None, sequence: Sequence, then: Callable[[bool], None]) -> None:
        """Call ``then`` with whether the whole model is to be run; not at all where the user does not agree."""
        if net is None or not net.whole or _is_own_input(net, sequence):
            then(False)
            return
        file = split(net.path)[0]

        def agreed() -> None:
            self._agreed.add(file)
            self._ran.add(net.path)
            then(True)

        if net.whole == CODE and file not in self._agreed:
            self._ask(net, agreed)
        else:
            agreed()


def _is_own_input(net: NetSummary, sequence: Sequence) -> bool:
    """Whether a sequence is as wide as the layer, as ones and zeros where it is one of symbols."""
    return net.inputs == (len(sequence.vocabulary) or sequence.features)
