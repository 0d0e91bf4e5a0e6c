"""A net that begins in a state of its own: as nn.LSTM given that state, wherever the net is run."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest
import torch

import lstmviz
from lstmviz.engine.recorder import record
from lstmviz.errors import ModelError
from lstmviz.nets.batch import Batch
from lstmviz.nets.build import build_net
from lstmviz.nets.reader import load_model
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, check_spec
from lstmviz.sequences.topology import START, STOP


def a_net(cell: str, **changes):
    spec = NetSpec(
        name="n",
        cell=cell,
        input=ValueInput(("a", "b"), (0.0,) * 2, (1.0,) * 2),
        hidden=4,
        layers=2,
        bidirectional=True,
        initial_state=True,
    )
    net = build_net(msgspec.structs.replace(spec, **changes), seed=3)
    with torch.no_grad():
        for buffer in net.buffers():
            buffer.copy_(torch.randn(buffer.shape, generator=torch.Generator().manual_seed(len(buffer))))
    return net


@pytest.mark.filterwarnings("ignore:LSTM with projections")
@pytest.mark.parametrize(
    ("cell", "changes"),
    [("lstm", {}), ("lstm", {"projection": 2}), ("lstm", {"peepholes": True}), ("gru", {}), ("rnn", {})],
)
def test_it_is_begun_in_by_forward_a_batch_and_a_recording(tmp_path, cell, changes):
    net = a_net(cell, **changes)
    save_net(net, tmp_path / "net.json")
    net = load_model(tmp_path / "net.json")
    x = np.random.default_rng(0).normal(size=(6, 2)).astype(np.float32)
    states = tuple(buffer[:, None] for buffer in net.buffers())
    with torch.no_grad():
        expected, _ = net.recurrent(torch.from_numpy(x)[None], states if cell == "lstm" else states[0])
        zero, _ = net.recurrent(torch.from_numpy(x)[None])
        torch.testing.assert_close(net(torch.from_numpy(x)[None]), expected)
        sequence = lstmviz.Sequence(x, ("a", "b"))
        twice = torch.from_numpy(x).expand(2, -1, -1)
        batch = Batch(twice, torch.zeros(2, 6, 4), torch.tensor([6, 6]), None)
        said, _ = net.read(batch)
    torch.testing.assert_close(said, expected.expand(2, -1, -1))
    assert (expected - zero).abs().max() > 0.01
    trace = record(net, sequence)
    assert trace.check.passed
    ours = np.concatenate([trace.signal("h", 1, side) for side in ("forward", "reverse")], axis=1)
    np.testing.assert_allclose(ours, expected[0].numpy(), atol=1e-5)
    np.testing.assert_array_equal(trace.previous("h", 0, "forward")[0], net.initial_h[0].numpy())
    given = record(net, sequence, np.zeros((4, trace.layers[0].outputs)))
    np.testing.assert_array_equal(given.previous("h", 0, "forward")[0], 0)


def test_an_encoder_and_decoder_begin_at_zero():
    spec = NetSpec(
        name="n",
        topology="enc2dec",
        input=OneHotInput(("a", START, STOP)),
        output=ProbabilityOutput(("a", STOP)),
        hidden=3,
        initial_state=True,
    )
    with pytest.raises(ModelError, match="begins at zero"):
        check_spec(spec, "n.json")
