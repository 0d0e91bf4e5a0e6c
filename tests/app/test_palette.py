"""The palette finds any command by a few letters."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from lstmviz.app.controls import plain
from lstmviz.app.dialogs.fuzzy import score
from lstmviz.app.dialogs.palette import ID
from lstmviz.app.dialogs.shortcuts import ShortcutsDialog
from lstmviz.session.commands import COMMANDS


def rows(palette):
    return [palette.list.topLevelItem(n).data(0, ID) for n in range(palette.list.topLevelItemCount())]


@pytest.fixture
def palette(program, open_trace):
    open_trace()
    program.dispatcher.run("palette.open")
    return program.commands._palette


def test_it_lists_every_command_that_needs_no_argument(palette):
    assert set(rows(palette)) == {command.id for command in COMMANDS.values() if not command.parameters}


def test_a_few_letters_find_the_command_first(palette):
    for typed, found in {
        "export": "export.open", "xport": "export.open", "go st": "cursor.ask", "focus": "view.focus",
        "shall": "range.all", "guide": "guide.open",
    }.items():  # fmt: skip
        palette.field.setText(typed)
        assert found in rows(palette)[:3]


def test_every_title_typed_in_full_finds_its_command_in_both_languages(program, palette):
    for name in ("en", "pt_BR"):
        program.dispatcher.run("language.set", language=name)
        palette.ask(program.dispatcher.snapshot)
        for command in COMMANDS.values():
            if not command.parameters:
                palette.field.setText(plain(command.title))
                assert command.id in rows(palette)


def test_enter_runs_what_is_current_and_closes(program, palette, qtbot):
    palette.field.setText("last step")
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert program.dispatcher.snapshot.t == 49
    assert not palette.isVisible()


def test_arrows_move_in_the_list_while_one_types(palette, qtbot):
    palette.field.setText("step")
    first = palette.list.currentItem()
    qtbot.keyClick(palette.field, Qt.Key.Key_Down)
    assert palette.list.currentItem() is not first
    qtbot.keyClick(palette.field, Qt.Key.Key_Up)
    assert palette.list.currentItem().data(0, ID) == first.data(0, ID)


def test_a_command_that_cannot_run_is_grey_and_does_not_run(program, palette, qtbot):
    palette.field.setText("stop comparing")
    assert palette.list.currentItem() is None or palette.list.currentItem().isDisabled()
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)
    assert palette.isVisible()


def test_letters_that_fit_nothing_leave_an_empty_list(palette, qtbot):
    palette.field.setText("qqqqzzzz")
    assert rows(palette) == []
    qtbot.keyClick(palette.field, Qt.Key.Key_Return)


def test_fuzzy_ignores_case_and_accents_and_keeps_the_order():
    assert score("SECAO", "Seção") is not None
    assert score("ba", "ab") is None
    assert score("", "anything") is not None
    assert score("exp", "Export") > score("exp", "Step by example of p")


def test_the_page_of_shortcuts_lists_every_key_of_the_table(program):
    page = ShortcutsDialog(program.window)
    shown = [
        page.list.topLevelItem(n).child(m).text(0)
        for n in range(page.list.topLevelItemCount())
        for m in range(page.list.topLevelItem(n).childCount())
    ]
    assert sorted(shown) == sorted(plain(command.title) for command in COMMANDS.values() if command.shortcut)
    page.deleteLater()


def test_the_page_of_shortcuts_cuts_no_line_in_the_longer_language(program, qtbot):
    program.dispatcher.run("language.set", language="pt_BR")
    page = ShortcutsDialog(program.window)
    page.show()
    qtbot.waitExposed(page)
    assert [page.list.columnWidth(n) >= page.list.sizeHintForColumn(n) for n in range(3)] == [True] * 3
    assert page.width() <= program.window.width()
    page.deleteLater()
