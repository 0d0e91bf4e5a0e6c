"""Settings and logs have a place wherever anybody works, also where their own folder cannot be written."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest

from lstmviz import paths


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, this test's own."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def test_a_home_that_is_named_is_made_and_holds_settings_and_logs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSTMVIZ_HOME", str(tmp_path / "a" / "b"))

    assert paths.settings_file() == tmp_path / "a" / "b" / "settings.json"
    assert paths.log_file("engine") == tmp_path / "a" / "b" / "engine.log"
    assert (tmp_path / "a" / "b").is_dir()


def test_a_home_that_cannot_be_made_is_replaced_by_a_temporary_folder(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a file"
    file.write_text("in the way")
    for home in (file, file / "below"):
        monkeypatch.setenv("LSTMVIZ_HOME", str(home))
        for path in (paths.settings_file(), paths.log_file("cli")):
            assert path.parent.parent == temporary
            path.write_text("written")
    assert file.read_text() == "in the way"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() == 0, reason="root may write everywhere")
def test_a_home_that_may_not_be_written_is_replaced_by_a_temporary_folder(
    temporary: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    monkeypatch.setenv("LSTMVIZ_HOME", str(locked))

    assert paths.log_file("cli").parent.parent == temporary


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs a folder where nobody may make one")
def test_nobody_can_write_in_proc_and_the_log_still_has_a_place(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LSTMVIZ_HOME", "/proc/lstmviz")

    assert paths.log_file("cli").parent.parent == temporary
