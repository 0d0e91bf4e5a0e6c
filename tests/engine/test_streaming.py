"""A recording that goes to a store in stretches is the recording whole, and takes no more memory for being longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch
from torch import nn

import lstmviz
from lstmviz.engine import streaming
from lstmviz.engine.scratch import Scratch
from lstmviz.errors import ExportError, SequenceError, TraceError
from lstmviz.nets.build import build_net
from lstmviz.nets.loop import LoopLayers
from lstmviz.nets.spec import NetSpec, OneHotInput, ProbabilityOutput, ValueInput, ValueOutput
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.topology import START, STOP
from lstmviz.traces.one_hot import OneHot
from lstmviz.traces.trace import Trace

ODD = 7
MODULES = {
    "lstm": lambda **kind: nn.LSTM(3, 5, **kind),
    "lstm float64": lambda **kind: nn.LSTM(3, 5, bias=False, dtype=torch.float64, **kind),
    "projection": lambda **kind: nn.LSTM(3, 5, proj_size=2, **kind),
    "gru": lambda **kind: nn.GRU(3, 5, **kind),
    "rnn": lambda **kind: nn.RNN(3, 5, nonlinearity="relu", **kind),
    "peepholes": lambda **kind: LoopLayers(3, 5, peepholes=True, **kind),
}


@pytest.fixture
def odd_stretches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven steps at once."""
    monkeypatch.setattr(streaming, "stretch_of", lambda _work: ODD)


def assert_same(stored: Trace, whole: Trace, atol: float, dtype: str = "") -> None:
    """Every signal and output of a stored trace is that of the one in memory, in the store's own float type."""
    assert len(stored) == len(whole)
    assert stored.layers == whole.layers
    assert set(stored.lanes) == set(whole.lanes)
    for key, lane in whole.lanes.items():
        other = stored.lanes[key]
        assert set(other.signals) == set(lane.signals)
        for name, values in lane.signals.items():
            kept = values.astype(dtype) if dtype else values
            found = other.signals[name][:]
            assert found.dtype == kept.dtype
            np.testing.assert_allclose(found, kept, rtol=0, atol=atol, err_msg=f"{key} {name}")
        np.testing.assert_array_equal(other.h0, lane.h0)
        for own, its in ((other.weights, lane.weights), (other.decoder, lane.decoder)):
            assert (own is None) == (its is None)
            if own is not None:
                np.testing.assert_array_equal(own.wx, its.wx)
    for one, two in ((stored.outputs, whole.outputs), (stored.targets, whole.targets)):
        assert (one is None) == (two is None)
        if one is not None:
            np.testing.assert_allclose(one[:], two, rtol=0, atol=atol)
    np.testing.assert_array_equal(stored.inputs[:], whole.inputs)
    assert (stored.input_names, stored.output_names) == (whole.input_names, whole.output_names)
    assert (stored.output_kind, stored.handover, stored.name) == (whole.output_kind, whole.handover, whole.name)
    assert stored.model == whole.model
    assert stored.check.passed
    assert stored.check.against == whole.check.against


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("kind", MODULES)
def test_stretches_make_the_same_numbers_as_the_whole(kind, layers, bidirectional, odd_stretches, tmp_path) -> None:
    torch.manual_seed(0)
    module = MODULES[kind](num_layers=layers, bidirectional=bidirectional)
    rng, lanes = np.random.default_rng(0), layers * (1 + bidirectional)
    x, h0 = rng.normal(size=(4 * ODD + 3, 3)), rng.normal(size=(lanes, 2 if kind == "projection" else 5))
    whole = lstmviz.record(module, x, h0)

    stored = lstmviz.record(module, x, h0, out=tmp_path / "a.zarr")

    # a product of other shapes adds in another order: not one bit less is promised, as in test_pieces
    assert_same(stored, whole, 1e-12 if "64" in kind else 1e-6)


