"""The commands of a trace that came from a corpus."""

from __future__ import annotations

from lstmviz.language import mark
from lstmviz.session.command import FILE, Command
from lstmviz.session.snapshot import Snapshot
from lstmviz.traces.corpus import place_in_corpus


def in_corpus(s: Snapshot) -> bool:
    """Whether the shown trace is one of a corpus store."""
    return any(entry.id == s.trace_id and place_in_corpus(entry.path) is not None for entry in s.open_traces)


CORPUS_COMMANDS = (
    Command("corpus.table", mark("Table of the corpus…"), (FILE,), "Ctrl+Shift+T", "window", in_corpus, apart=True,
            occasional=True, hint=mark("Choose another sequence of the corpus that this trace is of")),
    Command("corpus.previous", mark("Previous in the corpus"), (FILE,), "Alt+PgUp", "window", in_corpus,
            occasional=True, hint=mark("Show the sequence before this one instead")),
    Command("corpus.next", mark("Next in the corpus"), (FILE,), "Alt+PgDown", "window", in_corpus,
            occasional=True, hint=mark("Show the sequence after this one instead")),
)  # fmt: skip
