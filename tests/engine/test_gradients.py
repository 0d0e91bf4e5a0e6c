"""The flow of a loss through a net against torch's own layers, cut in two at a step."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import lstmviz
from lstmviz.engine.gradients import gradient_flow
from lstmviz.errors import SequenceError, TraceError
from lstmviz.nets.batch import encode_example, loss_sum, make_batch
from lstmviz.nets.build import build_net
from lstmviz.nets.net import Net
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP

STEPS, CUT = 9, 4


def make_net(**kind: object) -> Net:
    spec = NetSpec(
        name="n",
        input=ValueInput(("a", "b"), (0.0, 1.0), (1.0, 2.0)),
        hidden=4,
        output=ValueOutput(("a",), (0.0,), (1.0,), (0,)),
        **kind,
    )
    return build_net(spec, 1).double()


def make_sequence() -> Sequence:
    return Sequence(np.random.default_rng(0).normal(size=(STEPS, 2)).astype(np.float32), names=("a", "b"))


def torch_loss(net: Net, h: torch.Tensor, sequence: Sequence, step: int) -> torch.Tensor:
    wanted = make_batch([encode_example(net, sequence)], dtype=torch.double).wanted
    keep = slice(None) if step < 0 else slice(step, step + 1)
    total, count = loss_sum(net, net.say(h)[:, keep], wanted[:, keep])
    return total / count


def state_gradient(net: Net, sequence: Sequence, step: int):
    """The loss, and ∂L/∂ of the state after the step CUT by way of the later steps, (L, H) of each part of it."""
    x = make_batch([encode_example(net, sequence)], dtype=torch.double).x
    before, state = net.recurrent(x[:, : CUT + 1])
    parts = [part.detach().requires_grad_() for part in (state if isinstance(state, tuple) else (state,))]
    after, _ = net.recurrent(x[:, CUT + 1 :], tuple(parts) if len(parts) > 1 else parts[0])
    loss = torch_loss(net, torch.cat([before.detach(), after], dim=1), sequence, step)
    loss.backward()
    return float(loss.detach()), [part.grad[:, 0].numpy() for part in parts]


@pytest.mark.parametrize("step", [-1, 7])
@pytest.mark.parametrize(
    "kind",
    [
        {"cell": "lstm"},
        {"cell": "lstm", "layers": 3},
        {"cell": "lstm", "projection": 2, "layers": 2},
        {"cell": "lstm", "layer_norm": True, "layers": 2},
    ],
    ids=str,
)
def test_what_flows_through_c_is_what_torch_finds_at_the_cut(kind: dict, step: int) -> None:
    net, sequence = make_net(**kind), make_sequence()
    found = gradient_flow(net, sequence, step)
    loss, (_, c) = state_gradient(net, sequence, step)
    assert found.loss == pytest.approx(loss, abs=1e-7)  # the targets are float32
    for layer in range(kind.get("layers", 1)):
        np.testing.assert_allclose(found.arrays[f"{layer}/forward/dc_through_c"][CUT], c[layer], atol=1e-10)


@pytest.mark.parametrize("step", [-1, 7])
@pytest.mark.parametrize(
    "kind", [{"cell": "gru"}, {"cell": "rnn"}, {"cell": "rnn", "activation": "relu", "layers": 2}], ids=str
)
def test_what_flows_back_into_h_is_what_torch_finds_at_the_cut(kind: dict, step: int) -> None:
    net, sequence = make_net(**kind), make_sequence()
    found = gradient_flow(net, sequence, step).arrays
    _, (h,) = state_gradient(net, sequence, step)
    for layer in range(kind.get("layers", 1)):
        later = found[f"{layer}/forward/dh"] - found[f"{layer}/forward/dh_through_out"]
        np.testing.assert_allclose(later[CUT], h[layer], atol=1e-10)


@pytest.mark.parametrize(
    "kind",
    [
        {"cell": "lstm", "bidirectional": True, "layers": 2},
        {"cell": "gru", "bidirectional": True, "layers": 2},
        {"cell": "lstm", "peepholes": True, "layer_norm": True, "projection": 3},
    ],
    ids=str,
)
def test_the_output_of_the_last_layer_has_the_gradient_of_the_read_out(kind: dict) -> None:
    net, sequence = make_net(**kind), make_sequence()
    found = gradient_flow(net, sequence).arrays
    x = make_batch([encode_example(net, sequence)], dtype=torch.double).x
    h = net.recurrent(x)[0].detach().requires_grad_()
    torch_loss(net, h, sequence, -1).backward()
    last, wanted = kind.get("layers", 1) - 1, h.grad[0].numpy()
    if net.spec.bidirectional:  # the ends of both directions, where nothing comes from a later step
        half = wanted.shape[1] // 2
        np.testing.assert_allclose(found[f"{last}/forward/dh"][-1], wanted[-1, :half], atol=1e-10)
        np.testing.assert_allclose(found[f"{last}/reverse/dh"][0], wanted[0, half:], atol=1e-10)
    else:
        np.testing.assert_allclose(found[f"{last}/forward/dh"][-1], wanted[-1], atol=1e-10)


def date_net(cell: str) -> tuple[Net, Sequence]:
    words = ("p", "q", START, STOP)
    spec = NetSpec(
        name="n",
        cell=cell,
        topology="enc2dec",
        input=OneHotInput(words),
        hidden=3,
        layers=2,
        output=ProbabilityOutput(words),
        task="enc2dec",
    )
    symbols = [0, 1, 1, 2, 1, 0]
    targets = [np.nan, np.nan, np.nan, 1, 0, 3]
    sequence = Sequence(
        np.array(symbols)[:, None], kind="symbols", vocabulary=words, targets=np.array(targets)[:, None],
        target_names=words,
    )  # fmt: skip
    return build_net(spec, 2).double(), sequence


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_the_gradient_crosses_the_handover(cell: str) -> None:
    net, sequence = date_net(cell)
    found = gradient_flow(net, sequence, 5).arrays
    x = make_batch([encode_example(net, sequence)], dtype=torch.double).x
    _, state = net.recurrent(x[:, :3])
    parts = [part.detach().requires_grad_() for part in (state if cell == "lstm" else (state,))]
    h, _ = net.decoder(x[:, 3:], tuple(parts) if cell == "lstm" else parts[0])
    torch.nn.functional.cross_entropy(net.say(h)[0, -1:], torch.tensor([3])).backward()
    for layer in (0, 1):
        if cell == "lstm":
            later, place = found[f"{layer}/forward/dc_through_c"], 1
        else:
            later, place = found[f"{layer}/forward/dh"] - found[f"{layer}/forward/dh_through_out"], 0
        np.testing.assert_allclose(later[2], parts[place].grad[layer, 0].numpy(), atol=1e-10)


def test_nothing_of_a_training_net_changes() -> None:
    net = make_net(cell="lstm", layers=2).train()
    net.set_dropout(0.5)
    first, again = gradient_flow(net, make_sequence(), 3), gradient_flow(net, make_sequence(), 3)
    assert first.loss == again.loss
    assert net.training
    assert net.dropout.training
    assert all(parameter.grad is None for parameter in net.parameters())


def test_a_step_that_asks_nothing_is_refused_with_the_nearest_that_does() -> None:
    net = make_net(cell="lstm")
    with pytest.raises(SequenceError, match=f"at step {STEPS - 1} .* the nearest step with a target is {STEPS - 2}"):
        gradient_flow(net, make_sequence(), STEPS - 1)
    with pytest.raises(SequenceError, match="expected 0 to 8"):
        gradient_flow(net, make_sequence(), STEPS)


def test_what_is_drawn_holds_no_share_of_its_own_units() -> None:
    drawn = gradient_flow(make_net(cell="lstm"), make_sequence()).drawn()
    assert {key for key, array in drawn.items() if array.ndim == 2} == {"0/forward/dh", "0/forward/dc"}
    assert drawn["0/forward/norm/dc_through_f"].shape == (STEPS,)


def test_the_library_offers_it_with_its_verdict() -> None:
    net, sequence = make_net(cell="lstm"), make_sequence()
    found = lstmviz.gradient_flow(net, sequence, step=5)
    norm = np.linalg.norm(found.arrays["0/forward/dc"], axis=1)
    slope = np.polyfit(np.arange(6), np.log(norm[5::-1]), 1)[0]
    assert found.verdict().factor == pytest.approx(np.exp(slope))
    assert found.verdict("0/forward") == found.verdict()
    assert repr(found) == f"<FlowResult: loss {found.loss:.4f} of step 5>"
    with pytest.raises(TraceError, match="no lane “9/forward”"):
        found.verdict("9/forward")
