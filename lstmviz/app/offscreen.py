"""The same window without a screen: it opens a sample, is drawn at some of its frames, and saves the trace."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from collections.abc import Sequence as Many
from pathlib import Path

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from lstmviz.app.main import Program, start_log
from lstmviz.app.pictures import save_picture
from lstmviz.app.saving import file_stem
from lstmviz.errors import EngineError, ExportError, LstmvizError
from lstmviz.language import tr
from lstmviz.session.settings import load_settings

FRAMES = 10
SIZE = (1280, 800)
PATIENCE_S = 120.0
"""How long a recording may take; far more than any sample needs."""


def draw(files: Many[str], sample: str, folder: Path, language: str = "", frames: int = FRAMES) -> Iterator[str]:
    """Open ``files`` or a sample, save ``frames`` pictures and the trace into ``folder``; yields what was done.

    The user's settings are read but not written; ``language``, a key of LANGUAGES, goes before theirs. Raises
    LstmvizError where the folder cannot be written, a file cannot be opened or the engine does not answer.
    """
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    _make(folder)
    fault_file = start_log()
    app = QApplication.instance() or QApplication([])
    program = Program(load_settings(), language)
    try:
        program.window.resize(*SIZE)
        program.window.show()
        program.start_engine()
        program.open_first(files, sample)
        _wait(program, lambda: program.dispatcher.snapshot.trace is not None)
        yield from _draw(program, folder, frames)
    finally:
        program.client.stop()
        program.window.close()
        app.processEvents()
        fault_file.close()


def _draw(program: Program, folder: Path, frames: int) -> Iterator[str]:
    trace = program.dispatcher.snapshot.trace
    assert trace is not None
    yield tr(
        "Opened “{trace}”: {steps} steps, {layers} layers.",
        trace=trace.name,
        steps=len(trace),
        layers=len(trace.layers),
    )
    if trace.check is not None:
        yield tr("Checked against the float64 reference: max |Δ| = {error:.0e}.", error=trace.check.max_error)
    for place in range(frames):
        t = place * (len(trace) - 1) // max(1, frames - 1)
        program.dispatcher.run("cursor.set", t=t)
        QApplication.processEvents()
        path = folder / f"frame-{t:05d}.png"
        save_picture(program.window, str(path))
        yield tr("Drew step {t}: {path}", t=t, path=str(path))
    store = folder / f"{file_stem(trace.name)}.zarr"
    written: list[bool] = []
    program.recording.write(trace, str(store.absolute()), {}, lambda: written.append(True))
    _wait(program, lambda: bool(written))
    yield tr("Saved the trace: {path}", path=str(store))


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ExportError(
            "The folder “{folder}” cannot be made ({reason}). Choose another.",
            folder=str(folder),
            reason=error.strerror or str(error),
        ) from error


def _wait(program: Program, done: Callable[[], bool]) -> None:
    """Run the event loop until ``done``; what the window would show as an error is raised."""
    end = time.monotonic() + PATIENCE_S
    while not done():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
        notice = program.dispatcher.session.notice
        if notice is not None and notice.level == "error":
            raise LstmvizError("{sentence}", sentence=notice.text)
        if time.monotonic() > end:
            raise EngineError("The engine did not answer within {seconds:.0f} s.", seconds=PATIENCE_S)
