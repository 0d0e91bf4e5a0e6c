"""A trace beyond memory: how a recording of 1,000,000 steps of 1,024 units is made, and how the window moves in it.

    python benchmarks/scale.py [--steps 1000000] [--units 1024] [--dtype float32] [--where FOLDER] [--keep] [--quick]

The recording is made by a process of its own on one thread, so that its largest memory is its own. Beside it stands
nn.LSTM's own forward, which shows no gate, on a sample of the same steps: all of its outputs would be 4 GB.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FEATURES = 8
SAMPLE = 8192
"""Steps of the forward that shows no gate."""
QUICK = (50_000, 256)


def a_sequence(steps: int) -> np.ndarray:
    """Slow and fast waves with noise and, every 10,000 steps, a spike: (T, 8) float32."""
    t = np.arange(steps, dtype=np.float64)[:, None]
    values = np.sin(2 * np.pi * t / 10.0 ** np.linspace(1, 5, FEATURES))
    values += np.random.default_rng(0).normal(0, 0.2, values.shape)
    values[9_999::10_000] += 4
    return values.astype(np.float32)


def record(steps: int, units: int, dtype: str, store: Path) -> dict[str, float]:
    """Record in this process: seconds, steps a second, those of the forward, and the largest memory in MiB."""
    import torch
    from torch import nn

    import lstmviz

    torch.set_num_threads(1)
    torch.manual_seed(0)
    lstm, values = nn.LSTM(FEATURES, units).eval(), a_sequence(steps)
    forward = min(timed_forward(lstm, torch.from_numpy(values[: min(SAMPLE, steps)])) for _ in range(3))
    before = peak()
    told = started = time.perf_counter()

    def report(done: int, total: int) -> None:
        nonlocal told
        if time.perf_counter() - told > 10:
            told = time.perf_counter()
            print(f"  {done:,} of {total:,} steps in {told - started:.0f} s, {peak():.0f} MiB", file=sys.stderr)

    trace = lstmviz.record(lstm, values, out=store, dtype=dtype, progress=report)
    seconds = time.perf_counter() - started
    assert trace.check is not None
    return {
        "seconds": seconds,
        "rate": steps / seconds,
        "forward": min(SAMPLE, steps) / forward,
        "before": before,
        "peak": peak(),
        "error": trace.check.max_error,
        "checked": trace.check.steps,
    }


def timed_forward(lstm, x) -> float:
    """Seconds of nn.LSTM's own forward."""
    import torch

    started = time.perf_counter()
    with torch.no_grad():
        lstm(x)
    return time.perf_counter() - started


def peak() -> float:
    """The largest memory of this process so far, in MiB."""
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def in_a_process(options: argparse.Namespace, store: Path) -> dict[str, float]:
    """The numbers of ``record``, made by a fresh process."""
    words = [sys.executable, __file__, "--steps", str(options.steps), "--units", str(options.units)]
    words += ["--dtype", options.dtype, "--record-into", str(store)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, env={**os.environ, "OMP_NUM_THREADS": "1"})
    found: dict[str, float] = json.loads(done.stdout)
    return found


def tell(options: argparse.Namespace, store: Path, found: dict[str, float]) -> None:
    """Print what the recording took."""
    sizes = {file: file.stat().st_size for file in store.rglob("*") if file.is_file()}
    signals = options.steps * options.units * 6 * np.dtype(options.dtype).itemsize
    print(f"signals          {signals / 1e9:8.2f} GB  six of {options.steps:,} × {options.units:,} {options.dtype}")
    print(f"on the disk      {sum(sizes.values()) / 1e9:8.2f} GB  in {len(sizes):,} files")
    print(f"recorded in      {found['seconds']:8.1f} s   {found['rate']:,.0f} steps a second")
    print(f"nn.LSTM alone    {options.steps / found['forward']:8.1f} s   {found['forward']:,.0f} steps a second")
    print(f"ratio            {found['forward'] / found['rate']:8.2f}     to the forward that shows no gate")
    print(f"largest memory   {found['peak']:8.0f} MiB ({found['before']:.0f} before it began; bar 3,072)")
    print(f"checked          {found['error']:8.1e}     over {found['checked']:,.0f} steps")


def main() -> None:
    """Record, tell, and move the window over what was recorded."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--units", type=int, default=1024)
    parser.add_argument("--dtype", default="float32", choices=("float16", "float32"))
    parser.add_argument("--where", type=Path, default=Path(tempfile.gettempdir()) / "lstmviz-scale", metavar="FOLDER")
    parser.add_argument("--keep", action="store_true", help="leave the store; use it again where it is there already")
    parser.add_argument("--quick", action="store_true", help=f"only {QUICK[0]:,} steps of {QUICK[1]} units")
    parser.add_argument("--record-into", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.quick:
        options.steps, options.units = QUICK
    if options.record_into:
        print(json.dumps(record(options.steps, options.units, options.dtype, options.record_into)))
        return
    import lstmviz

    print(f"lstmviz {lstmviz.__version__}, {platform.system()} {platform.machine()}, {os.cpu_count()} cores")
    print(f"one thread, {os.getloadavg()[0]:.1f} processes busy before the start\n")
    options.where.mkdir(parents=True, exist_ok=True)
    store = options.where / f"{options.steps}x{options.units}-{options.dtype}.zarr"
    try:
        if not (options.keep and store.is_dir()):
            tell(options, store, in_a_process(options, store))
        from scale_window import measure

        measure(store)
    finally:
        if not options.keep:
            shutil.rmtree(store, ignore_errors=True)


if __name__ == "__main__":
    main()
