"""How long a unit remembers, told from its forget gate."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]
Steps = npt.NDArray[np.float64]


def horizon(f: Array) -> Steps:
    """The number of steps after which c, in a GRU h, would fade to 1/e, were the forget gate to stay as it is.

        horizon = −1 / ln f          f = 0 gives 0 (forgets at once), f = 1 gives ∞ (never forgets)

    f: any shape, in [0, 1]; the result has the same shape, in steps, float64. Source: c(t+n) = fⁿ c(t) where nothing is
    written; Tallec and Ollivier (2018) for the time constant of a leaky unit.
    """
    return _from_log(_log(f))


def unit_horizon(f: Array) -> Steps:
    """The horizon of each unit over a whole sequence, (H,), in steps: −1 / mean over t of ln f(t).

    f: (T, H) in [0, 1]. The mean of the logarithm, since the factors f(t) multiply: one reset to 0 gives 0.
    """
    log: Steps = _log(f).mean(axis=0)
    return _from_log(log)


def _log(f: Array) -> Steps:
    with np.errstate(divide="ignore"):
        return np.log(f.astype(np.float64))


def _from_log(log: Steps) -> Steps:
    with np.errstate(divide="ignore"):
        fade: Steps = 1 / np.abs(log)
    return fade
