"""Detects what a reader of untrusted bytes must never do: import by name, start programs, connect, exhaust memory.

Events are recorded by Python's audit hooks, even if a library swallows the exception.
"""

import contextlib
import resource
import sys
import types
from collections.abc import Iterator
from typing import Any

MOST_GROWTH = 512 * 2**20
"""Maximum number of bytes by which one input may raise the peak memory of the process."""
MOST_MEMORY = 4 * 2**30
"""Memory limit of a process in bytes; beyond it, allocations raise `MemoryError`, so that the machine stays usable."""
BAIT = "zoo_bait"
"""A fake module that inputs may name; any access to it is detected."""
_REACHING = ("subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "socket.connect")
_OWN = frozenset(
    (
        "keras_rnn_zoo",
        "tensorflow_datasets",
        "tensorflow",
        "keras",
        "numpy",
        "google",
        "etils",
        "scipy",
        "sklearn",
        "PIL",
        # The reader of FLAC, OGG and MP3, and its imports.
        "soundfile",
        "_soundfile",
        "_soundfile_data",
        "_cffi_backend",
        "typing_extensions",
    )
)
"""Packages whose modules may be imported late."""

_events: list[str] = []
_active = False


class Reached(Exception):
    """A reader did something that it must not do."""


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _active:
        return
    if event.startswith(_REACHING):
        _events.append(f"{event} of {arguments!r:.200}")
    elif event == "import" and arguments[0].partition(".")[0] not in _OWN | sys.stdlib_module_names:
        _events.append(f"import of {arguments[0]}")
    elif event == "import" and arguments[0] in ("antigravity", "this", "idlelib", "turtledemo"):
        _events.append(
            f"import of {arguments[0]}"
        )  # No reader needs these modules; they represent the standard library.


class _Bait(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if _active and not name.startswith("__"):
            _events.append(f"{BAIT}.{name} was taken")
        raise AttributeError(name)


def install() -> None:
    """Installs the audit hook, the fake module and the memory limit, once per process."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    sys.modules[BAIT] = _Bait(BAIT)
    sys.addaudithook(_hook)


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """Raises `Reached` at the end of the block if the block did something that no reader may do."""
    global _active
    _events.clear()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    _active = True
    try:
        yield
    finally:
        _active = False
        grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
        if _events:
            raise Reached("; ".join(_events))
        if grown > MOST_GROWTH:
            raise Reached(f"{grown:,} bytes more of memory were taken")
