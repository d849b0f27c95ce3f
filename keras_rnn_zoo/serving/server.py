"""Runs the server until a signal ends it."""

import asyncio
import contextlib
import errno
import functools
import gc
import signal
import socket
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette

from keras_rnn_zoo.errors import ServingError
from keras_rnn_zoo.serving.app import create_app
from keras_rnn_zoo.serving.connections import BoundedProtocol
from keras_rnn_zoo.serving.metrics import Metrics
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.serving.sources import Source
from keras_rnn_zoo.serving.versions import Versions

_KEEP_ALIVE = 75
"""Seconds that a connection may idle between two requests, longer than the minute of usual proxies: one that the server
closes just as a client sends loses the request."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Server(uvicorn.Server):
    """A server that ends what it has begun when a signal comes, and then returns.

    Args:
        app: the application.
        settings: the settings.
        ready: called once requests are accepted.
    """

    def __init__(self, app: Starlette, settings: ServingSettings, ready: Callable[[], None]) -> None:
        protocol = functools.partial(BoundedProtocol, settings, {})
        config = uvicorn.Config(
            app,
            http=protocol,  # type: ignore[arg-type]
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE,
            timeout_graceful_shutdown=round(settings.time_limit) + 1,
        )
        super().__init__(config)
        self._application, self._ready_call = app, ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready_call()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._application.state.stopping.set()
        for connection in list(self.server_state.connections):
            if isinstance(connection, BoundedProtocol) and connection.waits_for_client:
                connection.transport.abort()  # What has not come in completely is not begun.
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Makes the signals end the server; unlike Uvicorn's own, not the program."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self.handle_exit) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def run_server(
    sources: Sequence[Source], settings: ServingSettings, ready: Callable[[str], None], *, strict: bool
) -> None:
    """Loads models and serves them until a signal comes.

    Args:
        sources: where the models come from.
        settings: the settings.
        ready: called with the address once requests are accepted.
        strict: whether a model that cannot be loaded is an error.

    Raises:
        ServingError: the port is in use, or the host is not one of this machine.
        ZooError: a model cannot be loaded.
    """
    with bind(settings.host, settings.port) as bound:
        host, port = bound.getsockname()[:2]
        address = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        with _noted_signals() as noted:
            server = make_server(sources, settings, lambda: ready(address), strict=strict)
        if noted:
            raise KeyboardInterrupt
        # The frameworks and the models stay. Without this, the garbage collector would look through their millions of
        # objects again and again, and once more at the end, for seconds.
        gc.collect()
        gc.freeze()
        server.run([bound])


@contextlib.contextmanager
def _noted_signals() -> Iterator[list[int]]:
    """Yields the signals that come inside the block: frameworks that load may lose the exceptions of their handlers."""
    noted: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield noted
        return
    before: dict[int, Any] = {number: signal.getsignal(number) for number in _SIGNALS}

    def note(number: int, frame: FrameType | None) -> None:
        noted.append(number)
        handler = before[number]
        if callable(handler):
            handler(number, frame)
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, note)
    try:
        yield noted
    finally:
        for noted_number, handler in before.items():
            signal.signal(noted_number, handler)


def make_server(
    sources: Sequence[Source], settings: ServingSettings, ready: Callable[[], None], *, strict: bool = True
) -> Server:
    """Returns a server whose models are loaded; arguments and errors as of `run_server`."""
    metrics = Metrics()
    versions = Versions(sources, settings, metrics.observe_batch, strict=strict)
    app = create_app(versions.models, settings, metrics, lifespan=functools.partial(_watching, versions))
    return Server(app, settings, ready)


@contextlib.asynccontextmanager
async def _watching(versions: Versions, app: Starlette) -> AsyncIterator[None]:
    watcher = asyncio.create_task(versions.watch())
    yield
    watcher.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await watcher


def bind(host: str, port: int) -> socket.socket:
    """Returns a socket that is bound but does not listen yet, for a port in use to be reported before a model loads."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            "127.0.0.1" if host == "localhost" else host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError:
        raise ServingError(
            f"The host {host!r} is unknown. Use 127.0.0.1 for this machine alone, or 0.0.0.0 for all its networks."
        ) from None
    bound = socket.socket(family, kind, protocol)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise ServingError(_fault_of_address(error, host, port)) from None
    return bound


def _fault_of_address(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"The port {port} is in use by another program. Choose another one: --port {port % 65535 + 1}."
    if error.errno == errno.EACCES:
        return f"The port {port} needs the rights of an administrator. Choose one from 1024: --port 8501."
    if error.errno == errno.EADDRNOTAVAIL:
        return f"The host {host!r} is not an address of this machine. Use 127.0.0.1, or 0.0.0.0 for all its networks."
    return f"The server cannot listen on {host}, port {port}: {error.strerror}. Choose another host or port."


def address_of(settings: ServingSettings, address: str) -> str:
    """Returns an address to open in a browser, which has the token, if there is one."""
    return f"{address}/?token={settings.token}" if settings.token else address
