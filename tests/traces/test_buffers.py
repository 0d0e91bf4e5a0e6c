"""Buffers keep what was read last, in memory that is used again, and never write over what is held."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from lstmviz.traces.buffers import Buffers, Bytes


def filled(value: int, known: bool = True) -> Callable[[Bytes], bool]:
    def fill(into: Bytes) -> bool:
        into[:] = value
        return known

    return fill


def never(into: Bytes) -> bool:
    raise AssertionError("it is kept")


def test_what_was_read_is_found_again_and_the_oldest_leaves_first() -> None:
    buffers: Buffers[str] = Buffers(200)
    for number, key in enumerate("abc"):
        with buffers.held(key, 100, filled(number)) as (data, known):
            assert known
            assert (data == number).all()
    assert [buffers.has(key) for key in "abc"] == [False, True, True]
    with buffers.held("b", 100, never) as (data, _):
        assert (data == 1).all()
    with buffers.held("d", 100, filled(4)):
        pass
    assert [buffers.has(key) for key in "bcd"] == [True, False, True]


def test_memory_is_used_again() -> None:
    buffers: Buffers[str] = Buffers(100)
    places = set()
    for key in "abcdef":
        with buffers.held(key, 100, filled(1)) as (data, _):
            places.add(data.ctypes.data)
    assert len(places) == 1


def test_what_is_held_is_not_written_over_though_it_is_too_much() -> None:
    buffers: Buffers[int] = Buffers(100)
    with (
        buffers.held(0, 100, filled(0)) as (first, _),
        buffers.held(1, 100, filled(1)) as (second, _),
        buffers.held(2, 100, filled(2)),
    ):
        assert (first == 0).all()
        assert (second == 1).all()
    assert sum(map(buffers.has, range(3))) == 1


def test_what_is_on_its_way_or_not_worth_it_or_failed_is_asked_for_again() -> None:
    buffers: Buffers[str] = Buffers(1000)
    with buffers.held("late", 10, filled(1, known=False)) as (_, known):
        assert not known
    with buffers.held("once", 10, filled(1), keep=False):
        pass

    def fail(into: Bytes) -> bool:
        raise OSError("torn")

    with pytest.raises(OSError, match="torn"), buffers.held("torn", 10, fail):
        pass
    assert not any(map(buffers.has, ("late", "once", "torn")))
    with buffers.held("kept", 10, filled(1)):
        buffers.clear()
    assert not buffers.has("kept")


def test_threads_see_each_their_own_bytes() -> None:
    buffers: Buffers[int] = Buffers(5 * 64)
    wrong: list[int] = []

    def look(seed: int) -> None:
        for key in np.random.default_rng(seed).integers(0, 12, 400).tolist():
            with buffers.held(key, 64, filled(key)) as (data, _):
                if not (data == key).all():
                    wrong.append(key)

    threads = [threading.Thread(target=look, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
