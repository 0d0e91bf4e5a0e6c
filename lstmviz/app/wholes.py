"""Which models are run whole: where a sequence is not the layer's own input, and the user agrees to run their code."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QWidget

from lstmviz.sequences.sequence import Sequence
from lstmviz.wire.messages import NetSummary
from lstmviz.wire.model_place import split

CODE = "torchscript"
"""What brings code of its own; the operators of ONNX are onnxruntime's."""


class Wholes:
    """Remembers what was run whole in this session, and which files the user lets run."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._agreed: set[tuple[object, ...]] = set()
        self._ran: set[str] = set()

    def ran(self, net: NetSummary) -> bool:
        """Whether a model was run whole before."""
        return net.path in self._ran

    def decide(self, net: NetSummary | None, sequence: Sequence, then: Callable[[bool], None]) -> None:
        """Call ``then`` with whether the whole model is to be run, once the user has said so where its code would."""
        if net is None or not net.whole or _is_own_input(net, sequence):
            then(False)
        elif net.whole == CODE and _file(net) not in self._agreed:
            self._ask(net, then)
        else:
            self._answer(net, then, agreed=True)

    def _ask(self, net: NetSummary, then: Callable[[bool], None]) -> None:
        from lstmviz.app.dialogs.run_whole import RunWholeDialog

        dialog = RunWholeDialog(net.name, net.inputs, self._window)
        dialog.accepted.connect(partial(self._answer, net, then, agreed=True))
        dialog.rejected.connect(partial(self._answer, net, then, agreed=False))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _answer(self, net: NetSummary, then: Callable[[bool], None], *, agreed: bool) -> None:
        if agreed:
            self._agreed.add(_file(net))
            self._ran.add(net.path)
        then(agreed)


def _file(net: NetSummary) -> tuple[object, ...]:
    """The file that the user agrees to run: another one that takes its place is asked for again."""
    path = Path(split(net.path)[0])
    try:
        facts = path.stat()
    except OSError:  # it lies on the engine's computer
        return str(path), net.sha256
    return str(path), net.sha256, facts.st_mtime_ns, facts.st_size


def _is_own_input(net: NetSummary, sequence: Sequence) -> bool:
    """Whether a sequence is as wide as the layer, as ones and zeros where it is one of symbols."""
    return net.inputs == (len(sequence.vocabulary) or sequence.features)
