"""Draw the README's pictures anew into resources/pictures/: the real window with the real engine, off screen.

All of them, or those that are named.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

os.environ["QT_QPA_PLATFORM"] = "offscreen"
os.environ["LSTMVIZ_HOME"] = tempfile.mkdtemp()  # the user's own settings stay out of the pictures

import numpy as np
from PySide6.QtCore import QEventLoop
from PySide6.QtWidgets import QApplication

from lstmviz import load_model, record
from lstmviz.app.dialogs.mapping import MappingDialog
from lstmviz.app.main import Program
from lstmviz.app.pictures import save_picture
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.settings import load_settings
from lstmviz.session.snapshot import Snapshot

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "resources" / "pictures"
STEPS = 1_000_000


def million(folder: Path) -> Path:
    """Three bits remembered over a million steps: pulses stand tens of thousands of steps apart.

    The signals, 480 MB, are recorded into a store that no view reads whole.
    """
    random = np.random.default_rng(3)
    values = np.zeros((STEPS, 3), np.float32)
    for bit in range(3):
        at = np.cumsum(random.integers(15_000, 120_000, 60))
        values[at[at < STEPS], bit] = random.choice([-1, 1], int((at < STEPS).sum()))
    sequence = Sequence(values, names=("pulse 0", "pulse 1", "pulse 2"), name="a million steps")
    net = load_model(ROOT / "samples" / "nets" / "two-layer.safetensors")
    record(net, sequence, out=folder / "million.zarr")
    return folder / "million.zarr"


def weights(folder: Path) -> Path:
    """The weights of a layer and of a read-out under names of nobody's convention."""
    random = np.random.default_rng(0)
    shapes = {"input_weights": (8, 128), "state_weights": (32, 128), "offset": (128,)}
    arrays = {f"encoder.{name}": shape for name, shape in shapes.items()}
    arrays |= {"readout.weights": (32, 10), "readout.offset": (10,)}
    path = folder / "speech-encoder.json"
    path.write_text(json.dumps({name: random.normal(size=shape).round(4).tolist() for name, shape in arrays.items()}))
    return path


@dataclass(frozen=True)
class Picture:
    """One picture: what is open, how the window looks, and the commands run before it is drawn.

    recipe: a ready training, drawn when its first run has done ``updates``, or, where ``replayed`` is not 0, as it was
    at that update. made: makes the file that is opened. order: the order of the gates that is chosen in the dialog of
    the mapping, which is drawn instead of the window.
    """

    name: str
    sample: str = ""
    recipe: str = ""
    updates: int = 0
    replayed: int = 0
    made: Callable[[Path], Path] | None = None
    order: str = ""
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
    Picture(
        "million-light",
        made=million,
        commands=(
            ("layer.select", {"layer": 1}),
            ("unit.select", {"unit": 5}),
            ("range.all", {}),
            ("cursor.set", {"t": 421_000}),
        ),
    ),
    Picture("mapping-light", made=weights, order="ifgo"),
    Picture("brackets-pt", "brackets", language="pt_BR", size=(1280, 800), commands=(("cursor.set", {"t": 24}),)),
)


def wait(done: Callable[[], bool], seconds: float = 60.0) -> None:
    """Run the event loop until ``done``."""
    end = time.monotonic() + seconds
    while not done():
        QApplication.processEvents(QEventLoop.ProcessEventsFlag.WaitForMoreEvents, 50)
        if time.monotonic() > end:
            sys.exit("the engine did not answer")


def draw(picture: Picture, folder: Path) -> None:
    """Open a window of its own for the picture, with its files in the folder, draw it and close it."""
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
    if picture.made is not None:
        program.dispatcher.run("file.open_path", path=str(picture.made(folder)))
        wait(lambda: bool(picture.order) or program.dispatcher.snapshot.trace is not None)
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
    drawn = _mapping(program, picture.order) if picture.order else program.window
    save_picture(drawn, str(FOLDER / f"{picture.name}.png"))
    program.client.stop()
    program.window.close()
    print(FOLDER / f"{picture.name}.png")


def _mapping(program: Program, order: str) -> MappingDialog:
    """The dialog of the mapping, once it is there, with an order of the gates chosen."""
    wait(lambda: bool(program.window.findChildren(MappingDialog)))
    (dialog,) = program.window.findChildren(MappingDialog)
    chooser = dialog.conventions.order
    chooser.setCurrentIndex(chooser.findData(order))
    chooser.activated.emit(chooser.currentIndex())
    shown = time.monotonic()
    wait(lambda: time.monotonic() - shown > 0.5)  # its rows find their places
    return dialog


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
    with tempfile.TemporaryDirectory() as folder:
        for picture in PICTURES:
            if len(sys.argv) == 1 or picture.name in sys.argv[1:]:
                draw(picture, Path(folder))
    app.processEvents()


if __name__ == "__main__":
    main()
