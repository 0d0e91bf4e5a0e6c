"""An engine that is none of ours: it is told, request by request, what to answer, and says it in our frames.

Run as a program with a Python file that defines ``answers(request) -> list``; imported by nobody but the tests.
"""

from __future__ import annotations

import os
import runpy
import sys

from lstmviz.wire.elsewhere_messages import Ping
from lstmviz.wire.framing import FrameReader, encode
from lstmviz.wire.messages import PROTOCOL, Done, EngineInfo, Hello, Part, Request


def main(script: str) -> None:
    answers = runpy.run_path(script)["answers"]
    reader: FrameReader[Request] = FrameReader(Request)
    while data := os.read(0, 1 << 20):
        for request in reader.feed(data):
            if isinstance(request, Hello):
                info = EngineInfo(PROTOCOL, {"lstmviz": "9"}, "CPU", ("cpu",), 1, "/log", "/home/them")
                said = [Part(0, info), Done(0)]
            elif isinstance(request, Ping):
                said = [Done(request.id)]
            else:
                said = answers(request)
            for one in said:
                os.write(1, one if isinstance(one, bytes) else encode(one))


if __name__ == "__main__":
    main(sys.argv[1])
