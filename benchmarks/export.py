"""What an export costs: lstmviz.export against the format's own library writing the same arrays, and in what memory.

    python benchmarks/export.py [--steps 50000] [--units 256] [--dtype float32] [--rounds 5] [--only npz,h5]

Speed: both write the six signals from memory, one after the other in every round, so that whatever else the machine
does falls on both. An export is on the disk when it returns (fsync) and takes its place in one step; so the library's
file is flushed too. “Unflushed” compares with a library that leaves that to the system. The libraries: np.savez, h5py,
pyarrow.parquet and pyarrow.csv, from (T, H) to columns or rows included; np.savetxt is shown beside them.
Tables are a tenth as long, since text takes its time.

Memory (on Linux): a process of its own exports all of the same trace from a store on the disk; shown is
how far its peak rose over what it was before.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import parquet as pq

import lstmviz
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.store import open_trace, save_trace
from lstmviz.traces.trace import Lane, LayerInfo, Trace

BAR = 0.8
TABLES_ARE_SHORTER = 10
Signals = dict[str, np.ndarray]


def made_up(steps: int, units: int, dtype: str) -> Trace:
    """A trace with the numbers of a real one: gates between 0 and 1, states that wander."""
    rng, info = np.random.default_rng(0), LayerInfo(0, "lstm", "lstm", 1, units, units)
    signals = {}
    for name in "ifogch":
        z = rng.standard_normal((steps, units), np.float32)
        signals[name] = (np.tanh(z) if name in "gch" else 1 / (1 + np.exp(-2 * z))).astype(dtype)
    values, zero = np.zeros((steps, 1), np.float32), np.zeros(units, dtype)
    return Trace(Sequence(values), values, (info,), {(0, "forward"): Lane(signals, zero, zero)})


# ── the libraries ──


def by_numpy(signals: Signals, path: Path) -> None:
    """np.savez."""
    np.savez(path, allow_pickle=False, **signals)


def by_h5py(signals: Signals, path: Path) -> None:
    """One dataset a signal."""
    import h5py

    with h5py.File(path, "w") as file:
        for name, array in signals.items():
            file[name] = array


def wide(signals: Signals) -> pa.Table:
    """A column a unit."""
    columns = {
        f"{name}[{unit}]": pa.array(np.ascontiguousarray(array[:, unit]))
        for name, array in signals.items()
        for unit in range(array.shape[1])
    }
    return pa.table({"t": np.arange(len(next(iter(signals.values())))), **columns})


def long(signals: Signals, words: Callable[[int, str], Any]) -> pa.Table:
    """A row a value."""
    tables = []
    for name, array in signals.items():
        steps, units = array.shape
        columns = {
            "t": np.repeat(np.arange(steps), units),
            "layer": np.zeros(array.size, np.int32),
            "direction": words(array.size, "forward"),
            "unit": np.tile(np.arange(units, dtype=np.int32), steps),
            "signal": words(array.size, name),
            "value": array.ravel(),
        }
        tables.append(pa.table(columns))
    return pa.concat_tables(tables)


def coded(count: int, word: str) -> pa.DictionaryArray:
    """One word many times, as Parquet keeps it."""
    return pa.DictionaryArray.from_arrays(np.zeros(count, np.int32), pa.array([word]))


def spelled(count: int, word: str) -> pa.Array:
    """One word many times, as text."""
    return coded(count, word).cast(pa.string())


def by_savetxt(signals: Signals, path: Path) -> None:
    """np.savetxt with the digits that give a float32 back."""
    table = np.concatenate(list(signals.values()), axis=1)
    np.savetxt(path, table, fmt="%.9g", delimiter=",")


Write = Callable[[Signals, Path], None]
PEERS: dict[str, tuple[str, str, str, Write]] = {
    "npz": (".npz", "long", "np.savez", by_numpy),
    "h5": (".h5", "long", "h5py", by_h5py),
    "parquet wide": (".parquet", "wide", "pyarrow", lambda signals, path: pq.write_table(wide(signals), path)),
    "parquet long": (".parquet", "long", "pyarrow", lambda signals, path: pq.write_table(long(signals, coded), path)),
    "csv wide": (".csv", "wide", "pyarrow.csv", lambda signals, path: arrow_csv.write_csv(wide(signals), path)),
    "csv long": (
        ".csv",
        "long",
        "pyarrow.csv",
        lambda signals, path: arrow_csv.write_csv(long(signals, spelled), path),
    ),
    "csv wide, numpy": (".csv", "wide", "np.savetxt", by_savetxt),
}


# ── speed ──


def flush(path: Path) -> None:
    """Have a file on the disk."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def timed(call: Callable[[], object], path: Path) -> tuple[float, float]:
    """Seconds until the call is back, and until its file is on the disk."""
    path.unlink(missing_ok=True)
    start = time.perf_counter()
    call()
    back = time.perf_counter() - start
    flush(path)
    return back, time.perf_counter() - start


