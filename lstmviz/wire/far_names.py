"""Paths in messages on their way over: one of this computer becomes that of a copy, ``HOST:/path`` a plain one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from lstmviz.errors import EngineError
from lstmviz.wire.elsewhere_messages import OpenStore
from lstmviz.wire.host import far_name, far_path
from lstmviz.wire.mapping_messages import ArraysListed, KeepMapping, ListArrays, MappingKept
from lstmviz.wire.messages import (
    AskFlow,
    Failed,
    InspectModel,
    LoadSequence,
    NetSummary,
    OpenTrace,
    Part,
    Payload,
    RecordBatch,
    RecordTrace,
    Request,
    SequenceLoaded,
    TraceHeader,
    WriteTrace,
    Written,
)
from lstmviz.wire.model_place import MARK, join, split
from lstmviz.wire.run_messages import ReadProbe, ReadRun, RunBegun, Steer, Train
from lstmviz.wire.store_messages import StoreOpened

BROUGHT: dict[type, str] = {
    InspectModel: "path",
    ListArrays: "path",
    KeepMapping: "path",
    LoadSequence: "path",
    RecordTrace: "model",
    AskFlow: "model",
    RecordBatch: "model",
}
"""Where a request names a file that is brought over; a training names its data in its configuration."""
LYING_THERE: dict[type, tuple[str, ...]] = {
    OpenTrace: ("path",),
    OpenStore: ("path",),
    WriteTrace: ("path", "source"),
    RecordTrace: ("out",),
    RecordBatch: ("run",),
    Train: ("folder",),
    Steer: ("folder", "twin"),
    ReadRun: ("folder",),
    ReadProbe: ("folder",),
}
"""Where a request names what must lie on the engine's computer."""
Home = Callable[[str], str]
"""The file of this computer that one over there is a copy of, "" for any other."""


def brought_file(request: Request) -> tuple[Path, bool] | None:
    """The file of this computer that must be over there before a request can be answered, and whether it must stay."""
    field = BROUGHT.get(type(request))
    if field is not None:
        place = getattr(request, field)
        return None if far_path(place) else (Path(split(place)[0]).absolute(), False)
    if isinstance(request, Train) and request.config is not None and not far_path(request.config.data):
        data = Path(request.config.data)
        return (data.absolute(), True) if data.is_file() else None
    return None


def check_here(request: Request) -> None:
    """Raise EngineError where a request for the engine of this computer names what lies on another one."""
    fields = (BROUGHT[type(request)],) if type(request) in BROUGHT else ()
    for field in (*fields, *LYING_THERE.get(type(request), ())):
        found = far_path(getattr(request, field))
        if found is not None:
            raise EngineError(
                "“{path}” lies on {other}, and the engine is on this computer. Choose the engine on {other}.",
                path=getattr(request, field),
                other=found[0],
            )


class FarNames:
    """How paths are called here and over there. label: what stands before a path over there; there: where a file is."""

    def __init__(self, label: str, there: Callable[[Path, bool], str], home: Home) -> None:
        self._label = label
        self._there = there
        self._home = home
        self.user_home = "~"

    def name(self, path: str) -> str:
        """What a path over there is called here; the name of no file stays as it is.

        Whatever an engine tells, its answer never names a file of this computer but one that was brought to it: what a
        path stands for is asked for again, and brought.
        """
        if path.startswith("/"):
            return self._home(path) or far_name(self._label, path)
        if "/" in path or "\\" in path or Path(path).exists():
            return far_name(self._label, path)
        return path

    def plain(self, path: str) -> str:
        """A path over there, without its host; raises EngineError for a path on this computer or another one."""
        found = far_path(path)
        if found is None:
            raise EngineError(
                "“{path}” lies on this computer, and the engine is on {host}. Choose this computer's engine, or a place"
                " on {host}.",
                path=path,
                host=self._label,
            )
        if found[0] != self._label:
            raise EngineError(
                "“{path}” lies on {other}, and the engine is on {host}. Choose the engine on {other}.",
                path=path,
                other=found[0],
                host=self._label,
            )
        return self.user_home + found[1][1:] if found[1].startswith("~/") else found[1]

    def sent(self, request: Request) -> Request:
        """A request as the engine over there understands it; raises EngineError where it cannot."""
        changed: dict[str, Any] = {}
        field = BROUGHT.get(type(request))
        if field is not None:
            changed[field] = self._copied(getattr(request, field), lasting=False)
        for field in LYING_THERE.get(type(request), ()):
            path = getattr(request, field)
            if path and not (isinstance(request, WriteTrace) and path.startswith("/") and field == "path"):
                changed[field] = self.plain(path)
        if isinstance(request, Train) and request.config is not None:
            data = request.config.data
            if far_path(data) or Path(data).is_file():
                changed["config"] = msgspec.structs.replace(request.config, data=self._copied(data, lasting=True))
        return msgspec.structs.replace(request, **changed) if changed else request

    def _copied(self, place: str, *, lasting: bool) -> str:
        if far_path(place):
            return self.plain(place)
        path, stack = split(place)
        found = self._there(Path(path).absolute(), lasting)
        if not found:
            raise EngineError("“{file}” does not exist (any more), or cannot be read. Choose another file.", file=path)
        return join(found, stack)

    def told(self, answer: Part | Failed) -> Part | Failed:
        """An answer with the names that this side knows."""
        if isinstance(answer, Part):
            payload = self._payload(answer.payload)
            return answer if payload is answer.payload else msgspec.structs.replace(answer, payload=payload)
        values = {
            name: self.name(value) if isinstance(value, str) and value.startswith("/") else value
            for name, value in answer.values.items()
        }
        return msgspec.structs.replace(answer, values=values)

    def _payload(self, payload: Payload) -> Payload:
        if isinstance(payload, NetSummary | Written | StoreOpened):
            return msgspec.structs.replace(payload, path=self._named(payload.path))
        if isinstance(payload, RunBegun):
            config = msgspec.structs.replace(payload.config, data=self.name(payload.config.data))
            return msgspec.structs.replace(payload, folder=self.name(payload.folder), config=config)
        if isinstance(payload, SequenceLoaded):
            source = payload.sequence.source  # only read by people, and perhaps an address
            source = self.name(source) if source.startswith("/") else source
            sequence = msgspec.structs.replace(payload.sequence, source=source)
            return msgspec.structs.replace(payload, sequence=sequence)
        if isinstance(payload, TraceHeader):
            return self._header(payload)
        if isinstance(payload, ArraysListed | MappingKept):
            kept = self.name(payload.mapping_file)
            return msgspec.structs.replace(payload, path=self.name(payload.path), mapping_file=kept)
        return payload

    def _header(self, header: TraceHeader) -> TraceHeader:
        model = header.meta.get("model")
        path = model.get("path") if isinstance(model, dict) else None
        if not isinstance(path, str):
            return header
        model = {**model, "path": self._named(path)} if model else model
        return msgspec.structs.replace(header, meta={**header.meta, "model": model})

    def _named(self, place: str) -> str:
        """The name of a place that may be a stack within a file."""
        path, mark, stack = place.rpartition(MARK)
        known = self._home(path) if mark else ""
        return join(known, stack) if known else self.name(place)
