"""Engines in processes of their own, and what they are asked about."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from lstmviz.sequences.sequence import Sequence
from lstmviz.traces.trace import Trace
from lstmviz.wire.codec import sequence_to_wire, trace_arrays
from lstmviz.wire.framing import FrameReader
from lstmviz.wire.messages import (
    Answer,
    Done,
    Failed,
    RecordTrace,
)
from lstmviz.wire.pipe_transport import PipeClient
from lstmviz.wire.transport import engine_command


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipeClient]:
    """One engine for the tests that leave it as it was."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LSTMVIZ_HOME", str(tmp_path_factory.mktemp("engine")))
        with PipeClient() as client:
            yield client


@pytest.fixture
def client() -> Iterator[PipeClient]:
    with PipeClient() as client:
        yield client


@pytest.fixture
def csv(tmp_path: Path) -> str:
    path = tmp_path / "waves.csv"
    path.write_text("a,b\n" + "".join(f"{n / 8},{-n}\n" for n in range(30)))
    return str(path)


@pytest.fixture
def model(tmp_path: Path) -> str:
    """A net of 2 features and 8 units."""
    return save_small_net(tmp_path / "small.json", 8)


def save_small_net(path: Path, units: int) -> str:
    import torch

    from lstmviz.nets.net import Net
    from lstmviz.nets.save import save_net
    from lstmviz.nets.spec import NetSpec, ValueInput

    torch.manual_seed(0)
    spec = NetSpec(name="small", input=ValueInput(("a", "b"), (0.0, 0.0), (1.0, 1.0)), hidden=units)
    save_net(Net(spec), path)
    return str(path)


def record(client: PipeClient, model: str, sequence: Sequence) -> Trace:
    traces: list[Trace] = []
    failures: list[Exception] = []
    request = RecordTrace(0, model, sequence_to_wire(sequence))
    client.wait(client.ask_trace(request, traces.append, on_failed=failures.append))
    assert [str(failure) for failure in failures] == []
    return traces[0]


def bytes_of(trace: Trace) -> dict[str, bytes]:
    return {key: array.tobytes() for key, array in trace_arrays(trace)}


def raw_engine() -> subprocess.Popen[bytes]:
    return subprocess.Popen(engine_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def read_until(engine: subprocess.Popen[bytes], last: int) -> list[Answer]:
    assert engine.stdout is not None
    reader: FrameReader[Answer] = FrameReader(Answer)
    answers: list[Answer] = []
    while not any(answer.id == last and isinstance(answer, Done | Failed) for answer in answers):
        data = os.read(engine.stdout.fileno(), 1 << 16)
        assert data, f"the engine ended after {answers}"
        answers += reader.feed(data)
    return answers
