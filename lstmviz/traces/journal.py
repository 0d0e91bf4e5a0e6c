"""The journal of a trace store: which steps of each lane are complete on the disk, one line a stretch, never changed.

A line is ``layer0/forward 512 1024`` (steps 512 to 1023 of every signal of that lane) and is written after the chunks
it speaks of. What a kill leaves of a half line is no line.
"""

from __future__ import annotations

from collections.abc import Iterable

from lstmviz.traces.places import Place

FILE = "lstmviz/journal"
MAX_BYTES = 64 << 20
OUTPUTS = "model/outputs"

Span = tuple[int, int]
"""The first and the end of the steps that are there."""


def line(group: str, start: int, stop: int) -> bytes:
    """One line of the journal."""
    return f"{group} {start} {stop}\n".encode("ascii")


def empty(group: str, steps: int) -> Span:
    """The steps of a lane of which nothing is written: a reverse one is written from its end."""
    return (steps, steps) if group.endswith("/reverse") else (0, 0)


def read_journal(place: Place, groups: Iterable[str], steps: int) -> dict[str, Span]:
    """The complete steps of each lane and of the outputs; a line that does not go on from the last one is ignored."""
    spans = {group: empty(group, steps) for group in groups}
    try:
        text = place.read(FILE, 0, MAX_BYTES) or b""
    except FileNotFoundError:
        return spans
    for entry in text[: text.rfind(b"\n") + 1].splitlines():
        words = entry.split(b" ")
        if len(words) != 3 or not (words[1].isdigit() and words[2].isdigit()) or len(entry) > 100:
            continue
        group, start, stop = words[0].decode("ascii", "replace"), int(words[1]), int(words[2])
        if group not in spans or not start < stop <= steps:
            continue
        first, last = spans[group]
        if group.endswith("/reverse") and stop == first:
            spans[group] = (start, last)
        elif not group.endswith("/reverse") and start == last:
            spans[group] = (first, stop)
    return spans
