"""Nets: what is saved is what is read, and a file that is not what it says is refused in one sentence."""

from __future__ import annotations

import hashlib
import json
import struct

import msgspec
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save as safetensors_save
from safetensors.torch import load_file

from lstmviz.errors import ModelError, SequenceError
from lstmviz.nets.build import build_net
from lstmviz.nets.fingerprint import fingerprint, to_bytes
from lstmviz.nets.reader import load_model
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import Look, NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.nets.summary import summarise
from lstmviz.sequences.sequence import Sequence

SERIES = NetSpec(
    name="série",
    input=ValueInput(("load", "heat"), (1.0, 2.0), (3.0, 4.0)),
    hidden=6,
    layers=2,
    bidirectional=True,
    projection=4,
    output=ValueOutput(("load",), (1.0,), (3.0,), (0,)),
    note={"en": "Look here.", "pt_BR": "Olhe aqui."},
    look=Look(1, "reverse", 5, "f"),
)
SYMBOLS = NetSpec(
    name="s", cell="rnn", input=OneHotInput(("B", "T", "é")), hidden=4, output=ProbabilityOutput(("B", "é"))
)


@pytest.fixture
def saved(tmp_path):
    save_net(build_net(SERIES, seed=5), tmp_path / "net.json")
    return tmp_path / "net.json"


@settings(deadline=None, max_examples=20)
@given(
    st.sampled_from(["lstm", "rnn"]),
    st.integers(1, 6),
    st.integers(1, 3),
    st.booleans(),
    st.booleans(),
    st.integers(0, 99),
)
def test_a_net_comes_back_bit_for_bit(tmp_path_factory, cell, hidden, layers, bidirectional, readout, seed):
    spec = NetSpec(
        name="n",
        cell=cell,
        input=ValueInput(("x",), (0.0,), (1.0,)),
        hidden=hidden,
        layers=layers,
        bidirectional=bidirectional,
        output=ValueOutput(("x",), (0.0,), (1.0,)) if readout else None,
    )
    net = build_net(spec, seed)
    path = tmp_path_factory.mktemp("nets") / "net.safetensors"
    save_net(net, path)
    state = torch.get_rng_state()
    again = load_model(path)
    assert torch.equal(torch.get_rng_state(), state)
    assert again.spec == net.spec
    for (name, tensor), (name_again, other) in zip(net.state_dict().items(), again.state_dict().items(), strict=True):
        assert name == name_again
        assert torch.equal(tensor, other)


def test_one_hash_names_the_weights_in_memory_and_on_disk(saved):
    net = load_model(saved)
    on_disk = hashlib.sha256(saved.with_suffix(".safetensors").read_bytes()).hexdigest()
    assert fingerprint(net) == on_disk == net.spec.sha256 == summarise(saved).sha256 == net.info().sha256


def test_the_file_is_one_that_the_safetensors_library_writes():
    net = build_net(SERIES)
    net.register_buffer("count", torch.zeros((), dtype=torch.float64))
    assert to_bytes(net) == safetensors_save({name: value.numpy() for name, value in net.state_dict().items()})


def test_the_summary_tells_the_net_without_building_it(saved):
    summary = summarise(saved)
    net = load_model(saved)
    assert summary.parameters == sum(parameter.numel() for parameter in net.parameters())
    assert [(layer.inputs, layer.units, layer.outputs) for layer in summary.layers] == [(2, 6, 4), (8, 6, 4)]
    assert summary.layers[1].directions == ("forward", "reverse")
    assert (summary.inputs, summary.outputs, summary.output_kind) == (2, 1, "value")
    assert [summary.words(code) for code in ("en", "pt_BR", "xx")] == ["Look here.", "Olhe aqui.", "Look here."]


@pytest.mark.parametrize("bidirectional", [False, True])
def test_the_forget_bias_of_a_new_net_is_one_in_total(bidirectional):
    net = build_net(msgspec.structs.replace(SERIES, bidirectional=bidirectional, look=Look()))
    state = net.recurrent.state_dict()
    for name in [name for name in state if name.startswith("bias_ih")]:
        total = state[name] + state[name.replace("_ih", "_hh")]
        torch.testing.assert_close(total[6:12], torch.ones(6), rtol=0, atol=0)


def test_the_same_seed_gives_the_same_net_and_touches_no_other_random_number():
    before = torch.get_rng_state()
    first, second, third = build_net(SERIES, 1), build_net(SERIES, 1), build_net(SERIES, 2)
    assert torch.equal(torch.get_rng_state(), before)
    assert fingerprint(first) == fingerprint(second) != fingerprint(third)


