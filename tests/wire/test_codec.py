"""A trace that crossed the wire is the trace that was sent, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lstmviz.cells.weights import LstmWeights, RnnWeights
from lstmviz.errors import EngineError
from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Lane, LayerInfo, Trace
from lstmviz.wire.array_data import ArrayData
from lstmviz.wire.builder import MAX_BYTES, TraceBuilder
from lstmviz.wire.codec import (
    array_from_wire,
    sequence_from_wire,
    sequence_to_wire,
    trace_arrays,
    trace_to_wire,
)
from lstmviz.wire.framing import FrameReader, encode
from lstmviz.wire.messages import Answer, Part, TraceHeader, TracePart


def cross(trace: Trace, chunk_bytes: int = 1 << 20) -> Trace:
    reader: FrameReader[Answer] = FrameReader(Answer)
    builder = TraceBuilder()
    for piece in trace_to_wire(trace, chunk_bytes):
        for answer in reader.feed(encode(Part(1, piece))):
            builder.add(answer.payload)
    return builder.build()


def assert_same_array(found: np.ndarray | None, sent: np.ndarray | None) -> None:
    if sent is None or found is None:
        assert found is sent
        return
    assert found.dtype == sent.dtype
    assert found.shape == sent.shape
    assert found.tobytes() == sent.tobytes()


def assert_same_sequence(found: Sequence, sent: Sequence) -> None:
    for name, value in vars(sent).items():
        if isinstance(value, np.ndarray):
            assert_same_array(getattr(found, name), value)
        else:
            assert getattr(found, name) == value


def assert_same(found: Trace, sent: Trace) -> None:
    assert_same_sequence(found.sequence, sent.sequence)
    for name in ("layers", "output_names", "output_kind", "input_names", "model", "check", "name"):
        assert getattr(found, name) == getattr(sent, name)
    assert asdict(found.recorded) == asdict(sent.recorded)
    arrays, expected = dict(trace_arrays(found)), dict(trace_arrays(sent))
    assert arrays.keys() == expected.keys()
    for key, array in expected.items():
        assert_same_array(arrays[key], array)
        assert not arrays[key].flags.writeable
    for place, lane in sent.lanes.items():
        assert type(found.lanes[place].weights) is type(lane.weights)


@given(
    steps=st.integers(1, 40),
    inputs=st.integers(1, 4),
    units=st.integers(1, 9),
    layers=st.integers(1, 3),
    readout=st.booleans(),
    chunk_bytes=st.integers(1, 5000),
)
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_trace_crosses_the_wire_unchanged_in_chunks_of_any_size(
    make_trace: Callable[..., Trace],
    steps: int,
    inputs: int,
    units: int,
    layers: int,
    readout: bool,
    chunk_bytes: int,
) -> None:
    trace = make_trace(steps, inputs, units, layers, seed=units, readout=readout)

    assert_same(cross(trace, chunk_bytes), trace)


def test_projections_directions_float64_and_missing_weights_cross(make_trace: Callable[..., Trace]) -> None:
    rng = np.random.default_rng(0)

    def lane(weights: LstmWeights | None) -> Lane:
        signals = {name: rng.normal(size=(7, 2 if name == "h" else 4)) for name in "ifogch"}
        return Lane(signals, np.ones(2), np.ones(4), weights)

    weights = LstmWeights(rng.normal(size=(3, 16)), rng.normal(size=(2, 16)), np.ones(16), rng.normal(size=(4, 2)))
    trace = replace(
        make_trace(7),
        inputs=rng.normal(size=(7, 3)),
        layers=(LayerInfo(0, "rnn", "lstm", 3, 4, 2, ("forward", "reverse")),),
        lanes={(0, "forward"): lane(weights), (0, "reverse"): lane(None)},
        check=None,
    )

    assert_same(cross(trace, 100), trace)


def test_a_recurrent_layer_keeps_its_activation(make_trace: Callable[..., Trace]) -> None:
    weights = RnnWeights(np.ones((3, 4)), np.ones((4, 4)), np.ones(4), "relu")
    trace = replace(
        make_trace(7),
        layers=(LayerInfo(0, "", "rnn", 3, 4, 4),),
        lanes={(0, "forward"): Lane({"h": np.ones((7, 4))}, np.zeros(4), None, weights)},
    )

    found = cross(trace)

    assert_same(found, trace)
    assert found.lanes[0, "forward"].weights.activation == "relu"


@pytest.mark.parametrize("times", [np.arange(3.0), np.arange("2020-01-01", "2020-01-04", dtype="datetime64[D]")])
def test_a_sequence_crosses_with_all_that_it_has(times: np.ndarray) -> None:
    sequence = Sequence(
        np.array([[0], [1], [0]]),
        kind="symbols",
        name="“ç” =1",
        labels=("a", "b", "c"),
        times=times,
        vocabulary=("é", "B"),
        targets=np.array([[1.0], [np.nan], [0.0]]),
        target_names=("next",),
        source="here",
    )

    assert_same_sequence(sequence_from_wire(sequence_to_wire(sequence)), sequence)


def test_an_array_that_comes_in_one_part_is_not_copied() -> None:
    data = np.arange(6.0).tobytes()

    array = array_from_wire(ArrayData("<f8", (2, 3), data))

    assert np.shares_memory(array, np.frombuffer(data))


@pytest.mark.parametrize(
    "data",
    [
        ArrayData("<f4", (2, 3), bytes(23)),
        ArrayData("<f4", (2, 3), bytes(25)),
        ArrayData("<f4", (-2, -3), bytes(24)),
        ArrayData("<f4", (1 << 60, 0), b""),
        ArrayData("|O", (3,), bytes(24)),
        ArrayData("f4,f4", (3,), bytes(24)),
        ArrayData("<f1", (3,), bytes(3)),
        ArrayData("<M8[fortnight]", (1,), bytes(8)),
        ArrayData("", (3,), bytes(12)),
    ],
)
def test_an_array_that_is_not_what_it_says_is_refused(data: ArrayData) -> None:
    with pytest.raises(EngineError):
        array_from_wire(data)


def pieces_of(trace: Trace) -> tuple[TraceHeader, list[TracePart]]:
    header, *parts = trace_to_wire(trace, 200)
    assert isinstance(header, TraceHeader)
    return header, parts


def test_a_missing_part_is_named(make_trace: Callable[..., Trace]) -> None:
    header, parts = pieces_of(make_trace())
    builder = TraceBuilder()
    for piece in (header, *parts[:-1]):
        builder.add(piece)

    with pytest.raises(EngineError, match=f"rows of “{parts[-1].key}”"):
        builder.build()


@pytest.mark.parametrize(
    "spoil",
    [
        lambda part: TracePart(part.key, part.rows, part.start + 1, part.array),
        lambda part: TracePart(part.key, part.rows + 1, part.start, part.array),
        lambda part: TracePart("9/forward/f", part.rows, part.start, part.array),
        lambda part: TracePart(part.key, part.rows, part.start, ArrayData("<f4", (), bytes(4))),
        lambda part: TracePart(part.key, part.rows, part.start, ArrayData("<f4", (part.rows + 1, 1), bytes(204))),
    ],
)
def test_a_part_outside_what_was_declared_is_refused(
    make_trace: Callable[..., Trace], spoil: Callable[[TracePart], TracePart]
) -> None:
    header, parts = pieces_of(make_trace(steps=50, inputs=1))
    builder = TraceBuilder()
    builder.add(header)

    with pytest.raises(EngineError, match="does not fit"):
        builder.add(spoil(parts[0]))


def test_a_part_that_comes_twice_is_refused(make_trace: Callable[..., Trace]) -> None:
    header, parts = pieces_of(make_trace())
    builder = TraceBuilder()
    builder.add(header)
    builder.add(parts[0])

    with pytest.raises(EngineError, match="does not fit"):
        builder.add(parts[0])


def test_a_trace_larger_than_the_limit_is_refused_before_memory_is_taken(make_trace: Callable[..., Trace]) -> None:
    header, _ = pieces_of(make_trace())
    header.meta["arrays"]["inputs"] = ("<f4", (MAX_BYTES, 1))

    with pytest.raises(EngineError, match="Record it into a store, or fewer steps"):
        TraceBuilder().add(header)


@pytest.mark.parametrize("missing", ["0/forward/f", "0/forward/h0", "inputs", "0/forward/weights/wh"])
def test_a_trace_without_a_needed_array_is_refused(make_trace: Callable[..., Trace], missing: str) -> None:
    header, parts = pieces_of(make_trace())
    del header.meta["arrays"][missing]
    builder = TraceBuilder()
    for piece in (header, *(part for part in parts if part.key != missing)):
        builder.add(piece)

    with pytest.raises(EngineError, match="does not fit together"):
        builder.build()


def test_a_new_header_begins_anew(make_trace: Callable[..., Trace]) -> None:
    builder = TraceBuilder()
    header, parts = pieces_of(make_trace(seed=1))
    for piece in (header, *parts[:3]):
        builder.add(piece)
    other = make_trace(seed=2)
    for piece in trace_to_wire(other):
        builder.add(piece)

    assert_same(builder.build(), other)


def test_a_trace_without_a_header_is_refused() -> None:
    with pytest.raises(EngineError, match="no header"):
        TraceBuilder().build()
