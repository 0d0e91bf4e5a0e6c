"""A store that is written while it is recorded: whole at the end, and at every moment what is complete."""

from __future__ import annotations

import dataclasses
import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from any_trace import traces
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamed import bare_trace, begin, feed, stream
from test_store import assert_identical

from lstmviz.errors import ExportError, TraceError
from lstmviz.traces.store import open_trace, save_trace
from lstmviz.traces.trace import Trace

MakeTrace = Callable[..., Trace]
RECORD = """
import sys, time
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from streamed import bare_trace, begin, feed
trace = bare_trace(60_000, 40, tuple(sys.argv[1].split("+")))
with begin(Path("a.zarr"), trace) as writer:
    print("begun", flush=True)
    append = writer.append
    writer.append = lambda *what: (time.sleep(0.001), append(*what))  # so that there is time to kill it
    feed(writer, trace, stretch=97)
    writer.finish()
"""


def h_of(trace: Trace, side: str = "forward") -> np.ndarray:
    return trace.lanes[0, side].signals["h"]


@settings(deadline=None, max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(trace=traces(wild=False), stretch=st.integers(1, 12))
def test_a_streamed_trace_comes_back_as_the_saved_one(tmp_path: Path, trace: Trace, stretch: int) -> None:
    path = tmp_path / "a.zarr"
    with begin_whole(path, trace) as writer:
        feed(writer, trace, stretch=stretch)
        writer.finish(trace.check, trace.recorded)
    assert_identical(trace, open_trace(path))
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.zarr"]


def begin_whole(path: Path, trace: Trace):
    from lstmviz.traces.writer import begin_store

    dtype = next(iter(trace.lanes.values())).signals["h"].dtype.name
    return begin_store(path, trace, trace.sequence, trace.inputs, trace.targets, len(trace), dtype)


def test_zarr_and_xarray_open_a_streamed_store_without_us(tmp_path: Path) -> None:
    xarray, zarr = pytest.importorskip("xarray"), pytest.importorskip("zarr")
    trace = bare_trace(5000, 7, cell="lstm")
    stream(tmp_path / "a.zarr", trace, "float16")
    group = zarr.open_group(tmp_path / "a.zarr", mode="r")
    np.testing.assert_array_equal(group["layer0/forward/f"][:], trace["f"].astype("f2"))
    assert {name for name, _ in group.members()} == {"layer0", "lstmviz", "model", "sequence"}
    with xarray.open_zarr(tmp_path / "a.zarr", group="layer0/forward", consolidated=False) as data:
        assert data["c"].dims == ("time", "unit")
        np.testing.assert_array_equal(data["c"].values, trace["c"].astype("f2"))


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGKILL")
@pytest.mark.parametrize("sides", ["forward", "reverse", "forward+reverse"])
def test_kill_9_at_any_moment_leaves_every_completed_stretch(tmp_path: Path, sides: str) -> None:
    whole = bare_trace(60_000, 40, tuple(sides.split("+")))
    here = Path(__file__).parent
    for lines in np.random.default_rng(len(sides)).integers(0, 25, 2):
        shutil.rmtree(tmp_path / "a.zarr", ignore_errors=True)
        command = [sys.executable, "-c", RECORD, sides, str(here), str(here.parent)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=tmp_path) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == "begun\n"
            while len((tmp_path / "a.zarr/lstmviz/journal").read_bytes().splitlines()) < lines:
                time.sleep(0.001)
            child.send_signal(signal.SIGKILL)
        assert check_cut_short(tmp_path / "a.zarr", whole) < 60_000 or "+" in sides


def check_cut_short(path: Path, whole: Trace) -> int:
    """Whatever is in the journal opens and is exact; gives how many steps there are at most."""
    text = (path / "lstmviz/journal").read_text()
    complete = [line.split() for line in text[: text.rfind("\n") + 1].splitlines()]
    if not complete:
        with pytest.raises(TraceError, match="before its first stretch"):
            open_trace(path)
        return 0
    opened = open_trace(path, lazy=bool(len(complete) % 2))
    most = 0
    for side in whole.layers[0].directions:
        mine = [(int(start), int(stop)) for group, start, stop in complete if group == f"layer0/{side}"]
        first, last = min((a for a, _ in mine), default=0), max((b for _, b in mine), default=0)
        found = h_of(opened, side)[:]
        np.testing.assert_array_equal(found[first:last], h_of(whole, side)[first : min(last, len(opened))])
        assert np.isnan(found[:first]).all()
        assert np.isnan(found[last:]).all()
        most = max(most, last - first)
    finished = json.loads((path / "zarr.json").read_text())["attributes"]["finished"]
    assert finished or opened.recorded.note
    assert len(opened) == (60_000 if "reverse" in whole.layers[0].directions else most)
    return most


def test_a_recording_that_is_stopped_keeps_its_last_steps_and_says_so(tmp_path: Path) -> None:
    trace = bare_trace(5000, 7)
    with begin(tmp_path / "a.zarr", trace) as writer:
        feed(writer, trace, stop=4321)
    opened = open_trace(tmp_path / "a.zarr")
    assert opened.recorded.note.startswith(
        "This recording was cut short or is still being made: it has 4321 of 5000 steps"
    )
    assert len(opened.sequence) == len(opened.inputs) == 4321
    np.testing.assert_array_equal(h_of(opened), h_of(trace)[:4321])


def test_a_reverse_lane_that_is_cut_short_has_all_steps_and_nan_where_it_did_not_come(tmp_path: Path) -> None:
    trace = bare_trace(5000, 7, ("reverse",))
    with begin(tmp_path / "a.zarr", trace) as writer:
        feed(writer, trace, stop=1234)
    opened = open_trace(tmp_path / "a.zarr", lazy=True)
    assert len(opened) == 5000
    assert np.isnan(h_of(opened, "reverse")[: 5000 - 1234]).all()
    np.testing.assert_array_equal(h_of(opened, "reverse")[5000 - 1234 :], h_of(trace, "reverse")[5000 - 1234 :])


def test_a_store_that_was_there_is_kept_until_the_new_one_is_finished(tmp_path: Path) -> None:
    old, new = bare_trace(300, 3), bare_trace(400, 3, seed=1)
    stream(tmp_path / "a.zarr", old)
    with begin(tmp_path / "a.zarr", new) as writer:
        aside = [path for path in tmp_path.iterdir() if path.name != "a.zarr"]
        np.testing.assert_array_equal(h_of(open_trace(aside[0])), h_of(old))
        feed(writer, new)
        writer.finish()
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]
    np.testing.assert_array_equal(h_of(open_trace(tmp_path / "a.zarr")), h_of(new))


