"""An engine that a real ssh server starts: files are brought, results come back, and a lost connection loses nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from far_bench import FarBench, write_csv
from far_host import FarHost, far

from lstmviz import paths
from lstmviz.wire.messages import LoadSequence, SequenceLoaded

__all__ = ["far"]


@pytest.fixture(scope="module")
def shared(far: FarHost) -> Iterator[FarBench]:
    with FarBench(far) as bench:
        bench.wait(lambda: bench.client.state == "ready", "the engine over there")
        yield bench


def net() -> Path:
    return next(paths.samples().glob("**/reber*.safetensors"))


def pair(path: Path) -> dict[str, Path]:
    """The two files of a net of ours."""
    return {one.name: one for one in (path.with_suffix(".json"), path.with_suffix(".safetensors"))}


def test_it_runs_over_there_and_says_how_far_it_is(shared: FarBench) -> None:
    info = shared.client.info
    assert info is not None
    assert shared.far.engines() == [info.pid]
    assert info.home == str(shared.far.home)
    shared.wait(lambda: shared.client.round_trip is not None, "a heartbeat")
    assert 0 < shared.client.round_trip < 5


def test_a_sequence_of_this_computer_is_read_over_there_from_a_copy(shared: FarBench, tmp_path: Path) -> None:
    file = write_csv(tmp_path / "mine.csv")
    (loaded,) = shared.answer(LoadSequence(0, str(file)))
    assert isinstance(loaded, SequenceLoaded)
    assert loaded.sequence.names == ("a", "b")
    copies = list((shared.far.home / "uploads").glob("*/mine.csv"))
    assert [copy.read_bytes() for copy in copies] == [file.read_bytes()]
    write_csv(file, 5)
    (loaded,) = shared.answer(LoadSequence(0, str(file)))
    assert loaded.sequence.values.shape == (5, 2), "a file that changed is brought anew"
