"""What is sent to the disk early is what was written, and a file that went away is said."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lstmviz.traces.early_flush import EarlyFlush


def test_a_growing_file_is_sent_and_stays_as_it_was_written(tmp_path: Path) -> None:
    file = tmp_path / "growing"
    early = EarlyFlush(file)
    piece = bytes(range(256)) * (3 << 12)
    with file.open("wb") as stream:
        for _ in range(8):
            stream.write(piece)
            early.send()
    assert file.read_bytes() == 8 * piece


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux sends early")
def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        EarlyFlush(tmp_path / "nothing").send()
