"""How long one step takes, from the command to the painted window, beside a window that draws everything anew.

    python benchmarks/frames.py [--steps 300] [--units 128] [--length 10000]

Ours: the real window with everything visible, 1600×1000, drawn off screen unless QT_QPA_PLATFORM says otherwise. The
naive window shows the same content with pyqtgraph alone: setImage and setData on every step.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ["LSTMVIZ_HOME"] = tempfile.mkdtemp(prefix="lstmviz-frames-")

import numpy as np
import pyqtgraph as pg
from PySide6.QtWidgets import QApplication

from lstmviz.app.shell import MainWindow
from lstmviz.app.view import View
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.weights import LstmWeights
from lstmviz.sequences.samples import samples
from lstmviz.sequences.sequence import Sequence
from lstmviz.session.dispatch import Dispatcher
from lstmviz.session.resolve import resolve
from lstmviz.traces.trace import Check, Lane, LayerInfo, ModelInfo, Trace

SIZE = (1600, 1000)
BAR = 8.0
"""Milliseconds at the 95th percentile that a step of ours may take."""


def make_trace(steps: int, units: int) -> Trace:
    """A random walk of three features through a random layer, recorded with the reference equations."""
    rng = np.random.default_rng(0)
    x = (np.cumsum(rng.normal(size=(steps, 3)), axis=0) * 0.05).astype(np.float32)
    bound = units**-0.5
    shapes = ((3, 4 * units), (units, 4 * units), (4 * units,))
    weights = LstmWeights(*(rng.uniform(-bound, bound, shape).astype(np.float32) for shape in shapes))
    signals = {name: np.empty((steps, units), np.float32) for name in "ifogch"}
    h = c = np.zeros(units, np.float32)
    for t in range(steps):
        step = lstm_step(weights, x[t], h, c)
        h, c = step.h, step.c
        for name, rows in signals.items():
            rows[t] = getattr(step, name)
    zeros = np.zeros(units, np.float32)
    return Trace(
        sequence=Sequence(x, name="random walk"),
        inputs=x,
        layers=(LayerInfo(0, "lstm", "lstm", 3, units, units),),
        lanes={(0, "forward"): Lane(signals, zeros, zeros, weights)},
        outputs=x[:, :1] * 0.9,
        output_names=("next",),
        output_kind="value",
        targets=np.roll(x[:, :1], -1, axis=0),
        model=ModelInfo("benchmark"),
        check=Check(0.0, 1e-5, 0),
    )


class Naive:
    """What one writes first: the same content as pyqtgraph items, all set anew on every step."""

    def __init__(self, trace: Trace) -> None:
        self._trace, self._t = trace, 0
        self.window = pg.GraphicsLayoutWidget()
        self.window.resize(*SIZE)
        self._lines, self._curves, self._images = [], [], []
        self._add_curves(0, [trace.inputs[:, k] for k in range(trace.inputs.shape[1])])
        for row, name in enumerate("fiogch", 1):
            plot = self.window.addPlot(row=row, col=0)
            item = pg.ImageItem()
            plot.addItem(item)
            self._images.append((item, trace[name], (0, 1) if name in "fio" else (-1, 1)))
            self._add_line(plot)
        assert trace.outputs is not None
        assert trace.targets is not None
        self._add_curves(7, [trace.outputs[:, 0], trace.targets[:, 0]])
        self._add_curves(0, [trace[name][:, 0] for name in "fio"], column=1)
        self._add_curves(1, [trace[name][:, 0] for name in "gch"], column=1)
        self._label = self.window.addLabel("", row=2, col=1)
        self.window.show()

    def _add_curves(self, row: int, values: list[np.ndarray], column: int = 0) -> None:
        plot = self.window.addPlot(row=row, col=column)
        for n, each in enumerate(values):
            self._curves.append((plot.plot(pen=pg.mkPen(n)), each))
        self._add_line(plot)

    def _add_line(self, plot: pg.PlotItem) -> None:
        line = pg.InfiniteLine()
        plot.addItem(line)
        self._lines.append(line)

    def step(self) -> None:
        """One step forward."""
        self._t += 1
        for item, array, levels in self._images:
            item.setImage(array, levels=levels)
        for curve, values in self._curves:
            curve.setData(values)
        for line in self._lines:
            line.setValue(self._t)
        self._label.setText(", ".join(f"{name} {self._trace[name][self._t, 0]:.2f}" for name in "fiogch"))


def timed(step: Callable[[], None], count: int) -> np.ndarray:
    """(count, 2): milliseconds of each step until all that it changed is painted, by the clock and of the processor.

    The second is what the first would be on a machine with nothing else to do.
    """
    for _ in range(10):
        step()
        QApplication.processEvents()
    taken = np.empty((count, 2))
    for n in range(count):
        begin, used = time.perf_counter(), time.process_time()
        step()
        QApplication.processEvents()
        taken[n] = time.perf_counter() - begin, time.process_time() - used
    return taken * 1e3


def alone(dispatcher: Dispatcher, view: View) -> Callable[[], None]:
    """Steps that one view alone is told of."""

    def step() -> None:
        dispatcher.session.advance(1)
        dispatcher.snapshot = resolve(dispatcher.session, dispatcher.desk.history)
        view.present(dispatcher.snapshot, frozenset({"t"}))

    return step


def row(name: str, taken: np.ndarray) -> str:
    """One line of the table."""
    middle, high = np.percentile(taken, (50, 95), axis=0)
    return f"{name:<22}{middle[0]:>9.2f}{high[0]:>9.2f}{taken[:, 0].max():>9.2f}{middle[1]:>11.2f}{high[1]:>9.2f}"


def main() -> int:
    """Print the table; 1 where ours misses the bar."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--naive-steps", type=int, default=30)
    parser.add_argument("--units", type=int, default=128)
    parser.add_argument("--length", type=int, default=10_000)
    parser.add_argument("--picture", help="save the real window here")
    options = parser.parse_args()
    app = QApplication.instance() or QApplication([])
    trace = make_trace(options.length, options.units)

    dispatcher = Dispatcher()
    window = MainWindow(dispatcher, samples())
    dispatcher.session.add_trace(trace)
    dispatcher.announce()
    window.resize(*SIZE)
    window.show()
    app.processEvents()
    ours = timed(lambda: dispatcher.run("step.forward", by=1), options.steps)
    if options.picture:
        window.grab().save(options.picture)

    print(f"a step with everything visible, {SIZE[0]}×{SIZE[1]}, H = {options.units}, T = {options.length}, ms")
    print(f"{'':<22}{'p50':>9}{'p95':>9}{'max':>9}{'cpu p50':>11}{'cpu p95':>9}")
    print(row("lstmviz", ours))
    for name in ("cell", "step", "timeline", "unit", "transport"):
        print(row(f"  {name} alone", timed(alone(dispatcher, window.views[name]), options.steps // 3)))
    window.hide()
    naive = Naive(trace)
    app.processEvents()
    theirs = timed(naive.step, options.naive_steps)
    print(row("naive pyqtgraph", theirs))
    ratio = np.percentile(theirs[:, 0], (50, 95)) / np.percentile(ours[:, 0], (50, 95))
    print(f"{'naive / lstmviz':<22}{ratio[0]:>8.1f}×{ratio[1]:>8.1f}×")
    high = float(np.percentile(ours[:, 0], 95))
    print(f"bar: p95 ≤ {BAR:g} ms: {'met' if high <= BAR else 'MISSED'}")
    return 0 if high <= BAR else 1


if __name__ == "__main__":
    raise SystemExit(main())
