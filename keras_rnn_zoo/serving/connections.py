"""Connections of clients that send slowly, not at all, or do not read."""

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

from keras_rnn_zoo.serving.limits import ABORT, STREAMED, TASK
from keras_rnn_zoo.serving.settings import ServingSettings


class JoinedWrites:
    """A transport that sends what is written in one turn of the event loop at once: the head of an answer and its body.

    Args:
        transport: the transport that sends it.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport, self._held = transport, bytearray()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """Sends bytes soon."""
        if not self._held:
            asyncio.get_running_loop().call_soon(self._flush)
        self._held += data

    def close(self) -> None:
        """Ends the connection once everything is sent."""
        self._flush()
        self._transport.close()

    def _flush(self) -> None:
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            self._transport.write(held)


class BoundedProtocol(H11Protocol):
    """A connection whose client has a limited time to send the head of a request, and to read the answer.

    Uvicorn itself waits for both without end. Beyond the maximum number of connections, a new one takes the place of
    the one that has kept the server waiting longest.

    Args:
        settings: the settings of the server.
        arrivals: the connections of the server, in the order of their last answers.
        **arguments: those of Uvicorn.
    """

    def __init__(self, settings: ServingSettings, arrivals: "dict[BoundedProtocol, None]", **arguments: Any) -> None:
        super().__init__(**arguments)
        self._settings, self._arrivals = settings, arrivals
        self._head_timer: asyncio.TimerHandle | None = None

    @property
    def waits_for_client(self) -> bool:
        """Whether the client has yet to send the rest of a request."""
        if self.cycle is None or self.cycle.response_complete:
            return True
        return self.cycle.more_body and not self.scope.get(STREAMED)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(JoinedWrites(transport))  # type: ignore[arg-type]
        if len(self._arrivals) >= self._settings.max_connections:
            slowest = next((other for other in self._arrivals if other.waits_for_client), self)
            self._arrivals.pop(slowest, None)
            slowest.transport.abort()
            if slowest is self:
                return
        self._arrivals[self] = None
        self._time_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._arrivals.pop(self, None)
        self._cancel_timer()
        super().connection_lost(exc)
        if self.cycle is not None and not self.cycle.response_complete:
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]
            task, scope[TASK] = scope.get(TASK), None
            if task is not None:
                task.cancel()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._time_head()

    def handle_events(self) -> None:
        before = self.scope
        super().handle_events()
        if self.scope is not before:  # The task that answers the new request has not begun yet.
            scope: dict[str, Any] = self.scope  # type: ignore[assignment]
            scope[ABORT] = self.transport.abort

    def on_response_complete(self) -> None:
        if self in self._arrivals:
            self._arrivals[self] = self._arrivals.pop(self)
        super().on_response_complete()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        # An answer that is not read would be kept until the client goes away.
        self.loop.call_later(self._settings.body_time_limit, self.transport.abort)

    def _time_head(self) -> None:
        """Starts the timer for the head of a request, or stops it once the head is there."""
        if self.cycle is not None and not self.cycle.response_complete:
            self._cancel_timer()
        elif self._head_timer is None:
            self._head_timer = self.loop.call_later(self._settings.header_time_limit, self._give_up)

    def _cancel_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _give_up(self) -> None:
        self._head_timer = None
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()
