"""A trace as an xarray.Dataset: the same numbers, with names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from any_trace import traces
from hypothesis import given, settings

from lstmviz.errors import TraceError
from lstmviz.traces import xarray_bridge
from lstmviz.traces.store import open_trace
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


def test_a_trace_on_disk_that_memory_should_not_hold_is_left_to_xarray_itself(
    tmp_path: Path, make_trace: Callable[..., Trace], monkeypatch: pytest.MonkeyPatch
) -> None:
    xarray = pytest.importorskip("xarray")
    make_trace().save(tmp_path / "t.zarr")
    stored = open_trace(tmp_path / "t.zarr", lazy=True)
    np.testing.assert_array_equal(stored.to_xarray()["f"].values, stored["f"][:])
    monkeypatch.setattr(xarray_bridge, "MOST", 6 * stored["f"].nbytes - 1)
    with pytest.raises(TraceError, match=r"xarray\.open_zarr\(PATH, group='layer0/forward', consolidated=False\)"):
        stored.to_xarray()
    with xarray.open_zarr(tmp_path / "t.zarr", group="layer0/forward", consolidated=False, chunks=None) as data:
        np.testing.assert_array_equal(data["f"].values, stored["f"][:])
