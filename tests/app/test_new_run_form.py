"""The form of a new training offers every setting, says what is wrong, and begins what it shows."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QComboBox

from lstmviz.app.dialogs.new_run import NewRunDialog
from lstmviz.app.theme import DARK, LIGHT
from lstmviz.errors import RunError
from lstmviz.runs.config import RunConfig
from lstmviz.runs.recipes import recipe
from lstmviz.runs.settings import SETTINGS, check_config
from lstmviz.sequences.samples import samples
from lstmviz.sequences.tasks import TASKS


@pytest.fixture
def form(qtbot):
    made = NewRunDialog(samples())
    qtbot.addWidget(made)
    made.colour(LIGHT)
    made.show()
    return made


def shown(form):
    return {name for name, field in form.fields.items() if field.control.isVisible()}


def test_untouched_it_trains_the_first_sample_with_the_fields_defaults(form):
    assert form.config() == RunConfig(data="reber")
    assert form.command.toPlainText() == "lstmviz train reber"
    assert form.start.isEnabled()


def test_every_setting_has_a_control_with_its_title_hint_flag_and_default(form):
    assert set(form.fields) == {setting.name for setting in SETTINGS}
    for setting in SETTINGS:
        field = form.fields[setting.name]
        assert field.label.text() == field.control.accessibleName() == setting.title
        assert setting.hint in field.control.toolTip()
        assert setting.flag in field.control.toolTip()


def test_everything_fits_a_window_of_1280_by_800(form):
    assert form.width() <= 1240
    assert form.height() <= 740
    assert form.minimumSizeHint().width() <= form.width()
    assert form.minimumSizeHint().height() <= form.height()


def test_what_means_nothing_is_hidden_and_comes_back_with_what_was_typed(form):
    form.fields["forget_bias"].put(2.0)
    form.fields["peepholes"].put(True)
    form.fields["cell"].put("rnn")
    assert "activation" in shown(form)
    assert not {"forget_bias", "peepholes", "projection", "layer_norm"} & shown(form)
    assert form.config() == RunConfig(data="reber", cell="rnn")
    form.fields["cell"].put("lstm")
    assert form.config() == RunConfig(data="reber", forget_bias=2.0, peepholes=True)


@pytest.mark.parametrize(
    ("data", "means"),
    [
        ("reber", set()),
        ("continual-reber", set()),
        ("text-en", {"steps"}),
        ("adding", {"standardise"}),
        ("sunspots", {"steps", "standardise"}),
        ("mine.csv", {"steps", "standardise", "missing"}),
    ],
)
def test_cutting_and_standardising_are_asked_where_the_data_is_cut_and_has_values(form, data, means):
    form.fields["steps"].put(30)
    form.fields["standardise"].put(False)
    form.fields["missing"].put("interpolate")
    form.data.choose(data)
    assert {"steps", "standardise", "missing"} & shown(form) == means
    config = form.config()
    assert (config.steps, config.standardise) == (30 if "steps" in means else 50, "standardise" not in means)
    assert config.missing == ("interpolate" if "missing" in means else "refuse")


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("hidden", "abc", "Units is “abc”; expected a whole number."),
        ("hidden", "0", "Units is 0; expected 1 to 8192."),
        ("learning_rate", "", "Learning rate is “”; expected a number."),
        ("projection", "32", "Projection is 32; expected 0 to 31."),
    ],
)
def test_what_cannot_be_is_said_while_one_types_and_nothing_typed_is_lost(form, name, text, said):
    form.fields[name].control.setText(text)
    assert form.message.text() == said
    assert not form.start.isEnabled()
    assert form.fields[name].control.text() == text
    form.retranslate()
    form.colour(DARK)
    assert form.fields[name].control.text() == text


def test_what_differs_from_its_default_is_set_off_and_all_can_be_put_back(form, qtbot):
    form.fields["learning_rate"].put(0.003)
    assert form.fields["learning_rate"].label.font().bold()
    assert not form.fields["hidden"].label.font().bold()
    qtbot.mouseClick(form.defaults, Qt.MouseButton.LeftButton)
    assert form.config() == RunConfig(data="reber")
    assert not form.fields["learning_rate"].label.font().bold()


def test_a_comma_is_a_decimal_point_too(form):
    form.fields["learning_rate"].control.setText("0,02")
    assert form.config().learning_rate == 0.02


def test_every_sample_and_task_can_be_chosen_and_brings_its_topology(form):
    offered = {form.data.list.item(row).data(Qt.ItemDataRole.UserRole) for row in range(form.data.list.count())}
    assert {sample.id for sample in samples()} <= offered
    for name in offered:
        form.data.choose(name)
        assert form.data.list.currentItem().text()
        assert form.config().topology in form.data.topologies()
    generators = {sample.generator for sample in samples()}
    assert all(task in offered or task in generators for task in TASKS)


def test_the_parameters_of_a_task_go_with_it_and_are_kept_per_task(form):
    form.data.choose("adding")
    field = form.data._fields["length"]
    assert field.isVisible()
    field.setText("60")
    assert form.config().params == {"length": 60}
    form.data.choose("sunspots")
    assert not field.isVisible()
    assert form.config().params == {}
    form.data.choose("adding")
    assert form.config().params == {"length": 60}
    field.setText("many")
    assert form.message.text() == "length is “many”; expected a whole number."


def test_a_file_comes_into_the_list(form, tmp_path):
    path = tmp_path / "my values.csv"
    path.write_text("1\n2\n")
    form.data.choose(str(path))
    assert form.config().data == str(path)
    assert form.data.list.currentItem().text() == "my values.csv"


def test_a_twin_differs_in_one_setting_and_in_what_that_makes_meaningless(form):
    form.fields["forget_bias"].put(2.0)
    form.twin.choose("cell", "rnn")
    first, second = form.configs()
    assert first == RunConfig(data="reber", forget_bias=2.0)
    assert second == RunConfig(data="reber", cell="rnn")
    assert form.command.toPlainText().count("lstmviz train") == 2


def test_a_twin_that_is_the_same_is_refused_in_a_sentence(form):
    form.twin.choose("hidden", 32)
    assert form.message.text() == "The twin has the same Units, 32; expected another value."
    assert not form.start.isEnabled()


def test_the_second_value_offered_first_is_one_that_can_be(form):
    combo = form.twin.setting
    for place in range(combo.count()):
        name = combo.itemData(place)
        base = RunConfig(data="reber", cell="rnn") if name == "activation" else RunConfig(data="reber")
        base = RunConfig(data="reber", optimiser="momentum") if name == "momentum" else base
        form.twin.wanted.setChecked(True)
        combo.setCurrentIndex(place)
        twin = form.twin.of(base)
        assert check_config(twin) == twin != base


def test_train_begins_what_is_shown_and_the_form_keeps_it(form, qtbot):
    form.fields["epochs"].put(3)
    form.twin.choose("seed", 1)
    form.paused.setChecked(True)
    with qtbot.waitSignal(form.asked) as asked:
        qtbot.mouseClick(form.start, Qt.MouseButton.LeftButton)
    configs = (RunConfig(data="reber", epochs=3), RunConfig(data="reber", epochs=3, seed=1))
    assert asked.args == ["run.start", {"configs": configs, "title": "Embedded Reber grammar", "paused": True}]
    form.show()
    assert form.fields["epochs"].value() == 3


def test_enter_begins_nothing_that_cannot_be(form, qtbot):
    form.fields["hidden"].control.setText("-3")
    with qtbot.assertNotEmitted(form.asked, wait=10):
        qtbot.keyClick(form.fields["hidden"].control, Qt.Key.Key_Return)
    assert form.isVisible()


def test_the_settings_of_a_run_can_be_put_into_it(form):
    config = RunConfig(data="adding", params={"length": 50}, topology="seq2vec", cell="gru", hidden=7, clipping=0.0)
    form.put(config)
    assert form.config() == config


def test_the_command_line_can_be_copied(form, qtbot):
    qtbot.mouseClick(form.copy, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == "lstmviz train reber"


def test_a_field_that_is_no_number_raises_a_sentence(form):
    form.fields["seed"].control.setText("1.5")
    with pytest.raises(RunError, match=r"Seed is “1.5”; expected a whole number"):
        form.config()


def test_every_control_has_a_name(form):
    for field in form.fields.values():
        assert field.control.accessibleName()
        if isinstance(field.control, QComboBox):
            assert all(field.control.itemText(n) for n in range(field.control.count()))
    for control in (form.twin.setting, form.command, form.copy, form.data.list):
        assert control.accessibleName()


def test_proven_settings_are_those_of_the_ready_training_on_the_same_data(form):
    for data, ready in (("reber", "embedded-reber"), ("temporal-order", "temporal-order"), ("dates", "dates")):
        form.data.choose(data)
        assert form.proven.isEnabled()
        form.proven.click()
        told = recipe(ready).configs[0]
        assert replace(form.config(), data=told.data, params={}) == replace(told, params={})
    form.data.choose("flip-flop")
    assert not form.proven.isEnabled()
