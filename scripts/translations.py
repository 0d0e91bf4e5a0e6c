"""Collect, merge, compile and check the translations.

extract   write build/lstmviz.pot, every sentence that the program can say
update    bring resources/translations/*/LC_MESSAGES/lstmviz.po in line with it; nothing is guessed
compile   write the .mo files that the program reads
check     exit 1 with a sentence for each message that is missing, stale, fuzzy, mismatched or not compiled
"""

from __future__ import annotations

import argparse
import ast
import datetime
import re
import string
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import read_mo, write_mo
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "lstmviz"
TRANSLATIONS = ROOT / "resources" / "translations"
LANGUAGES = ("pt_BR",)
FUNCTIONS = frozenset({"tr", "mark"})
FOUNDATION = "LstmvizError"
"""Every class that descends from it takes a sentence first."""
PERCENT = re.compile(r"%(?:\(\w+\))?[sdr]")
NO_CHURN = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
"""In place of the time of writing, so that a catalogue differs only where its messages do."""


def main() -> int:
    """Do what the one argument asks; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("action", choices=("extract", "update", "compile", "check"))
    action = parser.parse_args().action
    if action == "compile":
        for language in LANGUAGES:
            compile_catalogue(po_file(language))
        return 0
    messages, faults = extract(PACKAGE)
    if action == "check":
        for language in LANGUAGES:
            faults += problems(messages, po_file(language))
    elif action == "update":
        for language in LANGUAGES:
            update(messages, po_file(language), language)
    else:
        pot = ROOT / "build" / "lstmviz.pot"
        pot.parent.mkdir(exist_ok=True)
        write(merged(messages, None, None), pot)
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"{len(messages)} messages, {len(faults)} problems")
    return 1 if faults else 0


def po_file(language: str) -> Path:
    """The catalogue of one language; its .mo stands beside it."""
    return TRANSLATIONS / language / "LC_MESSAGES" / "lstmviz.po"


def extract(package: Path) -> tuple[list[str], list[str]]:
    """Every message of a package, sorted, and a sentence for each that cannot be collected.

    Read from the syntax tree and not, as Babel's own extractor does, from tokens: that one loses a message inside
    another's arguments, and passes over an f-string without a word.
    """
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(package.rglob("*.py"))}
    names = FUNCTIONS | _error_classes(trees.values())
    messages: set[str] = set()
    faults: list[str] = []
    for path, tree in trees.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and node.args and _name(node.func) in names:
                found = list(_literals(node.args[0]))
                messages.update(text for text in found if text)
                if None in found:
                    place = f"{path.relative_to(package.parent)}:{node.lineno}"
                    faults.append(f"{place}: the sentence is put together; expected one literal with {{names}}.")
    return sorted(messages), faults


def _error_classes(trees: Iterable[ast.Module]) -> frozenset[str]:
    """The foundation and every class that descends from it, by name, in whatever order they are read."""
    bases: dict[str, set[str]] = {}
    for tree in trees:
        for node in ast.walk(tree):
            if isinstance(node, ast.ClassDef):
                bases.setdefault(node.name, set()).update(_name(base) for base in node.bases)
    known = {FOUNDATION}
    while more := {name for name, parents in bases.items() if parents & known} - known:
        known |= more
    return frozenset(known)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _literals(node: ast.expr) -> Iterator[str | None]:
    """The strings that an argument can be; None for one put together; nothing for a variable, marked elsewhere."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from _literals(node.body)
        yield from _literals(node.orelse)
    elif isinstance(node, ast.JoinedStr | ast.BinOp):
        yield None


def merged(messages: list[str], old: Catalog | None, language: str | None) -> Catalog:
    """A fresh catalogue of the messages, with the translations that are there for exactly these."""
    new = Catalog(
        locale=language,
        project="lstmviz",
        version="0",
        msgid_bugs_address="the issues of lstmviz",
        header_comment="# lstmviz: made by scripts/translations.py; the translations are written by hand.",
        creation_date=NO_CHURN,
        revision_date=NO_CHURN,
        last_translator="the authors of lstmviz",
        language_team="the authors of lstmviz",
        fuzzy=False,
    )
    for message in messages:
        known = old.get(message) if old else None
        new.add(message, known.string if known and not known.fuzzy else "")
    return new


def update(messages: list[str], po: Path, language: str) -> None:
    """Add what is new to a catalogue, empty, and drop what the program no longer says."""
    po.parent.mkdir(parents=True, exist_ok=True)
    write(merged(messages, read(po) if po.exists() else None, language), po)


def compile_catalogue(po: Path) -> None:
    """Write the .mo beside a .po."""
    with po.with_suffix(".mo").open("wb") as file:
        write_mo(file, read(po))


def read(po: Path) -> Catalog:
    """A catalogue from its .po."""
    with po.open("rb") as file:
        return read_po(file)


def write(catalogue: Catalog, path: Path) -> None:
    """Write a catalogue without places in the code, which change with every line added above."""
    with path.open("wb") as file:
        write_po(file, catalogue, width=100, no_location=True, sort_output=True)


def problems(messages: list[str], po: Path) -> list[str]:
    """A sentence for each message that is missing, stale, fuzzy or mismatched in a .po, or not in its .mo."""
    if not po.exists():
        return [f"{po.name}: there is none; run: scripts/translations.py update"]
    catalogue = read(po)
    found: list[str] = []
    for text in messages:
        known = catalogue.get(text)
        if known is None or not known.string:
            found.append(f"missing: {text!r} has no translation.")
        elif known.fuzzy:
            found.append(f"fuzzy: the translation of {text!r} is marked as a guess.")
        elif placeholders(str(known.string)) != placeholders(text):
            found.append(f"mismatched: {known.string!r} has other placeholders than {text!r}.")
    wanted = set(messages)
    found += [f"stale: {m.id!r} is said nowhere." for m in catalogue if m.id and m.id not in wanted]
    return found + _not_compiled(catalogue, po.with_suffix(".mo"))


def placeholders(text: str) -> list[str] | None:
    """The names in braces and argparse's %(names)s, sorted; None where the braces do not match: no template."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        return None
    return sorted(names + PERCENT.findall(text))


def _not_compiled(catalogue: Catalog, mo: Path) -> list[str]:
    """Messages are compared, not bytes: those depend on the version of Babel."""
    if not mo.exists():
        return [f"{mo.name}: there is none; run: scripts/translations.py compile"]
    with mo.open("rb") as file:
        compiled = {message.id: message.string for message in read_mo(file) if message.id}
    written = {message.id: message.string for message in catalogue if message.id and message.string}
    differing = sorted(set(written.items()) ^ set(compiled.items()))
    return [
        f"not compiled: {text!r}; run: scripts/translations.py compile"
        for text in dict.fromkeys(t for t, _ in differing)
    ]


if __name__ == "__main__":
    sys.exit(main())
