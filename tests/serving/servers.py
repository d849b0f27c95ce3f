"""Servers in a thread of the tests, with real sockets."""

import contextlib
import socket
import threading
from types import SimpleNamespace

from keras_rnn_zoo.serving.server import bind, make_server
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.serving.sources import find_sources


@contextlib.contextmanager
def serving(*runs, **settings):
    """Serves runs until the block ends; yields the address, the port, and the server."""
    chosen = ServingSettings(**{"port": 0, "poll_interval": 600, **settings})
    started = threading.Event()
    bound = bind(chosen.host, 0)
    server = make_server(find_sources(runs), chosen, started.set)
    thread = threading.Thread(target=server.run, args=([bound],))
    thread.start()
    try:
        assert started.wait(60)
        port = bound.getsockname()[1]
        yield SimpleNamespace(url=f"http://127.0.0.1:{port}", port=port, server=server, settings=chosen)
    finally:
        server.should_exit = True
        thread.join(60)
        bound.close()
        assert not thread.is_alive()


def exchange(port, *parts, timeout=30):
    """Sends bytes, and returns what comes back until the server closes the connection or answers completely."""
    with socket.create_connection(("127.0.0.1", port), timeout) as connection:
        for part in parts:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                connection.sendall(part)
        return read_answer(connection)


def read_answer(connection):
    """Returns an answer: all bytes until its content is complete, or the connection ends."""
    answer = b""
    while True:
        head, end, body = answer.partition(b"\r\n\r\n")
        if end:
            sizes = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
            if sizes and len(body) >= int(sizes[0].split(b":")[1]):
                return answer
        try:
            more = connection.recv(65536)
        except ConnectionResetError:
            return answer
        if not more:
            return answer
        answer += more


def post(path, body, headers=""):
    """Returns the bytes of a request."""
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    return head.encode() + body
