"""What a reader of a stranger's bytes must never do: import by their word, start programs, connect, or take all memory.

The events of Python's audit hooks tell, whatever becomes of the exception that a library may swallow.
"""

import contextlib
import resource
import sys
import types
from collections.abc import Iterator
from typing import Any

MOST_GROWTH = 512 * 2**20
"""Bytes by which one input may raise the most memory that the process has held."""
MOST_MEMORY = 4 * 2**30
"""Bytes that a process may hold: what wants more gets a `MemoryError`, and the machine stays usable."""
BAIT = "zoo_bait"
"""A module that inputs may name, as if it were installed: whoever takes anything from it is caught."""
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
        # What reads FLAC, OGG and MP3, and what it imports.
        "soundfile",
        "_soundfile",
        "_soundfile_data",
        "_cffi_backend",
        "typing_extensions",
    )
)
"""Packages whose modules may be imported when they are first needed."""

_events: list[str] = []
_active = False


class Reached(Exception):
    """A reader did what it must not."""


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if not _active:
        return
    if event.startswith(_REACHING):
        _events.append(f"{event} of {arguments!r:.200}")
    elif event == "import" and arguments[0].partition(".")[0] not in _OWN | sys.stdlib_module_names:
        _events.append(f"import of {arguments[0]}")
    elif event == "import" and arguments[0] in ("antigravity", "this", "idlelib", "turtledemo"):
        _events.append(f"import of {arguments[0]}")  # Nobody needs them: they stand for all of the standard library.


class _Bait(types.ModuleType):
    def __getattr__(self, name: str) -> Any:
        if _active and not name.startswith("__"):
            _events.append(f"{BAIT}.{name} was taken")
        raise AttributeError(name)


def install() -> None:
    """Sets the hook, the bait and a limit of memory, once in a process."""
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_MEMORY, MOST_MEMORY))
    sys.modules[BAIT] = _Bait(BAIT)
    sys.addaudithook(_hook)


@contextlib.contextmanager
def watching() -> Iterator[None]:
    """Raises `Reached` at the end of the block if it did what no reader may."""
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
