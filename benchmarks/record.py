"""What a recording costs: lstmviz.record against nn.LSTM's own forward, which shows no gate, and a loop of cells.

    python benchmarks/record.py [--runs 15] [--threads 1]

Every round runs each of them, one after the other, so that whatever else the machine does falls on all alike: the fast
ones three times in a row, as one records many sequences and not one between other work, the slow loop once.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from torch import nn

import lstmviz
from lstmviz.engine.fused import fused_lane
from lstmviz.engine.weights import read_stack
from lstmviz.engine.workspace import workspace_lane

SIZES = [(32, 1000, 1), (128, 1000, 1), (256, 1000, 1), (512, 1000, 1), (1024, 1000, 1), (128, 200, 32)]
BAR = {1: 2.0, 32: 2.5}
LOOP_BAR = 8


def by_a_loop(cell: nn.LSTMCell, x: torch.Tensor) -> list[tuple[torch.Tensor, ...]]:
    """All gates as people record them by hand: the equations of nn.LSTMCell, one step at a time."""
    h = c = x.new_zeros(x.shape[1], cell.hidden_size)
    rows = []
    for x_t in x:
        z = nn.functional.linear(x_t, cell.weight_ih, cell.bias_ih)
        z = z + nn.functional.linear(h, cell.weight_hh, cell.bias_hh)
        i, f, g, o = z.chunk(4, dim=1)
        i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
        c = f * c + i * g
        h = o * c.tanh()
        rows.append((i, f, o, g, c, h))
    return [torch.stack(signal) for signal in zip(*rows, strict=True)]


def kernel(lstm: nn.LSTM, x: torch.Tensor) -> Callable[[], object]:
    """The bare kernel: every signal as a tensor, without checking, hashing or making a trace."""
    weights = read_stack(lstm).lanes[0, "forward"]
    state = x.new_zeros(x.shape[1], lstm.hidden_size)
    return lambda: workspace_lane(weights, x, state, state) or fused_lane(weights, x, state, state)


def timed(work: dict[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Seconds of every run of every piece of work, in turns, after one round to warm up."""
    seconds: dict[str, list[float]] = {name: [] for name in work}
    for turn in range(runs + 1):
        for name, call in work.items():
            for _ in range(1 if name == "loop" else 3):
                start = time.perf_counter()
                call()
                if turn:
                    seconds[name].append(time.perf_counter() - start)
    return seconds


def measure(units: int, steps: int, batch: int, runs: int) -> None:
    """One line of the table."""
    torch.manual_seed(0)
    lstm = nn.LSTM(units, units).eval()
    cell = nn.LSTMCell(units, units)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})
    x = torch.randn(steps, batch, units)
    arrays = [np.ascontiguousarray(x[:, b].numpy()) for b in range(batch)]
    sequence = arrays[0] if batch == 1 else arrays
    work = {
        "forward": lambda: lstm(x),
        "record": lambda: lstmviz.record(lstm, sequence),
        "kernel": kernel(lstm, x),
        "loop": lambda: by_a_loop(cell, x),
    }
    with torch.no_grad():
        seconds = timed(work, runs)
    best, middle = ({name: get(times) for name, times in seconds.items()} for get in (min, median))
    trace = lstmviz.record(lstm, sequence)
    first = trace if batch == 1 else trace[0]
    ratio, faster = best["record"] / best["forward"], best["loop"] / best["record"]
    met = ratio <= BAR[batch] and (units > 128 or batch > 1 or faster >= LOOP_BAR)
    print(
        f"{units:5} {steps:5} {batch:3} │ {1e3 * best['forward']:8.2f} {1e3 * best['kernel']:8.2f} "
        f"{1e3 * best['record']:8.2f} {1e3 * best['loop']:9.2f} │ {best['kernel'] / best['forward']:6.2f} {ratio:6.2f} "
        f"{middle['record'] / middle['forward']:6.2f} │ {faster:5.1f} │ {first.check.max_error:8.1e} "
        f"{first.recorded.method:10} │ bar {BAR[batch]:.1f} {'met' if met else 'MISSED'}"
    )


def main() -> None:
    """Print the machine and the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "--runs", type=int, default=7, help="rounds for each line (the small sizes get four times as many)"
    )
    parser.add_argument("--threads", type=int, default=1, help="torch's threads")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    versions = f"lstmviz {lstmviz.__version__}, torch {torch.__version__}, numpy {np.__version__}"
    print(f"{versions}, Python {platform.python_version()}")
    print(f"{platform.system()} {platform.machine()}, {processor()}, {os.cpu_count()} cores")
    print(f"{options.threads} thread(s), float32, {os.getloadavg()[0]:.1f} processes busy before the start")
    print("best times in ms; ratios to the forward; the loop against record\n")
    print(
        f"{'H':>5} {'T':>5} {'B':>3} │ {'forward':>8} {'kernel':>8} {'record':>8} {'loop':>9} │ "
        f"{'kernel':>6} {'record':>6} {'median':>6} │ {'loop×':>5} │ {'max |Δ|':>8} {'method':10} │"
    )
    for units, steps, batch in SIZES:
        measure(units, steps, batch, options.runs * (4 if units <= 128 else 1))


def processor() -> str:
    """The processor in words, where the system tells."""
    file = Path("/proc/cpuinfo")
    lines = file.read_text().splitlines() if file.is_file() else []
    names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown processor"


if __name__ == "__main__":
    main()
