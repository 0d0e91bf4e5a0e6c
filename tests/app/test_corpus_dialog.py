"""The table from which sequences of a corpus are opened."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from lstmviz import language
from lstmviz.app.dialogs.corpus import MOST, CorpusDialog
from lstmviz.app.dialogs.corpus_model import LABEL, NAME, STATE, STEPS
from lstmviz.traces.corpus import Member

FOLDER = Path("c.zarr")


def members(*rows: tuple[str, str, int | None]) -> tuple[Member, ...]:
    """Members of (name, label, steps); without steps they are not recorded yet."""
    return tuple(
        Member(place, name, FOLDER, label, steps is not None, steps) for place, (name, label, steps) in enumerate(rows)
    )


FRUIT = members(("s10", "pear", 900), ("s2", "apple", 1100), ("S1", "apple", None), ("maçã", "", 20))


@pytest.fixture
def dialog(qtbot: QtBot) -> CorpusDialog:
    dialog = CorpusDialog("c", FRUIT)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def column(dialog: CorpusDialog, which: int) -> list[str]:
    model = dialog.table.model()
    return [str(model.index(row, which).data()) for row in range(model.rowCount())]


def test_every_sequence_has_a_row_and_the_first_that_can_be_opened_is_chosen(dialog: CorpusDialog) -> None:
    assert column(dialog, NAME) == ["s10", "s2", "S1", "maçã"]
    assert column(dialog, LABEL) == ["pear", "apple", "apple", ""]
    assert column(dialog, STEPS) == ["900", "1\u202f100", "–", "20"]
    assert column(dialog, STATE) == ["recorded", "recorded", "not recorded yet", "recorded"]
    assert "3 of 4" in dialog.sentence.text()
    assert dialog.count.text() == "4 of 4"
    assert dialog.paths() == [str(FRUIT[0].path)]


@pytest.mark.parametrize(
    ("which", "rising"),
    [
        (NAME, ["maçã", "S1", "s2", "s10"]),
        (LABEL, ["maçã", "s2", "S1", "s10"]),
        (STEPS, ["S1", "maçã", "s10", "s2"]),
    ],
)
def test_a_header_sorts_numbers_as_numbers_and_back_to_the_order_of_the_corpus(
    dialog: CorpusDialog, which: int, rising: list[str]
) -> None:
    header = dialog.table.horizontalHeader()
    header.setSortIndicator(which, Qt.SortOrder.AscendingOrder)
    assert column(dialog, NAME) == rising
    assert dialog.paths() == [str(FRUIT[0].path)]  # what was chosen stays chosen
    header.setSortIndicator(which, Qt.SortOrder.DescendingOrder)
    assert column(dialog, NAME)[0] == rising[-1]
    header.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
    assert column(dialog, NAME) == ["s10", "s2", "S1", "maçã"]


@pytest.mark.parametrize(
    ("typed", "found"),
    [("S1", ["s10", "S1"]), ("APP", ["s2", "S1"]), ("maca", ["maçã"]), ("nothing", []), (" pear ", ["s10"])],
)
def test_the_field_finds_names_and_labels(qtbot: QtBot, dialog: CorpusDialog, typed: str, found: list[str]) -> None:
    qtbot.keyClicks(dialog.search, typed)
    assert column(dialog, NAME) == found
    assert dialog.count.text() == (f"{len(found)} of 4" if found else "None of 4 matches")
    assert bool(dialog.paths()) == bool(found)


def test_a_label_is_chosen_among_those_that_there_are(dialog: CorpusDialog) -> None:
    box = dialog.labels
    assert [box.itemText(n) for n in range(box.count())] == [
        "All labels",
        "without a label · 1",
        "apple · 2",
        "pear · 1",
    ]
    box.setCurrentIndex(2)
    assert column(dialog, NAME) == ["s2", "S1"]
    assert dialog.paths() == [str(FRUIT[1].path)]
    box.setCurrentIndex(0)
    assert dialog.count.text() == "4 of 4"


def test_enter_opens_what_was_searched_for(qtbot: QtBot, dialog: CorpusDialog) -> None:
    qtbot.keyClicks(dialog.search, "apple")
    with qtbot.waitSignal(dialog.chosen) as chosen:
        qtbot.keyClick(dialog.search, Qt.Key.Key_Return)
    assert chosen.args == [[str(FRUIT[1].path)]]


def test_several_are_chosen_by_keys_alone_and_opened_from_the_top(qtbot: QtBot, dialog: CorpusDialog) -> None:
    dialog.table.horizontalHeader().setSortIndicator(STEPS, Qt.SortOrder.DescendingOrder)
    qtbot.keyClick(dialog.search, Qt.Key.Key_PageUp)
    qtbot.keyClick(dialog.search, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert dialog.count.text() == "4 of 4 · 2 chosen"
    with qtbot.waitSignal(dialog.chosen) as chosen:
        qtbot.keyClick(dialog.table, Qt.Key.Key_Return)
    assert chosen.args == [[str(FRUIT[1].path), str(FRUIT[0].path)]]


def test_the_table_begins_at_the_trace_that_is_shown(qtbot: QtBot) -> None:
    dialog = CorpusDialog("c", FRUIT, shown=3)
    qtbot.addWidget(dialog)
    assert dialog.paths() == [str(FRUIT[3].path)]


def test_what_is_not_there_cannot_be_opened(qtbot: QtBot) -> None:
    dialog = CorpusDialog("c", members(("apple", "", None)))
    qtbot.addWidget(dialog)
    with qtbot.assertNotEmitted(dialog.chosen):
        dialog.accept()
    assert dialog.table.isColumnHidden(LABEL)
    assert dialog.labels.isHidden()


def test_more_than_can_be_open_are_refused_in_words(qtbot: QtBot) -> None:
    dialog = CorpusDialog("c", members(*((f"s{n}", "", 5) for n in range(MOST + 1))))
    qtbot.addWidget(dialog)
    dialog.table.selectAll()
    assert dialog.count.text() == f"{MOST + 1} chosen; at most {MOST} are opened at once"
    with qtbot.assertNotEmitted(dialog.chosen):
        qtbot.keyClick(dialog.table, Qt.Key.Key_Return)


def test_a_hundred_thousand_sequences_are_sorted_and_filtered(qtbot: QtBot) -> None:
    many = members(*((f"s{n}", f"class {n % 7}", n * 7919 % 100_003) for n in range(100_000)))
    dialog = CorpusDialog("c", many)
    qtbot.addWidget(dialog)
    dialog.table.horizontalHeader().setSortIndicator(STEPS, Qt.SortOrder.AscendingOrder)
    steps = [int(text.replace("\u202f", "")) for text in column(dialog, STEPS)[:1000]]
    assert steps == sorted(member.steps for member in many)[:1000]
    dialog.search.setText("s9999")
    assert dialog.count.text() == "11 of 100\u202f000"


def test_the_table_speaks_portuguese(qtbot: QtBot) -> None:
    language.use("pt_BR")
    dialog = CorpusDialog("c", FRUIT)
    qtbot.addWidget(dialog)
    assert dialog.windowTitle() == "Abrir de um corpus"
