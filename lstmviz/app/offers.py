"""Asking the user for what is missing: a model, a sequence, the trace of a corpus that is meant."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Many
from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

from lstmviz.app.dialogs.corpus import CorpusDialog
from lstmviz.app.dialogs.layers import LayersDialog
from lstmviz.app.dialogs.record import Choice, RecordDialog
from lstmviz.app.dialogs.record_store import RecordStoreDialog
from lstmviz.app.file_kinds import SEQUENCE_ENDINGS
from lstmviz.app.kinds import KIND_TITLES
from lstmviz.app.matching import Offer, no_model_sentence
from lstmviz.app.opening import Opening
from lstmviz.app.saving import file_stem
from lstmviz.app.stores import default_store
from lstmviz.language import current, tr
from lstmviz.nets.foreign.formats import MODEL_ENDINGS
from lstmviz.sequences.samples import Sample
from lstmviz.traces.corpus import Member
from lstmviz.wire.messages import NetSummary

BROWSE = "browse"
_SAMPLE = "sample:"


class Offers:
    """Opens a dialog for an offer and records what was chosen."""

    def __init__(self, window: QWidget, samples: tuple[Sample, ...]) -> None:
        self._window = window
        self._samples = samples
        self._offer = Offer(None, None, ())
        self.store_for: Callable[[str], str] = default_store
        self.opening: Opening | None = None
        self.dialog: RecordDialog | None = None

    def ask(self, offer: Offer) -> None:
        """Ask for what the offer lacks."""
        self._offer = offer
        self.dialog = RecordDialog(self._sentence(), self._models(), self._sequences(), self._window)
        self.dialog.chosen.connect(self._on_chosen)
        self.dialog.finished.connect(self._on_finished)
        self.dialog.open()

    def ask_member(self, folder: str, members: Many[Member], shown: int | None = None) -> None:
        """Ask which traces of a corpus are to be opened; the table begins at the place that is ``shown``."""
        dialog = CorpusDialog(Path(folder).name, members, self._window, shown=shown)
        dialog.chosen.connect(self._on_members_chosen)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_stack(self, net: NetSummary, then: Callable[[str], None]) -> None:
        """Ask which recurrent stack of a model is meant; ``then`` gets its path."""
        dialog = LayersDialog(net.name, net.stacks, self._window)
        dialog.chosen.connect(then)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def ask_store(self, name: str, size: int, then: Callable[[str, str], None]) -> None:
        """Ask for the store that a recording of so many bytes is written to; ``then`` gets its path and float type."""
        dialog = RecordStoreDialog(name, size, self.store_for(file_stem(name)), self._window)
        dialog.chosen.connect(then)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _on_members_chosen(self, paths: list[str]) -> None:
        if self.opening is not None:
            self.opening.open_paths(paths)

    def _sentence(self) -> str:
        if self._offer.sequence is not None:
            sentence = no_model_sentence(self._offer.sequence)
            if not any(fits for _, fits in self._offer.nets):
                sentence += " " + tr("None of those that come with lstmviz can; choose a file of your own.")
            return sentence
        net = self._offer.model
        if net is None:
            return tr("Which model should read which sequence?")
        if net.vocabulary:
            return tr("“{name}” reads {count} symbols. What should it read?", name=net.name, count=net.inputs)
        if net.whole:
            return tr(
                "The layer of “{name}” takes {count} features a step; what is not that wide goes to the whole model."
                " What should it read?",
                name=net.name,
                count=net.inputs,
            )
        return tr("“{name}” takes {count} features a step. What should it read?", name=net.name, count=net.inputs)

    def _models(self) -> list[Choice]:
        if self._offer.model is not None:
            return []
        rows = [Choice(net.path, net.name, _about(net.words(current()), fits), fits) for net, fits in self._offer.nets]
        rows.sort(key=lambda row: row.fits is False)
        return [*rows, Choice(BROWSE, tr("Choose a model file…"))]

    def _sequences(self) -> list[Choice]:
        if self._offer.sequence is not None:
            return []
        rows = [Choice(_SAMPLE + one.id, one.title, tr(KIND_TITLES[one.kind])) for one in self._samples]
        return [Choice(BROWSE, tr("Choose a sequence file…")), *rows]

    def _on_finished(self) -> None:
        if self.dialog is not None:
            self.dialog.deleteLater()
            self.dialog = None

    def _on_chosen(self, model: str, sequence: str) -> None:
        if self._offer.model is not None:
            model = self._offer.model.path
        if model == BROWSE:
            self._browse(tr("Choose a model"), MODEL_ENDINGS, lambda path: self._with_model(path, sequence))
        else:
            self._with_model(model, sequence)

    def _with_model(self, model: str, sequence: str) -> None:
        if sequence == BROWSE:
            self._browse(tr("Choose a sequence"), SEQUENCE_ENDINGS, lambda path: self._record(model, path))
        else:
            self._record(model, sequence)

    def _record(self, model: str, sequence: str) -> None:
        if self.opening is None:
            return
        if self._offer.sequence is not None:
            self.opening.record(model, self._offer.sequence)
        elif sequence.startswith(_SAMPLE):
            self.opening.record_sample(model, sequence.removeprefix(_SAMPLE))
        else:
            self.opening.record_file(model, sequence)

    def _browse(self, title: str, endings: tuple[str, ...], then: Callable[[str], None]) -> None:
        dialog = QFileDialog(self._window, title)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        wanted = " ".join(f"*{ending}" for ending in endings)
        dialog.setNameFilters([f"{title} ({wanted})", f"{tr('All files')} (*)"])
        dialog.fileSelected.connect(then)
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()


def _about(note: str, fits: bool | None) -> str:
    """A line about a net: that it does not fit, or the first sentence of its note."""
    return tr("does not fit this sequence") if fits is False else note.partition(". ")[0].rstrip(".")
