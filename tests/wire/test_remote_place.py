"""A store over there as the window reads it: what cannot be had is told, and is not asked for again and again."""

from __future__ import annotations

import pytest

from lstmviz.errors import EngineError
from lstmviz.wire.elsewhere_messages import BytesRead, OpenStore, ReadBytes
from lstmviz.wire.messages import Request
from lstmviz.wire.remote_place import RemotePlace
from lstmviz.wire.tickets import Callbacks, Ticket, one


class Wire:
    """What was asked, to be answered by hand."""

    def __init__(self) -> None:
        self.asked: list[tuple[Request, Callbacks]] = []
        self.arrivals = 0

    def ask(self, request: Request, **on: object) -> Ticket:
        callbacks = Callbacks(**{name.removeprefix("on_"): call for name, call in on.items()})
        self.asked.append((request, callbacks))
        return Ticket(len(self.asked), one(request), callbacks, lambda _ticket: None)

    def came(self) -> None:
        self.arrivals += 1


@pytest.fixture
def wire() -> Wire:
    return Wire()


@pytest.fixture
def place(wire: Wire) -> RemotePlace:
    place = RemotePlace("gpu:/a.zarr", "/a.zarr", [BytesRead("zarr.json", 0, b"{}", 2)], wire.ask, "gpu")
    place.arrived = wire.came
    return place


def test_what_opening_reads_is_at_hand_and_the_rest_comes_in_parts(place: RemotePlace, wire: Wire) -> None:
    assert place.read("zarr.json") == b"{}"
    file = bytes(range(100))
    assert place.read("c.0.0", 10, 6) is None
    while not wire.arrivals:
        asked, callbacks = wire.asked.pop()
        assert isinstance(asked, ReadBytes)
        assert (asked.path, asked.file) == ("/a.zarr", "c.0.0")
        stop = asked.start + (100 if asked.size < 0 else asked.size)
        callbacks.part(BytesRead("c.0.0", asked.start, file[asked.start : stop][:4], 100))
    assert place.read("c.0.0", 10, 6) == file[10:16]
    assert not wire.asked


def test_what_cannot_be_read_over_there_is_told_and_asked_for_once(place: RemotePlace, wire: Wire) -> None:
    assert place.read("c.0.0") is None
    wire.asked[-1][1].failed(EngineError("The disk is gone."))
    assert wire.arrivals == 1, "somebody must look again to be told"
    for _ in range(3):
        with pytest.raises(OSError, match=r"The disk is gone$"):
            place.read("c.0.0")
    assert len(wire.asked) == 1


def test_after_a_lost_connection_it_is_asked_again_once_the_store_is_open(place: RemotePlace, wire: Wire) -> None:
    assert place.read("c.0.0", 0, 4) is None
    place.lost()
    place.reopen()
    assert isinstance(wire.asked[-1][0], OpenStore)
    wire.asked[-1][1].done()
    assert isinstance(wire.asked[-1][0], ReadBytes)
    assert wire.asked[-1][0].file == "c.0.0"


def test_a_store_that_is_gone_when_the_connection_is_back_says_so(place: RemotePlace, wire: Wire) -> None:
    assert place.read("c.0.0", 0, 4) is None
    place.lost()
    place.reopen()
    wire.asked[-1][1].failed(EngineError("“/a.zarr” does not exist."))
    assert wire.arrivals == 1
    with pytest.raises(OSError, match="does not exist"):
        place.read("c.0.0", 0, 4)
    assert place.read("zarr.json") == b"{}", "what is here stays"
