"""How much more memory this process may use. Imports no framework."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path

_CGROUPS, _MEMBERSHIP = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")


def available() -> int:
    """Returns how many more bytes of memory this process may use.

    This is the minimum of the system's free memory and of what is left under the limits of the process's control groups
    (a container's limit) and of the process itself (`ulimit -v`, `ulimit -d`). If none of them is known, `sys.maxsize`.
    """
    return max(0, min((*_of_the_system(), *_of_control_groups(), *_of_the_process()), default=sys.maxsize))


def _of_the_system() -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError):
        free = _table(Path("/proc/meminfo")).get("MemAvailable")
        if free is not None:
            yield free * 1024
            return
    with contextlib.suppress(AttributeError, OSError, ValueError):
        yield os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _of_control_groups() -> Iterator[int]:
    try:
        lines = _MEMBERSHIP.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, name = line.split(":", 2)
        if controllers == "":
            root, names = _CGROUPS, ("memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            root, names = (
                _CGROUPS / "memory",
                ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
            )
        else:
            continue
        # Limits of parent groups apply, too. In a container, the path may be the host's, while the container's own
        # group is mounted as the root.
        folder = root / name.lstrip("/") if ".." not in name else root
        for group in (folder, *folder.parents):
            if group.is_relative_to(root):
                yield from _of_control_group(group, *names)


def _of_control_group(group: Path, limit: str, used: str, reclaimable: str) -> Iterator[int]:
    with contextlib.suppress(OSError, ValueError):  # `int` fails on "max": there is no limit.
        maximum = int((group / limit).read_text())
        # The page cache counts as used, but is reclaimed when memory is needed.
        cached = _table(group / "memory.stat").get(reclaimable, 0)
        yield maximum - max(0, int((group / used).read_text()) - cached)


def _of_the_process() -> Iterator[int]:
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        status = _table(Path("/proc/self/status"))
        for limit, used in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
            maximum, _ = resource.getrlimit(limit)
            if maximum != resource.RLIM_INFINITY and used in status:
                yield maximum - status[used] * 1024


def _table(path: Path) -> dict[str, int]:
    """Returns the values of a file with lines of the form `name value` or `name: value unit`."""
    rows = (line.replace(":", " ").split() for line in path.read_text().splitlines())
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdecimal()}
