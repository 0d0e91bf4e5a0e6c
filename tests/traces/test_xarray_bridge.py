"""A trace as an xarray.Dataset: the same numbers, with names."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest
from any_trace import traces
from hypothesis import given, settings

from lstmviz.errors import TraceError
from lstmviz.traces.trace import Trace


@settings(deadline=None, max_examples=15)
@given(trace=traces())
def test_every_stored_signal_is_there_with_time_and_unit(trace: Trace) -> None:
    pytest.importorskip("xarray")
    for (layer, side), lane in trace.lanes.items():
        data = trace.to_xarray(layer, side)
        assert set(data.data_vars) == set(lane.signals)
        for name, array in lane.signals.items():
            assert data[name].dims[0] == "time"
            assert data[name].dims[1] == ("unit" if array.shape[1] == trace.layers[layer].units else "projection")
            assert data[name].values.tobytes() == array.tobytes()
        assert data["t"].values.tolist() == list(range(len(trace)))
        if trace.sequence.labels is not None:
            assert data["label"].values.tolist() == [label.rstrip("\0") for label in trace.sequence.labels]
        if trace.sequence.times is not None:
            np.testing.assert_array_equal(data["time"].values, trace.sequence.times)
        assert data.attrs["model_sha256"] == trace.model.sha256


def test_a_layer_or_direction_that_is_not_there_is_a_sentence(make_trace: Callable[..., Trace]) -> None:
    pytest.importorskip("xarray")
    with pytest.raises(TraceError, match="Layer 3"):
        make_trace().to_xarray(3)
    with pytest.raises(TraceError, match="no direction “reverse”"):
        make_trace().to_xarray(0, "reverse")


def test_without_xarray_the_sentence_names_the_extra(
    make_trace: Callable[..., Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "xarray", None)
    with pytest.raises(TraceError, match=r"pip install 'lstmviz\[xarray\]'"):
        make_trace().to_xarray()
