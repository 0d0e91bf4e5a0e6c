"""Without a display there is a sentence, not the end of the process by Qt's hand."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from lstmviz.app import display
from lstmviz.app.display import check_display
from lstmviz.errors import LstmvizError

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 displays are asked on Linux alone")


@pytest.fixture(autouse=True)
def no_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("QT_QPA_PLATFORM", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)


def test_no_display_is_a_sentence() -> None:
    with pytest.raises(LstmvizError, match=r"no display .* `lstmviz pictures`"):
        check_display()


@pytest.mark.parametrize("name", [":4711", ":4711.0", "unix:4711", "localhost:4711.0"])
def test_a_display_that_does_not_answer_is_named(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DISPLAY", name)
    with pytest.raises(LstmvizError, match=f"“{name}” does not answer"):
        check_display()


def test_a_display_that_answers_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        monkeypatch.setattr(display, "_FIRST_PORT", port - 7)
        assert display._answers("127.0.0.1:7")


def test_a_platform_that_is_named_is_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")
    check_display()


def test_a_local_display_is_found_by_its_socket(tmp_path: Path) -> None:
    number = 61234
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"\0/tmp/.X11-unix/X{number}")  # in the abstract namespace, which leaves no file behind
        server.listen()
        assert display._answers(f":{number}")
