"""Switching the language of every later sentence, and errors that are sentences in it."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo

from lstmviz import errors, language, paths
from lstmviz.errors import LstmvizError, SequenceError
from lstmviz.language import mark, tr


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Resources whose Portuguese has three sentences, one with its placeholders the other way round."""
    portuguese = Catalog(locale="pt_BR")
    portuguese.add("Step {t} of {last}", "De {last} passos, o {t}")
    portuguese.add("Open…", "Abrir…")
    portuguese.add("{value:.2f} is too much", "{value:.2f} é demais")
    file = tmp_path / "translations" / "pt_BR" / "LC_MESSAGES" / "lstmviz.mo"
    file.parent.mkdir(parents=True)
    with file.open("wb") as stream:
        write_mo(stream, portuguese)
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)


@pytest.mark.usefixtures("catalogue")
def test_switching_changes_every_later_sentence_and_back() -> None:
    assert tr("Open…") == "Open…"
    language.use("pt_BR")
    assert language.current() == "pt_BR"
    assert tr("Open…") == "Abrir…"
    assert tr("Step {t} of {last}", t=3, last=9) == "De 9 passos, o 3"
    language.use("en")
    assert language.current() == "en"
    assert tr("Step {t} of {last}", t=3, last=9) == "Step 3 of 9"


@pytest.mark.usefixtures("catalogue")
def test_what_is_marked_stays_english_until_it_is_shown() -> None:
    language.use("pt_BR")
    title = mark("Open…")
    assert title == "Open…"
    assert tr(title) == "Abrir…"


@pytest.mark.usefixtures("catalogue")
def test_a_sentence_without_translation_and_an_unknown_language_fall_back_to_english() -> None:
    language.use("pt_BR")
    assert tr("Nobody translated {this}", this="me") == "Nobody translated me"
    language.use("tlh")
    assert language.current() == "en"
    assert tr("Open…") == "Open…"


def test_the_empty_sentence_is_empty_and_braces_without_values_stay() -> None:
    language.use("pt_BR")
    assert tr("") == ""
    assert tr("a {b}") == "a {b}"


def test_a_language_whose_catalogue_is_gone_reads_as_english(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "resources", lambda: tmp_path)
    language.use("pt_BR")
    assert tr("Open…") == "Open…"


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ({"LANG": "pt_BR.UTF-8"}, "pt_BR"),
        ({"LANG": "pt_PT.UTF-8"}, "pt_BR"),
        ({"LANG": "Portuguese_Brazil.1252"}, "pt_BR"),
        ({"LANG": "en_GB.UTF-8"}, "en"),
        ({"LANG": "C.UTF-8"}, "en"),
        ({"LANG": "pt_BR.UTF-8", "LC_ALL": "de_DE.UTF-8"}, "en"),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "pt_BR.UTF-8"}, "pt_BR"),
    ],
)
def test_the_system_s_language_is_ours_where_we_have_it(
    system: dict[str, str], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in system.items():
        monkeypatch.setenv(name, value)
    assert language.of_the_system() == expected


@pytest.mark.usefixtures("catalogue")
def test_an_error_is_read_in_the_language_in_use_when_it_is_shown() -> None:
    error = SequenceError("{value:.2f} is too much", value=3.14159)
    assert str(error) == "3.14 is too much"
    language.use("pt_BR")
    assert str(error) == "3.14 é demais"
    assert (error.template, error.values) == ("{value:.2f} is too much", {"value": 3.14159})


def test_an_error_keeps_a_value_that_itself_holds_braces() -> None:
    assert str(SequenceError("“{file}” is empty.", file="a{b}.csv")) == "“a{b}.csv” is empty."


def test_every_error_of_the_package_can_be_caught_as_one() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    assert {LstmvizError, SequenceError} < set(kinds)
    assert all(issubclass(kind, LstmvizError) for kind in kinds)


def test_an_error_crosses_a_process_with_its_values() -> None:
    error = pickle.loads(pickle.dumps(SequenceError("“{file}” is empty.", file="a.csv")))
    assert str(error) == "“a.csv” is empty."
