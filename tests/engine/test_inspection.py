"""What a file is said to hold."""

from __future__ import annotations

import numpy as np
import pytest
from torch import nn

import lstmviz
from lstmviz.engine.inspection import inspect_file
from lstmviz.nets.build import build_net
from lstmviz.nets.save import save_net
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP
from lstmviz.traces.pack import pack_store

SYMBOLS = ("a", "b", START, STOP)
SPEC = NetSpec(
    name="n",
    topology="enc2dec",
    input=OneHotInput(SYMBOLS),
    hidden=3,
    peepholes=True,
    layer_norm=True,
    output=ProbabilityOutput(("a", "b", STOP)),
)


def test_a_net_tells_its_topology_and_its_variants(tmp_path):
    save_net(build_net(SPEC), tmp_path / "net.json")
    lines = dict(inspect_file(str(tmp_path / "net.json")))
    assert lines["topology"] == "encoder → decoder"
    assert lines["variants"] == "peepholes, layer normalisation"
    assert lines["layer 0"] == "LSTM 4 → 3"
    # 12 rows of 4 + 3 weights and 2 biases, 9 peepholes and 30 gains, twice; and a read-out
    assert lines["parameters"] == f"{2 * (12 * 9 + 9 + 30) + 3 * 4}"


def test_a_plain_net_has_no_variants_to_tell(tmp_path):
    spec = NetSpec(name="n", cell="gru", input=OneHotInput(("a", "b")), hidden=3)
    save_net(build_net(spec), tmp_path / "net.json")
    lines = dict(inspect_file(str(tmp_path / "net.json")))
    assert "variants" not in lines
    assert (lines["topology"], lines["layer 0"]) == ("sequence → sequence", "GRU 2 → 3")


def test_a_trace_tells_from_where_its_decoder_works(tmp_path):
    sequence = Sequence([0, 1, 2, 1], kind="symbols", vocabulary=SYMBOLS)
    lstmviz.record(build_net(SPEC), sequence).save(str(tmp_path / "t.zarr"))
    lines = dict(inspect_file(str(tmp_path / "t.zarr")))
    assert lines["decoder"] == "from step 2 on"
    assert "passed" in lines["checked"]


def test_a_recording_that_was_cut_short_tells_how_far_it_is_and_as_what_it_is_kept(tmp_path):
    def stop(done, _total):
        if done > 30_000:
            raise KeyboardInterrupt

    place = str(tmp_path / "t.zarr")
    with pytest.raises(KeyboardInterrupt):
        lstmviz.record(nn.LSTM(1, 64), np.zeros((200_000, 1)), out=place, dtype="float16", progress=stop)
    lines = dict(inspect_file(place))
    assert f"{lines['steps']} of 200000 steps" in lines["note"]
    assert lines["kept as"] == "float16"
    assert lines["versions"].startswith("lstmviz")


def test_a_packed_trace_tells_what_its_folder_tells(tmp_path):
    store, packed = str(tmp_path / "t.zarr"), str(tmp_path / "t.zarr.zip")
    lstmviz.record(nn.LSTM(1, 8), np.zeros((20, 1)), out=store)
    pack_store(store, packed)
    assert list(inspect_file(packed)) == list(inspect_file(store))
