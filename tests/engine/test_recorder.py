"""record: every gate of every layer, held against the reference equations run step by step in float64."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

import lstmviz
from lstmviz.cells.activations import PLAIN, Functions
from lstmviz.cells.gru import gru_step
from lstmviz.cells.lstm import lstm_step
from lstmviz.cells.rnn import rnn_step
from lstmviz.cells.weights import GruWeights, LayerNorm, LstmWeights, RnnWeights
from lstmviz.engine.fused import fused_lane
from lstmviz.engine.weights import read_stack
from lstmviz.engine.workspace import workspace_lane
from lstmviz.nets.build import build_net
from lstmviz.nets.loop import LoopLayers
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.sequence import Sequence

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-10}


def weights_of(module, layer: int, side: str):
    """The reference's weights in float64, from the state dict alone."""
    state = {name: value.double().numpy() for name, value in module.state_dict().items()}
    ending = f"_l{layer}" + ("_reverse" if side == "reverse" else "")
    if isinstance(module, nn.RNNCellBase):
        ending = ""
    w_ih, w_hh = state[f"weight_ih{ending}"], state[f"weight_hh{ending}"]
    b = state.get(f"bias_ih{ending}", np.zeros(len(w_ih))) + state.get(f"bias_hh{ending}", np.zeros(len(w_ih)))
    if isinstance(module, nn.RNN | nn.RNNCell):
        return RnnWeights(w_ih.T, w_hh.T, b, module.nonlinearity)
    if isinstance(module, nn.GRU | nn.GRUCell):
        none = np.zeros(len(w_ih))
        return GruWeights(w_ih.T, w_hh.T, state.get(f"bias_ih{ending}", none), state.get(f"bias_hh{ending}", none))
    i, f, g, o = np.split(np.arange(len(b)), 4)
    order = np.concatenate([i, f, o, g])
    whr = state.get(f"weight_hr{ending}")
    norm = None
    if f"norm_c{ending}" in state:
        gain_x, gain_h = state[f"norm_x{ending}"][order], state[f"norm_h{ending}"][order]
        norm = LayerNorm(gain_x, gain_h, *state[f"norm_c{ending}"])
    peephole, functions = state.get(f"peephole{ending}"), getattr(module, "functions", PLAIN)
    whr = None if whr is None else whr.T
    return LstmWeights(w_ih[order].T, w_hh[order].T, b[order], whr, peephole, norm, functions)


def by_hand(module, x: np.ndarray, h0: np.ndarray, c0: np.ndarray) -> dict:
    """All signals of all lanes in float64, one step after another."""
    depth = getattr(module, "num_layers", 1)
    sides = ("forward", "reverse") if getattr(module, "bidirectional", False) else ("forward",)
    found, below = {}, x.astype(np.float64)
    for layer in range(depth):
        for n, side in enumerate(sides):
            w = weights_of(module, layer, side)
            h, c = h0[layer * len(sides) + n], c0[layer * len(sides) + n]
            rows = []
            for x_t in below[::-1] if side == "reverse" else below:
                if isinstance(w, RnnWeights):
                    h = rnn_step(w, x_t, h).y
                    rows.append({"h": h})
                elif isinstance(w, GruWeights):
                    step = gru_step(w, x_t, h)
                    h = step.h
                    rows.append({name: getattr(step, name) for name in "rfgh"})
                else:
                    step = lstm_step(w, x_t, h, c)
                    h, c = step.h, step.c
                    rows.append({name: getattr(step, name) for name in "ifogch"})
            rows = rows[::-1] if side == "reverse" else rows
            found[layer, side] = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
        below = np.concatenate([found[layer, side]["h"] for side in sides], axis=1)
    return found


def assert_as_by_hand(trace, module, x, h0, c0) -> None:
    dtype = next(module.parameters()).dtype
    expected = by_hand(module, x, h0, c0)
    assert set(trace.lanes) == set(expected)
    for key, signals in expected.items():
        assert set(trace.lanes[key].signals) == set(signals)
        for name, values in signals.items():
            found = trace.lanes[key].signals[name]
            assert found.shape == values.shape
            np.testing.assert_allclose(found, values, rtol=0, atol=TOLERANCE[dtype], err_msg=f"{key} {name}")
    assert trace.check.passed
    assert trace.check.max_error < TOLERANCE[dtype]


