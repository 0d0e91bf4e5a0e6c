"""What is at hand is written to this computer by its own engine, wherever the engine in use is."""

from __future__ import annotations

from lstmviz.traces.trace import Trace
from lstmviz.wire.client import Client
from lstmviz.wire.porter import Later
from lstmviz.wire.tickets import Callbacks, Ticket
from lstmviz.wire.transport import MakeTransport

SECONDS_BETWEEN_LOOKS = 1.0


class WritingHere:
    """An engine of this computer that lives for as long as something is written.

    A trace that the window has would go over there and its file come back, over a network that may be slow; and a
    store on this computer is not over there at all.
    """

    def __init__(self, make_transport: MakeTransport, later: Later) -> None:
        self._make_transport = make_transport
        self._later = later
        self._client: Client | None = None

    def write(
        self, trace: Trace, path: str, selection: dict[str, object] | None, callbacks: Callbacks, source: str
    ) -> Ticket:
        """See Client.write_trace."""
        if self._client is None:
            self._client = Client(self._make_transport)
            self._client.start()
            self._later(SECONDS_BETWEEN_LOOKS, self._look)
        told = (callbacks.part, callbacks.progress, callbacks.done, callbacks.failed)
        return self._client.write_trace(trace, path, selection, *told, source=source)

    def stop(self, wait: bool = True) -> None:
        """End the engine; what it was writing is wanted no more."""
        client, self._client = self._client, None
        if client is not None:
            client.stop(wait)

    def _look(self) -> None:
        """Let the engine go where nothing is asked of it any more."""
        if self._client is not None and self._client.idle:
            self.stop(wait=False)
        elif self._client is not None:
            self._later(SECONDS_BETWEEN_LOOKS, self._look)
