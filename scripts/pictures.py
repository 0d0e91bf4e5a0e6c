"""Draw the README's pictures anew into resources/pictures/: the real window with the real engine, off screen."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["LSTMVIZ_HOME"] = tempfile.mkdtemp()  # the user's own settings stay out of the pictures

from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from lstmviz.app.main import Program
from lstmviz.app.pictures import save_picture
from lstmviz.session.settings import load_settings
from lstmviz.session.snapshot import Snapshot

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "pictures"


@dataclass(frozen=True)
class Picture:
    """One picture: what is open, how the window looks, and the commands run before it is drawn.

    recipe: a ready training, drawn when its first run has done ``updates``, or, where ``replayed`` is not 0, as it was
    at that update.
    """

    name: str
    sample: str = ""
    recipe: str = ""
    updates: int = 0
    replayed: int = 0
    theme: str = "light"
    language: str = "en"
    size: tuple[int, int] = (1440, 900)
    commands: tuple[tuple[str, dict[str, object]], ...] = ()


PICTURES = (
    Picture("sunspots-light", "sunspots", commands=(("cursor.set", {"t": 148}),)),
    Picture(
        "reber-dark",
        "reber",
        theme="dark",
        commands=(("cursor.set", {"t": 31}), ("range.set", {"start": 0, "stop": 60}), ("phase.set", {"phase": 4})),
    ),
    Picture("welcome", "", size=(1280, 800)),
    Picture(
        "training-light",
        recipe="embedded-reber",
        updates=1000,
        size=(1680, 1000),
        commands=(("unit.select", {"unit": 24}), ("cursor.set", {"t": 22})),
        replayed=128,
    ),
    Picture(
        "twins-dark",
        recipe="twin-clipping",
        updates=150,
        theme="dark",
        size=(1680, 1000),
        commands=(("cursor.set", {"t": 12}),),
    ),
    Picture("unrolled-light", "dates", commands=(("face.set", {"face": "unrolled"}), ("cursor.set", {"t": 35}))),
    Picture(
        "gradients-dark",
        "reber",
        theme="dark",
        commands=(("cursor.set", {"t": 24}), ("face.set", {"face": "flow"}), ("flow.ask", {"step": 24})),
    ),
    Picture("brackets-pt", "brackets", language="pt_BR", size=(1280, 800), commands=(("cursor.set", {"t": 24}),)),
)


def wait(done: Callable[[], bool], seconds: float = 60.0) -> None:
    """Run the event loop until ``done``."""
    end = time.monotonic() + seconds
    while not done():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
        if time.monotonic() > end:
            sys.exit("the engine did not answer")


def draw(picture: Picture) -> None:
    """Open a window of its own for the picture, draw it and close it."""
    settings = load_settings()
    settings.theme, settings.language = picture.theme, picture.language  # type: ignore[assignment]
    settings.started_before = True
    program = Program(settings)
    program.window.resize(*picture.size)
    program.window.show()
    program.start_engine()
    wait(lambda: program.client.state == "ready")
    if picture.sample:
        program.open_first((), picture.sample)
        wait(lambda: program.dispatcher.snapshot.trace is not None)
    if picture.recipe:
        program.dispatcher.run("run.recipe", id=picture.recipe)
        wait(lambda: _trained(program.dispatcher.snapshot, picture.updates), 600.0)
        program.dispatcher.run("run.toggle")
        wait(lambda: _rests(program.dispatcher.snapshot))
    if picture.replayed:
        replay = program.dispatcher.snapshot.replay
        assert replay is not None
        shown = program.dispatcher.snapshot.trace
        program.dispatcher.run("replay.set", position=replay.updates.index(picture.replayed))
        wait(lambda: program.dispatcher.snapshot.trace is not shown)
    for name, arguments in picture.commands:
        program.dispatcher.run(name, **arguments)
    wait(lambda: _drawn(program.dispatcher.snapshot))
    QApplication.processEvents()
    save_picture(program.window, str(FOLDER / f"{picture.name}.png"))
    program.client.stop()
    program.window.close()
    print(FOLDER / f"{picture.name}.png")


def _trained(snapshot: Snapshot, updates: int) -> bool:
    return snapshot.run is not None and (snapshot.run.update >= updates or snapshot.run.state == "ended")


def _rests(snapshot: Snapshot) -> bool:
    """Whether the trainings stand still and show their newest probe."""
    runs = [run for run in (snapshot.run, snapshot.twin) if run is not None]
    return snapshot.trace is not None and all(run.state in ("paused", "ended") for run in runs)


def _drawn(snapshot: Snapshot) -> bool:
    return snapshot.face != "flow" or (snapshot.flow is not None and not snapshot.flow.pending)


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    for picture in PICTURES:
        draw(picture)
    app.processEvents()


if __name__ == "__main__":
    main()