@st.composite
def modules(draw, kinds=("lstm", "rnn", "relu", "gru", "loop")):
    kind = draw(st.sampled_from(kinds))
    features, units = draw(st.integers(1, 5)), draw(st.integers(1, 9))
    settings = {
        "num_layers": draw(st.integers(1, 3)),
        "bias": draw(st.booleans()),
        "batch_first": draw(st.booleans()),
        "bidirectional": draw(st.booleans()),
        "dtype": draw(st.sampled_from([torch.float32, torch.float64])),
    }
    torch.manual_seed(draw(st.integers(0, 2**16)))
    if kind == "loop":
        return loop_layers(draw, features, units, settings)
    if kind == "gru":
        return nn.GRU(features, units, **settings)
    if kind == "lstm":
        return nn.LSTM(features, units, proj_size=draw(st.integers(0, units - 1)), **settings)
    return nn.RNN(features, units, nonlinearity="relu" if kind == "relu" else "tanh", **settings)


def loop_layers(draw, features, units, settings):
    """LoopLayers whose peepholes, gains and biases are not those that do nothing; those with norms in float64."""
    layer_norm = draw(st.booleans())
    module = LoopLayers(
        features,
        units,
        settings["num_layers"],
        bidirectional=settings["bidirectional"],
        proj_size=draw(st.integers(0, units - 1)),
        peepholes=draw(st.booleans()),
        layer_norm=layer_norm,
        functions=draw(
            st.sampled_from([PLAIN, Functions("hard_sigmoid", "softsign"), Functions(output="relu", clip=0.7)])
        ),
    ).to(torch.float64 if layer_norm else settings["dtype"])
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if name.startswith(("peephole", "norm")):
                parameter.add_(torch.randn_like(parameter) / 2)
    return module


def legible(module, steps: int) -> int:
    """So many steps, but few through layer norms: they magnify rounding at every step, by 10⁸ in 60 of them."""
    return min(steps, 10) if getattr(module, "layer_norm", False) else steps


def states(module, rng, batch: int = 0):
    lanes = module.num_layers * (2 if module.bidirectional else 1)
    shape = (lanes, batch) if batch else (lanes,)
    outputs = getattr(module, "proj_size", 0) or module.hidden_size
    return rng.normal(size=(*shape, outputs)), rng.normal(size=(*shape, module.hidden_size))


@settings(deadline=None, max_examples=30)
@given(modules(), st.integers(1, 70), st.booleans(), st.integers(0, 2**16))
def test_every_signal_agrees_with_the_reference(module, steps, started, seed):
    rng = np.random.default_rng(seed)
    dtype = np.dtype(str(next(module.parameters()).dtype)[6:])
    x = rng.normal(size=(legible(module, steps), module.input_size)).astype(dtype)
    h0, c0 = (state.astype(dtype) for state in states(module, rng))
    if not started:
        h0, c0 = h0 * 0, c0 * 0
        trace = lstmviz.record(module, x)
    elif isinstance(module, nn.LSTM | LoopLayers):
        trace = lstmviz.record(module, x, h0, c0)
    else:
        trace = lstmviz.record(module, x, h0)
    assert_as_by_hand(trace, module, x, h0, c0)
    np.testing.assert_array_equal(trace.inputs, x)


@settings(deadline=None, max_examples=20)
@given(modules(), st.lists(st.integers(1, 30), min_size=1, max_size=5), st.integers(0, 2**16))
def test_a_batch_of_any_lengths_gives_what_each_sequence_gives_alone(module, lengths, seed):
    module = module.double()
    rng = np.random.default_rng(seed)
    lengths = [legible(module, length) for length in lengths]
    sequences = [rng.normal(size=(length, module.input_size)) for length in lengths]
    h0, c0 = states(module, rng, len(lengths))
    given = (h0, c0) if isinstance(module, nn.LSTM | LoopLayers) else (h0,)
    traces = lstmviz.record(module, sequences, *given)
    assert [len(trace) for trace in traces] == lengths
    for b, (trace, x) in enumerate(zip(traces, sequences, strict=True)):
        alone = lstmviz.record(module, x, *(each[:, b] for each in given))
        for key, lane in alone.lanes.items():
            for name, values in lane.signals.items():
                np.testing.assert_allclose(trace.lanes[key].signals[name], values, rtol=0, atol=1e-12)
        assert trace.check.passed


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("projection", [0, 40])
def test_a_large_batch_agrees_with_the_reference_whatever_way_it_takes(bidirectional, projection):
    torch.manual_seed(3)
    module = nn.LSTM(5, 130, 2, bidirectional=bidirectional, proj_size=projection)
    rng = np.random.default_rng(0)
    lengths = [17, 3, *[9] * 15]
    sequences = [rng.normal(size=(length, 5)).astype(np.float32) for length in lengths]
    traces = lstmviz.record(module, sequences)
    assert traces[0].recorded.method == ("fused+scan" if projection else "workspace")
    lanes = 4 if bidirectional else 2
    for trace, x in zip(traces[:3], sequences, strict=False):
        assert_as_by_hand(trace, module, x, np.zeros((lanes, projection or 130)), np.zeros((lanes, 130)))


