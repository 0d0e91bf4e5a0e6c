"""The numbers of the literature beside ours, every seed printed; on the CPU, one thread.

    python benchmarks/classics.py [ROW …] [--seeds N]

Each row trains with the app's own trainer, on fresh sequences of the app's own generators, the settings of the recipe
of the same name. It ends with 1 where a row misses its bar.
"""

from __future__ import annotations

import argparse
import os
import sys
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

from literature.adding import ROW as ADDING
from literature.continual import ROW as CONTINUAL
from literature.counting import ROW as COUNTING
from literature.horizon import ROW as HORIZON
from literature.order import ROW as ORDER
from literature.reber import ROW as REBER
from literature.row import Outcome, Row

ROWS = {row.id: row for row in (HORIZON, REBER, ADDING, ORDER, COUNTING, CONTINUAL)}


def run(row: Row, seeds: int) -> tuple[bool, str, float]:
    """Measure a row and print every seed; whether it passes, in words, and the seconds of processor time."""
    print(
        f"\n{row.task}\n  must show   {row.bar}\n  published   {row.published}\n  source      {row.source}", flush=True
    )
    began = time.process_time()
    outcomes: list[Outcome] = []
    for seed in range(seeds):
        outcomes.append(row.measure(seed))
        print(f"  seed {seed:<6} {'pass' if outcomes[-1].passed else 'FAIL'}  {outcomes[-1].said}", flush=True)
    passed, said = row.verdict(outcomes)
    return passed, said, time.process_time() - began


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="The numbers of the literature beside ours.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"which: {' '.join(ROWS)}; all unless given")
    parser.add_argument(
        "--seeds", type=int, default=0, help="how many of each; 10 for reber, 5 for others unless given"
    )
    arguments = parser.parse_args(words)
    unknown = [id for id in arguments.rows if id not in ROWS]
    if unknown:
        parser.error(f"unknown: {' '.join(unknown)}; expected some of: {' '.join(ROWS)}")
    chosen = [ROWS[id] for id in arguments.rows] or list(ROWS.values())
    results = [(row, *run(row, arguments.seeds or row.seeds)) for row in chosen]
    print("\ntask                        result  ours | published")
    for row, passed, said, seconds in results:
        print(f"{row.task:<27} {'pass' if passed else 'FAIL'}    {said} | {row.published}  ({seconds:.0f} s)")
    print(f"in all {sum(seconds for *_, seconds in results) / 60:.1f} minutes of one core")
    return 0 if all(passed for _, passed, *_ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
