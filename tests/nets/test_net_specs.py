"""Every kind of net has what its spec promises, is read as it was saved, and is refused where it contradicts itself."""

from __future__ import annotations

import math

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz.errors import ModelError
from lstmviz.nets.build import build_net
from lstmviz.nets.fingerprint import fingerprint
from lstmviz.nets.reader import load_model
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import (
    NetSpec,
    OneHotInput,
    ProbabilityOutput,
    ValueInput,
    ValueOutput,
    check_spec,
    expected_shapes,
)
from lstmviz.nets.summary import summarise
from lstmviz.sequences.topology import START, STOP

SYMBOLS = ("a", "b", "c", START, STOP)
DATES = NetSpec(
    name="dates",
    topology="enc2dec",
    input=OneHotInput(SYMBOLS),
    hidden=4,
    output=ProbabilityOutput(("a", "b", "c", STOP)),
)


@st.composite
def specs(draw):
    hidden = draw(st.integers(1, 5))
    cell = draw(st.sampled_from(["lstm", "rnn", "gru"]))
    lstm, topology = cell == "lstm", draw(st.sampled_from(["seq2seq", "seq2vec", "vec2seq", "enc2dec"]))
    return msgspec.structs.replace(
        DATES,
        cell=cell,
        topology=topology,
        activation=draw(st.sampled_from(["tanh", "relu"])),
        hidden=hidden,
        layers=draw(st.integers(1, 3)),
        bidirectional=topology != "enc2dec" and draw(st.booleans()),
        projection=draw(st.integers(0, hidden - 1)) if lstm else 0,
        peepholes=lstm and draw(st.booleans()),
        layer_norm=lstm and draw(st.booleans()),
        gate_activation=draw(st.sampled_from(["sigmoid", "hard_sigmoid", "hard_sigmoid_keras3"]))
        if lstm
        else "sigmoid",
        output_activation=draw(st.sampled_from(["tanh", "relu"])) if lstm else "tanh",
        clip=draw(st.sampled_from([0.0, 2.5])) if lstm else 0.0,
        initial_state=topology != "enc2dec" and draw(st.booleans()),
    )


@settings(deadline=None, max_examples=30)
@given(specs(), st.integers(0, 99))
def test_every_net_has_the_tensors_of_its_spec_and_comes_back_bit_for_bit(tmp_path_factory, spec, seed):
    net = build_net(spec, seed).eval()
    shapes = expected_shapes(spec)
    assert {name: tuple(value.shape) for name, value in net.state_dict().items()} == shapes
    path = tmp_path_factory.mktemp("nets") / "net.json"
    save_net(net, path)
    again = load_model(path)
    assert again.spec == net.spec
    assert fingerprint(again) == fingerprint(net)
    x = torch.eye(5)[torch.tensor([[0, 1, 2, 3, 1, 0]])]
    assert torch.equal(again(x), net(x))
    summary = summarise(path)
    assert summary.parameters == sum(map(math.prod, shapes.values()))
    assert summary.topology == spec.topology
    assert ("peepholes" in summary.variants, "layer_norm" in summary.variants) == (spec.peepholes, spec.layer_norm)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cell": "gru", "projection": 2}, "a projection of 2 does not fit"),
        ({"projection": 4}, "a projection of 4 does not fit"),
        ({"cell": "gru", "peepholes": True}, "asks for peepholes in a net of cell “gru”"),
        ({"cell": "rnn", "layer_norm": True}, "asks for layer_norm in a net of cell “rnn”"),
        ({"bidirectional": True}, "expected one direction"),
        ({"input": ValueInput(("x",), (0.0,), (1.0,))}, "expected symbols in and probabilities out"),
        ({"output": ValueOutput(("x",), (0.0,), (1.0,))}, "expected symbols in and probabilities out"),
        ({"output": None}, "expected symbols in and probabilities out"),
        ({"input": OneHotInput(("a", "b", "c"))}, f"without {START} among its inputs"),
        ({"output": ProbabilityOutput(("a", "b"))}, f"without {STOP} among its outputs"),
        ({"output": ProbabilityOutput(("a", "ç", STOP))}, "may say “ç” but cannot read it"),
    ],
)
def test_a_spec_that_contradicts_itself_is_refused_in_a_sentence(changes, said):
    with pytest.raises(ModelError) as error:
        check_spec(msgspec.structs.replace(DATES, **changes), "n.json")
    assert said in str(error.value)
    assert str(error.value).startswith("“n.json”")


def test_the_dates_are_sound():
    assert check_spec(DATES, "n.json") is DATES


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_a_net_loads_into_plain_torch(tmp_path, cell):
    """What the README promises: torch's own module takes the tensors of the file."""
    from safetensors.torch import load_file

    spec = NetSpec(name="n", cell=cell, input=ValueInput(("x",), (0.0,), (1.0,)), hidden=4, layers=2)
    net = build_net(spec)
    save_net(net, tmp_path / "net.json")
    tensors = load_file(tmp_path / "net.safetensors")
    plain = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU, "rnn": torch.nn.RNN}[cell](1, 4, 2, batch_first=True)
    plain.load_state_dict({name.removeprefix("recurrent."): value for name, value in tensors.items()})
    x = torch.from_numpy(np.linspace(-1, 1, 9, dtype=np.float32))[None, :, None]
    assert torch.equal(plain(x)[0], net(x))
