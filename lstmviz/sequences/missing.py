"""Values that are not finite numbers: refused by name and place, or filled as asked."""

from __future__ import annotations

from collections.abc import Sequence as List
from pathlib import Path

import numpy as np
import numpy.typing as npt

from lstmviz.errors import SequenceError
from lstmviz.sequences.sequence import Floats

WAYS = ("fill", "interpolate", "drop")
Missing = str | float | int | None
Doubles = npt.NDArray[np.float64]


def settle(
    values: Doubles, names: List[str], missing: Missing, path: Path
) -> tuple[Floats, npt.NDArray[np.bool_], str]:
    """Deal with what is not finite in values (T, F).

    missing: None refuses; ``fill`` takes the value before (the first ones the value after), ``interpolate`` the
    straight line between its neighbours over the steps, ``drop`` leaves the step out, a number stands in for each.
    Gives float32 values (T′, F), which steps were kept (T,), and a
    note of what was done, "" for nothing. Raises SequenceError for what is refused, a column with nothing in it, and
    numbers beyond float32.
    """
    way = way_of(missing, path)
    holes: npt.NDArray[np.bool_] = np.logical_not(np.isfinite(values))
    kept = np.ones(len(values), dtype=np.bool_)
    note = ""
    if holes.any():
        if way is None:
            _refuse(values, names, path)
        note = f"{int(holes.sum())} missing: {way}"
        if way == "drop":
            kept = holes.sum(axis=1) == 0
            values = values[kept]
        elif isinstance(way, float):
            values = np.where(holes, way, values)
        else:
            values = _filled(values, holes, way == "interpolate", names, path)
    if not len(values):
        raise SequenceError(
            "“{file}”: every step has a missing value, so missing='drop' leaves none; use missing='fill', "
            "'interpolate' or a number.",
            file=path.name,
        )
    _check_range(values, names, path)
    return values.astype(np.float32), kept, note


def way_of(missing: Missing, path: Path) -> str | float | None:
    """One of WAYS, the number that stands in, or None to refuse; raises SequenceError for anything else."""
    if missing is None or missing in WAYS:
        return missing
    try:
        number = float(missing)
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise SequenceError(
            "“{file}”: missing={missing} is not known; expected fill, interpolate, drop or a number.",
            file=path.name,
            missing=missing,
        )
    return number


def _refuse(values: Doubles, names: List[str], path: Path) -> None:
    step, feature = (int(place) for place in np.argwhere(~np.isfinite(values))[0])
    found = float(values[step, feature])
    count = int((~np.isfinite(values)).sum())
    raise SequenceError(
        "“{file}” step {step}, “{column}”: the value is {found}, one of {count} that are not finite; expected a "
        "number. Use missing='fill', 'interpolate', 'drop' or a number.",
        file=path.name,
        step=step,
        column=names[feature],
        found=found,
        count=count,
        remedy='{"missing": "interpolate"}',
    )


def _filled(values: Doubles, holes: npt.NDArray[np.bool_], straight: bool, names: List[str], path: Path) -> Doubles:
    filled = values.copy()
    steps = np.arange(len(values))
    for feature in map(int, np.flatnonzero(holes.any(axis=0))):
        good = np.flatnonzero(~holes[:, feature])
        if not len(good):
            raise SequenceError(
                "“{file}”, column “{column}”: every value is missing, so there is nothing to fill from; choose other "
                "columns or missing=a number.",
                file=path.name,
                column=names[feature],
            )
        if straight:
            filled[:, feature] = np.interp(steps, good, values[good, feature])
        else:
            before = np.searchsorted(good, steps, side="right") - 1
            filled[:, feature] = values[good[np.maximum(before, 0)], feature]
    return filled


def _check_range(values: Doubles, names: List[str], path: Path) -> None:
    # rounding may still take a number just above the largest float32 down to it
    with np.errstate(over="ignore"):
        beyond = np.argwhere(~np.isfinite(values.astype(np.float32)))
    if len(beyond):
        step, feature = (int(place) for place in beyond[0])
        raise SequenceError(
            "“{file}” step {step}, “{column}”: {found} is beyond the range of float32; expected at most 3.4e38. Scale "
            "the column.",
            file=path.name,
            step=step,
            column=names[feature],
            found=float(values[step, feature]),
        )
