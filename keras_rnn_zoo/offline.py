"""Offline mode: blocks network access. Imports no framework.

In offline mode, every host lookup or connection from Python code in this process is refused, whether it comes from the
zoo, from a library or from a plugin. TensorFlow's own file systems are never used with remote paths.
"""

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Any

from keras_rnn_zoo.errors import DataError

VARIABLE = "ZOO_OFFLINE"
_FALSE_VALUES = ("", "0", "false", "no", "off")
_AUDIT_EVENTS = ("socket.getaddrinfo", "socket.gethostbyname", "socket.connect", "socket.sendto")
_guard_installed = False


class OfflineError(DataError):
    """Something needs the network in offline mode."""


def is_offline() -> bool:
    """Returns whether offline mode is on, by `--offline` or `ZOO_OFFLINE=1`."""
    return os.environ.get(VARIABLE, "").strip().casefold() not in _FALSE_VALUES


def require_network(what: str, advice: str) -> None:
    """Raises `OfflineError` in offline mode.

    Args:
        what: what needs the network; the subject of the message's first sentence.
        advice: what to do; a sentence.
    """
    if is_offline():
        raise OfflineError(f"{what} needs the network, which --offline (or {VARIABLE}) disables. {advice}")


@contextlib.contextmanager
def offline(enabled: bool = True) -> Iterator[None]:
    """Turns offline mode on inside a `with` block; `enabled=False` leaves the mode as it is."""
    previous = os.environ.get(VARIABLE)
    if enabled:
        os.environ[VARIABLE] = "1"
    try:
        install_offline_guard()
        yield
    finally:
        if enabled and previous is None:
            os.environ.pop(VARIABLE, None)
        elif enabled and previous is not None:
            os.environ[VARIABLE] = previous


def install_offline_guard() -> None:
    """Makes this process refuse network access whenever offline mode is on."""
    global _guard_installed
    if is_offline() and not _guard_installed:
        _guard_installed = True
        sys.addaudithook(_refuse)


def _refuse(event: str, arguments: tuple[Any, ...]) -> None:
    if event not in _AUDIT_EVENTS or not is_offline():
        return
    address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
    if event in ("socket.connect", "socket.sendto") and not isinstance(address, tuple):
        return  # A Unix domain socket on this machine, named by a path.
    raise OfflineError(
        f"Network access to {address!r:.100} was refused: --offline (or {VARIABLE}) disables it. Allow network access, "
        "or put the needed files on disk first."
    )