def test_a_store_that_cannot_be_begun_leaves_the_old_one(tmp_path: Path) -> None:
    old = bare_trace(300, 3)
    stream(tmp_path / "a.zarr", old)
    words = dataclasses.replace(bare_trace(5, 3).sequence, times=np.array(["noon"] * 5))
    with pytest.raises(ExportError, match="times"):
        begin(tmp_path / "a.zarr", dataclasses.replace(bare_trace(5, 3), sequence=words))
    np.testing.assert_array_equal(h_of(open_trace(tmp_path / "a.zarr")), h_of(old))
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


def test_a_disk_with_too_little_room_is_said_before_anything_is_written(tmp_path: Path) -> None:
    from lstmviz.traces.writer import begin_store

    head = bare_trace(3, 1000)
    with pytest.raises(ExportError, match=r"would take \d+\.\d GiB.*GiB free"):
        begin_store(tmp_path / "a.zarr", head, head.sequence, head.inputs, None, 10**12)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("place", "words"),
    [("nowhere/a.zarr", "folder “.*nowhere” does not exist"), ("s3://bucket/a.zarr", "is an address")],
)
def test_a_place_that_is_no_folder_of_this_computer_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str, words: str
) -> None:
    from lstmviz.traces.writer import begin_store

    monkeypatch.chdir(tmp_path)
    head = bare_trace(3, 10)
    for name in (place, Path(place)):
        with pytest.raises(ExportError, match=words):
            begin_store(name, head, head.sequence, head.inputs, None, 100)


def test_a_number_that_float16_cannot_hold_is_refused_by_name_and_the_rest_is_kept(tmp_path: Path) -> None:
    trace = bare_trace(1000, 3)
    h = h_of(trace).copy()
    h[700, 1], h[10, 0] = 70_000, np.inf
    trace = dataclasses.replace(
        trace, lanes={(0, "forward"): dataclasses.replace(trace.lanes[0, "forward"], signals={"h": h})}
    )
    with (
        pytest.raises(ExportError, match="layer0/forward/h reaches 7e\\+04"),
        begin(tmp_path / "a.zarr", trace, "float16") as writer,
    ):
        feed(writer, trace, stretch=100)
    assert len(open_trace(tmp_path / "a.zarr")) == 700
    assert h_of(open_trace(tmp_path / "a.zarr"))[10, 0] == np.inf


def test_steps_that_do_not_go_on_are_a_mistake_of_the_caller(tmp_path: Path) -> None:
    trace = bare_trace(100, 3)
    with begin(tmp_path / "a.zarr", trace) as writer:
        with pytest.raises(ValueError, match="do not go on"):
            writer.append((0, "forward"), 5, {"h": h_of(trace)[5:9]})
        with pytest.raises(ValueError, match="not every step"):
            writer.finish()


