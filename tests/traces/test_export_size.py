"""A trace however large goes out within little memory, stretch by stretch, and a cancel stops it in the middle."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lstmviz.errors import ExportError
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.export import EXPORTERS, export
from lstmviz.traces.parquet import BATCH, rows_of_a_group
from lstmviz.traces.trace import Lane, LayerInfo, Trace

EXPORT = """
import sys
sys.path[:0] = [sys.argv[1]]
from test_export_size import endless
from lstmviz.traces.export import export
path, form, signals, steps = sys.argv[2:]
export(endless(200, 128), path, form=form, signals=signals)  # whatever is imported late
peak = lambda: int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
before = peak()
trace = endless(int(steps), 128)
export(trace, path, form=form, signals=signals)
print(peak() - before)  # KiB; ru_maxrss would begin with what the parent held
"""


def endless(steps: int, units: int) -> Trace:
    """A trace of any length and of no size: every step of a signal is the same row, which stands in memory once."""
    row = np.linspace(-1, 1, units, dtype=np.float32)
    signals = {name: np.broadcast_to(row * (n + 1) / 6, (steps, units)) for n, name in enumerate("ifogch")}
    values = np.zeros((steps, 1), np.float32)
    info = LayerInfo(0, "lstm", "lstm", 1, units, units)
    return Trace(Sequence(values), values, (info,), {(0, "forward"): Lane(signals, row[:units], row[:units])})


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says the most that a process held")
@pytest.mark.parametrize(
    ("ending", "form", "signals", "steps"),
    [
        (".csv", "long", "f,c", 40_000),
        (".csv", "wide", "f,c", 60_000),
        (".parquet", "long", "f,c,h", 100_000),
        (".parquet", "wide", "f,c,h", 100_000),
        (".npz", "long", "i,f,o,g,c,h", 100_000),
        (".h5", "long", "i,f,o,g,c,h", 100_000),
    ],
)
def test_memory_stays_far_below_the_size_of_the_trace(
    tmp_path: Path, ending: str, form: str, signals: str, steps: int
) -> None:
    pytest.importorskip(EXPORTERS[ending].library or "numpy")
    command = [sys.executable, "-c", EXPORT, str(Path(__file__).parent), str(tmp_path / f"a{ending}"), form, signals]
    done = subprocess.run([*command, str(steps)], capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    size = steps * 128 * 4 * len(signals.split(","))
    assert int(done.stdout) * 1024 < size * 0.6


def random_trace(steps: int, units: int) -> Trace:
    """Longer than a stretch of every exporter, each number another."""
    trace, rng = endless(steps, units), np.random.default_rng(0)
    signals = {name: rng.normal(size=(steps, units)).astype(np.float32) for name in ("f", "c")}
    lane = trace.lanes[0, "forward"]
    return replace(trace, lanes={(0, "forward"): replace(lane, signals={**lane.signals, **signals})})


def read_back(path: Path, form: str, units: int) -> np.ndarray:
    """f (S, U) from an exported file, by the format's own reader."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            found: np.ndarray = file["layer0/forward/f"]
        return found
    if path.suffix == ".h5":
        import h5py

        with h5py.File(path) as file:
            return file["layer0/forward/f"][...]
    from pyarrow import csv, float32
    from pyarrow import parquet as pq

    if path.suffix == ".parquet":
        table = pq.read_table(path)
    else:
        head = csv.open_csv(path).schema.names
        numbers = {name: float32() for name in head if name == "value" or name.endswith("]")}
        table = csv.read_csv(path, convert_options=csv.ConvertOptions(column_types=numbers))
    if form == "long":
        return table["value"].to_numpy().reshape(-1, units)
    return np.stack([table[name].to_numpy() for name in table.column_names if name.startswith("f[")], axis=1)


TARGETS = [
    ("a.csv", "long"),
    ("a.csv", "wide"),
    ("a.parquet", "long"),
    ("a.parquet", "wide"),
    ("a.npz", "long"),
    ("a.h5", "long"),
]


@pytest.mark.parametrize(("name", "form"), TARGETS)
@pytest.mark.parametrize("steps", ["3:19000", "0:20000:7"])
def test_every_value_comes_back_across_the_edges_of_the_stretches(
    tmp_path: Path, name: str, form: str, steps: str
) -> None:
    pytest.importorskip("pyarrow")
    pytest.importorskip("h5py")
    trace = random_trace(20_000, 120)
    export(trace, tmp_path / name, form=form, signals="f", units="5:115", steps=steps)
    rows = slice(*(int(part) for part in steps.split(":")))
    expected = trace.signal("f")[rows, 5:115]
    assert np.array_equal(read_back(tmp_path / name, form, 110), expected)


@pytest.mark.parametrize(("name", "form"), TARGETS)
def test_a_cancel_in_the_middle_leaves_no_file(tmp_path: Path, name: str, form: str) -> None:
    pytest.importorskip(EXPORTERS[Path(name).suffix].library or "numpy")
    reports: list[int] = []

    def cancel(done: int, total: int) -> None:
        reports.append(done)
        if done > total / 5:
            raise InterruptedError

    with pytest.raises((InterruptedError, ExportError)):
        export(endless(30_000, 256), tmp_path / name, form=form, signals="f,c", progress=cancel)
    assert reports[0] == 0
    assert len(reports) > 1
    assert reports[-1] < 30_000 * 256 * 2 * 0.5
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["a.npz", "a.h5"])
def test_arrays_that_the_disk_cannot_take_are_refused_at_once(tmp_path: Path, name: str) -> None:
    pytest.importorskip(EXPORTERS[Path(name).suffix].library or "numpy")
    with pytest.raises(ExportError, match=r"would take \d{4,}\.\d GiB, and its disk has .* or export less"):
        export(endless(4_000_000, 200_000), tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_a_wide_table_s_row_groups_and_their_contents_grow_alike() -> None:
    """Both as the root of the steps: a hundred times the steps take ten times the memory, and few ones a batch."""
    small, large = (rows_of_a_group(steps, 6144, 4) for steps in (10_000, 1_000_000))
    assert large == pytest.approx(10 * small, rel=0.01)
    assert rows_of_a_group(100, 4, 4) == BATCH // 4
