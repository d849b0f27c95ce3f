"""Limits on the bodies of requests: their size, and the time that a client takes to send one."""

import asyncio
import contextlib

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keras_rnn_zoo.serving.errors import OverloadedError, RequestError
from keras_rnn_zoo.serving.settings import ServingSettings

STREAMED = "zoo.streamed"
"""The key in the scope of a request whose body is read for as long as the client sends it."""
TASK = "zoo.task"
"""The key in the scope of a request for the task that answers it, which is cancelled if the client goes away."""
ABORT = "zoo.abort"
"""The key in the scope of a request for the function that ends its connection at once."""
_DRAINED_BODIES = 4
_DRAIN_SECONDS = 2.0
"""How much is read, and for how long, of a body that is refused: a client that still sends may not see the answer."""


class TooSlowError(RequestError):
    """A client takes too long to send a request."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"The request did not arrive within {seconds:g} seconds.", 408)


class BodyLimits:
    """Refuses bodies that are too large or too slow, and more of them at once than memory is meant for.

    Args:
        app: the application.
        settings: the settings of the server.
    """

    def __init__(self, app: ASGIApp, settings: ServingSettings) -> None:
        self._app, self._settings = app, settings
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope[TASK] = asyncio.current_task()
        body = _Body(scope, receive, self._settings)

        async def receive_some() -> Message:
            message, size = await body.next()
            self._held += size
            if self._held > self._settings.max_held_bytes:
                raise OverloadedError("The server holds too many large requests. Try again later.")
            return message

        async def send_closing(message: Message) -> None:
            if message["type"] == "http.response.start" and body.is_unread:
                await body.drain()
                message = {**message, "headers": [*message.get("headers", ()), (b"connection", b"close")]}
            try:
                async with asyncio.timeout(self._settings.body_time_limit):
                    await send(message)
            except TimeoutError:  # The client does not read.
                scope[ABORT]()
                await asyncio.sleep(1)  # The lost connection cancels this task.

        try:
            await self._app(scope, receive_some, send_closing)
        except asyncio.CancelledError:
            if scope[TASK] is not None:  # Otherwise, the client went away, and nobody waits for the answer.
                raise
        finally:
            self._held -= body.size


class _Body:
    """The body of a request, as far as it has come in."""

    def __init__(self, scope: Scope, receive: Receive, settings: ServingSettings) -> None:
        self._scope, self._receive, self._settings = scope, receive, settings
        self._headers = Headers(scope=scope)
        self._deadline = asyncio.get_running_loop().time() + settings.body_time_limit
        self._is_late = False
        self.size = 0
        length = self._headers.get("content-length", "0")
        self._length = int(length) if length.isdecimal() and len(length) < 20 else 2**63
        self.is_unread = self._length > 0 or "transfer-encoding" in self._headers

    async def next(self) -> tuple[Message, int]:
        """Returns the next message of the body and its size; raises `RequestError` if the body is refused."""
        if self._scope.get(STREAMED):
            message = await self._receive()
            self.is_unread = self.is_unread and bool(message.get("more_body"))
            return message, 0
        if self._length > self._settings.max_body_bytes:
            raise self._too_large()
        if self._headers.get("content-encoding", "identity") != "identity":
            raise RequestError("Compressed requests are not read. Send them as they are.", 415)
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await self._receive()
        except TimeoutError:
            self._is_late = True
            raise TooSlowError(self._settings.body_time_limit) from None
        size = len(message.get("body", b""))
        self.size += size
        if self.size > self._settings.max_body_bytes:
            raise self._too_large()
        self.is_unread = self.is_unread and bool(message.get("more_body"))
        return message, size

    async def drain(self) -> None:
        """Reads some more of a body that is refused, so that the client sees the answer."""
        # A client with the header Expect waits for the answer before it sends the body.
        if self._is_late or self._scope.get(STREAMED) or "expect" in self._headers:
            return
        left = _DRAINED_BODIES * self._settings.max_body_bytes
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                more = True
                while more and left > 0:
                    message = await self._receive()
                    left -= len(message.get("body", b""))
                    more = bool(message.get("more_body"))

    def _too_large(self) -> RequestError:
        return RequestError(f"A request may have up to {self._settings.max_body_bytes:,} bytes. Send several.", 413)
