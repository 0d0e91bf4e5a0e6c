"""A trace beyond memory in the real window: how long pans, zooms and steps take, and how much memory it adds.

    python benchmarks/scale_window.py BIG.zarr [--picture OUT.png]

Everything is visible, 1920×1080, drawn off screen unless QT_QPA_PLATFORM says otherwise; the engine runs beside it. A
step is timed from the command to the painted window. Memory is that of window and engine together, over the same
window and idle engine without a trace.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
from PySide6.QtWidgets import QApplication

SIZE = (1920, 1080)
BAR_MS = 33.0
"""Milliseconds at the 95th percentile that a pan or zoom may take."""
BAR_MIB = 500.0
"""MiB that window and engine may take more than without a trace."""
_WARM = 3


def measure(path: str | Path, picture: str = "") -> bool:
    """Print what a store costs in the window; whether both bars are met."""
    os.environ["LSTMVIZ_HOME"] = tempfile.mkdtemp(prefix="lstmviz-scale-")
    from lstmviz.app.main import Program
    from lstmviz.session.settings import load_settings

    app = QApplication.instance() or QApplication([])
    program = Program(load_settings())
    program.window.resize(*SIZE)
    program.window.show()
    program.start_engine()
    _until(lambda: program.dispatcher.session.engine == "ready")
    empty = _memory(program)
    begin = time.perf_counter()
    program.dispatcher.run("file.open_path", path=str(Path(path).absolute()))
    _until(lambda: program.dispatcher.snapshot.trace is not None)
    app.processEvents()
    print(f"opened and drawn in {time.perf_counter() - begin:.2f} s: {program.dispatcher.snapshot.trace!r}")
    steps = program.dispatcher.snapshot.steps
    timed = {name: _timed(program, moves(steps)) for name, moves in MOVES.items()}
    print(f"{SIZE[0]}×{SIZE[1]}, everything visible, ms")
    print(f"  {'':<8}{'p50':>9}{'p95':>9}{'max':>9}{'cpu p50':>11}{'cpu p95':>9}{'n':>7}")
    for name, taken in timed.items():
        (middle, own), (high, own_high) = np.percentile(taken, (50, 95), axis=0)
        most = taken[:, 0].max()
        print(f"  {name:<8}{middle:>9.1f}{high:>9.1f}{most:>9.1f}{own:>11.1f}{own_high:>9.1f}{len(taken):>7}")
    drawn, alone = np.percentile(np.concatenate([timed["pans"], timed["zooms"]]), 95, axis=0)
    added = _memory(program) - empty
    print(f"memory over an empty window: RSS {added[0]:+.0f} MiB, PSS {added[1]:+.0f} MiB")
    if picture:
        program.window.grab().save(picture)
    program.window.close()
    program.finish()
    quick, small = bool(drawn <= BAR_MS), float(added[0]) <= BAR_MIB
    print(
        f"bar: pans and zooms at p95 ≤ {BAR_MS:g} ms: {drawn:.1f} by the clock, {alone:.1f} of the processor, "
        f"{'met' if quick else 'MISSED'}"
    )
    print(f"bar: memory ≤ {BAR_MIB:g} MiB: {added[0]:.0f}, {'met' if small else 'MISSED'}")
    return quick and small


Move = tuple[str, dict[str, int]]


def _pans(steps: int) -> Iterator[Move]:
    """To and fro by a tenth of what is shown, near and far, at several places."""
    for width in (steps // 2, steps // 20, steps // 200, 400, 60):
        for place in (0.1, 0.45, 0.8):
            start = min(round(steps * place), steps - width)
            for turn in range(8):
                yield _range(start + (turn + 1) * width // 10, width, steps)


def _zooms(steps: int) -> Iterator[Move]:
    """A notch of the wheel at a time from all steps to 20 and back, around several places."""
    for place in (0.03, 0.5, 0.97):
        centre, width, widths = round(steps * place), steps, []
        while width > 20:
            widths.append(width)
            width = max(20, round(width * 0.8))
        for width in (*widths, 20, *widths[::-1]):
            yield _range(round(centre - width * place), width, steps)


def _steps(steps: int) -> Iterator[Move]:
    """A step at a time, and leaps."""
    yield _range(steps // 3, 400, steps)
    for place in (0.333, 0.7):
        yield "cursor.set", {"t": round(steps * place)}
        for _ in range(100):
            yield "step.forward", {}
    for place in np.linspace(0, 1, 30):
        yield "cursor.set", {"t": round((steps - 1) * place)}


def _range(start: int, width: int, steps: int) -> Move:
    start = min(max(start, 0), steps - width)
    return "range.set", {"start": start, "stop": start + width}


MOVES: dict[str, Callable[[int], Iterator[Move]]] = {"pans": _pans, "zooms": _zooms, "steps": _steps}


def _timed(program: object, moves: Iterator[Move]) -> np.ndarray:
    """Milliseconds of each move until all that it changed is painted, by the clock and of the processor, (n, 2).

    The second is what the first would be on a machine with nothing else to do.
    """
    taken = []
    for number, (command, arguments) in enumerate(moves):
        begin, used = time.perf_counter(), time.process_time()
        program.dispatcher.run(command, **arguments)  # type: ignore[attr-defined]
        QApplication.processEvents()
        if number >= _WARM:
            taken.append((time.perf_counter() - begin, time.process_time() - used))
    return np.array(taken) * 1e3


def _memory(program: object) -> np.ndarray:
    """MiB of window and engine together: resident, and the proportional share of what they have in common."""
    info = program.client.info  # type: ignore[attr-defined]
    return sum((_of_process(pid) for pid in (os.getpid(), info.pid)), np.zeros(2))


def _of_process(pid: int) -> np.ndarray:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return np.zeros(2)
    found = {line.split(":")[0]: line.split()[1] for line in lines[1:]}
    return np.array([float(found["Rss"]), float(found["Pss"])]) / 1024


def _until(there: Callable[[], bool], seconds: float = 60) -> None:
    end = time.monotonic() + seconds
    while not there():
        if time.monotonic() > end:
            raise TimeoutError("the window or its engine did not answer")
        QApplication.processEvents()
        time.sleep(0.002)


def main() -> int:
    """Print the numbers; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("store")
    parser.add_argument("--picture", default="", help="save the real window here")
    options = parser.parse_args()
    return 0 if measure(options.store, options.picture) else 1


if __name__ == "__main__":
    raise SystemExit(main())
