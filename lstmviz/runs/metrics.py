"""Metrics: what a training measured, as growing columns in memory and as lines of JSON in metrics.jsonl."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

from lstmviz.errors import RunError
from lstmviz.language import tr
from lstmviz.traces.safe_write import replacing, sentence

Floats = npt.NDArray[np.float64]
COLUMNS = ("update", "epoch", "loss", "norm", "rate")
"""One number of each for every update."""
VALIDATION = ("validation_update", "validation")
"""One number of each for every validation."""
Count = Annotated[int, msgspec.Meta(ge=0, le=1 << 53)]
"""A number that counts something; a float holds it."""
_ROOM = 256
_LONGEST = 1 << 20
"""Bytes of a line; a sentence is no longer, and a file of one endless line takes no memory."""
_SECONDS = 1.0


class Row(msgspec.Struct, frozen=True, tag_field="is", tag="update"):
    """One update: epochs done with their fraction, loss of the mini-batch, norm before clipping, learning rate."""

    update: Count
    epoch: float
    loss: float | None
    norm: float | None
    rate: float


class Validation(msgspec.Struct, frozen=True, tag_field="is", tag="validation"):
    """The loss on the validation sequences after so many updates."""

    update: Count
    loss: float | None


class Change(msgspec.Struct, frozen=True, tag_field="is", tag="change"):
    """What was changed on the fly after so many updates.

    said: the value that was asked for. value: what to put back where the run goes over this update again; of the
    learning rate it is the one before its schedule.
    """

    update: Count
    name: str
    said: float
    value: float

    @property
    def text(self) -> str:
        """The change as a sentence."""
        if self.name == "clipping":
            return tr("gradient clipping set to {value:g}", value=self.said)
        return tr("learning rate set to {value:g}", value=self.said)


class Note(msgspec.Struct, frozen=True, tag_field="is", tag="note"):
    """Something that happened after so many updates, as a sentence."""

    update: Count
    text: str


Line = Row | Validation | Change | Note
_DECODER = msgspec.json.Decoder(Line)
_ENCODER = msgspec.json.Encoder()


class Column:
    """Numbers that come one by one, read as one array: a view that later numbers leave alone."""

    def __init__(self) -> None:
        self._room: Floats = np.empty(_ROOM)
        self._length = 0

    def __len__(self) -> int:
        return self._length

    def append(self, value: float) -> None:
        """Put a number behind the others."""
        if self._length == len(self._room):
            self._move(2 * len(self._room))
        self._room[self._length] = value
        self._length += 1

    def extend(self, values: Floats) -> None:
        """Put several numbers, (n,), behind the others."""
        needed = self._length + len(values)
        if needed > len(self._room):
            self._move(max(needed, 2 * len(self._room)))
        self._room[self._length : needed] = values
        self._length = needed

    def truncate(self, length: int) -> None:
        """Keep the first ``length`` numbers; what was read before stays as it was."""
        if length < self._length:
            self._length = length
            self._move(len(self._room))

    def read(self, start: int = 0) -> Floats:
        """The numbers from ``start`` on, read-only."""
        view = self._room[start : self._length]
        view.flags.writeable = False
        return view

    def _move(self, room: int) -> None:
        moved = np.empty(room)
        moved[: self._length] = self._room[: self._length]
        self._room = moved


class Metrics:
    """All that was measured: a column for each of COLUMNS, (N,), and of VALIDATION, (V,), float64, NaN for no number.

    They are attributes: ``metrics.loss``. changes: what was changed on the fly, in the order in which it was said.
    """

    def __init__(self) -> None:
        self._columns = {name: Column() for name in (*COLUMNS, *VALIDATION)}
        self._notes: list[Note] = []
        self.changes: list[Change] = []

    def __getattr__(self, name: str) -> Floats:
        columns = self.__dict__.get("_columns", {})
        if name not in columns:
            raise AttributeError(name)
        found: Floats = columns[name].read()
        return found

    @property
    def rows(self) -> int:
        """N, how many updates were measured."""
        return len(self._columns["update"])

    @property
    def validations(self) -> int:
        """V, how many validations there are."""
        return len(self._columns["validation"])

    @property
    def log(self) -> tuple[tuple[int, str], ...]:
        """What was changed on the fly and what happened, with the update, in the order of updates."""
        told: list[Note | Change] = [*self._notes, *self.changes]
        return tuple(sorted(((line.update, line.text) for line in told), key=lambda entry: entry[0]))

    def since(self, rows: int, validations: int = 0) -> dict[str, Floats]:
        """Every column from a row on, those of the validations from one of them on.

        After a training went back to a checkpoint there are fewer rows than before, and updates are measured anew.
        """
        starts = dict.fromkeys(COLUMNS, rows) | dict.fromkeys(VALIDATION, validations)
        return {name: column.read(starts[name]) for name, column in self._columns.items()}

    def add(self, line: Line) -> bool:
        """Take a line in; False for a note that is already there."""
        if isinstance(line, Row):
            numbers: tuple[float | None, ...] = (line.update, line.epoch, line.loss, line.norm, line.rate)
            self._append(COLUMNS, numbers)
        elif isinstance(line, Validation):
            self._append(VALIDATION, (line.update, line.loss))
        elif isinstance(line, Change):
            self.changes.append(line)
        elif line in self._notes:
            return False
        else:
            self._notes.append(line)
        return True

    def truncate(self, rows: int, validations: int) -> None:
        """Forget what was measured later; changes and notes stay."""
        for name, column in self._columns.items():
            column.truncate(validations if name in VALIDATION else rows)

    def lines(self) -> Iterator[Line]:
        """Everything as lines again: changes and notes last."""
        for update, epoch, loss, norm, rate in zip(*(self._columns[name].read() for name in COLUMNS), strict=True):
            yield Row(int(update), float(epoch), float(loss), float(norm), float(rate))
        for update, loss in zip(*(self._columns[name].read() for name in VALIDATION), strict=True):
            yield Validation(int(update), float(loss))
        yield from self.changes
        yield from self._notes

    def _append(self, names: tuple[str, ...], numbers: tuple[float | None, ...]) -> None:
        for name, number in zip(names, numbers, strict=True):
            self._columns[name].append(np.nan if number is None else number)


def read_metrics(path: str | Path) -> Metrics:
    """The metrics of a file, none where it is not there; the last line may be cut short, and nothing after it is read.

    Raises RunError where the file cannot be read.
    """
    metrics = Metrics()
    try:
        with Path(path).open("rb") as file:
            while (text := file.readline(_LONGEST)).endswith(b"\n"):
                metrics.add(_DECODER.decode(text))
    except (FileNotFoundError, msgspec.MsgspecError, UnicodeDecodeError):
        return metrics
    except OSError as error:
        raise RunError(
            "“{path}” cannot be read: {reason}.", path=str(path), reason=error.strerror or str(error)
        ) from error
    return metrics


class Journal:
    """metrics.jsonl being written: lines wait for at most a second, and none is lost where the disk is full.

    path None: nothing is written. ``put`` never fails; the others raise ExportError, after which the lines still wait.
    """

    def __init__(self, path: Path | None, metrics: Metrics) -> None:
        self.metrics = metrics
        self._path = path
        self._waiting: list[bytes] = []
        self._flushed = time.monotonic()

    def put(self, line: Line) -> None:
        """Take a line into the metrics, to be written with the next flush."""
        if self.metrics.add(line) and self._path is not None:
            self._waiting.append(_ENCODER.encode(line) + b"\n")

    def flush_in_time(self) -> None:
        """Flush, if the last time was a second ago."""
        if time.monotonic() - self._flushed > _SECONDS:
            self.flush()

    def flush(self, *, to_disk: bool = False) -> None:
        """Write what waits; ``to_disk``: so that it survives a power cut."""
        self._flushed = time.monotonic()
        if self._path is None or not (self._waiting or to_disk):
            return
        data = b"".join(self._waiting)
        try:
            number = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
            try:
                self._append(number, data)
                if to_disk:
                    os.fsync(number)
            finally:
                os.close(number)
        except OSError as error:
            raise sentence(error, self._path) from error
        self._waiting.clear()

    def rewrite(self) -> None:
        """Write the file anew from the metrics, beside it and moved into place: after a truncation."""
        if self._path is None:
            return
        with replacing(self._path) as new:
            new.write_bytes(b"".join(_ENCODER.encode(line) + b"\n" for line in self.metrics.lines()))
        self._waiting.clear()

    @staticmethod
    def _append(number: int, data: bytes) -> None:
        """All of it or nothing: half a line would hide those that follow."""
        before = os.fstat(number).st_size
        try:
            done = 0
            while done < len(data):
                done += os.write(number, data[done:])
        except OSError:
            os.ftruncate(number, before)
            raise
