"""The committed translations are complete, and the check that says so would notice if they were not."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parents[1] / "scripts" / "translations.py"


def test_every_sentence_of_the_program_is_translated_and_compiled() -> None:
    done = subprocess.run([sys.executable, str(SCRIPT), "check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("translations_script", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package that says five sentences, in every way that is allowed."""
    folder = tmp_path / "small"
    folder.mkdir()
    (folder / "code.py").write_text(
        "class DeepError(ShallowError): ...\n"
        "class ShallowError(errors.LstmvizError): ...\n"
        'raise DeepError("first {name}", name=" ".join([tr("second")]))\n'
        'x = language.tr("third " "of two parts" if y else "fourth")\n'
        'z = mark("fifth")\n'
        "tr(x)\n"
        'ValueError("not for a person")\n',
        encoding="utf-8",
    )
    return folder


@pytest.fixture
def po(script: ModuleType, package: Path, tmp_path: Path) -> Path:
    """The small package's catalogue, translated and compiled."""
    file = tmp_path / "pt_BR" / "LC_MESSAGES" / "small.po"
    messages, _ = script.extract(package)
    script.update(messages, file, "pt_BR")
    catalogue = script.read(file)
    for message in catalogue:
        if message.id:
            message.string = f"pt {message.id}"
    script.write(catalogue, file)
    script.compile_catalogue(file)
    return file


def test_sentences_are_collected_wherever_they_stand(script: ModuleType, package: Path) -> None:
    messages, faults = script.extract(package)
    assert messages == ["fifth", "first {name}", "fourth", "second", "third of two parts"]
    assert faults == []


@pytest.mark.parametrize("argument", ['f"a {x}"', '"a" + x', '"a %s" % x'])
def test_a_sentence_that_is_put_together_is_a_fault(script: ModuleType, package: Path, argument: str) -> None:
    (package / "wrong.py").write_text(f"\ntr({argument})\n", encoding="utf-8")
    _, faults = script.extract(package)
    assert [fault.partition(": ")[0] for fault in faults] == [str(Path("small") / "wrong.py:2")]


def test_a_complete_catalogue_has_no_problems(script: ModuleType, package: Path, po: Path) -> None:
    assert script.problems(script.extract(package)[0], po) == []


def test_updating_again_changes_no_byte(script: ModuleType, package: Path, po: Path) -> None:
    before = po.read_bytes()
    script.update(script.extract(package)[0], po, "pt_BR")
    assert po.read_bytes() == before
    assert b"code.py" not in before


def test_an_update_keeps_what_is_translated_drops_what_is_stale_and_guesses_nothing(
    script: ModuleType, po: Path
) -> None:
    script.update(["fifth", "fifth!"], po, "pt_BR")
    strings = {message.id: message.string for message in script.read(po) if message.id}
    assert strings == {"fifth": "pt fifth", "fifth!": ""}


def test_each_kind_of_problem_is_told(script: ModuleType, package: Path, po: Path) -> None:
    messages = script.extract(package)[0]
    catalogue = script.read(po)
    catalogue.get("second").string = ""
    catalogue.get("fourth").flags.add("fuzzy")
    catalogue.get("first {name}").string = "pt {nome}"
    catalogue.add("sixth", "pt sixth")
    script.write(catalogue, po)
    script.compile_catalogue(po)
    kinds = [(problem.partition(": ")[0], problem.split("'")[1]) for problem in script.problems(messages, po)]
    assert set(kinds) >= {("missing", "second"), ("fuzzy", "fourth"), ("stale", "sixth"), ("mismatched", "pt {nome}")}


def test_a_catalogue_that_was_not_compiled_is_told(script: ModuleType, package: Path, po: Path) -> None:
    messages = script.extract(package)[0]
    catalogue = script.read(po)
    catalogue.get("fifth").string = "pt quinto"
    script.write(catalogue, po)
    assert [problem.partition(";")[0] for problem in script.problems(messages, po)] == ["not compiled: 'fifth'"]
    po.with_suffix(".mo").unlink()
    assert len(script.problems(messages, po)) == 1


def test_a_language_without_catalogue_is_told(script: ModuleType, tmp_path: Path) -> None:
    assert len(script.problems(["a"], tmp_path / "none.po")) == 1


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a {b} {a:.3f} {{c}}", ["a", "b"]),
        ("none", []),
        ("%(prog)s: {closed:.0%} %s", ["%(prog)s", "%s", "closed"]),
        ("100 }", None),
    ],
)
def test_placeholders_are_found_whatever_their_format(script: ModuleType, text: str, names: list[str] | None) -> None:
    assert script.placeholders(text) == names
