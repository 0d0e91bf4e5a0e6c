"""Which signals of a layer there is a heat map of."""

from __future__ import annotations

from lstmviz.traces.trace import Trace


def offered(trace: Trace, layer: int) -> tuple[str, ...]:
    """The names of a layer's heat maps: all that the trace can give but for i of a GRU.

    That is 1 − f: its map would be that of f turned over.
    """
    left_out = ("i",) if trace.layers[layer].cell == "gru" else ()
    return tuple(name for name in trace.names(layer) if name not in left_out)
