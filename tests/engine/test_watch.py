"""watch: what is caught is what the module computed, and the module does not notice."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

import lstmviz
from lstmviz.errors import ModelError
from lstmviz.nets.batch import encode_example, make_batch
from lstmviz.nets.build import build_net
from lstmviz.nets.spec import NetSpec, ValueInput, ValueOutput
from lstmviz.sequences.sequence import Sequence


class Tagger(nn.Module):
    def __init__(self, **settings) -> None:
        super().__init__()
        self.embedding = nn.Embedding(10, 4)
        self.dropout = nn.Dropout(0.3)
        self.encoder = nn.ModuleDict({"lstm": nn.LSTM(4, 6, batch_first=True, **settings)})
        self.head = nn.Linear(12 if settings.get("bidirectional") else 6, 3)

    def forward(self, words):
        h, _ = self.encoder["lstm"](self.dropout(self.embedding(words)))
        return self.head(h)


def assert_same_signals(trace, other, tolerance=1e-6) -> None:
    assert set(trace.lanes) == set(other.lanes)
    for key, lane in other.lanes.items():
        for name, values in lane.signals.items():
            np.testing.assert_allclose(trace.lanes[key].signals[name], values, rtol=0, atol=tolerance)


def test_the_module_notices_nothing_while_it_trains():
    torch.manual_seed(0)
    watched = Tagger(bidirectional=True).train()
    free = copy.deepcopy(watched)
    words = torch.randint(10, (2, 7))

    def train(module):
        torch.manual_seed(1)
        said = module(words)
        said.square().sum().backward()
        return said.detach(), {name: p.grad for name, p in module.named_parameters()}, torch.get_rng_state()

    expected, expected_gradients, expected_state = train(free)
    with lstmviz.watch(watched) as watch:
        found, gradients, state = train(watched)
        assert len(watch.traces["encoder.lstm"]) == 2
    assert torch.equal(found, expected)
    assert torch.equal(state, expected_state)
    assert all(torch.equal(gradients[name], expected_gradients[name]) for name in expected_gradients)
    assert all(
        torch.equal(a, b) for a, b in zip(watched.state_dict().values(), free.state_dict().values(), strict=True)
    )
    assert watched.training
    for part, other in zip(watched.modules(), free.modules(), strict=True):
        for name, value in vars(other).items():
            if "hooks" in name:
                assert getattr(part, name) == value, name


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_watched_layer_gives_the_trace_of_a_recorded_one(layers, bidirectional):
    module = Tagger(num_layers=layers, bidirectional=bidirectional).eval()
    words = torch.randint(10, (1, 9))
    with lstmviz.watch(module) as watch:
        module(words)
    trace = watch.traces["encoder.lstm"]
    lstm = module.encoder["lstm"]
    x = module.embedding(words)[0]
    assert_same_signals(trace, lstmviz.record(lstm, x))
    assert trace.check.passed
    assert trace.layers[0].path == "encoder.lstm.0"
    top = lstm(x[None])[0][0, :, :6].detach().numpy()  # with gradients, as it ran: torch takes another kernel without
    np.testing.assert_array_equal(trace.signal("h", layer=layers - 1), top)


def test_every_call_is_kept_and_the_last_one_is_the_trace():
    lstm = nn.LSTM(3, 5)
    first, second = torch.randn(4, 3), torch.randn(6, 3)
    with lstmviz.watch(lstm) as watch, torch.no_grad():
        _, state = lstm(first)
        lstm(second, state)
        lstm(input=first, hx=state)
    assert [len(call.traces()[0]) for call in watch.calls[""]] == [4, 6, 4]
    both = lstmviz.record(lstm, torch.cat([first, second]))
    np.testing.assert_allclose(watch.calls[""][1].traces()[0]["c"], both["c"][4:], atol=1e-6)
    assert_same_signals(watch.traces[""], lstmviz.record(lstm, first, *state))


def test_edits_after_the_call_do_not_reach_the_trace():
    lstm = nn.LSTM(3, 5, 2)
    x = torch.randn(8, 3)
    expected = lstmviz.record(lstm, x)
    with lstmviz.watch(lstm) as watch, torch.no_grad():
        given = x.clone()
        h, _ = lstm(given)
        given.zero_()
        h.zero_()
        for parameter in lstm.parameters():
            parameter.mul_(3)
    assert_same_signals(watch.traces[""], expected)
    assert watch.traces[""].model.sha256 == expected.model.sha256


@pytest.mark.parametrize("enforce_sorted", [False, True])
def test_a_packed_batch_gives_a_trace_for_each_sequence(enforce_sorted):
    lstm = nn.LSTM(3, 5, bidirectional=True, batch_first=True)
    lengths = [7, 4, 2] if enforce_sorted else [4, 7, 2]
    x = torch.randn(3, 7, 3)
    h0, c0 = torch.randn(2, 3, 5), torch.randn(2, 3, 5)
    with lstmviz.watch(lstm) as watch, torch.no_grad():
        lstm(pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=enforce_sorted), (h0, c0))
    traces = watch.traces[""]
    assert [len(trace) for trace in traces] == lengths
    for b, trace in enumerate(traces):
        assert trace.check.passed
        assert_same_signals(trace, lstmviz.record(lstm, x[b, : lengths[b]], h0[:, b], c0[:, b]))


def test_cells_called_step_by_step_make_one_trace_a_sequence():
    cell = nn.LSTMCell(3, 5)
    x = torch.randn(6, 3)
    with lstmviz.watch(cell) as watch:
        for _ in range(2):
            state = None
            for x_t in x:
                state = cell(x_t, state)
    assert len(watch.calls[""]) == 2
    assert_same_signals(watch.traces[""], lstmviz.record(cell, x))
    assert watch.traces[""].check.passed


@pytest.mark.parametrize("cell", [nn.RNNCell(3, 5), nn.LSTMCell(3, 5)])
def test_cells_called_with_a_batch_and_a_first_state(cell):
    x, h0, c0 = torch.randn(4, 2, 3), torch.randn(2, 5), torch.randn(2, 5)
    lstm = isinstance(cell, nn.LSTMCell)
    state = (h0, c0) if lstm else h0
    with lstmviz.watch(cell) as watch:
        for x_t in x:
            state = cell(x_t, state)
    for b, trace in enumerate(watch.traces[""]):
        assert_same_signals(trace, lstmviz.record(cell, x[:, b], *((h0[b], c0[b]) if lstm else (h0[b],))))


def test_dropout_between_layers_in_training_is_said_not_guessed():
    module = Tagger(num_layers=2, dropout=0.4).train()
    with lstmviz.watch(module) as watch:
        module(torch.randint(10, (1, 9)))
    with pytest.raises(ModelError, match=r"“encoder\.lstm” ran in training mode with a dropout of 0\.4"):
        watch.traces["encoder.lstm"]
    module.eval()
    with lstmviz.watch(module) as watch:
        module(torch.randint(10, (1, 9)))
    assert watch.traces["encoder.lstm"].check.passed


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_gru_inside_a_module_gives_the_trace_of_a_recorded_one(bidirectional):
    module = nn.ModuleDict({"gru": nn.GRU(3, 4, 2, bidirectional=bidirectional), "cell": nn.GRUCell(3, 4)})
    x = torch.randn(9, 3)
    with lstmviz.watch(module) as watch:
        module["gru"](x)
        h = None
        for x_t in x:
            h = module["cell"](x_t, h)
    for path, part in module.items():
        assert_same_signals(watch.traces[path], lstmviz.record(part, x))
        assert watch.traces[path].check.passed


def test_the_loop_layers_of_a_net_that_trains_are_seen_with_their_own_ends():
    spec = NetSpec(
        name="n",
        input=ValueInput(("x",), (0.0,), (1.0,)),
        hidden=4,
        bidirectional=True,
        peepholes=True,
        layer_norm=True,
        output=ValueOutput(("x",), (0.0,), (1.0,), (0,)),
    )
    net = build_net(spec).double()
    sequences = [Sequence(np.linspace(0, 1, steps)) for steps in (7, 4)]
    with lstmviz.watch(net) as watch:
        net.read(make_batch([encode_example(net, sequence) for sequence in sequences], dtype=torch.float64))
    for trace, sequence in zip(watch.traces["recurrent"], sequences, strict=True):
        assert_same_signals(trace, lstmviz.record(net, sequence))


def test_half_precision_runs_on_and_is_told():
    lstm = nn.LSTM(3, 4).bfloat16()
    with lstmviz.watch(lstm) as watch:
        lstm(torch.randn(5, 3, dtype=torch.bfloat16))
    assert "bfloat16" in watch.skipped[""]
    assert not watch.traces


def test_hooks_are_gone_after_an_error_inside():
    lstm = nn.LSTM(3, 4)
    with pytest.raises(ZeroDivisionError), lstmviz.watch(lstm):
        raise ZeroDivisionError
    assert not lstm._forward_hooks
    assert not lstm._forward_hooks_with_kwargs


def test_a_path_that_was_not_called_is_missing_as_from_any_mapping() -> None:
    module = nn.Sequential(nn.LSTM(3, 4), nn.Identity())
    with lstmviz.watch(module) as watch:
        module(torch.zeros(2, 3))

    assert watch.traces.get("1") is None
    with pytest.raises(ModelError, match="“1” was not called while it was watched; these were: “0”"):
        watch.traces["1"]
    assert repr(watch) == "<Watch called: “0” ×1; skipped: ->"
    assert repr(watch.traces) == "<traces of “0”>"


def test_what_is_no_module_is_refused_in_a_sentence() -> None:
    with pytest.raises(ModelError, match="A function cannot be watched"), lstmviz.watch(lambda: None):
        pass


def test_a_layer_by_itself_gives_a_trace_with_a_whole_name() -> None:
    module = nn.LSTM(3, 4)
    with lstmviz.watch(module) as watch:
        module(torch.zeros(2, 3))

    assert watch.traces[""].name == "LSTM · sequence"


@pytest.mark.parametrize("module", [nn.LSTM(3, 4), nn.RNN(3, 4), nn.LSTMCell(3, 4), nn.RNNCell(3, 4)])
def test_a_batch_of_no_sequences_disturbs_nothing_and_gives_no_trace(module: nn.Module) -> None:
    x = torch.zeros(0, 3) if isinstance(module, nn.RNNCellBase) else torch.zeros(5, 0, 3)
    with lstmviz.watch(module) as watch:
        module(x)

    assert watch.traces[""] == []


def test_a_call_under_autocast_is_told_and_not_recorded() -> None:
    module = nn.Sequential(nn.LSTM(3, 4))
    with lstmviz.watch(module) as watch, torch.autocast("cpu", dtype=torch.bfloat16):
        module(torch.zeros(2, 3))

    assert "“0” ran in bfloat16 under autocast, while its weights are float32" in watch.skipped["0"]
    with pytest.raises(ModelError, match="“0” ran in bfloat16 under autocast"):
        watch.traces["0"]


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_a_compiled_module_is_watched_as_any_other() -> None:
    module = nn.Sequential(nn.LSTM(3, 4))
    compiled = torch.compile(module, backend="eager")
    x = torch.randn(5, 3)
    with lstmviz.watch(compiled) as watch, torch.no_grad():
        h, _ = compiled(x)

    assert watch.skipped == {}
    np.testing.assert_array_equal(watch.traces["_orig_mod.0"]["h"], h.numpy())