def test_weights_that_are_not_finite_are_read_and_said(tmp_path):
    net = build_net(SERIES)
    with torch.no_grad():
        net.recurrent.weight_hh_l0[0, 0] = float("nan")
    save_net(net, tmp_path / "net.json")
    assert "1 weights of “recurrent.weight_hh_l0” are NaN or infinite" in load_model(tmp_path / "net.json").info().note


def test_saving_onto_a_net_replaces_it_and_leaves_nothing_else(saved):
    save_net(build_net(SERIES, seed=9), saved)
    assert fingerprint(load_model(saved)) == fingerprint(build_net(SERIES, seed=9))
    assert sorted(path.name for path in saved.parent.iterdir()) == ["net.json", "net.safetensors"]


def _json(saved, **changes):
    spec = json.loads(saved.read_text())
    saved.write_text(json.dumps(spec | changes))


def _header(saved, change):
    path = saved.with_suffix(".safetensors")
    data = path.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = change(data[8 : 8 + length])
    path.write_bytes(struct.pack("<Q", len(header)) + header + data[8 + length :])


def _weights(saved, change):
    path = saved.with_suffix(".safetensors")
    path.write_bytes(change(path.read_bytes()))


BAD = {
    "no description": (lambda s: s.unlink(), "net.json” is not there"),
    "no weights": (lambda s: s.with_suffix(".safetensors").unlink(), "net.safetensors” is not there"),
    "empty description": (lambda s: s.write_text(""), "is not the description of a net"),
    "not JSON": (lambda s: s.write_bytes(b"\x89PNG\xff"), "is not the description of a net"),
    "a list": (lambda s: s.write_text("[1]"), "Expected `object`"),
    "nested too deep": (lambda s: s.write_text("[" * 100_000), "is not the description of a net"),
    "too large": (lambda s: s.write_text(" " * (5 << 20)), "larger than 4 MiB"),
    "another format": (lambda s: _json(s, format=2), "has format 2; this lstmviz reads format 1"),
    "a word for a number": (lambda s: _json(s, hidden="six"), "Expected `int`, got `str` - at `$.hidden`"),
    "no units": (lambda s: _json(s, hidden=0), "$.hidden"),
    "10⁹ units": (lambda s: _json(s, hidden=10**9), "$.hidden"),
    "more units": (lambda s: _json(s, hidden=7), "have shape (24, 2); its description expects (28, 2)"),
    "more layers": (lambda s: _json(s, layers=3), "“recurrent.weight_ih_l2” have shape None"),
    "fewer layers": (lambda s: _json(s, layers=1, look={}), "its description expects None"),
    "a projection too wide": (lambda s: _json(s, projection=6), "a projection of 6 does not fit"),
    "a scale of 0": (
        lambda s: _json(s, input={"type": "values", "names": ["a", "b"], "mean": [0, 0], "scale": [1, 0]}),
        "“b” has mean 0.0 and scale 0.0",
    ),
    "a mean too few": (
        lambda s: _json(s, input={"type": "values", "names": ["a", "b"], "mean": [0], "scale": [1, 1]}),
        "2 names have 1 means",
    ),
    "a name twice": (
        lambda s: _json(s, input={"type": "values", "names": ["a", "a"], "mean": [0, 0], "scale": [1, 1]}),
        "empty or repeated",
    ),
    "a column that is not there": (
        lambda s: _json(s, output={"type": "value", "names": ["a"], "mean": [0], "scale": [1], "columns": [2]}),
        "foretells the input columns [2]; expected 1 of the 2",
    ),
    "a look past the end": (lambda s: _json(s, look={"unit": 6}), "look at unit 6, layer 0"),
    "empty weights": (lambda s: _weights(s, lambda data: b""), "is not a safetensors file"),
    "cut in the header": (lambda s: _weights(s, lambda data: data[:100]), "is not a safetensors file"),
    "cut in the data": (lambda s: _weights(s, lambda data: data[:-4]), "was cut short"),
    "something behind": (lambda s: _weights(s, lambda data: data + b"x"), "bytes; its header promises"),
    "a huge header": (lambda s: _weights(s, lambda data: b"\xff" * 7 + data[7:]), "is not a safetensors file"),
    "a flipped bit": (lambda s: _weights(s, lambda data: data[:-1] + bytes([data[-1] ^ 1])), "has the SHA-256"),
    "a header of a list": (lambda s: _header(s, lambda _: b"[]"), "damaged header"),
    "a name twice in the header": (
        lambda s: _header(s, lambda h: h.replace(b"readout.weight", b"readout.bias")),
        "a name is there twice",
    ),
    "an unknown type": (lambda s: _header(s, lambda h: h.replace(b"F32", b"F16")), "expected F32 or F64"),
    "overlapping data": (
        lambda s: _header(s, lambda h: h.replace(b'"data_offsets":[0,4]', b'"data_offsets":[4,8]')),
        "expected F32 or F64, without gaps",
    ),
}


