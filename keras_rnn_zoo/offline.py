"""Whether the network may be asked. Imports no framework.

Offline, whatever in this process would look up a host or connect to one is refused, in the zoo, in what it uses and in
plugins; TensorFlow's own file systems are never asked for anything remote.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from keras_rnn_zoo.errors import DataError

VARIABLE = "ZOO_OFFLINE"
_NO = ("", "0", "false", "no", "off")
_EVENTS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto")
_watching = False


class OfflineError(DataError):
    """Something that the network was needed for, while it may not be asked."""


def is_offline() -> bool:
    """Whether the user forbade the network, by `--offline` or `ZOO_OFFLINE=1`."""
    return os.environ.get(VARIABLE, "").strip().casefold() not in _NO


def require_network(what: str, advice: str) -> None:
    """Raises `OfflineError` if the network may not be asked.

    Args:
        what: what needs it, the beginning of the sentence.
        advice: what to do, a sentence.
    """
    if is_offline():
        raise OfflineError(f"{what} needs the network, which --offline (or {VARIABLE}) forbids. {advice}")


@contextlib.contextmanager
def offline(wanted: bool = True) -> Iterator[None]:
    """Within it, the network may not be asked, if `wanted` or if that was so before."""
    before = os.environ.get(VARIABLE)
    if wanted:
        os.environ[VARIABLE] = "1"
    try:
        install_offline_guard()
        yield
    finally:
        if wanted and before is None:
            os.environ.pop(VARIABLE, None)
        elif wanted and before is not None:
            os.environ[VARIABLE] = before


def install_offline_guard() -> None:
    """From now on refuses calls to the network while the user forbids them."""
    global _watching
    if is_offline() and not _watching:
        _watching = True
        sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _EVENTS or not is_offline():
        return
    to = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
    if event in ("socket.connect", "socket.sendto") and not isinstance(to, tuple):
        return  # A socket of this machine, named by a path.
    raise OfflineError(
        f"Something asked the network for {to!r:.100}, which --offline (or {VARIABLE}) forbids. Leave it out, or have "
        "on disk what is needed."
    )
