"""Saving what is open: the trace as a store, chosen signals as a table, a view as a picture.

Dialogs and writers are imported when they are asked for: none is needed for the first paint.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lstmviz.app.ask_where import StoreFileDialog, ask_where
from lstmviz.app.recording import Recording
from lstmviz.app.shell import MainWindow
from lstmviz.app.stores import is_address
from lstmviz.app.theme import THEMES
from lstmviz.errors import LstmvizError
from lstmviz.language import tr
from lstmviz.session.state import Opened
from lstmviz.traces.pack import is_packed

if TYPE_CHECKING:
    from lstmviz.app.dialogs.export import ExportDialog

PICTURE_SCALE = 2
"""Pixels for each point of a saved PNG: sharp on paper and on a projector."""


def file_stem(name: str) -> str:
    """A trace's name as the stem of a file: letters, digits and dashes."""
    kept = "".join(letter if letter.isalnum() else "-" for letter in name)
    return "-".join(part for part in kept.split("-") if part) or "trace"


def _source(opened: Opened) -> str:
    """The store in which a trace lies that is beyond memory, "" for one that is handed over."""
    return opened.path if opened.trace.lazy else ""


class Saving:
    """Asks where, has the engine write it, and says where it is."""

    def __init__(self, window: MainWindow, recording: Recording) -> None:
        self._window = window
        self._dispatcher = window.dispatcher
        self._recording = recording
        self.export_dialog: ExportDialog | None = None
        self._exported: Opened | None = None
        self._pictured = ""

    def save_trace(self) -> None:
        """Ask for a place and write the active trace there as a store."""
        active = self._dispatcher.session.active
        if active is None:
            return
        name = active.path if active.path and not is_address(active.path) else f"{file_stem(active.trace.name)}.zarr"
        dialog = StoreFileDialog(self._window, tr("Save the trace"), name, packed=True)
        dialog.fileSelected.connect(self._on_store_selected)
        dialog.open()

    def _on_store_selected(self, path: str) -> None:
        active = self._dispatcher.session.active
        if active is not None:
            self.write_store(active, path)

    def write_store(self, opened: Opened, path: str) -> None:
        """Write an open trace as a store."""
        path = path if Path(path).suffix.lower() == ".zarr" or is_packed(path) else f"{path}.zarr"

        def done() -> None:
            session = self._dispatcher.session
            if opened.id in session.opened and not opened.trace.lazy:  # that one lies where it lay
                session.saved(opened.id, path)
            session.remember(path)
            session.notify(tr("Saved: {path}", path=path))

        self._recording.write(opened.trace, path, {}, done, source=_source(opened))

    # --- export ---

    def export(self) -> None:
        """Ask what to export, with a preview, and have it written."""
        from lstmviz.app.dialogs.export import ExportDialog

        snapshot = self._dispatcher.snapshot
        if snapshot.trace is None:
            return
        if self.export_dialog is None:
            self.export_dialog = ExportDialog(self._window)
            self.export_dialog.preview_asked.connect(self._on_preview_asked)
            self.export_dialog.accepted.connect(self._on_export_accepted)
        self._exported = self._dispatcher.session.active
        part = snapshot.stop - snapshot.start < snapshot.steps
        self.export_dialog.offer(
            snapshot.trace,
            f"{file_stem(snapshot.trace.name)}.csv",
            signals=snapshot.signals,
            steps=f"{snapshot.start}:{snapshot.stop}" if part else "",
            theme=THEMES[snapshot.theme],
        )
        self.export_dialog.open()

    def _on_preview_asked(self, selection: dict[str, object]) -> None:
        from lstmviz.app.dialogs.export import PREVIEW_ROWS
        from lstmviz.traces.export import preview

        if self.export_dialog is None or self._exported is None:
            return
        try:
            self.export_dialog.show_preview(
                *preview(self._exported.trace, self.export_dialog.path(), PREVIEW_ROWS, **selection)  # type: ignore[arg-type]
            )
        except LstmvizError as error:
            self.export_dialog.show_error(str(error))

    def _on_export_accepted(self) -> None:
        if self.export_dialog is not None and self._exported is not None:
            path = str(Path(self.export_dialog.path()).expanduser().absolute())
            self._recording.write(
                self._exported.trace,
                path,
                self.export_dialog.selection(),
                lambda: self._say_written(path),
                source=_source(self._exported),
            )

    def _say_written(self, path: str) -> None:
        self._dispatcher.session.notify(tr("Exported: {path}", path=path))

    # --- pictures ---

    def save_picture(self, view: str) -> None:
        """Ask for a place and draw a view there."""
        from lstmviz.app.pictures import PICTURES

        self._pictured = view
        name = f"lstmviz-{view}.png"
        ask_where(self._window, tr("Save a picture"), name, PICTURES, self._on_picture_selected)

    def _on_picture_selected(self, path: str) -> None:
        from lstmviz.app.pictures import save_picture

        session = self._dispatcher.session
        try:
            view = self._window.view(self._pictured)
            save_picture(view, path, size=view.full_size(), scale=PICTURE_SCALE)
            session.notify(tr("Saved: {path}", path=path))
        except LstmvizError as error:
            session.notify(str(error), "error")
        self._dispatcher.announce()
