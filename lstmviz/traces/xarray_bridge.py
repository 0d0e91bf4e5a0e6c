"""A layer of a trace as an xarray.Dataset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstmviz.errors import TraceError
from lstmviz.traces.derived import is_lazy
from lstmviz.traces.lazy import MOST
from lstmviz.traces.tables import about
from lstmviz.traces.trace import Array, Trace

if TYPE_CHECKING:
    import xarray


def to_xarray(trace: Trace, layer: int = 0, direction: str = "forward") -> xarray.Dataset:
    """One layer's stored signals with dims ``time`` and ``unit`` (h under a projection: ``projection``).

    ``time`` holds the sequence's times, or t where it has none; ``t`` and, where there are labels, ``label`` run along
    it. The attributes say where the trace comes from. Raises TraceError for a layer or direction that the trace does
    not have, for a trace on disk that memory should not hold, and where xarray is not installed.
    """
    try:
        import xarray as xr
    except ImportError as error:
        raise TraceError("to_xarray needs xarray, which is not installed: pip install 'lstmviz[xarray]'.") from error
    trace.signal("h", layer, direction)
    info, lane = trace.layers[layer], trace.lanes[layer, direction]
    _check_size(trace, f"layer{layer}/{direction}", [*lane.signals.values()])
    steps, sequence = np.arange(len(trace)), trace.sequence
    coords: dict[str, Any] = {
        "time": ("time", steps if sequence.times is None else _times(sequence.times)),
        "t": ("time", steps),
        "unit": ("unit", np.arange(info.units)),
    }
    if sequence.labels is not None:
        coords["label"] = ("time", np.array(sequence.labels))
    variables = {
        name: (("time", "unit" if array.shape[1] == info.units else "projection"), array)
        for name, array in lane.signals.items()
    }
    attributes = {**about(trace), "layer": layer, "direction": direction, "path": info.path, "cell": info.cell}
    return xr.Dataset(variables, coords, attributes)


def _check_size(trace: Trace, group: str, signals: list[Array]) -> None:
    """Refuse what is read as it goes and is too large for a Dataset of arrays: xarray reads the store itself."""
    if is_lazy(trace) and sum(each.nbytes for each in signals) > MOST:
        raise TraceError(
            "“{trace}” is too large for memory; open its store with xarray itself: xarray.open_zarr(PATH, "
            "group='{group}', consolidated=False).",
            trace=trace.name,
            group=group,
        )


def _times(times: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The times, dates in one of the four units that xarray keeps as they are."""
    if times.dtype.kind == "M" and np.datetime_data(times.dtype)[0] not in ("s", "ms", "us", "ns"):
        return times.astype("M8[s]")
    return times
