"""What is written is there whole or not at all, and what stood there before is never lost."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from lstmviz.errors import ExportError
from lstmviz.traces.safe_write import replacing, sentence

SMALL_DISK = """
import resource, sys
sys.path[:0] = [sys.argv[1]]
from by_hand import lstm_weights, record_by_hand
import numpy as np
from lstmviz.errors import ExportError
from lstmviz.traces.export import export
from lstmviz.traces.store import save_trace
rng = np.random.default_rng(0)
trace = record_by_hand([lstm_weights(rng, 3, 64)], rng.normal(size=(400, 3)).astype(np.float32))
write = lambda path: save_trace(trace, path) if path.endswith(".zarr") else export(trace, path)
for ending in sys.argv[3:]:
    write(sys.argv[2] + "/warm" + ending)  # what is imported late must not meet the limit
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
for ending in sys.argv[3:]:
    path = sys.argv[2] + "/a" + ending
    try:
        write(path)
        print("written?", ending)
    except ExportError as error:
        print(error)
"""


def names(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def test_a_file_is_replaced_only_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("old")
    path.chmod(0o640)
    with replacing(path) as new:
        assert new.parent == tmp_path
        assert new.suffix == ".csv"
        new.write_text("new")
        assert path.read_text() == "old"
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640
    assert names(tmp_path) == ["a.csv"]


@pytest.mark.parametrize("atomic", [True, False])
def test_a_folder_is_replaced_only_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, atomic: bool) -> None:
    if not atomic:
        monkeypatch.setattr("lstmviz.traces.safe_write._exchanged", lambda new, target: False)
    for text in ("one", "two"):
        with replacing(tmp_path / "a.zarr", folder=True) as new:
            (new / "deep").mkdir()
            (new / "deep" / text).write_text(text)
    assert names(tmp_path) == ["a.zarr"]
    assert names(tmp_path / "a.zarr" / "deep") == ["two"]


@pytest.mark.parametrize("folder", [False, True])
def test_any_failure_removes_the_new_and_keeps_the_old(tmp_path: Path, folder: bool) -> None:
    path = tmp_path / "a"
    with replacing(path, folder=folder) as new:
        (new / "part" if folder else new).write_text("old")

    def fail() -> None:
        with replacing(path, folder=folder) as new:
            (new / "part" if folder else new).write_text("half")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert (path / "part" if folder else path).read_text() == "old"
    assert names(tmp_path) == ["a"]


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")
def test_a_kill_between_two_moves_leaves_the_old_folder_for_good(tmp_path: Path) -> None:
    """Where a system cannot exchange two folders in one step."""
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from lstmviz.traces import safe_write\n"
        "safe_write._exchanged = lambda new, target: False\n"
        "with safe_write.replacing(sys.argv[1], folder=True) as new:\n"
        "    rename = Path.rename\n"
        "    Path.rename = lambda old, to: (rename(old, to), os.kill(os.getpid(), signal.SIGKILL))\n"
    )
    (tmp_path / "a.zarr").mkdir()
    (tmp_path / "a.zarr" / "part").write_text("old")
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.zarr")], check=False)
    assert not (tmp_path / "a.zarr").exists()
    for left in tmp_path.iterdir():
        os.utime(left, (0, 0))
    with replacing(tmp_path / "b.csv"):
        pass
    (kept,) = tmp_path.glob("a.*.old.zarr")
    assert (kept / "part").read_text() == "old"
    assert names(tmp_path) == sorted([kept.name, "b.csv"])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot say whether a process lives")
def test_what_a_killed_process_left_is_swept_up_by_a_later_one(tmp_path: Path) -> None:
    program = (
        "import os, signal, sys\n"
        "from lstmviz.traces.safe_write import replacing\n"
        "with replacing(sys.argv[1]) as new:\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "a.csv")], check=False)
    (left,) = tmp_path.iterdir()
    with replacing(tmp_path / "a.csv") as new:
        new.write_text("new")
    assert left.exists()  # it could be the work of a process that just began
    os.utime(left, (0, 0))
    with replacing(tmp_path / "a.csv") as new, replacing(tmp_path / "b.csv"):
        os.utime(new, (0, 0))  # old, but its process lives
    assert names(tmp_path) == ["a.csv", "b.csv"]


def test_a_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link.csv").symlink_to(tmp_path / "real" / "a.csv")
    with replacing(tmp_path / "link.csv") as new:
        new.write_text("new")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "real" / "a.csv").read_text() == "new"


def test_targets_of_another_kind_and_missing_folders_are_sentences(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    cases = [
        ("folder", False, "is a folder; expected the name of a file"),
        ("file", True, "is a file; a folder would be written"),
        ("no/a.csv", False, "does not exist. Make it"),
        ("file/a.csv", False, "is a file, not a folder"),
        ("n" * 300, False, "too long"),
        ("a\0b", False, "is not a file name"),
    ]
    for name, folder, words in cases:
        with pytest.raises(ExportError, match=words), replacing(tmp_path / name, folder=folder):
            pytest.fail("nothing may be asked to write")
    with pytest.raises(ExportError, match="not an ordinary file"), replacing("/dev/null"):
        pytest.fail("nothing may be asked to write")
    assert names(tmp_path) == ["file", "folder"]


def test_a_read_only_folder_is_a_sentence(tmp_path: Path) -> None:
    folder = tmp_path
    if os.geteuid() == 0:  # modes do not bind root; the system's own tree does
        folder = Path("/sys")
        if not (folder / "kernel").is_dir():  # in a container /sys may be an empty folder like any other
            pytest.skip("no folder here is read-only for root")
    else:
        folder.chmod(0o500)
    with (
        pytest.raises(ExportError, match=r"could not be written: .* Choose another") as caught,
        replacing(folder / "a.csv"),
    ):
        pytest.fail("nothing may be asked to write")
    assert str(folder / "a.csv") in str(caught.value)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "disk is full. Free some space"),
        (OSError("Can't write data (errno = 28, No space left on device)"), "disk is full. Free some space"),
        (OSError(errno.EDQUOT, "Quota"), "quota"),
        (OSError(errno.EROFS, "Read-only"), "read-only. Choose another folder"),
        (OSError(errno.EIO, "Input/output error"), "Input/output error. Choose another folder"),
        (OSError(), "OSError"),
    ],
)
def test_what_the_system_says_becomes_a_sentence_with_a_remedy(error: OSError, words: str) -> None:
    assert words in str(sentence(error, "a.csv"))
    assert "“a.csv”" in str(sentence(error, "a.csv"))


@pytest.mark.skipif(sys.platform == "win32", reason="there are no limits on files on Windows")
def test_a_disk_that_takes_no_more_leaves_no_half_written_file(tmp_path: Path) -> None:
    endings = [".csv", ".tsv", ".npz", ".zarr"]
    for library, ending in (("h5py", ".h5"), ("pyarrow", ".parquet")):
        if find_spec(library):
            endings.append(ending)
    (tmp_path / "a.csv").write_text("old")
    command = [sys.executable, "-c", SMALL_DISK, str(Path(__file__).parents[1]), str(tmp_path), *endings]
    done = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    sentences = done.stdout.splitlines()
    assert len(sentences) == len(endings), done.stdout + done.stderr
    for line, ending in zip(sentences, endings, strict=True):
        assert line.startswith(f"“{tmp_path}/a{ending}” could not be written: the file would be larger"), line
    assert done.stderr == ""
    assert (tmp_path / "a.csv").read_text() == "old"
    assert names(tmp_path) == sorted(["a.csv", *(f"warm{ending}" for ending in endings)])
