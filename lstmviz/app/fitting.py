"""Bringing a file and a model together that do not fit at once: how it is read, which array, which features."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtWidgets import QDialog, QWidget

from lstmviz.app.file_kinds import refuse_unknown
from lstmviz.app.recording import Recording
from lstmviz.app.wholes import Wholes
from lstmviz.errors import LstmvizError
from lstmviz.language import tr
from lstmviz.sequences.sequence import Sequence
from lstmviz.wire.mapping_messages import ArraysListed, ListArrays
from lstmviz.wire.messages import NetSummary

OnSequence = Callable[[Sequence], None]


class Fitting:
    """Asks the user, and only where there is something to ask."""

    def __init__(self, window: QWidget, recording: Recording) -> None:
        self._window = window
        self._recording = recording
        self.wholes = Wholes(window)

    def read(
        self,
        path: str,
        options: Mapping[str, object],
        then: OnSequence,
        inputs: int = 0,
        weights: Callable[[], None] | None = None,
    ) -> None:
        """Read a sequence file; where it cannot be read as it is, offer the ways in which it could.

        inputs: how many features are wanted, 0 for any. weights: what to do where it is a model's weights. Raises
        SequenceError for a kind of file that is not known.
        """
        refuse_unknown(path)
        failed = partial(self._on_refused, path, options, then, inputs, weights)
        self._recording.load_sequence(path, dict(options), then, failed)

    def fit(self, sequence: Sequence, net: NetSummary | None, then: OnSequence) -> None:
        """Hand over the sequence, with those of its features alone that the model reads where it has more."""
        if net is None or net.vocabulary or sequence.vocabulary or not 0 < net.inputs < sequence.features:
            then(sequence)
            return
        from lstmviz.app.dialogs.columns import ColumnsDialog

        dialog = ColumnsDialog(sequence, net.name, net.inputs, self._window)
        dialog.chosen.connect(lambda places: then(with_features(sequence, places)))
        self._show(dialog)

    def fit_instead(self, sequence: Sequence, net: NetSummary | None, then: OnSequence, error: LstmvizError) -> None:
        """Where a whole model does not read a sequence, ask for features of the layer; raise the reason where none can.

        A file may hold the layer alone, whose own input is narrower than the sequence.
        """
        if net is None or sequence.vocabulary or not 0 < net.inputs < sequence.features:
            raise error
        self.fit(sequence, net, then)

    def _on_refused(
        self,
        path: str,
        options: Mapping[str, object],
        then: OnSequence,
        inputs: int,
        weights: Callable[[], None] | None,
        error: LstmvizError,
    ) -> None:
        from lstmviz.app.dialogs.reading import ReadingDialog, ways_of

        remedy = remedy_of(error)
        if "array" in remedy:
            listed = partial(self._choose_array, path, options, then, inputs, weights)
            self._recording.ask(tr("Reading “{path}”", path=path), ListArrays(0, path), ArraysListed, listed)
            return
        ways = ways_of(remedy)
        if not ways or all(options.get(name) == value for _, way in ways for name, value in way.items()):
            raise error
        dialog = ReadingDialog(_first_sentence(error), ways, self._window)
        dialog.chosen.connect(lambda way: self.read(path, {**options, **way}, then, inputs, weights))
        self._show(dialog)

    def _choose_array(
        self,
        path: str,
        options: Mapping[str, object],
        then: OnSequence,
        inputs: int,
        weights: Callable[[], None] | None,
        listed: ArraysListed,
    ) -> None:
        if weights is not None and (listed.mapping or any("weight_hh" in row.name for row in listed.arrays)):
            weights()  # named as torch names them, or said before
            return
        from lstmviz.app.dialogs.choose_array import ChooseArrayDialog

        dialog = ChooseArrayDialog(
            Path(path).name, listed.arrays, inputs, weights=weights is not None, parent=self._window
        )
        dialog.chosen.connect(lambda name: self.read(path, {**options, "array": name}, then, inputs, weights))
        if weights is not None:
            dialog.weights_asked.connect(weights)
        self._show(dialog)

    def _show(self, dialog: QDialog) -> None:
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def remedy_of(error: LstmvizError) -> dict[str, object]:
    """The options with which a reader would read what it refused; none where it knows none."""
    try:
        found = json.loads(str(error.values.get("remedy", "")))
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def with_features(sequence: Sequence, places: list[int]) -> Sequence:
    """The sequence with some of its features alone, in the order given."""
    names = tuple(sequence.names[place] for place in places) if sequence.names else ()
    return replace(sequence, values=sequence.values[:, places], names=names)


def _first_sentence(error: LstmvizError) -> str:
    """What is wrong, without the options of Python that would mend it."""
    template = tr(error.template).partition(";")[0].partition(". ")[0].rstrip(".") + "."
    return template.format(**error.values)
