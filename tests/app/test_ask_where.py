"""The place of a store is asked for like that of a file, though it is a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtWidgets import QDialogButtonBox, QPushButton

from lstmviz.app.ask_where import StoreFileDialog


@pytest.fixture
def asked(qtbot, tmp_path: Path):
    """Opens a dialog; gives it and the paths that it chooses."""

    def ask(name: str, **more: bool) -> tuple[StoreFileDialog, list[str]]:
        dialog, chosen = StoreFileDialog(None, "Save", str(tmp_path / name), **more), []
        dialog.fileSelected.connect(chosen.append)
        dialog.open()
        return dialog, chosen

    return ask


def save(dialog: StoreFileDialog) -> None:
    dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save).click()


def answer(dialog: StoreFileDialog, word: str) -> None:
    next(button for button in dialog._box.findChildren(QPushButton) if button.text() == word).click()


def test_a_store_that_is_there_is_replaced_if_that_is_meant_and_never_entered(asked, tmp_path: Path) -> None:
    (tmp_path / "a.zarr" / "layer0").mkdir(parents=True)
    dialog, chosen = asked("a.zarr")
    assert dialog.directory().path() == str(tmp_path)
    save(dialog)
    answer(dialog, "Cancel")
    assert dialog.isVisible()
    assert not chosen
    save(dialog)
    answer(dialog, "Replace")
    assert chosen == [str(tmp_path / "a.zarr")]
    assert not dialog.isVisible()


def test_who_says_it_elsewhere_is_not_asked_again(asked, tmp_path: Path) -> None:
    (tmp_path / "a.zarr").mkdir()
    dialog, chosen = asked("a.zarr", confirm=False)
    save(dialog)
    assert chosen == [str(tmp_path / "a.zarr")]


def test_the_ending_of_the_name_follows_the_kind_of_store(asked, tmp_path: Path) -> None:
    dialog, chosen = asked("a.zarr", packed=True)
    folder, file = dialog.nameFilters()
    dialog.selectNameFilter(file)
    dialog.filterSelected.emit(file)
    assert dialog.selectedFiles() == [str(tmp_path / "a.zarr.zip")]
    dialog.filterSelected.emit(folder)
    assert dialog.selectedFiles() == [str(tmp_path / "a.zarr")]
    dialog.filterSelected.emit(file)
    save(dialog)
    assert chosen == [str(tmp_path / "a.zarr.zip")]


def test_a_packed_store_is_offered_as_one(asked, tmp_path: Path) -> None:
    dialog, chosen = asked("b.zarr.zip", packed=True)
    assert dialog.selectedNameFilter() == dialog.nameFilters()[1]
    save(dialog)
    assert chosen == [str(tmp_path / "b.zarr.zip")]
