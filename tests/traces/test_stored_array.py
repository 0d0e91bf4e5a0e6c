"""A signal on the disk gives what the array would give, however it is asked."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from streamed import bare_trace, begin, feed, stream

from lstmviz.errors import TraceError
from lstmviz.traces import lazy, stored
from lstmviz.traces.places import FolderPlace
from lstmviz.traces.store import open_trace
from lstmviz.traces.trace import Trace

MakeTrace = Callable[..., Trace]


class LatePlace(FolderPlace):
    """A folder whose signals and pyramid are still on their way until ``here``."""

    here = False

    def read(self, file: str, start: int = 0, size: int | None = None) -> bytes | None:  # type: ignore[override]
        late = file.startswith(("layer0/forward/h/c", "lstmviz/overview"))
        return None if late and not self.here else super().read(file, start, size)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> tuple[np.ndarray, Path]:
    trace = bare_trace(5000, 7)
    path = tmp_path_factory.mktemp("store") / "a.zarr"
    stream(path, trace)
    return trace.lanes[0, "forward"].signals["h"], path


def h_of(trace: Trace) -> np.ndarray:
    return trace.lanes[0, "forward"].signals["h"]


places = st.integers(-5000, 4999)
some = st.lists(places, max_size=9).map(lambda found: np.array(found, dtype=np.intp))
slices = st.builds(slice, st.none() | places, st.none() | places, st.sampled_from([None, 1, 3, -1, 700]))
units = st.one_of(
    st.integers(-7, 6), st.builds(slice, st.none() | st.integers(-8, 8), st.none() | st.integers(-8, 8)),
    st.lists(st.integers(-7, 6), max_size=4).map(lambda found: np.array(found, dtype=np.intp)),
)  # fmt: skip


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.one_of(places, slices, some), unit=units)
def test_every_question_is_answered_as_by_numpy(
    store: tuple[np.ndarray, Path], steps: int | slice | np.ndarray, unit: int | slice | np.ndarray
) -> None:
    whole, path = store
    found = h_of(open_trace(path, lazy=True))
    np.testing.assert_array_equal(found[steps], whole[steps], strict=True)
    if isinstance(steps, np.ndarray) and isinstance(unit, np.ndarray):  # numpy takes them in pairs
        steps, unit = steps[: len(unit)], unit[: len(steps)]
    np.testing.assert_array_equal(found[steps, unit], whole[steps, unit], strict=True)


def test_masks_pairs_and_grids_are_answered_as_by_numpy(store: tuple[np.ndarray, Path]) -> None:
    whole, path = store
    found = h_of(open_trace(path, lazy=True))
    mask = whole[:, 0] > 1
    np.testing.assert_array_equal(found[mask], whole[mask])
    np.testing.assert_array_equal(found[mask, 3], whole[mask, 3])
    grid = np.array([[4, 4999], [2000, -1]])
    np.testing.assert_array_equal(found[grid], whole[grid])
    np.testing.assert_array_equal(found[..., [1, 5]], whole[..., [1, 5]])
    np.testing.assert_array_equal(np.asarray(found, np.float64), whole.astype(np.float64))
    assert (found.shape, found.dtype, found.ndim, len(found)) == (whole.shape, whole.dtype, 2, 5000)
    assert (found.size, found.nbytes) == (whole.size, whole.nbytes)


@pytest.mark.parametrize("key", [5000, -5001, (0, 7), np.array([5000]), np.array([0.5]), (0, 0, 0), None])
def test_what_does_not_exist_is_an_index_error_as_in_numpy(store: tuple[np.ndarray, Path], key: object) -> None:
    found = h_of(open_trace(store[1], lazy=True))
    with pytest.raises(IndexError):
        found[key]


def test_too_much_at_once_is_a_sentence(store: tuple[np.ndarray, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    found = h_of(open_trace(store[1], lazy=True))
    monkeypatch.setattr(lazy, "MOST", 100_000)
    for ask in (lambda: np.asarray(found), lambda: found[:], lambda: found[::-1], lambda: found[:4000]):
        with pytest.raises(TraceError, match="at once"):
            ask()
    assert found[:, 3].shape == (5000,)
    with pytest.raises(TraceError, match="one by one"):
        list(found)


def test_a_column_is_read_without_holding_all(store: tuple[np.ndarray, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy, "PIECE", 4000)
    found = h_of(open_trace(store[1], lazy=True))
    np.testing.assert_array_equal(found[:, 2], store[0][:, 2])
    np.testing.assert_array_equal(found[::-3, [2, 0]], store[0][::-3, [2, 0]])


def test_a_missing_or_damaged_chunk_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    trace = bare_trace(40_000, 7)
    stream(tmp_path / "a.zarr", trace)
    chunks = sorted((tmp_path / "a.zarr/layer0/forward/h").glob("c.*"), key=lambda file: int(file.name.split(".")[1]))
    chunks[2].unlink()
    data = bytearray(chunks[5].read_bytes())
    data[1000] ^= 1
    chunks[5].write_bytes(data)
    chunks[7].write_bytes(chunks[7].read_bytes() + b"more")
    chunks[9].rename(tmp_path / "elsewhere")
    chunks[9].symlink_to(tmp_path / "elsewhere")
    stored.chunks.clear()
    found, whole = h_of(open_trace(tmp_path / "a.zarr", lazy=True)), h_of(trace)
    rows = next(n for n in (2048, 4096, 8192, 1024) if -(-40_000 // n) == len(chunks))
    for bad in (2, 5, 7, 9):
        with pytest.raises(TraceError, match=rf"h/c\.{bad}\.0"):
            found[bad * rows + 3]
    np.testing.assert_array_equal(found[rows : 2 * rows], whole[rows : 2 * rows])
    np.testing.assert_array_equal(found[3 * rows + 5], whole[3 * rows + 5])


def test_what_is_on_its_way_is_not_a_number_and_is_asked_for_again(tmp_path: Path) -> None:
    trace = bare_trace(9000, 7)
    stream(tmp_path / "a.zarr", trace)
    place = LatePlace(tmp_path / "a.zarr")
    opened = open_trace(place, lazy=True)
    overview = opened.overview
    assert overview is not None
    assert np.isnan(h_of(opened)[100:200]).all()
    assert np.isnan(h_of(opened)[[5, 8000]]).all()
    assert np.isnan(overview.picture("h", 0, "forward", 0, 9000, 50, 7)).all()
    assert np.isnan(overview.envelope("h", 0, "forward", 2, 0, 9000, 50).mean).all()
    assert np.isnan(overview.limits("h", 0, "forward")).all()
    place.here = True
    np.testing.assert_array_equal(h_of(opened)[100:200], h_of(trace)[100:200])
    np.testing.assert_array_equal(h_of(opened)[[5, 8000]], h_of(trace)[[5, 8000]])
    assert np.isfinite(overview.picture("h", 0, "forward", 0, 9000, 50, 7)).all()
    assert np.isfinite(overview.envelope("h", 0, "forward", 2, 0, 9000, 50).mean).all()
    assert overview.limits("h", 0, "forward") == (h_of(trace).min(), h_of(trace).max())


@pytest.mark.parametrize(("kind", "handover"), [("lstm", 0), ("gru", 40), ("rnn", 0), ("lstm", 70)])
def test_a_lazy_trace_derives_and_steps_as_the_whole_one(
    tmp_path: Path, make_trace: MakeTrace, kind: str, handover: int
) -> None:
    trace = make_trace(steps=150, layers=2, kind=kind, handover=handover)
    trace.save(str(tmp_path / "a.zarr"))
    opened = open_trace(tmp_path / "a.zarr", lazy=True)
    assert opened.lazy
    assert not trace.lazy
    assert opened.names(1) == trace.names(1)
    assert "h" in opened
    some = np.array([3, 0, 149, 40, 39, 70])
    for layer in (0, 1):
        for name in trace.names(layer):
            whole, found = trace.signal(name, layer), opened.signal(name, layer)
            assert (found.shape, found.dtype) == (whole.shape, whole.dtype)
            for key in (slice(None), slice(30, 80), slice(149, 150), some, 7, (slice(None), 0), (some, 0)):
                np.testing.assert_allclose(found[key], whole[key], rtol=1e-6, atol=1e-6)
        np.testing.assert_array_equal(opened.previous("h", layer)[:], trace.previous("h", layer))
        for t in (0, 39, 40, 149, -1):
            frame, other = opened.frame(t).lanes[layer, "forward"], trace.frame(t).lanes[layer, "forward"]
            assert list(frame) == list(other)
            for name in frame:
                np.testing.assert_array_equal(frame[name], other[name])
            assert (opened.weights_at(t, layer) is None) == (trace.weights_at(t, layer) is None)
        np.testing.assert_array_equal(opened.input_at(5, layer), trace.input_at(5, layer))
        np.testing.assert_array_equal(opened.previous_at(0, "h", layer), trace.previous_at(0, "h", layer))


def test_what_the_writer_has_written_is_read_for_the_layer_above(tmp_path: Path) -> None:
    trace = bare_trace(5000, 7, ("forward", "reverse"))
    with begin(tmp_path / "a.zarr", trace) as writer:
        feed(writer, dataclasses.replace(trace, lanes={(0, "forward"): trace.lanes[0, "forward"]}))
        np.testing.assert_array_equal(writer.array((0, "forward"), "h")[:], h_of(trace))
        assert np.isnan(writer.array((0, "reverse"), "h")[:]).all()