@pytest.mark.parametrize(
    "cell",
    [
        nn.LSTMCell(3, 4),
        nn.LSTMCell(3, 4, bias=False),
        nn.RNNCell(3, 4, nonlinearity="relu"),
        nn.GRUCell(3, 4),
        nn.GRUCell(3, 4, bias=False),
    ],
)
def test_a_cell_is_recorded_as_a_layer(cell):
    x = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    assert_as_by_hand(lstmviz.record(cell, x), cell, x, np.zeros((1, 4)), np.zeros((1, 4)))


@pytest.mark.parametrize(("units", "steps"), [(32, 3000), (300, 200)])
def test_long_sequences_and_wide_layers_keep_the_tolerance(units, steps):
    torch.manual_seed(0)
    module = nn.LSTM(4, units)
    x = np.random.default_rng(2).normal(size=(steps, 4)).astype(np.float32)
    trace = lstmviz.record(module, x)
    assert trace.recorded.method == "workspace"
    assert_as_by_hand(trace, module, x, np.zeros((1, units)), np.zeros((1, units)))


@pytest.mark.skipif(not torch.backends.mkldnn.is_available(), reason="this torch has no oneDNN")
@pytest.mark.parametrize(("steps", "batch"), [(1, 1), (2, 1), (50, 1), (7, 3), (20, 33)])
@pytest.mark.parametrize(("inputs", "units"), [(1, 1), (5, 16), (3, 20), (8, 64), (2, 130)])
@pytest.mark.parametrize("bias", [True, False])
def test_the_workspace_and_the_scan_give_the_same_signals(steps, batch, inputs, units, bias):
    torch.manual_seed(1)
    stack = read_stack(nn.LSTM(inputs, units, bias=bias))
    weights = stack.lanes[0, "forward"]
    x, h0, c0 = torch.randn(steps, batch, inputs), torch.randn(batch, units), torch.randn(batch, units)
    kept = workspace_lane(weights, x, h0, c0)
    with torch.no_grad():
        computed = fused_lane(weights, x, h0, c0)
    assert kept is not None
    i, f, g, o = kept.gates.tensor_split(4, dim=2)
    assert (kept.blocks, computed.blocks) == ("ifgo", "ifog")
    gates = torch.cat([i, f, o, g], dim=2)
    for found, expected in ((kept.h, computed.h), (gates, computed.gates), (kept.c, computed.c)):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=2e-6)


def test_a_workspace_is_not_asked_of_what_has_none():
    x, state = torch.randn(4, 1, 3, dtype=torch.float64), torch.zeros(1, 5, dtype=torch.float64)
    assert workspace_lane(read_stack(nn.LSTM(3, 5).double()).lanes[0, "forward"], x, state, state) is None
    assert workspace_lane(read_stack(nn.RNN(3, 5)).lanes[0, "forward"], x.float(), state.float(), None) is None
    with torch.inference_mode():
        trace = lstmviz.record(nn.LSTM(3, 5), np.ones((4, 3), np.float32))
    assert trace.check.passed


def test_h_is_the_framework_s_own_output_bit_for_bit():
    module = nn.LSTM(3, 8)
    x = torch.randn(40, 3)
    expected = module(x[:, None])[0][:, 0].detach().numpy()  # with gradients on, as oneDNN keeps its gates then
    np.testing.assert_array_equal(lstmviz.record(module, x)["h"], expected)


def test_dropout_and_training_mode_neither_disturb_nor_are_disturbed():
    module = nn.LSTM(3, 8, 2, dropout=0.5).train()
    x = torch.randn(10, 3)
    before = torch.get_rng_state()
    trace = lstmviz.record(module, x)
    assert module.training
    assert torch.equal(torch.get_rng_state(), before)
    assert_as_by_hand(trace, module, x.numpy(), np.zeros((2, 8)), np.zeros((2, 8)))


