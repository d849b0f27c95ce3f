"""The settings of a server. Imports no framework."""

import contextlib
import ipaddress
from dataclasses import dataclass

LOOPBACK = ("127.0.0.1", "localhost", "::1")
"""The hosts that only programs on the same machine can reach."""


@dataclass(frozen=True)
class ServingSettings:
    """Where a server listens, and the limits of what its clients may ask for.

    Attributes:
        host: the address to listen on.
        port: the port; 0 for any free one.
        token: what clients must present; "" if they need none.
        max_body_bytes: maximum size of a request, in bytes.
        max_held_bytes: maximum size of all requests that are being read and answered, in bytes.
        max_inputs: maximum number of inputs in a request.
        max_new_tokens: maximum number of tokens that a request may have a language model generate.
        time_limit: maximum time for an answer, in seconds.
        body_time_limit: maximum time for a client to send its request, in seconds.
        header_time_limit: maximum time for a client to send the head of its request, in seconds.
        max_connections: maximum number of connections.
        max_queue: maximum number of requests that wait for a model.
        max_batch: maximum number of inputs from several requests that are predicted together.
        batch_wait: maximum time to wait for further requests of such a batch, in seconds.
        max_streams: maximum number of streams at the same time.
        stream_idle_limit: maximum time between two parts of a stream, in seconds.
        poll_interval: time between two looks for new versions, in seconds.
    """

    host: str = "127.0.0.1"
    port: int = 8501
    token: str = ""
    max_body_bytes: int = 8 * 2**20
    max_held_bytes: int = 64 * 2**20
    max_inputs: int = 1024
    max_new_tokens: int = 2000
    time_limit: float = 30.0
    body_time_limit: float = 30.0
    header_time_limit: float = 10.0
    max_connections: int = 512
    max_queue: int = 256
    max_batch: int = 64
    batch_wait: float = 0.002
    max_streams: int = 64
    stream_idle_limit: float = 60.0
    poll_interval: float = 2.0

    @property
    def is_loopback(self) -> bool:
        """Whether only programs on the same machine can reach the server."""
        with contextlib.suppress(ValueError):
            return ipaddress.ip_address(self.host).is_loopback
        return self.host == "localhost"
