"""Runs made by hand, as the session would show them."""

from __future__ import annotations

import numpy as np

from lstmviz.runs.config import RunConfig
from lstmviz.session.run_view import Curves, RunView


def hand_made_run(updates: int = 200, run_id: int = 1, *, config: RunConfig | None = None, **fields: object) -> RunView:
    """A run as the session would show it, its loss falling from 2 towards an optimum of 0.5."""
    update = np.arange(1, updates + 1, dtype=np.float64)
    loss = 0.5 + 1.5 * np.exp(-update / 60)
    curves = Curves(
        update, update / 50, loss, 1 + loss, np.full(updates, 0.01), update[49::50], loss[49::50] + 0.1
    )  # fmt: skip
    known: dict[str, object] = {
        "state": "training", "device": "cpu", "reason": "no GPU here", "parameters": 1719, "update": updates,
        "updates": 1000, "epoch": updates // 50, "unit": "nat", "optimum": 0.5, "phase": "update",
        "took": (0.002, 0.0003, 0.004, 0.0007), "loss": 0.61, "norm": 3.2, "clipped": 1.0, "change": 0.002,
        "speed": 1530.0, "seconds_left": 40.0, "learning_rate": 0.01, "clipping": 1.0, "curves": curves,
    }  # fmt: skip
    return RunView(run_id, "/runs/a", "Embedded Reber", config or RunConfig(data="reber"), **{**known, **fields})  # type: ignore[arg-type]
