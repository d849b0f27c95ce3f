"""Settings of the C library's memory allocator during training. Imports no framework."""

import contextlib
import ctypes
import os
import platform
import threading
from collections.abc import Iterator

SWITCH = "ZOO_MALLOPT"
"""Environment variable; if it is 0, the allocator is left as it is."""

# From glibc's <malloc.h>.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD, _MMAP_MAX = -1, -2, -3, -4
_KEEP = {_MMAP_MAX: 0, _TRIM_THRESHOLD: 2**31 - 1, _TOP_PAD: 256 * 2**20}
# Not glibc's initial values: those grow as a process frees memory, until they are set explicitly. These are the maximum
# values that they can grow to.
_GIVE_BACK = {_MMAP_MAX: 65_536, _MMAP_THRESHOLD: 32 * 2**20, _TRIM_THRESHOLD: 64 * 2**20, _TOP_PAD: 128 * 2**10}
_SET_BY_USER = ("MALLOC_MMAP_MAX_", "MALLOC_MMAP_THRESHOLD_", "MALLOC_TOP_PAD_", "MALLOC_TRIM_THRESHOLD_")

_lock = threading.Lock()
_users = 0


@contextlib.contextmanager
def freed_memory_kept() -> Iterator[None]:
    """Keeps freed memory in the process for reuse, and returns it to the system when the block ends.

    By default, glibc maps memory for each large tensor and unmaps it when the tensor is freed, so the system has to
    clear every page again. In training with large tensors, that can take up to a third of the processor time.

    This does nothing without glibc, if `ZOO_MALLOPT` is 0, or if the user has set the same limits with glibc's own
    environment variables.
    """
    global _users
    libc = _glibc()
    if libc is None:
        yield
        return
    with _lock:  # Trainings in several threads share one allocator.
        _users += 1
        if _users == 1:
            _set(libc, _KEEP)
    try:
        yield
    finally:
        with _lock:
            _users -= 1
            if not _users:
                _set(libc, _GIVE_BACK)
                libc.malloc_trim(0)


def _glibc() -> ctypes.CDLL | None:
    """Returns the C library if its allocator should be adjusted, else `None`."""
    left_alone = os.environ.get(SWITCH) == "0" or "glibc.malloc" in os.environ.get("GLIBC_TUNABLES", "")
    if left_alone or any(name in os.environ for name in _SET_BY_USER) or platform.libc_ver()[0] != "glibc":
        return None
    return ctypes.CDLL(None)


def _set(libc: ctypes.CDLL, limits: dict[int, int]) -> None:
    for parameter, value in limits.items():
        libc.mallopt(parameter, value)
