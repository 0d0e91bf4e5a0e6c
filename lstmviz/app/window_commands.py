"""The window's half of the table of commands: dialogs, files, docks."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QDialog, QFileDialog, QInputDialog, QLineEdit, QMenu

from lstmviz import paths
from lstmviz.app.dialogs.palette import PaletteDialog
from lstmviz.app.dialogs.settings import SettingsDialog
from lstmviz.app.file_kinds import SEQUENCE_ENDINGS, TRACE_ENDINGS
from lstmviz.app.filming import Filming
from lstmviz.app.opening import Opening
from lstmviz.app.questions import Questions
from lstmviz.app.recording import Recording
from lstmviz.app.saving import Saving
from lstmviz.app.shell import MainWindow
from lstmviz.app.theme import THEMES
from lstmviz.app.training import Training
from lstmviz.language import tr
from lstmviz.nets.foreign.formats import MODEL_ENDINGS
from lstmviz.session.snapshot import Snapshot
from lstmviz.wire.client import Client

if TYPE_CHECKING:
    from lstmviz.app.dialogs.guide import GuideDialog
    from lstmviz.app.dialogs.new_run import NewRunDialog


Handlers = dict[str, Callable[..., object]]


class WindowCommands:
    """Registers a handler for every command of the window."""

    def __init__(
        self,
        window: MainWindow,
        opening: Opening,
        recording: Recording,
        saving: Saving,
        training: Training,
        questions: Questions,
        client: Client,
    ) -> None:
        self._window = window
        self._dispatcher = window.dispatcher
        self._opening = opening
        self._recording = recording
        self._training = training
        self._client = client
        self._filming = Filming(window)
        self._palette = PaletteDialog(window)
        self._palette.asked.connect(window.run_command)
        self._settings: SettingsDialog | None = None
        self._sample_menu, self._compare_menu = QMenu(window), QMenu(window)
        self._sample_menu.triggered.connect(self._on_sample_menu_triggered)
        self._compare_menu.triggered.connect(self._on_compare_menu_triggered)
        self._guide: GuideDialog | None = None
        self._form: NewRunDialog | None = None
        handlers = self._files(saving) | self._places(questions) | self._about() | _of_training(training)
        for command_id, handler in handlers.items():
            self._dispatcher.register(command_id, handler)
        self._dispatcher.listen(self._on_changed)

    def _files(self, saving: Saving) -> Handlers:
        """What opens, records and writes."""
        opening = self._opening
        return {
            "file.open": self._open_file,
            "file.address": self._ask_address,
            "file.open_path": opening.open_path,
            "file.open_paths": opening.open_paths,
            "sample.choose": self._choose_sample,
            "sample.open": lambda id: opening.open_sample(id),
            "record.open": opening.ask_both,
            "model.map": opening.map_arrays,
            "file.save": saving.save_trace,
            "export.open": saving.export,
            "picture.save": saving.save_picture,
            "animation.save": self._filming.ask,
            "task.cancel": self._cancel_task,
            "run.form": self._open_form,
        }

    def _places(self, questions: Questions) -> Handlers:
        """What is looked at, and where."""
        return {
            "compare.choose": self._choose_compared,
            "dock.toggle": self._window.toggle_dock,
            "view.reset": self._window.reset_layout,
            "cursor.ask": self._ask_cursor,
            "unit.ask": self._ask_unit,
            "flow.ask": questions.ask_flow,
            "batch.ask": questions.ask_batch,
            "library.search": self._search,
        }

    def _about(self) -> Handlers:
        """The program itself."""
        return {
            "app.quit": self._window.close,
            "settings.open": self._open_settings,
            "guide.open": self._open_guide,
            "palette.open": lambda: self._palette.ask(self._dispatcher.snapshot),
            "shortcuts.open": self._open_shortcuts,
            "engine.restart": self._restart_engine,
            "log.open": self._open_log,
            "about.open": self._open_about,
        }

    # --- files and samples ---

    def _open_file(self) -> None:
        endings = " ".join(f"*{ending}" for ending in (*SEQUENCE_ENDINGS, *MODEL_ENDINGS, *TRACE_ENDINGS))
        dialog = QFileDialog(self._window, tr("Open a sequence, a model, a trace or a run"))
        dialog.setNameFilters([f"{tr('Sequences, models, traces and runs')} ({endings})", f"{tr('All files')} (*)"])
        dialog.setFileMode(QFileDialog.FileMode.ExistingFiles)
        dialog.filesSelected.connect(self._on_files_selected)
        self._show(dialog)

    def _on_file_selected(self, path: str) -> None:
        self._dispatcher.run("file.open_path", path=path)

    def _on_files_selected(self, paths: list[str]) -> None:
        self._dispatcher.run("file.open_paths", paths=tuple(paths))

    def _ask_address(self) -> None:
        dialog = QInputDialog(self._window)
        dialog.setWindowTitle(tr("Open from address"))
        dialog.setLabelText(tr("The address of a trace store, such as s3://bucket/recording.zarr:"))
        dialog.setOkButtonText(tr("Open"))
        dialog.setCancelButtonText(tr("Cancel"))
        field = dialog.findChild(QLineEdit)
        if field is not None:
            field.setAccessibleName(tr("Address"))
            field.setMinimumWidth(480)
        dialog.textValueSelected.connect(self._on_address_typed)
        self._show(dialog)

    def _on_address_typed(self, address: str) -> None:
        if address.strip():
            self._on_file_selected(address.strip())

    def _choose_sample(self) -> None:
        self._sample_menu.clear()
        for card in self._window.samples:
            self._sample_menu.addAction(card.title).setData(card.id)
        self._pop_up(self._sample_menu, "sample.choose")

    def _on_sample_menu_triggered(self, action: object) -> None:
        self._dispatcher.run("sample.open", id=action.data())  # type: ignore[attr-defined]

    def _choose_compared(self) -> None:
        snapshot = self._dispatcher.snapshot
        self._compare_menu.clear()
        for entry in snapshot.open_traces:
            if entry.id != snapshot.trace_id:
                action = self._compare_menu.addAction(entry.name)
                action.setData(entry.id)
                action.setCheckable(True)
                action.setChecked(self._dispatcher.session.compared == entry.id)
        self._pop_up(self._compare_menu, "compare.choose")

    def _on_compare_menu_triggered(self, action: object) -> None:
        chosen = action.data()  # type: ignore[attr-defined]
        self._dispatcher.run("compare.with", id=0 if self._dispatcher.session.compared == chosen else chosen)

    def _pop_up(self, menu: QMenu, command_id: str) -> None:
        button = self._window.toolbar.buttons[command_id]
        menu.popup(button.mapToGlobal(QPoint(0, button.height())))
        if menu.actions():
            menu.setActiveAction(menu.actions()[0])

    # --- dialogs ---

    def _show(self, dialog: QDialog) -> None:
        """Open a dialog over the window without waiting for it; it is gone when it closes."""
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _open_settings(self) -> None:
        self._settings = SettingsDialog(self._dispatcher.snapshot, self._window)
        self._settings.asked.connect(self._window.run_command)
        self._settings.finished.connect(self._on_settings_finished)
        self._show(self._settings)

    def _on_settings_finished(self) -> None:
        self._settings = None

    def _open_shortcuts(self) -> None:
        from lstmviz.app.dialogs.shortcuts import ShortcutsDialog

        self._show(ShortcutsDialog(self._window))

    def _open_about(self) -> None:
        from lstmviz.app.dialogs.about import AboutDialog

        self._show(AboutDialog(self._window))

    def _open_guide(self) -> None:
        from lstmviz.app.dialogs.guide import GuideDialog

        if self._guide is None:
            self._guide = GuideDialog(self._window)
        self._guide.show()
        self._guide.raise_()
        self._guide.activateWindow()

    def _open_form(self) -> None:
        """The form of a new training, as it was left."""
        from lstmviz.app.dialogs.new_run import NewRunDialog

        if self._form is None:
            self._form = NewRunDialog(self._window.samples, self._window)
            self._form.asked.connect(self._window.run_command)
            self._form.colour(THEMES[self._dispatcher.snapshot.theme])
        self._form.open()

    def _on_changed(self, snapshot: Snapshot, changed: frozenset[str]) -> None:
        if self._settings is not None:
            self._settings.present(snapshot, changed)
        if self._guide is not None and "language" in changed:
            self._guide.retranslate()
        if self._form is not None and "language" in changed:
            self._form.retranslate()
        if self._form is not None and "theme" in changed:
            self._form.colour(THEMES[snapshot.theme])

    def _ask_cursor(self) -> None:
        snapshot = self._dispatcher.snapshot
        self._ask_number(tr("Go to step"), snapshot.t, snapshot.steps - 1, self._on_step_typed)

    def _ask_unit(self) -> None:
        snapshot = self._dispatcher.snapshot
        if snapshot.trace is not None:
            units = snapshot.trace.layers[snapshot.layer].units
            self._ask_number(tr("Go to unit"), snapshot.unit, units - 1, self._on_unit_typed)

    def _ask_number(self, title: str, value: int, last: int, then: Callable[[int], None]) -> None:
        dialog = QInputDialog(self._window)
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setWindowTitle(title)
        dialog.setLabelText(tr("A number from 0 to {last}:", last=last))
        dialog.setIntRange(0, last)
        dialog.setIntValue(value)
        dialog.intValueSelected.connect(then)
        self._show(dialog)

    def _on_step_typed(self, value: int) -> None:
        self._dispatcher.run("cursor.set", t=value)

    def _on_unit_typed(self, value: int) -> None:
        self._dispatcher.run("unit.select", unit=value)

    # --- the rest ---

    def _cancel_task(self) -> None:
        self._filming.cancel()
        self._recording.cancel()

    def _search(self) -> None:
        self._window.docks["library"].show()
        library = self._window.views["library"]
        library.setFocus()

    def _restart_engine(self) -> None:
        self._recording.cancel()
        self._client.stop()
        self._client.start()
        self._training.ask_again()

    def _open_log(self) -> None:
        path = paths.log_file("window")
        path.touch()
        if not QDesktopServices.openUrl(QUrl.fromLocalFile(str(path))):
            self._dispatcher.session.notify(tr("The log is {path}", path=str(path)))


def _of_training(training: Training) -> Handlers:
    """The handlers of the menu Train; what steers goes to the run that is shown and to its twin."""
    return {
        "run.start": training.start,
        "run.recipe": training.start_recipe,
        "run.open_folder": training.open_folder,
        "run.continue": training.go_on,
        "run.show": training.show,
        "run.close": training.close,
        "run.toggle": training.toggle,
        "run.rate": lambda learning_rate: training.steer(learning_rate=learning_rate),
        "run.clip": lambda clipping: training.steer(clipping=clipping),
        **{f"run.{action}": partial(training.steer, action) for action in ("phase", "batch", "epoch", "stop", "probe")},
    }
