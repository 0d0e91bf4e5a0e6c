"""How long until the window is painted for the first time, beside an empty pyqtgraph window.

    python benchmarks/start.py [--runs 7]

Each run is a process of its own, the two kinds interleaved; time counts from before the process is made.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time

BAR = 1.5
"""How many times as long as an empty pyqtgraph window ours may take."""

EMPTY = """
import sys, time
import pyqtgraph as pg
app = pg.mkQApp()
window = pg.PlotWidget()
window.resize(1600, 1000)
window.show()
app.processEvents()
print(time.time())
"""

OURS = """
import sys, time
from PySide6.QtWidgets import QApplication
from lstmviz.app import main
from lstmviz.session.settings import load_settings
app = QApplication([])
program = main.Program(load_settings())
program.window.resize(1600, 1000)
program.window.show()
app.processEvents()
print(time.time(), "torch" in sys.modules)
"""


def first_frame(code: str) -> float:
    """Seconds from before the process is made to its first painted frame."""
    with tempfile.TemporaryDirectory() as home:
        environment = {"QT_QPA_PLATFORM": "offscreen", **os.environ, "LSTMVIZ_HOME": home}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # pyqtgraph came with byte code; so does an installed lstmviz
        begin = time.time()
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
    painted, *torch = done.stdout.split()
    if torch == ["True"]:
        raise SystemExit("the window's process has imported torch")
    return float(painted) - begin


def main() -> int:
    """Print the table; 1 where ours misses the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=7)
    options = parser.parse_args()
    kinds = {"empty pyqtgraph window": EMPTY, "lstmviz": OURS}
    taken: dict[str, list[float]] = {name: [] for name in kinds}
    for code in kinds.values():
        first_frame(code)  # files from the disk, byte code written
    for _ in range(options.runs):
        for name, code in kinds.items():
            taken[name].append(first_frame(code))
    print(f"seconds to the first painted frame, {options.runs} runs each, interleaved")
    print(f"{'':<26}{'min':>8}{'median':>8}")
    for name, times in taken.items():
        print(f"{name:<26}{min(times):>8.2f}{statistics.median(times):>8.2f}")
    empty, ours = taken.values()
    ratio = statistics.median(ours) / statistics.median(empty)
    print(f"{'ratio':<26}{min(ours) / min(empty):>7.2f}×{ratio:>7.2f}×")
    print(f"bar: median ≤ {BAR:g}×: {'met' if ratio <= BAR else 'MISSED'}")
    return 0 if ratio <= BAR else 1


if __name__ == "__main__":
    raise SystemExit(main())
