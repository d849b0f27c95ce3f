"""A process that does one piece of work on each request of `timing.Contestant`.

Usage: contestant.py MODULE:FUNCTION SETTINGS, where the settings are a JSON object. Reads requests from standard input
and responds to each with a line of JSON on standard output; whatever the work prints goes to standard error.
"""

import importlib
import json
import os
import resource
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from timing import MissingPeerError

PEERS = {"torch", "joeynmt"}
"""Packages that may be missing."""


def held(field: str) -> float:
    """Returns a field of `/proc/self/status` in MiB: `VmRSS`, the current memory, or `VmHWM`, the peak.

    Returns 0 on systems other than Linux, which do not have this file.
    """
    if sys.platform != "linux":
        return 0.0
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith(f"{field}:")]
    return int(line.split()[1]) / 1024


def forget_peak() -> None:
    """Resets `VmHWM`, the peak, to the current memory."""
    if sys.platform == "linux":
        Path("/proc/self/clear_refs").write_text("5")


def used(before: dict[str, float] | None = None) -> dict[str, float]:
    """Returns wall and processor seconds and page faults of this process, in total or since an earlier result."""
    now = resource.getrusage(resource.RUSAGE_SELF)
    values = {"wall": time.perf_counter(), "user": now.ru_utime, "system": now.ru_stime, "faults": float(now.ru_minflt)}
    return {name: value - before[name] for name, value in values.items()} if before else values


def main(target: str, settings: str) -> None:
    """Builds the work and runs it for every request."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

    def answer(**facts: Any) -> None:
        print(json.dumps(facts), file=answers, flush=True)

    module, function = target.split(":")
    try:
        work = getattr(importlib.import_module(module), function)(**json.loads(settings))
    except MissingPeerError as error:
        answer(missing=str(error))
        return
    except ModuleNotFoundError as error:
        if error.name not in PEERS:
            raise
        answer(missing=f"{error.name} is not installed")
        return
    base = held("VmRSS")
    forget_peak()
    answer(ready=True)
    for order in sys.stdin:
        if order.strip() == "reset":
            forget_peak()
            answer(done=True)
            continue
        seconds, processor, value = [], [], None
        for _ in range(int(order.split()[1])):
            start, before = time.perf_counter(), time.process_time()
            value = work()
            seconds.append(time.perf_counter() - start)
            processor.append(time.process_time() - before)
        peak = held("VmHWM")
        answer(
            seconds=statistics.median(seconds),
            processor=statistics.median(processor),
            value=value,
            peak_mib=peak - base,
            process_mib=peak,
        )


if __name__ == "__main__":
    main(*sys.argv[1:])
