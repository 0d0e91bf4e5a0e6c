"""The engine as a QProcess: the window's transport."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QObject, QProcess, QTimer

from lstmviz.wire.host import Ended
from lstmviz.wire.transport import SECONDS_TO_END, Listener, engine_command, stderr_log, tail_of

ROOM = 4 << 20
"""Bytes that may wait for the engine before no more are asked for."""


class QProcessTransport(QObject):
    """One engine under Qt's event loop; nothing here waits but ``close`` and ``kill``. taken: bytes that it took."""

    def __init__(self, listener: Listener, command: tuple[str, ...] = ()) -> None:
        super().__init__(QCoreApplication.instance())  # Qt's own: it must outlive the signal that ends it
        self._listener: Listener | None = listener
        self.taken = 0
        self._full = False
        command = command or engine_command()
        self._log = stderr_log(command)
        self._started = True
        self._process = process = QProcess(self)
        process.setProgram(command[0])
        process.setArguments(list(command[1:]))
        process.setReadChannel(QProcess.ProcessChannel.StandardOutput)
        process.readyReadStandardOutput.connect(self._on_ready_read)
        process.bytesWritten.connect(self._on_bytes_written)
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)

    @property
    def pid(self) -> int:
        """The engine's process id, 0 where it does not run."""
        return int(self._process.processId())

    @property
    def ended(self) -> Ended:
        """How it came to its end."""
        crashed = self._process.exitStatus() == QProcess.ExitStatus.CrashExit
        return Ended(-1 if crashed else self._process.exitCode(), self._started, tail_of(self._log))

    def start(self) -> None:
        """Start the engine; its stderr goes to a log of its own."""
        self._process.setStandardErrorFile(str(self._log))
        self._process.start()

    def write(self, data: bytes) -> bool:
        """Queue bytes for the engine; False where enough are waiting."""
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.write(data)
            self._full = self._process.bytesToWrite() > ROOM
        return not self._full

    def close(self, wait: bool = True) -> None:
        """Close the engine's input, at which it ends; killed after three seconds, for which only ``wait`` waits."""
        self._listener = None
        milliseconds = int(1000 * SECONDS_TO_END)
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.closeWriteChannel()
            if not wait:
                patience = QTimer(self)
                patience.setSingleShot(True)
                patience.timeout.connect(self.kill)
                patience.start(milliseconds)
                return  # its end deletes us
            if not self._process.waitForFinished(milliseconds):
                self.kill()
        self.deleteLater()

    def kill(self) -> None:
        """End the engine now."""
        self._listener = None
        if self._process.state() != QProcess.ProcessState.NotRunning:
            self._process.kill()
            self._process.waitForFinished(int(1000 * SECONDS_TO_END))
        self.deleteLater()

    def _on_ready_read(self) -> None:
        data = self._process.readAllStandardOutput().data()
        if data and self._listener is not None:
            self._listener.on_bytes(bytes(data))

    def _on_bytes_written(self, count: int) -> None:
        self.taken += count
        if self._full and self._process.bytesToWrite() <= ROOM:
            self._full = False
            if self._listener is not None:
                self._listener.on_drained()

    def _on_finished(self) -> None:
        self._on_ready_read()
        self._exited()

    def _on_error(self, error: QProcess.ProcessError) -> None:
        if error == QProcess.ProcessError.FailedToStart:
            self._started = False
            self._exited()

    def _exited(self) -> None:
        listener, self._listener = self._listener, None
        self.deleteLater()
        if listener is not None:
            listener.on_exit()
