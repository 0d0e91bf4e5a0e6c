"""A real ssh server on this computer, whose other end is this checkout's engine with a home of its own."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from lstmviz.wire.host import Host

SSHD = shutil.which("sshd") or "/usr/sbin/sshd"
CONFIG = """
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/key.pub
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
"""
CLIENT = """
Host gpu-server
  HostName 127.0.0.1
  Port {port}
  IdentityFile {folder}/key
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking accept-new
Host stranger
  HostName 127.0.0.1
  Port {port}
  IdentityFile {folder}/key
  UserKnownHostsFile /dev/null
  StrictHostKeyChecking yes
Host keyless
  HostName 127.0.0.1
  Port {port}
  IdentityFile {folder}/other
  IdentitiesOnly yes
  UserKnownHostsFile {folder}/known
  StrictHostKeyChecking accept-new
Host closed
  HostName 127.0.0.1
  Port 1
"""
PATIENCE = 40.0


class FarHost:
    """The server, and what it takes to use it. home: of the user over there."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.home = folder, folder / "home"
        self.home.mkdir()
        self.command = (
            f"env HOME={shlex.quote(str(self.home))} LSTMVIZ_HOME={shlex.quote(str(self.home))} OMP_NUM_THREADS=1"
            f" {shlex.quote(sys.executable)} -m lstmviz engine"
        )
        self.host = Host("gpu-server", self.command)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        for name in ("host_key", "key", "other"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", folder / name], check=True)
        (folder / "sshd_config").write_text(CONFIG.format(folder=folder, port=self.port))
        (folder / "ssh_config").write_text(CLIENT.format(folder=folder, port=self.port))
        wrapper = folder / "bin" / "ssh"
        wrapper.parent.mkdir()
        wrapper.write_text(f'#!/bin/sh\nexec {shutil.which("ssh")} -F {shlex.quote(str(folder))}/ssh_config "$@"\n')
        wrapper.chmod(0o755)
        self.path = f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}"
        self.server: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start the server and wait until it listens."""
        log = self.folder / "sshd.log"
        self.server = subprocess.Popen([SSHD, "-D", "-f", self.folder / "sshd_config", "-E", log])
        until = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                assert time.monotonic() < until, log.read_text()
                time.sleep(0.02)

    def stop(self) -> None:
        """End the server and every connection to it at once."""
        assert self.server is not None
        for pid in descendants(self.server.pid, "sshd"):
            os.kill(pid, signal.SIGKILL)
        self.server.kill()
        self.server.wait()

    def engines(self) -> list[int]:
        """The engines that run over there."""
        assert self.server is not None
        return descendants(self.server.pid, "lstmviz")


def descendants(pid: int, word: str) -> list[int]:
    """The processes below one whose command line has a word in it."""
    found: list[int] = []
    try:
        below = [
            int(child) for task in Path(f"/proc/{pid}/task").glob("*/children") for child in task.read_text().split()
        ]
    except OSError:  # a thread that ended while it was looked at
        return descendants(pid, word) if Path(f"/proc/{pid}").exists() else found
    for child in below:
        try:
            command = Path(f"/proc/{child}/cmdline").read_bytes().decode()
        except OSError:
            continue
        found += [child] if word in command else []
        found += descendants(child, word)
    return found


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FarHost]:
    """A host called gpu-server that ssh reaches."""
    if not Path(SSHD).exists() or shutil.which("ssh") is None or not Path("/proc/self/task").exists():
        pytest.skip("there is no ssh server here")
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)
    made = FarHost(tmp_path_factory.mktemp("far"))
    patch = pytest.MonkeyPatch()
    patch.setenv("PATH", made.path)
    yield made
    patch.undo()
    made.stop()
