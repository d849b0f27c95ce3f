"""Streams: a client sends the parts of an input, and gets an answer to each as a server-sent event.

The request is JSON, a line for each part; the answers are `text/event-stream`.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.serving.answers import error_answer, json_bytes
from keras_rnn_zoo.serving.errors import OverloadedError, RequestError
from keras_rnn_zoo.serving.json_body import decode_base64, read_json
from keras_rnn_zoo.serving.limits import STREAMED
from keras_rnn_zoo.serving.paths import VERSION, model_at
from keras_rnn_zoo.serving.sampling import draw, sampling_of
from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.streaming.stream import Stream
from keras_rnn_zoo.streaming.stream import stream as open_stream


class EventResponse(Response):
    """A response that is sent event by event, while the request may still come in.

    `starlette.responses.StreamingResponse` would read the rest of the request itself, to learn whether the client is
    there. Here, a lost connection cancels the task.

    Args:
        events: the events.
        ended: called when no more events are sent.
    """

    media_type = "text/event-stream"

    def __init__(self, events: AsyncGenerator[bytes, None], ended: Callable[[], None]) -> None:
        super().__init__(headers={"X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._events, self._ended = events, ended

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
            async with contextlib.aclosing(self._events) as events:
                async for event in events:
                    await send({"type": "http.response.body", "body": event, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._ended()


def stream_routes(models: ServedModels, settings: ServingSettings) -> list[BaseRoute]:
    """Returns the routes of streams."""
    running = 0

    async def stream(request: Request) -> Response:
        nonlocal running
        model = model_at(request, models)
        if running >= settings.max_streams:
            raise OverloadedError(f"{settings.max_streams} streams are open already. Try again later.")
        rate = _rate(request.query_params.get("rate"))
        running += 1
        try:
            opened = await model.call(lambda: open_stream(model.loaded, rate=rate))
        except BaseException:
            running -= 1
            raise
        request.scope[STREAMED] = True

        def ended() -> None:
            nonlocal running
            running -= 1

        return EventResponse(_events(request, model, opened, settings), ended)

    paths = ("/v1/models/{name}:stream", f"/v1/models/{{name}}/versions/{VERSION}:stream")
    return [Route(path, stream, methods=["POST"]) for path in paths]


def _rate(value: str | None) -> int | None:
    if value is None:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) < 10):
        raise RequestError(f"The rate is expected in samples per second; received {short_repr(value)}.")
    return int(value)


async def _events(
    request: Request, model: ServedModel, stream: Stream, settings: ServingSettings
) -> AsyncGenerator[bytes, None]:
    """Yields an event for each answer. An error is the last event: the response has begun, so it has no other place."""
    try:
        async for line in _lines(request, settings):
            document = await read_json(line)
            if "prompt" in document:
                async for text in _sampled(model, stream, document, settings):
                    yield _event("answer", {"text": text})
            else:
                part, final = _part(document, stream)
                yield _event("answer", await model.call(lambda part=part, final=final: stream.feed(part, final=final)))
        if stream.task.answers == "steps" or stream.task.reader.input == "audio":
            yield _event("answer", await model.call(stream.finish))
        yield _event("end", {})
    except ClientDisconnect:
        return
    except Exception as error:
        yield _event("error", json.loads(bytes(error_answer(error).body)))


def _event(name: str, content: Mapping[str, Any]) -> bytes:
    # JSON has no line ends, so the data is one line.
    return b"event: %b\ndata: %b\n\n" % (name.encode(), json_bytes(content))


async def _lines(request: Request, settings: ServingSettings) -> AsyncIterator[bytes]:
    """Yields the lines of the body as they come in, until it ends or the server does."""
    stopping = asyncio.ensure_future(request.app.state.stopping.wait())
    held = bytearray()
    chunks = request.stream()
    try:
        while (chunk := await _next(chunks, stopping, settings.stream_idle_limit)) is not None:
            held += chunk
            *lines, rest = held.split(b"\n")
            held = bytearray(rest)
            if max(map(len, (held, *lines))) > settings.max_body_bytes:
                raise RequestError(f"A part may have up to {settings.max_body_bytes:,} bytes. Send smaller ones.", 413)
            for line in lines:
                if line.strip():
                    yield bytes(line)
        if held.strip():
            yield bytes(held)
    finally:
        stopping.cancel()


async def _next(chunks: AsyncIterator[bytes], stopping: "asyncio.Future[Any]", seconds: float) -> bytes | None:
    """Returns the next chunk of a body, or `None` at its end."""
    coming = asyncio.ensure_future(anext(chunks, None))
    try:
        await asyncio.wait({coming, stopping}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if coming.done():
            return coming.result()
        if stopping.done():
            raise OverloadedError("The server ends. Continue elsewhere.")
        raise RequestError(f"No part came in for {seconds:g} seconds.", 408)
    finally:
        coming.cancel()


def _part(document: Mapping[str, Any], stream: Stream) -> tuple[Any, bool]:
    """Returns the part of an input that a line has, and whether it is the last one."""
    if unknown := sorted(document.keys() - {"part", "final"}):
        raise RequestError(f"A part has no {short_repr(unknown[0])}. It has part, and final at the end of an input.")
    part, final = document.get("part"), document.get("final", False)
    if not isinstance(final, bool):
        raise RequestError(f"final is expected as true or false; received {short_repr(final)}.")
    if part is None:
        return stream.task.reader.no_part(), final
    if isinstance(part, dict) and part.keys() == {"b64"}:
        return decode_base64(part["b64"], "The part under b64"), final
    kind = stream.task.reader.input
    if kind == "text" and not isinstance(part, str):
        raise RequestError(f"The part is expected as a text; received {short_repr(part)}.")
    if kind == "audio":
        try:
            return np.array(part, "float32"), final
        except (ValueError, TypeError):
            raise RequestError(f"The part is expected as samples from -1 to 1; received {short_repr(part)}.") from None
    return part, final


async def _sampled(
    model: ServedModel, stream: Stream, document: Mapping[str, Any], settings: ServingSettings
) -> AsyncIterator[str]:
    """Yields the characters that continue the prompt of a line."""
    options = {name: value for name, value in document.items() if name != "prompt"}
    sampling, prompt = sampling_of(stream.task, options, settings.max_new_tokens), document["prompt"]
    if not isinstance(prompt, str):
        raise RequestError(f"The prompt is expected as a text; received {short_repr(prompt)}.")
    stream.reset()
    characters = draw(stream, prompt, sampling)
    while (drawn := await model.call(next, characters, None)) is not None:
        yield drawn.text