def test_weights_edited_behind_torch_s_back_are_seen():
    module = nn.LSTM(3, 8)
    x = torch.randn(10, 3)
    first = lstmviz.record(module, x)
    assert lstmviz.record(module, x).model.sha256 == first.model.sha256
    module.weight_hh_l0.data.mul_(2)
    second = lstmviz.record(module, x)
    assert second.model.sha256 != first.model.sha256
    assert_as_by_hand(second, module, x.numpy(), np.zeros((1, 8)), np.zeros((1, 8)))
    kept = first.model.sha256
    module.weight_hh_l0.data.div_(2)
    assert lstmviz.record(module, x).model.sha256 == kept


def test_later_training_does_not_change_a_trace():
    module = nn.LSTM(3, 8)
    x = torch.randn(10, 3)
    trace = lstmviz.record(module, x)
    kept = {name: trace[name].copy() for name in ("f", "h", "zf")}
    with torch.no_grad():
        for parameter in module.parameters():
            parameter.add_(1)
    x.add_(1)
    for name, values in kept.items():
        np.testing.assert_array_equal(trace[name], values)
        assert not trace[name].flags.writeable


def test_the_weights_of_a_trace_are_read_only_as_other_traces_of_the_model_share_them():
    trace = lstmviz.record(nn.LSTM(3, 8, proj_size=2), torch.randn(10, 3))
    weights = trace.lanes[0, "forward"].weights
    for array in (weights.wx, weights.wh, weights.b, weights.whr):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_a_recording_goes_on_where_a_trace_ended():
    module, x = nn.LSTM(3, 8), torch.randn(20, 3)
    whole, first = lstmviz.record(module, x), lstmviz.record(module, x[:10])
    rest = lstmviz.record(module, x[10:], h0=first["h"][-1:], c0=first["c"][-1:])
    np.testing.assert_allclose(rest["c"], whole["c"][10:], atol=1e-6)
    backwards = lstmviz.record(module, x[10:], h0=first["h"][-1, ::-1], c0=first["c"][-1, ::-1].tolist())
    np.testing.assert_array_equal(backwards.lanes[0, "forward"].h0, first["h"][-1, ::-1])


def test_weights_that_are_nan_are_recorded_and_fail_the_check():
    module = nn.LSTM(3, 8)
    with torch.no_grad():
        module.weight_ih_l0[0, 0] = float("nan")
    trace = lstmviz.record(module, torch.randn(10, 3))
    assert not trace.check.passed


def test_symbols_enter_a_bare_layer_one_hot():
    sequence = Sequence(np.array([[0], [2], [1]]), kind="symbols", vocabulary=("a", "b", "c"))
    trace = lstmviz.record(nn.LSTM(3, 4), sequence)
    np.testing.assert_array_equal(trace.inputs, np.eye(3)[[0, 2, 1]])
    assert trace.input_names == ("a", "b", "c")


def test_a_net_says_values_in_the_sequence_s_units():
    spec = NetSpec(
        name="n",
        input=ValueInput(("a", "b"), (1.0, 2.0), (3.0, 4.0)),
        hidden=5,
        output=ValueOutput(("next b",), (10.0,), (2.0,), (1,)),
    )
    net = build_net(spec, seed=1)
    sequence = Sequence(np.arange(12).reshape(6, 2))
    trace = lstmviz.record(net, sequence)
    x = ((sequence.values - [1, 2]) / [3, 4]).astype(np.float32)
    np.testing.assert_allclose(trace.inputs, x, rtol=1e-6)
    with torch.no_grad():
        raw = net(torch.from_numpy(x)[None])[0].numpy()
    np.testing.assert_allclose(trace.outputs, raw * 2 + 10, rtol=1e-5)
    np.testing.assert_array_equal(trace.targets[:, 0], [3, 5, 7, 9, 11, np.nan])
    assert trace.model.name == "n"


def test_a_net_of_symbols_gives_probabilities_and_the_place_of_the_next_symbol():
    spec = NetSpec(name="n", input=OneHotInput(("x", "y", "z")), hidden=5, output=ProbabilityOutput(("z", "x", "y")))
    sequence = Sequence(np.array([[0], [1], [1], [0]]), kind="symbols", vocabulary=("y", "z"))
    trace = lstmviz.record(build_net(spec), sequence)
    np.testing.assert_array_equal(trace.inputs, np.eye(3)[[1, 2, 2, 1]])
    np.testing.assert_allclose(trace.outputs.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(trace.targets[:, 0], [0, 0, 2, np.nan])


def test_the_columns_of_a_data_frame_name_the_features():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(np.ones((4, 2)), columns=["demand", 7])

    trace = lstmviz.record(nn.LSTM(2, 3), frame)

    assert trace.sequence.names == trace.input_names == ("demand", "7")