def test_a_stretch_is_as_many_whole_pieces_so_that_the_numbers_are_exactly_those_of_the_whole(tmp_path) -> None:
    torch.manual_seed(0)
    module = nn.LSTM(3, 512, bidirectional=True)
    x = np.random.default_rng(0).normal(size=(5000, 3))
    assert_same(lstmviz.record(module, x, out=tmp_path / "a.zarr"), lstmviz.record(module, x), 0)


VALUES = NetSpec(
    name="v",
    input=ValueInput(("a", "b"), (1.0, 0.0), (2.0, 1.0)),
    hidden=6,
    layers=2,
    output=ValueOutput(("a",), (3.0,), (2.0,), (0,)),
)
SYMBOLS = ("a", "b", "c", START, STOP)
WORDS = NetSpec(
    name="w", input=OneHotInput(SYMBOLS), hidden=5, layers=2, output=ProbabilityOutput(("c", "b", "a", STOP)), said=12
)


@pytest.mark.parametrize(
    "spec",
    [
        VALUES,
        msgspec.structs.replace(VALUES, bidirectional=True, cell="gru"),
        msgspec.structs.replace(VALUES, bidirectional=True, topology="seq2vec"),
        msgspec.structs.replace(VALUES, peepholes=True, layer_norm=True, projection=3, initial_state=True),
        msgspec.structs.replace(WORDS, bidirectional=True),
        msgspec.structs.replace(WORDS, topology="enc2dec"),
        msgspec.structs.replace(WORDS, topology="enc2dec", cell="gru"),
    ],
)
def test_a_net_says_the_same_stretch_by_stretch(spec, odd_stretches, tmp_path) -> None:
    net = build_net(spec, 2)
    if spec.initial_state:
        net.initial_h.normal_()
        net.initial_c.normal_()
    sequence = Sequence(np.random.default_rng(0).normal(size=(3 * ODD + 2, 2)))
    if isinstance(spec.input, OneHotInput):
        places = [SYMBOLS.index(symbol) for symbol in (*"abcabcabcabcaabb", START, *"cbacbacb")]
        sequence = Sequence(np.array(places), kind="symbols", vocabulary=SYMBOLS)
    whole = lstmviz.record(net, sequence)

    stored = lstmviz.record(net, sequence, out=tmp_path / "a.zarr")

    assert_same(stored, whole, 1e-6)


def test_a_question_is_answered_before_it_is_recorded(odd_stretches, tmp_path) -> None:
    net = build_net(msgspec.structs.replace(WORDS, topology="enc2dec"), 1)
    question = Sequence(np.array([0, 1, 2, 0, 1, 2, 0, 1]), kind="symbols", vocabulary=SYMBOLS)
    stored = lstmviz.record(net, question, out=tmp_path / "a.zarr")
    assert_same(stored, lstmviz.record(net, question), 1e-6)
    assert stored.handover == 8


def test_what_is_kept_in_fewer_bits_was_computed_in_all_of_them(odd_stretches, tmp_path) -> None:
    torch.manual_seed(0)
    module = nn.LSTM(3, 5, num_layers=3, bidirectional=True)
    x = np.random.default_rng(0).normal(size=(40, 3))
    stored = lstmviz.record(module, x, out=tmp_path / "a.zarr", dtype="float16")
    whole = lstmviz.record(module, x)
    assert_same(stored, whole, 1e-3, "float16")
    top = whole.lanes[2, "reverse"].signals["h"]
    # rounding once, and not in each layer: half a unit in the last place, and what 1e-6 can tip over
    assert (np.abs(stored.lanes[2, "reverse"].signals["h"][:] - top) <= np.abs(top) * 2**-11 + 2e-6).all()


def test_a_number_too_large_for_float16_is_refused_with_the_name_of_its_signal(odd_stretches, tmp_path) -> None:
    module = nn.RNN(1, 2, nonlinearity="relu")
    with pytest.raises(ExportError, match=r"layer0/forward/h reaches .* float16"):
        lstmviz.record(module, np.full((20, 1), 1e9), out=tmp_path / "a.zarr", dtype="float16")


