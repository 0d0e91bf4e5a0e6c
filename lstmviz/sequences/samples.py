"""The sequences that ship with the app, listed in samples/samples.json."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lstmviz import language, paths
from lstmviz.errors import SequenceError
from lstmviz.sequences.sequence import Kind, Sequence

if TYPE_CHECKING:
    from lstmviz.sequences.generators.truth import Generated, Truth


@dataclass(frozen=True)
class Sample:
    """One sample: a file of samples/sequences read with ``options``, or a generator of GENERATORS and its ``params``.

    titles and notes are by language; source says where it comes from; net is the id of the sample net made for it.
    """

    id: str
    titles: Mapping[str, str]
    kind: Kind
    source: str
    notes: Mapping[str, str]
    file: str | None = None
    generator: str | None = None
    net: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    params: Mapping[str, object] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """The title in the current language."""
        return self.titles[language.current()]

    @property
    def note(self) -> str:
        """What to look at, in the current language."""
        return self.notes[language.current()]

    @property
    def path(self) -> Path | None:
        """The sample's file, None for a generated one."""
        return paths.samples() / "sequences" / self.file if self.file else None

    @property
    def net_path(self) -> Path | None:
        """The weights of the net made for it, None where there is none."""
        return paths.samples() / "nets" / f"{self.net}.safetensors" if self.net else None

    @property
    def truth(self) -> Truth | None:
        """What a perfect model scores, None where nobody knows."""
        return self._generated().truth if self.generator else None

    def load(self) -> Sequence:
        """The sequence, under the sample's title; raises SequenceError where its file is gone or broken."""
        if self.generator:
            sequence = self._generated().sequence
        else:
            from lstmviz.sequences.readers import load_sequence

            sequence = load_sequence(paths.samples() / "sequences" / str(self.file), **self.options)
        return replace(sequence, name=self.title, source=self.source)

    def _generated(self) -> Generated:
        # imported here, since the window lists samples before its first paint and makes none
        from lstmviz.sequences.generators.registry import GENERATORS

        assert self.generator is not None
        return GENERATORS[self.generator].make(self.params)


@cache
def samples() -> tuple[Sample, ...]:
    """All samples in the order in which they are shown."""
    entries = json.loads((paths.samples() / "samples.json").read_text(encoding="utf-8"))
    return tuple(Sample(titles=entry.pop("title"), notes=entry.pop("note"), **entry) for entry in entries)


def sample(id: str) -> Sample:
    """The sample of an id; raises SequenceError where there is none."""
    for one in samples():
        if one.id == id:
            return one
    raise SequenceError(
        "There is no sample “{id}”; expected one of {known}.", id=id, known=", ".join(one.id for one in samples())
    )


def sequence_names() -> tuple[str, ...]:
    """The ids of all samples."""
    return tuple(one.id for one in samples())


def sequence_named(name: str) -> Sequence | None:
    """The sample of that id, loaded; a file of the same name goes before it."""
    return None if Path(name).exists() else next((one.load() for one in samples() if one.id == name), None)


def net_names() -> tuple[str, ...]:
    """The names of the nets that come with lstmviz."""
    return tuple(sorted(path.stem for path in (paths.samples() / "nets").glob("*.json")))


def net_named(name: str) -> str | None:
    """The file of the net of that name that comes with lstmviz; a file of the same name goes before it."""
    if Path(name).exists() or name not in net_names():
        return None
    return str(paths.samples() / "nets" / f"{name}.json")


def check_known(name: str, known: tuple[str, ...]) -> None:
    """Refuse a name that is neither a file nor one of those that are known."""
    if name not in known and not Path(name).exists():
        raise SequenceError(
            "There is no file “{name}”, nor does anything of that name come with lstmviz; expected a file or one of:"
            " {known}.",
            name=name,
            known=", ".join(known),
        )