@pytest.mark.parametrize("fault", BAD)
def test_a_bad_file_is_refused_in_one_sentence_that_names_it(saved, fault):
    spoil, said = BAD[fault]
    spoil(saved)
    for read in (load_model, summarise):
        with pytest.raises(ModelError) as error:
            read(saved)
        assert said in str(error.value)
        assert str(saved.parent) in str(error.value)


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_no_flipped_byte_passes_unseen(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("flipped") / "net.json"
    save_net(build_net(SYMBOLS), path)
    weights = path.with_suffix(".safetensors")
    whole = bytearray(weights.read_bytes())
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    weights.write_bytes(whole)
    with pytest.raises(ModelError):
        load_model(path)


def test_another_ending_is_refused(tmp_path):
    (tmp_path / "net.txt").write_text("no model")
    with pytest.raises(ModelError, match=r"expected a file that ends in one of: \.pt "):
        load_model(tmp_path / "net.txt")


def test_a_file_that_is_not_there_is_said(tmp_path):
    with pytest.raises(ModelError, match=r"is not there; expected a model file"):
        load_model(tmp_path / "net.pt")


def test_a_net_of_ours_is_one_stack(saved):
    assert load_model(saved, layer=0).spec == load_model(saved, layer="recurrent").spec == load_model(saved).spec
    for read in (lambda: load_model(saved, layer="lstm"), lambda: summarise(f"{saved}#lstm")):
        with pytest.raises(ModelError, match="has no layer “lstm”"):
            read()


def test_the_weights_are_read_by_the_library_too(saved):
    net = load_model(saved)
    for name, tensor in load_file(saved.with_suffix(".safetensors")).items():
        assert torch.equal(net.state_dict()[name], tensor)


def _symbols(*places, vocabulary=("B", "T", "é")):
    return Sequence(np.array(places)[:, None], kind="symbols", vocabulary=vocabulary, name="s")


@pytest.mark.parametrize(
    ("spec", "sequence", "said"),
    [
        (SERIES, Sequence(np.ones((4, 3)), name="s"), "“s” has 3 features a step; the net “série” takes 2: load, heat"),
        (SERIES, _symbols(0, 1), "is a sequence of symbols"),
        (
            SERIES,
            Sequence([[1, 2], [3, np.nan]], names=("a", "b"), name="s"),
            "Step 1 of “s” has nan in the feature “b”",
        ),
        (SYMBOLS, Sequence(np.ones((4, 1))), "is a sequence of values"),
        (
            SYMBOLS,
            _symbols(0, 3, vocabulary=("B", "T", "é", "?")),
            "is “?”, unknown to the net “s”; expected one of its 3 symbols: ",
        ),
        (SYMBOLS, _symbols(0, 3, vocabulary=("B", "T", "é", "\n")), "Step 1 of “s” is “\\n”, unknown to the net “s”; "),
    ],
)
def test_a_sequence_that_does_not_fit_a_net_is_refused_in_a_sentence(spec, sequence, said):
    with pytest.raises(SequenceError) as error:
        build_net(spec).encode(sequence)
    assert said in str(error.value)


def test_targets_come_from_the_sequence_where_it_has_them():
    net = build_net(SYMBOLS)
    sequence = Sequence(
        np.array([[0], [1], [2]]), kind="symbols", vocabulary=("B", "T", "é"), targets=np.array([[2], [1], [np.nan]])
    )
    np.testing.assert_array_equal(net.targets(sequence)[:, 0], [1, np.nan, np.nan])
    adding = build_net(msgspec.structs.replace(SERIES, output=ValueOutput(("sum",), (0.0,), (1.0,))))
    assert adding.targets(Sequence(np.ones((3, 2)))) is None
    targets = np.array([[np.nan], [np.nan], [0.5]], np.float32)
    np.testing.assert_array_equal(adding.targets(Sequence(np.ones((3, 2)), targets=targets)), targets)