def measure(name: str, trace: Trace, folder: Path, rounds: int) -> bool:
    """One line: the best and the median of the rounds, and the library's seconds over ours."""
    ending, form, library, write = PEERS[name]
    signals = dict(trace.lanes[0, "forward"].signals)
    own, peer = folder / f"own{ending}", folder / f"peer{ending}"
    ours, theirs, unflushed = [], [], []
    for turn in range(rounds + 1):
        back, lasting = timed(lambda: write(signals, peer), peer)
        mine, _ = timed(lambda: lstmviz.export(trace, own, form=form), own)
        if turn:  # the first round warms up
            unflushed.append(back)
            theirs.append(lasting)
            ours.append(mine)
    best, middle = min(theirs) / min(ours), median(theirs) / median(ours)
    size = sum(array.nbytes for array in signals.values()) / 2**20
    print(
        f"{name:16} {library:12} │ {size:7.0f} │ {size / min(ours):7.0f} {size / min(theirs):7.0f} "
        f"│ {best:6.2f} {middle:6.2f} {min(unflushed) / min(ours):9.2f} │ {'met' if best >= BAR else 'MISSED'}",
        flush=True,
    )
    own.unlink()
    peer.unlink()
    return best >= BAR


# ── memory ──


def peak_growth(store: str, file: str, form: str) -> None:
    """In a process of its own: export a store, and print by how many bytes the peak of its memory rose."""
    lstmviz.export(made_up(10, 4, "float32"), file, form=form)  # whatever is imported late
    before = peak()
    lstmviz.export(open_trace(store, lazy=True), file, form=form)
    print(peak() - before)


def peak() -> int:
    """The most bytes that this process ever held. (ru_maxrss would count what its parent held when it began.)"""
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


def memory(name: str, store: Path, size: int, folder: Path) -> None:
    """One line: how far the peak rose, and that over the size of the trace."""
    ending, form, _, _ = PEERS[name]
    file = folder / f"memory{ending}"
    command = [sys.executable, __file__, "--child", str(store), str(file), form]
    start = time.perf_counter()
    rose = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    seconds = time.perf_counter() - start
    print(f"{name:16} │ {rose / 2**20:7.0f} MiB │ {rose / size:6.1%} of the trace │ {seconds:6.1f} s", flush=True)
    file.unlink()


def main() -> None:
    """Print the machine and both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=50_000)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--dtype", choices=("float16", "float32", "float64"), default="float32")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="some of: " + ", ".join(PEERS))
    parser.add_argument("--folder", help="where to write (default: a temporary folder)")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        peak_growth(*options.child)
        return
    wanted = [name for name in PEERS if not options.only or name.split()[0] in options.only.split(",")]
    print(f"lstmviz {lstmviz.__version__}, numpy {np.__version__}, pyarrow {pa.__version__}")
    print(f"Python {platform.python_version()}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    print(f"T = {options.steps}, H = {options.units}, six signals in {options.dtype}; {options.rounds} rounds\n")
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        print(
            f"{'':16} {'library':12} │ {'MiB':>7} │ {'MiB/s':>7} {'library':>7} │ {'best':>6} {'median':>6} unflushed │"
        )
        long_one = made_up(options.steps, options.units, options.dtype)
        short_one = made_up(max(1, options.steps // TABLES_ARE_SHORTER), options.units, options.dtype)
        for each in wanted:
            measure(each, long_one if each in ("npz", "h5") else short_one, folder, options.rounds)
        if sys.platform != "linux":
            return
        print()
        save_trace(long_one, folder / "trace.zarr")
        size = sum(array.nbytes for array in long_one.lanes[0, "forward"].signals.values())
        for each in wanted:
            if "numpy" not in each:
                memory(each, folder / "trace.zarr", size, folder)


if __name__ == "__main__":
    main()
