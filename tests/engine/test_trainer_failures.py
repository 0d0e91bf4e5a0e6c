"""What keeps a training from going on is one sentence, and nothing that was done is lost."""

from __future__ import annotations

import math
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import numpy as np
import pytest
import torch

import lstmviz
from lstmviz.engine.batches import Segment
from lstmviz.engine.devices import choose_device, multiplications
from lstmviz.engine.events import Paused
from lstmviz.engine.trainer import Trainer
from lstmviz.errors import LstmvizError, RunError
from lstmviz.nets.batch import Batch
from lstmviz.runs.config import RunConfig
from lstmviz.runs.folder import checkpoint_file

SMALL = RunConfig(data="embedded-reber", hidden=8, examples=64, batch=8, epochs=2, checkpoint_every=1000)


def changed(**settings: object) -> RunConfig:
    return msgspec.structs.replace(SMALL, **settings)


def weights(trainer: Trainer) -> dict[str, np.ndarray]:
    return {name: tensor.numpy().copy() for name, tensor in trainer.net.state_dict().items()}


def same(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> bool:
    return all(np.array_equal(one[name], other[name]) for name in one)


def said(trainer: Trainer) -> str:
    template, values = trainer.why
    return template.format(**values)


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """A disk that is full: the system refuses to write more into any file."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_diverging_training_stands_at_its_last_good_checkpoint(tmp_path: Path) -> None:
    config = changed(data="sunspots", cell="rnn", activation="relu", optimiser="sgd", clipping=0, checkpoint_every=4)
    trainer = Trainer(tmp_path / "run", config)
    while trainer.update < 6:
        trainer.advance()
    trainer.steer(learning_rate=100)
    events = list(trainer.events())
    assert isinstance(events[-1], Paused)
    assert trainer.state == "paused"
    assert "diverged" in said(trainer)
    assert "The learning rate was 100: go on with a lower one" in said(trainer)
    assert trainer.why[1]["name"] in dict(trainer.net.named_parameters())
    assert trainer.update == 4
    assert trainer.learning_rate == 0.01  # as it was at the checkpoint
    assert trainer.metrics.rows == trainer.update
    assert all(torch.isfinite(each).all() for each in trainer.net.parameters())
    assert any("diverged" in text for _, text in trainer.log)
    trainer.close()
    again = Trainer(tmp_path / "run")
    assert (again.update, again.learning_rate) == (4, 0.01)
    trainer.steer("go", learning_rate=1e-3)
    trainer.run()
    assert trainer.state == "ended"
    assert math.isfinite(trainer.metrics.validation[-1])


def test_out_of_memory_stands_still_and_loses_nothing(tmp_path: Path) -> None:
    trainer = Trainer(tmp_path / "run", SMALL)
    while trainer.update < 2:
        trainer.advance()
    before = weights(trainer)
    x = torch.zeros(1).expand(8, 10**13, 7)
    trainer._batch, trainer._segments = (
        Batch(x, torch.zeros(8, 1, dtype=torch.int64), torch.ones(8)),
        (Segment(0, None),),
    )
    assert isinstance(list(trainer.events())[-1], Paused)
    assert "not enough memory for update 3 on cpu" in said(trainer)
    assert same(before, weights(trainer))
    trainer._close_batch()
    trainer.steer("go")
    trainer.run()
    whole = Trainer(tmp_path / "whole", SMALL)
    whole.run()
    assert same(weights(trainer), weights(whole))


@pytest.mark.parametrize("error", [KeyboardInterrupt, MemoryError])
def test_an_update_cut_off_while_the_weights_change_is_not_kept(error: type[BaseException], tmp_path: Path) -> None:
    config = changed(checkpoint_every=3)
    trainer = Trainer(tmp_path / "run", config)
    while trainer.update < 5:
        trainer.advance()

    def cut_off(*_: object) -> None:
        raise error

    hook = trainer.learner.optimiser.register_step_post_hook(cut_off)
    if error is KeyboardInterrupt:
        with pytest.raises(KeyboardInterrupt):
            trainer.run()
        trainer.close()
    else:
        trainer.run()
        assert "not enough memory" in said(trainer)
    hook.remove()
    assert trainer.update == 3  # the last checkpoint
    trainer.steer("go")
    trainer.run()
    whole = Trainer(tmp_path / "whole", config)
    whole.run()
    assert same(weights(trainer), weights(whole))
    assert trainer.metrics.loss.tolist() == whole.metrics.loss.tolist()


@pytest.mark.parametrize("size", [0, 700, 3000])
def test_a_full_disk_stands_still_until_there_is_room(size: int, tmp_path: Path) -> None:
    config = changed(checkpoint_every=3, probe_every=4)
    trainer = Trainer(tmp_path / "run", config)
    while trainer.update < 3:
        trainer.advance()
    with files_no_larger_than(size):
        assert isinstance(list(trainer.events())[-1], Paused)
        assert "could not be written" in said(trainer)
        with pytest.raises(LstmvizError, match="could not be written"):
            trainer.close()
    assert Trainer(tmp_path / "run").update == 0  # the last checkpoint that could be written
    trainer.steer("go")
    trainer.run()
    trainer.close()
    whole = Trainer(tmp_path / "whole", config)
    whole.run()
    assert same(weights(trainer), weights(whole))
    assert trainer.metrics.loss.tolist() == whole.metrics.loss.tolist()


def test_a_disk_that_is_full_from_the_start_leaves_a_run_that_can_begin(tmp_path: Path) -> None:
    with files_no_larger_than(700), pytest.raises(LstmvizError, match="could not be written"):
        Trainer(tmp_path / "run", SMALL)
    trainer = Trainer(tmp_path / "run", SMALL)
    trainer.run()
    assert trainer.state == "ended"


def test_a_run_with_other_settings_is_not_gone_on_with(tmp_path: Path) -> None:
    Trainer(tmp_path / "run", SMALL).close()
    with pytest.raises(RunError, match=r"other settings: hidden = 8, seed = 0\. Leave them out"):
        Trainer(tmp_path / "run", changed(hidden=9, seed=3))


def test_a_checkpoint_of_another_net_is_refused(tmp_path: Path) -> None:
    Trainer(tmp_path / "run", SMALL).close()
    Trainer(tmp_path / "other", changed(hidden=9)).close()
    checkpoint_file(tmp_path / "run", 0).write_bytes(checkpoint_file(tmp_path / "other", 0).read_bytes())
    with pytest.raises(RunError, match=r"of another net .* LSTM 9”, expected .* LSTM 8”"):
        Trainer(tmp_path / "run")


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(RunError, match="something else than a run in it"):
        Trainer(tmp_path, SMALL)
    with pytest.raises(RunError, match="is no run"):
        Trainer(tmp_path / "nowhere")
    assert [file.name for file in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_device_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"--device cuda was asked for, but torch .* finds no CUDA GPU"):
        Trainer(tmp_path / "run", changed(device="cuda"))
    assert not (tmp_path / "run").exists()


@pytest.mark.skipif(torch.cuda.is_available() or torch.backends.mps.is_available(), reason="there is a GPU here")
def test_the_best_device_says_why() -> None:
    chosen = choose_device("auto")
    assert (chosen.device.type, chosen.reason) == ("cpu", "there is no GPU here")
    assert choose_device("cpu").reason == "as asked for"


def test_the_work_of_a_step_counts_every_multiplication(tmp_path: Path) -> None:
    spec = Trainer(tmp_path / "run", changed(hidden=10, layers=2)).spec
    assert multiplications(spec, 3) == 3 * 4 * 10 * (10 + 10)


def test_data_too_short_for_its_windows_leaves_no_folder(tmp_path: Path) -> None:
    with pytest.raises(LstmvizError, match="too short"):
        lstmviz.train("sunspots", tmp_path / "run", steps=100_000)
    assert not (tmp_path / "run").exists()


def test_settings_that_make_no_sense_are_named(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"no setting “units”; expected some of: .*hidden"):
        lstmviz.train("sunspots", tmp_path / "run", units=5)
    with pytest.raises(RunError, match=r"make no sense: .*hidden"):
        lstmviz.train("sunspots", tmp_path / "run", hidden="many")


def test_the_library_trains_and_goes_on(tmp_path: Path) -> None:
    settings = {"hidden": 6, "examples": 32, "batch": 16, "epochs": 2}
    seen: list[tuple[int, int]] = []

    def stop_at_two(done: int, of: int) -> None:
        seen.append((done, of))
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        lstmviz.train("sunspots", tmp_path / "run", progress=stop_at_two, **settings)
    run = lstmviz.train("sunspots", tmp_path / "run", **settings)
    whole = lstmviz.train("sunspots", tmp_path / "whole", **settings)
    assert seen == [(1, 4), (2, 4)]
    assert run.metrics.loss.tolist() == whole.metrics.loss.tolist()
    assert lstmviz.record(
        run.net, lstmviz.load_sequence(lstmviz.paths.samples() / "sequences" / "sunspots.csv")
    ).check.passed
    assert "4 updates" in repr(run)


def test_the_library_leaves_the_callers_threads_as_they_were(tmp_path: Path) -> None:
    before = torch.get_num_threads()
    lstmviz.train("reber", tmp_path / "run", threads=before + 1, hidden=4, examples=8, batch=8, epochs=1)
    assert torch.get_num_threads() == before
    with pytest.raises(LstmvizError):
        lstmviz.train("reber", tmp_path / "run", threads=before + 2)
    assert torch.get_num_threads() == before


def test_a_beginning_that_was_killed_before_its_first_file_was_whole_begins_again(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / ".lstmviz-12345678-1-abcdef01.json").write_text("{")
    (folder / "lock").touch()
    trainer = Trainer(folder, RunConfig(data="embedded-reber", hidden=3, examples=8, batch=8, epochs=1))
    trainer.run()
    trainer.close()
    assert trainer.state == "ended"
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "thesis.txt").touch()
    with pytest.raises(RunError, match="something else"):
        Trainer(tmp_path / "other", trainer.config)