def test_a_net_with_an_infinite_weight_is_recorded_and_its_check_says_so(odd_stretches, tmp_path) -> None:
    module = nn.LSTM(1, 2)
    with torch.no_grad():
        module.weight_hh_l0[0, 0] = torch.nan
    stored = lstmviz.record(module, np.ones((20, 1)), out=tmp_path / "a.zarr")
    assert not stored.check.passed
    assert len(stored) == 20


@pytest.mark.parametrize("bidirectional", [False, True])
def test_progress_is_told_at_every_stretch_of_every_lane(bidirectional, odd_stretches, tmp_path) -> None:
    told: list[tuple[int, int]] = []
    module = nn.LSTM(1, 4, num_layers=2, bidirectional=bidirectional)
    lstmviz.record(module, np.zeros((20, 1)), out=tmp_path / "a.zarr", progress=lambda *now: told.append(now))
    lanes = 4 if bidirectional else 2
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert len(told) == 3 * lanes
    assert told[-1] == (20 * lanes, 20 * lanes)


class StoppedError(Exception):
    """Somebody pressed cancel."""


@pytest.mark.parametrize("bidirectional", [False, True])
def test_a_cancelled_recording_opens_with_what_was_complete(bidirectional, odd_stretches, tmp_path) -> None:
    torch.manual_seed(0)
    module = nn.LSTM(3, 4, bidirectional=bidirectional)
    x = np.random.default_rng(0).normal(size=(300, 3))
    whole = lstmviz.record(module, x)
    enough = 400 if bidirectional else 200

    def stop(done: int, _total: int) -> None:
        if done > enough:
            raise StoppedError

    with pytest.raises(StoppedError):
        lstmviz.record(module, x, out=tmp_path / "a.zarr", progress=stop)

    stored = lstmviz.open_trace(tmp_path / "a.zarr")
    there = 97 if bidirectional else 196  # 28 · 7; 300 forward, and from the end 6 + 13 · 7
    assert f"{there} of 300 steps" in stored.recorded.note
    assert len(stored) == (300 if bidirectional else 196)
    steps = slice(300 - there, None) if bidirectional else slice(0, there)
    for key, lane in stored.lanes.items():
        for name in "ifogch":
            np.testing.assert_allclose(lane.signals[name][steps], whole.lanes[key].signals[name][steps], atol=1e-6)
    if bidirectional:
        assert np.isnan(stored.lanes[0, "reverse"].signals["h"][: 300 - there]).all()


def test_a_recording_is_replaced_only_when_it_may_be(tmp_path) -> None:
    out, module = tmp_path / "a.zarr", nn.LSTM(1, 4)
    lstmviz.record(module, np.zeros((20, 1)), out=out)
    with pytest.raises(ExportError, match="--overwrite"):
        lstmviz.record(module, np.ones((30, 1)), out=out)
    assert len(lstmviz.open_trace(out)) == 20
    lstmviz.record(module, np.ones((30, 1)), out=out, overwrite=True)
    assert len(lstmviz.open_trace(out)) == 30
    assert [path.name for path in tmp_path.iterdir()] == ["a.zarr"]


def test_a_recording_that_may_replace_another_and_is_stopped_leaves_both(odd_stretches, tmp_path) -> None:
    out, module = tmp_path / "a.zarr", nn.LSTM(1, 4)
    lstmviz.record(module, np.zeros((20, 1)), out=out)

    def stop(done: int, _total: int) -> None:
        if done > 200:
            raise StoppedError

    with pytest.raises(StoppedError):
        lstmviz.record(module, np.ones((300, 1)), out=out, overwrite=True, progress=stop)
    lengths = sorted(len(lstmviz.open_trace(path)) for path in tmp_path.iterdir())
    assert lengths == [20, 196]


