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

FOLDER = Path(__file__).resolve().parents[1] / "resources" / "pictures"


@dataclass(frozen=True)
class Picture:
    """One picture: what is open, how the window looks, and the commands run before it is drawn."""

    name: str
    sample: str
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
    for name, arguments in picture.commands:
        program.dispatcher.run(name, **arguments)
    QApplication.processEvents()
    save_picture(program.window, str(FOLDER / f"{picture.name}.png"))
    program.client.stop()
    program.window.close()
    print(FOLDER / f"{picture.name}.png")


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    app = QApplication([])
    for picture in PICTURES:
        draw(picture)
    app.processEvents()


if __name__ == "__main__":
    main()
