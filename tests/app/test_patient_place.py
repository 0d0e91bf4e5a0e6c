"""A place that answers slowly: nobody waits for it, what fails is told, and is not asked for again and again."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from lstmviz.app.patient_place import PatientPlace
from lstmviz.errors import TraceError
from lstmviz.traces.places import FolderPlace
from lstmviz.traces.recent import Recent


class Refusing(FolderPlace):
    """A folder in which one file cannot be read."""

    asked = 0

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes:
        if file == "refused":
            self.asked += 1
            raise TraceError("“{path}” is compressed.", path=file)
        return super().read(file, start, size)


@pytest.fixture
def folder(tmp_path: Path) -> Refusing:
    for number in range(20):
        (tmp_path / str(number)).write_bytes(bytes([number]) * 1000)
    return Refusing(tmp_path)


def test_what_is_asked_for_comes_later_and_is_then_at_hand(folder: Refusing) -> None:
    came = threading.Semaphore(0)
    place = PatientPlace(folder, came.release)
    place.at_once = False
    assert [place.read(str(number)) for number in range(20)] == [None] * 20
    for _ in range(20):
        assert came.acquire(timeout=60)
    assert [place.read(str(number)) for number in range(20)] == [bytes([number]) * 1000 for number in range(20)]


@pytest.mark.parametrize(("file", "error"), [("refused", TraceError), ("missing", FileNotFoundError)])
def test_what_cannot_be_read_is_told_as_often_as_it_is_asked_for_but_not_fetched_again(
    folder: Refusing, file: str, error: type[Exception]
) -> None:
    came = threading.Semaphore(0)
    place = PatientPlace(folder, came.release)
    place.at_once = False
    assert place.read(file) is None
    assert came.acquire(timeout=60)
    for _ in range(3):
        with pytest.raises(error):
            place.read(file)
    assert folder.asked <= 1
    assert place.read("7") is None, "the threads live on"
    assert came.acquire(timeout=60)
    assert place.read("7") == bytes([7]) * 1000


def test_the_newest_is_kept_however_large_it_is() -> None:
    recent: Recent[str, bytes] = Recent(10)
    recent.put("small", b"", 4)
    recent.put("large", b"all", 100)
    assert recent.get("large") == b"all"
    assert recent.get("small") is None
    recent.put("next", b"", 4)
    assert recent.get("large") is None
    assert recent.get("next") == b""
