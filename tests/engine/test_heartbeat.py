"""An engine with a heartbeat lives as long as it hears something, however slowly its own answers get away."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from lstmviz.traces.store import save_trace
from lstmviz.wire.elsewhere_messages import Ping
from lstmviz.wire.framing import FrameReader, encode
from lstmviz.wire.messages import Answer, Done, Hello, OpenTrace

HEARTBEAT = 1.0
LATE = 100


def test_a_heartbeat_behind_a_long_answer_on_a_slow_network_counts(make_trace, tmp_path: Path) -> None:
    save_trace(make_trace(steps=2000, units=32), tmp_path / "long.zarr")
    command = (sys.executable, "-m", "lstmviz", "engine", "--heartbeat", str(HEARTBEAT))
    engine = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    assert engine.stdin is not None
    assert engine.stdout is not None
    reader: FrameReader[Answer] = FrameReader(Answer)
    try:
        with engine.stdin as told, engine.stdout as heard:
            told.write(encode(Hello(0)))
            while Done(0) not in reader.feed(heard.read(1 << 16)):
                pass
            told.write(encode(OpenTrace(1, str(tmp_path / "long.zarr"))))  # more than a pipe holds, and nobody reads
            pings = range(LATE, LATE + int(3 * HEARTBEAT / 0.1))
            for number in pings:
                told.write(encode(Ping(number)))
                time.sleep(0.1)
            done: set[int] = set()
            while not {1, *pings} <= done:
                data = heard.read(1 << 16)
                assert data, "the engine took us for gone"
                done |= {answer.id for answer in reader.feed(data) if isinstance(answer, Done)}
    finally:
        engine.kill()
        engine.wait()
