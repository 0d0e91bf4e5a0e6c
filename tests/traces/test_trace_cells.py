"""A trace of any cell: its derived signals are those of the reference, and store and wire give it back whole."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from by_hand import KINDS

from lstmviz.cells.run import run_gru, run_lstm
from lstmviz.cells.weights import GruWeights, LayerNorm, LstmWeights
from lstmviz.errors import EngineError, TraceError
from lstmviz.traces.layout import fingerprint
from lstmviz.traces.store import open_trace, save_trace
from lstmviz.traces.trace import DERIVED, STORED, Lane, Trace
from lstmviz.traces.weight_parts import PARTS, parts_of
from lstmviz.wire.builder import TraceBuilder
from lstmviz.wire.codec import trace_to_wire

MakeTrace = Callable[..., Trace]


def logistic(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z.astype(np.float64)))


def wired(trace: Trace) -> Trace:
    builder = TraceBuilder()
    for piece in trace_to_wire(trace, 300):
        builder.add(piece)
    return builder.build()


def stored(trace: Trace, folder: Path) -> Trace:
    save_trace(trace, folder / "a.zarr")
    return open_trace(folder / "a.zarr")


def lane_parts(lane: Lane) -> dict[str, np.ndarray]:
    return {
        f"{place}/{name}": array
        for place, weights in (("weights", lane.weights), ("decoder", lane.decoder))
        if weights is not None
        for name, array in parts_of(weights).items()
    }


@pytest.mark.parametrize("handover", [0, 7])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "rnn"])
def test_a_gate_is_the_logistic_of_its_pre_activation_whatever_the_cell(
    make_trace: MakeTrace, kind: str, handover: int
) -> None:
    trace = make_trace(steps=20, layers=2, kind=kind, handover=handover)
    for layer in (0, 1):
        for name in [name for name in trace.names(layer) if name in "rifog"]:
            z = trace.signal(f"z{name}" if name != "i" or kind != "gru" else "zf", layer)
            expected = np.tanh(z) if name == "g" else logistic(z)
            if kind == "functions":
                z = z.clip(-1.5, 1.5)
                expected = np.maximum(z, 0) if name == "g" else 0.2 * z + 0.5
            if kind == "gru" and name == "i":
                expected = 1 - expected
            np.testing.assert_allclose(trace.signal(name, layer), expected, atol=2e-6, err_msg=name)


@pytest.mark.parametrize("kind", KINDS)
def test_every_derived_signal_of_a_whole_run_is_the_reference_s(make_trace: MakeTrace, kind: str) -> None:
    trace = make_trace(steps=12, kind=kind)
    weights = trace.weights_at(0)
    if isinstance(weights, LstmWeights):
        expected = run_lstm(weights, trace.inputs)
    elif isinstance(weights, GruWeights):
        expected = run_gru(weights, trace.inputs)
    else:
        expected = {"z": np.arctanh(trace["h"])}
    cell = trace.layers[0].cell
    assert set(expected) <= {*STORED[cell], *DERIVED[cell]}
    for name, array in expected.items():
        np.testing.assert_allclose(trace.signal(name), array, atol=1e-5, err_msg=name)
    frame = trace.frame(5)
    for name in set(expected) - {name for name in expected if name.startswith("z")}:
        np.testing.assert_allclose(frame[name], expected[name][5], atol=1e-6, err_msg=name)


def test_a_gru_has_no_state_but_h_and_keeps_a_share_of_it(make_trace: MakeTrace) -> None:
    trace = make_trace(kind="gru")
    assert trace.names() == ("x", "r", "f", "g", "h", "i", "kept", "written", "zr", "zf", "zg", "y")
    np.testing.assert_allclose(trace["kept"], trace["f"] * trace.previous("h"))
    np.testing.assert_allclose(trace["kept"] + trace["written"], trace["h"], atol=1e-6)
    with pytest.raises(TraceError, match="Unknown signal “c”"):
        trace.signal("c")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["store", "wire"])
def test_every_kind_of_weights_comes_back_from_store_and_wire(
    make_trace: MakeTrace, tmp_path: Path, kind: str, way: str
) -> None:
    for handover in (0, 5) if way == "wire" else (5,):  # a store of many arrays takes its time
        trace = make_trace(steps=9, kind=kind, handover=handover)
        found = stored(trace, tmp_path) if way == "store" else wired(trace)
        assert found.handover == handover
        assert found.layers == trace.layers
        for place, lane in trace.lanes.items():
            sent, came = lane_parts(lane), lane_parts(found.lanes[place])
            assert list(came) == list(sent)
            assert type(found.lanes[place].decoder) is type(lane.decoder)
            for name, array in sent.items():
                np.testing.assert_array_equal(came[name], array)
        assert found.names() == trace.names()
        for name in trace.names():
            np.testing.assert_array_equal(found.signal(name), trace.signal(name))


def test_words_beside_the_arrays_come_back_too(make_trace: MakeTrace, tmp_path: Path) -> None:
    trace = make_trace(kind="norm")
    lane = trace.lanes[0, "forward"]
    assert isinstance(lane.weights, LstmWeights)
    assert lane.weights.norm is not None
    other = dataclasses.replace(lane.weights, norm=dataclasses.replace(lane.weights.norm, eps=0.25))
    trace = dataclasses.replace(trace, lanes={(0, "forward"): dataclasses.replace(lane, weights=other)})
    for found in (stored(trace, tmp_path), wired(trace)):
        weights = found.weights_at(0)
        assert isinstance(weights, LstmWeights)
        assert isinstance(weights.norm, LayerNorm)
        assert weights.norm.eps == 0.25


def test_from_the_handover_on_the_decoder_s_weights_count(make_trace: MakeTrace) -> None:
    trace = make_trace(steps=10, kind="gru", handover=4)
    lane = trace.lanes[0, "forward"]
    assert trace.weights_at(3) is lane.weights
    assert trace.weights_at(4) is lane.decoder
    assert trace.weights_at(-1) is lane.decoder
    # the decoder's first state is the encoder's last
    np.testing.assert_array_equal(trace.previous_at(4, "h"), trace["h"][3])
    assert np.isnan(trace["y"][:4]).all()
    assert not np.isnan(trace["y"][4:]).any()


def test_without_the_decoder_s_weights_there_are_no_pre_activations(make_trace: MakeTrace) -> None:
    trace = make_trace(steps=10, kind="lstm", handover=4)
    lane = dataclasses.replace(trace.lanes[0, "forward"], decoder=None)
    half = dataclasses.replace(trace, lanes={(0, "forward"): lane})
    assert "zf" in trace
    assert "zf" not in half
    assert half.weights_at(9) is None


@pytest.mark.parametrize("handover", [-1, 10, 400])
def test_a_handover_outside_the_trace_is_a_sentence(make_trace: MakeTrace, handover: int) -> None:
    with pytest.raises(TraceError, match=f"cannot begin at step {handover}; expected 1 to 9"):
        dataclasses.replace(make_trace(steps=10), handover=handover)


@pytest.mark.parametrize("kind", KINDS)
def test_no_array_of_any_weights_can_be_written(make_trace: MakeTrace, kind: str) -> None:
    trace = make_trace(steps=6, kind=kind, handover=2)
    parts = lane_parts(trace.lanes[0, "forward"])
    assert {name.partition("/")[0] for name in parts} == {"weights", "decoder"}
    assert not any(array.flags.writeable for array in parts.values())


def test_a_store_of_the_first_version_still_opens(make_trace: MakeTrace, tmp_path: Path) -> None:
    """As version 1 wrote it: the weights as a word, the activation beside, no decoder and no handover."""
    for kind in ("lstm", "projected", "rnn"):
        trace, folder = make_trace(steps=6, kind=kind), tmp_path / f"{kind}.zarr"
        save_trace(trace, folder)
        words = json.loads((folder / "zarr.json").read_text())
        attributes = words["attributes"]
        attributes["lstmviz_trace"] = 1
        del attributes["meta"]["handover"]
        for lane in attributes["meta"]["lanes"]:
            own = lane["weights"]
            assert lane.pop("decoder") is None
            lane |= {"weights": own["kind"], "activation": own["activation"]}
        attributes["sha256"] = fingerprint(attributes["meta"], attributes["arrays"])
        (folder / "zarr.json").write_text(json.dumps(words))

        found = open_trace(folder)
        assert type(found.weights_at(0)) is type(trace.weights_at(0))
        for name in trace.names():
            np.testing.assert_array_equal(found.signal(name), trace.signal(name))


@pytest.mark.parametrize("kind", ["peephole+norm", "projected", "gru", "rnn"])
def test_weights_of_another_shape_are_refused_on_the_wire(make_trace: MakeTrace, kind: str) -> None:
    trace = make_trace(steps=3, kind=kind)
    info = trace.layers[0]
    wider = dataclasses.replace(info, units=info.units + 1, outputs=info.outputs)
    builder = TraceBuilder()
    for piece in trace_to_wire(dataclasses.replace(trace, layers=(wider,))):
        builder.add(piece)
    with pytest.raises(EngineError, match=r"The weights .* on the wire; expected"):
        builder.build()


def test_the_table_names_every_array_that_any_weights_have() -> None:
    fields = {
        "lstm": {field.name for field in dataclasses.fields(LstmWeights)} - {"norm", "functions"},
        "gru": {field.name for field in dataclasses.fields(GruWeights)},
    }
    norm = {f"norm_{field.name}" for field in dataclasses.fields(LayerNorm)} - {"norm_eps"}
    assert set(PARTS["lstm"]) == fields["lstm"] | norm
    assert set(PARTS["gru"]) == fields["gru"] - {"functions", "reset_before"}


def test_weights_of_another_cell_than_the_layer_s_are_refused(make_trace: MakeTrace, tmp_path: Path) -> None:
    trace = make_trace(steps=4, kind="rnn")
    lane = trace.lanes[0, "forward"]
    other = dataclasses.replace(lane, weights=make_trace(steps=4, kind="gru").weights_at(0))
    mixed = dataclasses.replace(trace, lanes={(0, "forward"): other})
    with pytest.raises(EngineError, match="are those of a cell gru on the wire; expected rnn"):
        wired(mixed)
    with pytest.raises(TraceError, match=r"damaged.*layer0/forward/weights"):
        stored(mixed, tmp_path)