@pytest.mark.skipif(os.name == "nt", reason="there are no limits of files")
def test_a_disk_that_fails_in_the_middle_leaves_what_is_complete(tmp_path: Path) -> None:
    trace = bare_trace(40_000, 20)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = begin(tmp_path / "a.zarr", trace)
    try:
        feed(writer, trace, stop=30_000)
        resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, hard))
        with pytest.raises(ExportError, match="could not be written"):
            writer.append((0, "forward"), 30_000, {"h": h_of(trace)[30_000:]})
        writer.close()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    opened = open_trace(tmp_path / "a.zarr")
    assert 20_000 < len(opened) < 40_000
    np.testing.assert_array_equal(h_of(opened), h_of(trace)[: len(opened)])


FULL = """
import sys
sys.path[:0] = sys.argv[2:]
from pathlib import Path
from streamed import bare_trace, begin, feed
from lstmviz.errors import ExportError
disk = Path(sys.argv[1])
trace = bare_trace(20_000, 60)
try:
    with begin(disk / "a.zarr", trace) as writer:
        feed(writer, trace, stop=8_000)
        (disk / "other").write_bytes(bytes(9 << 20))
        for start in range(8_000, 20_000, 500):
            writer.append((0, "forward"), start, {"h": trace["h"][start : start + 500]})
except OSError:
    raise SystemExit("not a sentence")
except ExportError as error:
    print(error)
from lstmviz.traces.store import open_trace
opened = open_trace(disk / "a.zarr", lazy=True)
assert len(opened) >= 4_000 and (opened["h"][:] == trace["h"][: len(opened)]).all()
whole = trace["h"][: len(opened)]
print(opened.overview.limits("h", 0, "forward") == (whole.min(), whole.max()))
"""


def test_a_full_disk_in_the_middle_leaves_what_is_complete(tmp_path: Path) -> None:
    here = Path(__file__).parent
    mount = f'mount -t tmpfs -o size=15m tmpfs {tmp_path} && exec "$@"'
    command = [
        "unshare",
        "-Urm",
        "sh",
        "-c",
        mount,
        "sh",
        sys.executable,
        "-c",
        FULL,
        str(tmp_path),
        str(here),
        str(here.parent),
    ]
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-Urm", "true"], capture_output=True).returncode:
        pytest.skip("this system mounts no disk of its own for a test")
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if "mount:" in found.stderr:
        pytest.skip("this system mounts no disk of its own for a test")
    assert "the disk is full" in found.stdout, found.stderr
    assert found.stdout.splitlines()[-1].endswith("True"), found.stderr


def test_a_lazy_trace_is_copied_and_never_onto_itself(tmp_path: Path, make_trace: MakeTrace) -> None:
    trace = make_trace(steps=900, layers=2)
    save_trace(trace, tmp_path / "a.zarr")
    opened = open_trace(tmp_path / "a.zarr", lazy=True)
    done: list[tuple[int, int]] = []
    save_trace(opened, tmp_path / "b.zarr", lambda *so_far: done.append(so_far))
    assert_identical(trace, open_trace(tmp_path / "b.zarr"))
    assert done[-1][0] == done[-1][1]
    with pytest.raises(ExportError, match="is the store that this trace is read from"):
        save_trace(opened, tmp_path / "a.zarr")
    assert_identical(trace, open_trace(tmp_path / "a.zarr"))


def test_a_cancelled_copy_leaves_the_old_store(tmp_path: Path, make_trace: MakeTrace) -> None:
    old = make_trace(steps=9)
    save_trace(make_trace(steps=900), tmp_path / "a.zarr")
    save_trace(old, tmp_path / "b.zarr")

    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        save_trace(open_trace(tmp_path / "a.zarr", lazy=True), tmp_path / "b.zarr", cancel)
    assert_identical(old, open_trace(tmp_path / "b.zarr"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zarr", "b.zarr"]


def test_a_copy_that_the_disk_cannot_take_is_called_by_its_own_name(
    tmp_path: Path, make_trace: MakeTrace, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_trace(make_trace(steps=900), tmp_path / "a.zarr")
    opened = open_trace(tmp_path / "a.zarr", lazy=True)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: shutil._ntuple_diskusage(1000, 900, 100))  # type: ignore[attr-defined]
    with pytest.raises(ExportError, match=r"^“\S*/b\.zarr” would take 0\.\d MiB, and its disk has 0\.0 MiB"):
        save_trace(opened, tmp_path / "b.zarr")
