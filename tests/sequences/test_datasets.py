"""What a net is trained on: nothing of what judges it, all of the rest, and only what its topology can ask."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstmviz import language
from lstmviz.errors import SequenceError
from lstmviz.sequences.datasets import DataSet, data_set, fitting_topologies
from lstmviz.sequences.generators import GENERATORS
from lstmviz.sequences.generators.prices import coefficients
from lstmviz.sequences.generators.reber import legal_next
from lstmviz.sequences.samples import sample, samples
from lstmviz.sequences.sequence import Sequence
from lstmviz.sequences.tasks import TASKS
from lstmviz.sequences.topology import START, STOP

FILES = [one.id for one in samples() if one.file]
GENERATED = list(dict.fromkeys([*(one.id for one in samples() if one.generator), *TASKS]))


@pytest.fixture
def ramp(tmp_path: Path) -> str:
    """A hundred steps of two features that tell the step."""
    path = tmp_path / "ramp.csv"
    path.write_text("up,down\n" + "".join(f"{t},{-t}\n" for t in range(100)), encoding="utf-8")
    return str(path)


def answered(path: Path, targets: np.ndarray) -> str:
    np.savez(path, values=np.arange(len(targets), dtype=np.float32), targets=targets.astype(np.float32))
    return str(path)


def asked(sequence: Sequence) -> np.ndarray:
    assert sequence.targets is not None
    return ~np.isnan(sequence.targets).any(axis=1)


def made(data: str, **settings: object) -> DataSet:
    return data_set(data, topology=fitting_topologies(data)[0], steps=20, **settings)  # type: ignore[arg-type]


@given(st.integers(2, 60), st.floats(0.05, 0.5))
@settings(max_examples=30, deadline=None)
def test_windows_are_asked_for_what_comes_next_and_know_nothing_of_the_part_that_judges(
    tmp_path_factory: pytest.TempPathFactory, steps: int, share: float
) -> None:
    path = tmp_path_factory.mktemp("ramp") / "ramp.csv"
    path.write_text("up,down\n" + "".join(f"{t},{-t}\n" for t in range(100)), encoding="utf-8")
    border = 100 - round(share * 100)
    if border < steps + 1:
        with pytest.raises(SequenceError, match="too short"):
            data_set(str(path), steps=steps, validation=share)
        return
    data = data_set(str(path), steps=steps, validation=share)
    assert data.size == border - steps
    for n in range(data.size):
        window = data.draw(n)
        assert window.targets is not None
        assert window.values[:, 0].tolist() == list(range(n, n + steps))
        np.testing.assert_array_equal(window.targets, window.values + np.array([1, -1]))
        assert window.targets.max() < border
    judged = [step for window in data.validation for step in window.values[:, 0]]
    assert judged == list(range(border, 99))
    assert all(len(window) <= steps for window in data.validation)


def test_a_file_is_known_by_its_name_and_measured_by_its_training_part(ramp: str) -> None:
    data = data_set(ramp, steps=10, validation=0.25)
    assert (data.name, data.title, data.topology, data.truth) == ("ramp", "ramp", "seq2seq", None)
    assert data.foretells
    assert data.training is not None
    scales = data.scales()
    seen = np.arange(74)
    np.testing.assert_allclose(scales.mean, [seen.mean(), -seen.mean()])
    np.testing.assert_allclose(scales.scale, [seen.std(), seen.std()])
    np.testing.assert_allclose(scales.target_mean, [seen.mean() + 1, -seen.mean() - 1])
    assert len(data.probe) == 100


def test_what_never_changes_has_the_scale_one(tmp_path: Path) -> None:
    path = tmp_path / "flat.csv"
    path.write_text("flat,up\n" + "".join(f"7,{t}\n" for t in range(50)), encoding="utf-8")
    scales = data_set(str(path), steps=5).scales()
    assert (scales.mean[0], scales.scale[0]) == (7.0, 1.0)


@given(st.integers(0, 5), st.integers(1, 200), st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_an_epoch_reads_every_window_once_before_any_again(epoch: int, examples: int, seed: int) -> None:
    data = made("sunspots", validation=0.8)
    assert data.size is not None
    order = data.order(epoch, examples, seed)
    assert order == data.order(epoch, examples, seed)
    assert len(order) == examples
    for first in range(0, examples, data.size):
        part = order[first : first + data.size]
        assert len(set(part)) == len(part)
    assert set(order) <= set(range(data.size))
    if examples >= 20:
        assert order != data.order(epoch + 1, examples, seed)
        assert order != data.order(epoch, examples, seed + 1)


def test_an_epoch_of_a_generator_reads_new_sequences() -> None:
    data = made("adding")
    assert data.size is None
    assert [*data.order(0, 4, 9), *data.order(1, 4, 9)] == list(range(8))
    assert len(data.order(3, 100_000_000, 9)) == 100_000_000  # no memory is taken for them


def test_a_text_is_asked_for_the_next_character_across_the_ends_of_windows(tmp_path: Path) -> None:
    path = tmp_path / "abc.txt"
    path.write_text("abcdefghij" * 10, encoding="utf-8")
    data = data_set(str(path), steps=7)
    window = data.draw(5)
    assert "".join(window.symbol(t) for t in range(7)) == "fghijab"
    assert window.targets is not None
    assert "".join(window.vocabulary[int(place)] for place in window.targets[:, 0]) == "ghijabc"
    assert data.foretells
    assert fitting_topologies(str(path)) == ("seq2seq",)


@pytest.mark.parametrize(
    ("missing", "third", "steps"), [("fill", 1.0, 100), ("interpolate", 2.0, 100), ("drop", 3.0, 99)]
)
def test_what_a_file_leaves_out_is_refused_or_made_up_as_told(
    tmp_path: Path, missing: str, third: float, steps: int
) -> None:
    path = tmp_path / "holes.csv"
    path.write_text("up\n" + "".join("NA\n" if t == 2 else f"{t}\n" for t in range(100)), encoding="utf-8")
    with pytest.raises(SequenceError, match="missing"):
        data_set(str(path), steps=10)
    data = data_set(str(path), steps=10, missing=missing, validation=0.2)
    assert data.training is not None
    assert data.training.values[2, 0] == third
    assert len(data.training) == steps - round(0.2 * steps) - 1


def test_targets_of_a_file_are_asked_at_their_own_steps_or_at_the_last_of_a_window(tmp_path: Path) -> None:
    path = answered(tmp_path / "squares.npz", np.arange(60.0) ** 2)
    assert fitting_topologies(path) == ("seq2seq", "seq2vec")
    data = data_set(path, steps=5)
    assert not data.foretells
    assert data.size == 44
    np.testing.assert_array_equal(data.draw(43).targets, (np.arange(43.0, 48.0) ** 2)[:, None])
    last = data_set(path, topology="seq2vec", steps=5).draw(3)
    assert last.targets is not None
    assert asked(last).tolist() == [False] * 4 + [True]
    assert last.targets[-1, 0] == 49


def test_of_a_long_file_five_hundred_windows_judge_from_its_first_to_its_last(tmp_path: Path) -> None:
    path = answered(tmp_path / "long.npz", np.arange(40_000.0))
    for topology, first in (("seq2seq", 20_000.0), ("seq2vec", 20_003.0)):
        judges = data_set(path, topology=topology, steps=4, validation=0.5).validation  # type: ignore[arg-type]
        assert len(judges) == 500
        targets = [one.targets for one in judges]
        assert np.nanmin(targets) == first
        assert np.nanmax(targets) == 39_999


def test_only_windows_that_are_asked_for_something_are_drawn(tmp_path: Path) -> None:
    rare = np.full(60, np.nan)
    rare[[10, 30, 55]] = 1.0
    path = answered(tmp_path / "rare.npz", rare)
    data = data_set(path, steps=5)
    assert data.size == 10
    assert all(asked(data.draw(n)).sum() == 1 for n in range(10))
    final = data_set(path, topology="seq2vec", steps=5)
    assert [int(final.draw(n).values[-1, 0]) for n in range(final.size or 0)] == [10, 30]
    assert [int(one.values[-1, 0]) for one in final.validation] == [55]
    with pytest.raises(SequenceError, match="no window of 5 steps that is asked for anything"):
        data_set(answered(tmp_path / "none.npz", np.where(np.arange(60) < 40, 1.0, np.nan)), steps=5)


@pytest.mark.parametrize("id", GENERATED)
def test_no_training_sequence_of_a_task_has_the_seed_of_one_that_judges(id: str) -> None:
    sample_of = {one.id: one for one in samples()}
    generator = sample_of[id].generator if id in sample_of else id
    task = TASKS[str(generator)]
    data, again, other = made(id, seed=3), made(id, seed=3), made(id, seed=2**31 - 1)
    for n in (0, 1, 10**6):
        np.testing.assert_array_equal(data.draw(n).values, again.draw(n).values)
    drawn = [tuple(data.draw(n).values.ravel()) for n in range(30)]
    assert drawn != [tuple(other.draw(n).values.ravel()) for n in range(30)]
    assert [tuple(one.values.ravel()) for one in data.validation] == [
        tuple(one.values.ravel()) for one in other.validation
    ]
    if id in ("adding", "prices", "digit-names"):  # numbers that no two seeds share
        assert not {*drawn} & {tuple(one.values.ravel()) for one in (*data.validation, data.probe)}
    assert data.topology == task.topology
    assert data.truth is not None


@pytest.mark.parametrize("id", GENERATED)
def test_every_sequence_of_a_task_is_asked_as_its_topology_says(id: str) -> None:
    data = made(id)
    assert 100 <= len(data.validation) <= 500
    assert data.foretells == (
        id in {"prices", "reber", "anbn", "anbn-exact", "brackets", "plain-reber"} or "reber" in id
    )
    for one in (data.probe, *(data.draw(n) for n in range(20)), *data.validation[:20]):
        steps = asked(one)
        assert one.targets is not None
        if data.topology == "seq2vec":
            assert steps.tolist() == [False] * (len(one) - 1) + [True]
        elif data.topology == "vec2seq":
            assert steps.all()
            assert (one.values == one.values[0]).all()
            assert one.target_names[int(one.targets[-1, 0])] == STOP
        elif data.topology == "enc2dec":
            start = [one.symbol(t) for t in range(len(one))].index(START)
            assert steps.tolist() == [t >= start for t in range(len(one))]
            said = [one.target_names[int(place)] for place in one.targets[start:, 0]]
            assert said == [*(one.symbol(t) for t in range(start + 1, len(one))), STOP]
        else:
            assert steps[:-1].all()


def test_a_sample_is_its_own_probe_and_a_stream_gives_way_to_one_legible_string() -> None:
    for id in ("adding", "dates", "flip-flop", "brackets", "prices", "reviews", "digit-names", "temporal-order"):
        np.testing.assert_array_equal(made(id).probe.values, sample(id).load().values)
    for id in ("reber", "anbn", "plain-reber"):
        probe = made(id).probe
        word = "".join(probe.symbol(t) for t in range(len(probe)))
        assert 15 <= len(word) <= 60
        assert np.isnan(probe.targets[-1, 0])  # type: ignore[index]
    language.use("pt_BR")
    assert made("reber").probe.name == made("reber").title == "Gramática de Reber embutida"


def test_the_parameters_of_a_run_go_before_those_of_the_sample() -> None:
    data = made("adding", params={"length": 30})
    assert all(30 <= len(one) <= 33 for one in (data.draw(0), *data.validation, data.probe))
    assert len(made("brackets").draw(0)) == 100
    longer = made("brackets", params={"steps": 30, "kinds": 1})
    assert len(longer.draw(0)) == len(longer.probe) == 30
    assert longer.truth is not None
    assert longer.truth.optimal_loss == GENERATORS["brackets"].make({"kinds": 1, "steps": 30}).truth.optimal_loss
    np.testing.assert_array_equal(made("adding", params={"seed": 5}).draw(3).values, made("adding").draw(3).values)


@pytest.mark.parametrize("examples", [500, 2500])
def test_on_what_judges_a_perfect_model_pays_the_optimum(examples: int) -> None:
    """So the loss of a net on them is to be held against the optimum, and nothing of it is luck."""
    data = made("reber", examples=examples)
    nats = answers = 0.0
    for one in data.validation:
        string = "".join(one.symbol(t) for t in range(len(one)))
        nats += sum(math.log(len(legal_next(string[:place]))) for place in range(1, len(string)))
        answers += len(string) - 1
    assert data.truth is not None
    assert nats / answers == pytest.approx(data.truth.optimal_loss, rel=0.005)
    prices = made("prices", examples=examples)
    first, second = coefficients(20)
    errors = [
        one.targets[1:, 0] - 100 - first * (one.values[1:, 0] - 100) - second * (one.values[:-1, 0] - 100)
        for one in prices.validation
        if one.targets is not None
    ]
    assert np.mean(np.square(errors, dtype=np.float64)) == pytest.approx(1.0, rel=0.01)


def test_the_share_of_validation_tells_how_many_sequences_judge() -> None:
    sizes = {share: len(made("reviews", examples=1000, validation=share).validation) for share in (0.01, 0.3, 0.9)}
    assert sizes == {0.01: 100, 0.3: 300, 0.9: 500}


@pytest.mark.parametrize("id", FILES)
def test_every_sample_that_is_a_file_can_be_trained_on(id: str) -> None:
    data = data_set(id, steps=4)
    assert data.title == sample(id).title
    assert data.foretells
    counts = Counter(len(data.draw(n)) for n in data.order(0, 10, 0))
    assert counts == {4: 10}
    assert len(data.probe) == min(400, len(sample(id).load()))


def test_what_does_not_fit_is_refused_in_a_sentence(ramp: str, tmp_path: Path) -> None:
    with pytest.raises(SequenceError, match=r"“reber” does not fit the topology seq2vec; expected seq2seq"):
        data_set("reber", topology="seq2vec")
    with pytest.raises(SequenceError, match=r"“adding” does not fit the topology seq2seq; expected seq2vec"):
        data_set("adding")
    with pytest.raises(SequenceError, match=r"ramp.csv” does not fit the topology enc2dec; expected seq2seq"):
        data_set(ramp, topology="enc2dec")
    with pytest.raises(SequenceError, match=r"it has 80 steps to train on and 20 to judge the net by, where 81 and 2"):
        data_set(ramp, steps=80)
    with pytest.raises(SequenceError, match="too short: it has 99 steps to train on and 1 to judge"):
        data_set(ramp, steps=5, validation=0.01)
    with pytest.raises(SequenceError, match="read from a file, which has no parameters; leave out length"):
        data_set(ramp, params={"length": 3})
    with pytest.raises(SequenceError, match="adding has no parameter “size”"):
        data_set("adding", topology="seq2vec", params={"size": 3})
    with pytest.raises(SequenceError, match=r"There is no file “nix”.*sunspots.*plain-reber"):
        data_set("nix")
    with pytest.raises(SequenceError, match="is a folder"):
        data_set(str(tmp_path))


def test_a_folder_of_a_samples_name_is_no_data_and_a_file_of_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reber").mkdir()
    assert data_set("reber").truth is not None
    (tmp_path / "adding").write_text("1\n2\n", encoding="utf-8")
    with pytest.raises(SequenceError, match="ending that is not known"):
        data_set("adding")
