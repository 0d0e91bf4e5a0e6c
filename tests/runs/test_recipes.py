"""The recipes: settings that make sense, twins that differ in one thing, and trainings that keep their promises."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from lstmviz.engine.events import Updated
from lstmviz.engine.recorder import record
from lstmviz.engine.trainer import Trainer
from lstmviz.errors import RunError
from lstmviz.runs.config import RunConfig
from lstmviz.runs.recipes import GROUP_TITLES, RECIPES, Recipe, recipe
from lstmviz.runs.settings import check_config, differing

NEVER = 1_000_000_000
TWINS = [one for one in RECIPES if one.group == "twin"]
DIFFERENCES = {
    "twin-cell": ("cell",),
    "twin-forget-bias": ("forget_bias",),
    "twin-activation": ("activation",),
    "twin-clipping": ("clipping",),
    "twin-dropout": ("dropout",),
    "twin-normalisation": ("layer_norm",),
    "twin-optimiser": ("optimiser",),
}


def trained(config: RunConfig, folder: Path) -> Trainer:
    """The trainer after its last epoch, with nothing kept on the way."""
    trainer = Trainer(folder, replace(config, device="cpu", probe_every=NEVER, checkpoint_every=NEVER))
    trainer.run()
    assert trainer.why is None
    trainer.net.eval()
    return trainer


def pair(id: str, folder: Path) -> list[np.ndarray]:
    """The validation losses of both twins."""
    return [trained(config, folder / str(place)).metrics.validation for place, config in enumerate(recipe(id).configs)]


@pytest.mark.parametrize("one", RECIPES, ids=[one.id for one in RECIPES])
def test_every_recipe_has_settings_that_pass_and_words_to_go_with_them(one: Recipe) -> None:
    for config in one.configs:
        assert check_config(config) is config
    assert one.title
    assert one.note.endswith(".")
    assert one.group in GROUP_TITLES
    assert len(one.names) == (2 if one.group == "twin" else 0)
    assert len(one.configs) == (2 if one.group == "twin" else 1)


def test_ids_are_unique_and_every_topology_and_point_of_the_lecture_is_there() -> None:
    ids = [one.id for one in RECIPES]
    assert len(set(ids)) == len(ids)
    topologies = {one.configs[0].topology for one in RECIPES if one.group == "topology"}
    assert topologies == {"seq2seq", "seq2vec", "vec2seq", "enc2dec"}
    assert {one.id for one in TWINS} == set(DIFFERENCES)


@pytest.mark.parametrize("one", TWINS, ids=[one.id for one in TWINS])
def test_twins_differ_in_one_setting_alone(one: Recipe) -> None:
    assert differing(*one.configs) == DIFFERENCES[one.id]


def test_an_unknown_recipe_is_refused_with_the_known_ones() -> None:
    with pytest.raises(RunError, match="twin-clipping"):
        recipe("nothing of the kind")


@pytest.mark.parametrize("one", RECIPES, ids=[one.id for one in RECIPES])
def test_every_recipe_begins_to_train(one: Recipe, tmp_path: Path) -> None:
    for place, config in enumerate(one.configs):
        small = replace(config, examples=2 * config.batch, epochs=1, device="cpu", probe_every=NEVER)
        trainer = Trainer(tmp_path / str(place), small)
        updates = [event for event in trainer.events() if isinstance(event, Updated)]
        assert len(updates) == 2
        assert trainer.state == "ended"


@pytest.mark.slow
def test_the_forecaster_of_prices_comes_within_a_twentieth_of_the_optimum(tmp_path: Path) -> None:
    trainer = trained(recipe("prices").configs[0], tmp_path / "run")
    truth = trainer.data.truth
    assert truth is not None
    errors = [(record(trainer.net, one).outputs - one.targets) ** 2 for one in trainer.data.validation]
    assert np.mean(errors) < truth.optimal_loss + 0.05


@pytest.mark.slow
def test_the_reader_of_reviews_errs_as_little_as_its_note_says(tmp_path: Path) -> None:
    trainer = trained(recipe("reviews").configs[0], tmp_path / "run")
    errors = [abs(record(trainer.net, one).outputs[-1] - one.targets[-1]) for one in trainer.data.validation]
    assert np.mean(errors) < 0.02
    assert np.max(errors) < 0.1


@pytest.mark.slow
def test_names_of_digits_are_spelt_as_rarely_wrong_as_the_note_says(tmp_path: Path) -> None:
    trainer = trained(recipe("digit-names").configs[0], tmp_path / "run")
    right = [(record(trainer.net, one).outputs.argmax(axis=1) == one.targets[:, 0]).all()
             for one in trainer.data.validation]  # fmt: skip
    assert np.mean(right) >= 0.99


@pytest.mark.slow
def test_dates_are_said_without_help_as_rarely_wrong_as_the_note_says(tmp_path: Path) -> None:
    trainer = trained(recipe("dates").configs[0], tmp_path / "run")
    right = []
    for one in trainer.data.validation[:200]:
        asked = np.isfinite(one.targets[:, 0])
        trace = record(trainer.net, one[: int(asked.argmax())])
        said = [trace.output_names[place] for place in trace.outputs[int(asked.argmax()) :].argmax(axis=1)]
        right.append(said == [one.target_names[int(place)] for place in one.targets[asked, 0]])
    assert np.mean(right) >= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("id", ["twin-cell", "twin-forget-bias"])
def test_the_first_twin_bridges_the_lag_and_the_second_guesses(id: str, tmp_path: Path) -> None:
    bridges, guesses = pair(id, tmp_path)
    assert bridges[-1] < 0.05
    assert guesses[-1] > 1.2


@pytest.mark.slow
def test_relu_blows_up_and_tanh_cannot(tmp_path: Path) -> None:
    tops = []
    for place, config in enumerate(recipe("twin-activation").configs):
        trainer = Trainer(tmp_path / str(place), replace(config, device="cpu", probe_every=NEVER, epochs=1))
        tops.append(max(np.abs(record(trainer.net, trainer.data.probe).signal("h")).max()
                        for event in trainer.events() if isinstance(event, Updated)))  # fmt: skip
    assert tops[0] <= 1
    assert tops[1] > 100


@pytest.mark.slow
def test_without_clipping_the_gradient_explodes_and_the_loss_stays_above_guessing(tmp_path: Path) -> None:
    clipped, free = (trained(config, tmp_path / str(place))
                     for place, config in enumerate(recipe("twin-clipping").configs))  # fmt: skip
    assert clipped.metrics.validation[-1] < 0.5
    assert free.metrics.norm.max() > 1e5 > 1e3 > clipped.metrics.norm.max()
    assert free.metrics.validation[-1] > np.log(7)


@pytest.mark.slow
def test_dropout_keeps_the_story_from_being_learnt_by_heart(tmp_path: Path) -> None:
    dropped, whole = pair("twin-dropout", tmp_path)
    assert dropped.min() < whole.min()
    assert whole[-1] > dropped[-1] + 0.5


@pytest.mark.slow
@pytest.mark.parametrize(("id", "ahead"), [("twin-normalisation", 0.1), ("twin-optimiser", 1.0)])
def test_the_first_twin_of_a_pair_that_learns_faster_is_ahead(id: str, ahead: float, tmp_path: Path) -> None:
    fast, slow = pair(id, tmp_path)
    assert fast[-1] < slow[-1] - ahead