def test_what_is_not_a_trace_is_never_replaced(tmp_path) -> None:
    folder = tmp_path / "a.zarr"
    folder.mkdir()
    (folder / "letter.txt").write_text("dear")
    with pytest.raises(ExportError, match="something else"):
        lstmviz.record(nn.LSTM(1, 4), np.zeros((20, 1)), out=folder, overwrite=True)
    assert (folder / "letter.txt").read_text() == "dear"


def test_a_list_has_no_single_store(tmp_path) -> None:
    with pytest.raises(SequenceError, match="A list of 2 sequences cannot"):
        lstmviz.record(nn.LSTM(1, 4), [np.zeros((20, 1)), np.zeros((3, 1))], out=tmp_path / "a.zarr")
    assert not list(tmp_path.iterdir())


def test_the_type_of_a_store_needs_a_store_and_is_one_of_three(tmp_path) -> None:
    with pytest.raises(TraceError, match="out"):
        lstmviz.record(nn.LSTM(1, 4), np.zeros((20, 1)), dtype="float16")
    with pytest.raises(TraceError, match="float16 float32 float64"):
        lstmviz.record(nn.LSTM(1, 4), np.zeros((20, 1)), out=tmp_path / "a.zarr", dtype="bfloat16")
    assert not list(tmp_path.iterdir())


def test_symbols_out_of_very_many_are_kept_as_places(monkeypatch, odd_stretches, tmp_path) -> None:
    monkeypatch.setattr("lstmviz.engine.inputs._WHOLE", 0)
    vocabulary = tuple(f"w{n}" for n in range(40))
    places = np.random.default_rng(0).integers(0, 40, 30)
    sequence = Sequence(places, kind="symbols", vocabulary=vocabulary)
    module = nn.LSTM(40, 5)
    stored = lstmviz.record(module, sequence, out=tmp_path / "a.zarr")
    assert isinstance(stored.inputs, OneHot)
    assert not (tmp_path / "a.zarr" / "model" / "inputs").exists()
    assert_same(stored, lstmviz.record(module, sequence), 1e-6)
    np.testing.assert_array_equal(stored.inputs[:, 3], places == 3)


def test_a_symbol_that_the_net_does_not_know_is_named_with_its_step_before_anything_is_written(tmp_path) -> None:
    net = build_net(WORDS, 1)
    sequence = Sequence(np.array([0] * 20 + [1]), kind="symbols", vocabulary=("a", "ä"))
    with pytest.raises(SequenceError, match=r"Step 20 .* “ä”"):
        lstmviz.record(net, sequence, out=tmp_path / "a.zarr")
    assert not list(tmp_path.iterdir())


MEMORY = """
import sys, numpy as np, torch, lstmviz
from torch import nn

def record(steps, both):
    lstmviz.record(nn.LSTM(1, 128, bidirectional=both), np.ones((steps, 1)), out=sys.argv[1], overwrite=True)

def peak():  # ru_maxrss would begin with what the parent held
    return int(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0]) / 1024

torch.set_num_threads(1)
record(12_000, False)
record(12_000, True)
first = peak()
record(45_000, False)
print(peak() - first)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says the most that a process held")
def test_a_longer_recording_takes_no_more_memory(tmp_path) -> None:
    """Signals of 132 MiB, after others of 35 and 70, for at most 40 more."""
    words = [sys.executable, "-c", MEMORY, str(tmp_path / "a.zarr")]
    done = subprocess.run(words, check=True, capture_output=True, text=True, timeout=100)
    assert float(done.stdout) < 40, done.stdout


def test_scratch_gives_back_what_was_written_and_leaves_nothing(tmp_path) -> None:
    rows = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    scratch = Scratch(tmp_path / "a.zarr", 3, rows.dtype)
    for start in (40, 20, 0):
        scratch.write(start, rows[start : start + 20])
    np.testing.assert_array_equal(scratch[7:45], rows[7:45])
    with pytest.raises(ExportError, match="could not be written"):
        scratch[45:51]
    scratch.close()
    assert not list(Path(tmp_path).iterdir())
