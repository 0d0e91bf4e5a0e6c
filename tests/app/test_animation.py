"""An animation, opened by another reader, has every frame, the asked size and what was drawn."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtGui import QColor, QImage, QPainter
from pytestqt.qtbot import QtBot

from lstmviz.app.animation import animate, rgb
from lstmviz.errors import ExportError

STEPS = [0, 1, 1, 2, 7, 9]


def draw(t: int) -> QImage:
    """A bar at 10 t on a dark ground, of odd sizes."""
    image = QImage(161, 99, QImage.Format.Format_ARGB32_Premultiplied)
    image.fill(QColor("#16191E"))
    painter = QPainter(image)
    painter.fillRect(10 * t, 20, 30, 40, QColor("#D55E00"))
    painter.end()
    return image


def frames(path: Path) -> list[np.ndarray]:
    if path.suffix == ".mp4":
        av = pytest.importorskip("av")
        with av.open(str(path)) as container:
            return [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    with Image.open(path) as image:
        found = []
        for number in range(image.n_frames):
            image.seek(number)
            found.append(np.asarray(image.convert("RGB")))
        return found


@pytest.mark.parametrize(("ending", "size"), [(".gif", (99, 161)), (".mp4", (98, 160))])
def test_every_step_is_a_frame_that_looks_as_it_was_drawn(
    qtbot: QtBot, tmp_path: Path, ending: str, size: tuple[int, int]
) -> None:
    if ending == ".mp4":
        pytest.importorskip("av")
    path = tmp_path / f"a{ending}"
    reports = list(animate(draw, STEPS, path, frames_per_second=8))
    assert reports == [(done, 6) for done in range(7)]
    found = frames(path)
    assert len(found) == len(STEPS)
    for t, pixels in zip(STEPS, found, strict=True):
        assert pixels.shape == (*size, 3)
        difference = np.abs(pixels.astype(int) - rgb(draw(t))[: size[0], : size[1]])
        assert difference.mean() < 4
        assert np.median(difference) <= 2
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_a_gif_keeps_the_time_and_loops(qtbot: QtBot, tmp_path: Path) -> None:
    list(animate(draw, STEPS, tmp_path / "a.gif", frames_per_second=4))
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["loop"] == 0
        assert image.info["duration"] == 250
        image.seek(2)  # the same picture twice is two frames
        assert image.info["duration"] == 250


@pytest.mark.parametrize("ending", [".gif", ".mp4"])
@pytest.mark.parametrize("after", [1, 3])
def test_closing_it_cancels_and_leaves_the_old_file(qtbot: QtBot, tmp_path: Path, ending: str, after: int) -> None:
    if ending == ".mp4":
        pytest.importorskip("av")
    path = tmp_path / f"a{ending}"
    path.write_text("old")
    work = animate(draw, STEPS, path)
    for _ in range(after):
        next(work)
    work.close()
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("name", "steps", "words"),
    [
        ("a.avi", STEPS, "ends in “.avi”; expected one of: .gif .mp4"),
        ("a.gif", [], "at least one step"),
        ("no/a.gif", STEPS, "does not exist"),
    ],
)
def test_an_animation_that_cannot_be_written_is_a_sentence(
    qtbot: QtBot, tmp_path: Path, name: str, steps: list[int], words: str
) -> None:
    with pytest.raises(ExportError, match=words):
        list(animate(draw, steps, tmp_path / name))
    assert list(tmp_path.iterdir()) == []


def test_without_av_the_sentence_names_the_extra(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ExportError, match=r"pip install 'lstmviz\[video\]'"):
        list(animate(draw, STEPS, tmp_path / "a.mp4"))
    assert list(tmp_path.iterdir()) == []


SMALL_DISK = """
import resource, sys
from PySide6.QtGui import QGuiApplication, QImage
from lstmviz.app.animation import animate
from lstmviz.errors import ExportError
import numpy as np
app = QGuiApplication([])
def draw(t):
    noise = np.random.default_rng(t).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    return QImage(noise.data, 160, 120, 480, QImage.Format.Format_RGB888).copy()
for path in sys.argv[1:]:
    list(animate(draw, range(2), path))  # what is imported late must not meet the limit
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
for path in sys.argv[1:]:
    try:
        list(animate(draw, range(60), path))
        print("written?")
    except ExportError as error:
        print(error)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on files on Windows")
def test_a_disk_that_takes_no_more_is_a_sentence_and_leaves_the_old_file(tmp_path: Path) -> None:
    paths = [str(tmp_path / "a.gif")] + ([str(tmp_path / "a.mp4")] if find_spec("av") else [])
    command = [sys.executable, "-c", SMALL_DISK, *paths]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    sentences = [line for line in done.stdout.splitlines() if line]
    assert len(sentences) == len(paths), done.stdout + done.stderr
    for line, path in zip(sentences, paths, strict=True):
        assert line.startswith(f"“{path}” could not be written: the file would be larger than the system allows")
        assert len(frames(Path(path))) == 2
    assert len(list(tmp_path.iterdir())) == len(paths)
