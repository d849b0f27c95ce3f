"""Measures contestants alternately, each in a separate process.

Two frameworks in the same process share threads and memory, and two measured one after the other see a machine with
different load and temperature. So each contestant has its own process, which sleeps while others run, and each round
runs all of them once: A B C, A B C, and so on. This module needs only the standard library, because some contestants
run in an environment without the other packages.
"""

import functools
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).parent


class MissingPeerError(Exception):
    """A peer is missing; the message says why."""


class Summary(NamedTuple):
    """The median and quartiles of some measurements."""

    median: float
    low: float
    high: float


def summarize(values: list[float]) -> Summary:
    """Returns median and quartiles; for a single value, that value."""
    if len(values) == 1:
        return Summary(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Summary(median, low, high)


class Contestant:
    """A process that does one piece of work on request.

    Args:
        target: `module:function`; the function returns a callable that does the work and returns a JSON value.
        python: the Python interpreter to run it with.
        variables: additional environment variables of the process.
        **settings: the function's arguments.

    Attributes:
        missing: why it cannot take part; empty if it can.
    """

    def __init__(
        self, target: str, python: str = sys.executable, variables: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        self.target = target
        self.missing = ""
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  Open as long as the process runs.
        self._process = subprocess.Popen(
            [python, str(HERE / "contestant.py"), target, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **(variables or {})},
        )

    def wait(self) -> None:
        """Waits until it is built, or has reported that it cannot be."""
        self.missing = self._answer().get("missing", "")

    def run(self, times: int = 1) -> dict[str, Any]:
        """Runs the work a number of times without a pause.

        Returns:
            the medians of the `seconds` it took, and of the `processor` seconds of its threads; the last `value` it
            returned; `peak_mib`, the peak memory since the last reset, above the memory of the process after it was
            built, and `process_mib`, the whole peak.
        """
        return self._request(f"run {times}")

    def reset_peak(self) -> None:
        """Resets the peak memory."""
        self._request("reset")

    def close(self) -> None:
        """Ends the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                pipe.close()
        self._process.wait()
        self._log.close()

    def _request(self, order: str) -> dict[str, Any]:
        assert self._process.stdin
        print(order, file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if line:
            return json.loads(line)
        self._log.seek(0)
        raise SystemExit(f"{self.target} failed:\n{self._log.read()[-3000:]}")


class Race(NamedTuple):
    """The results of a race's contestants, by name.

    Attributes:
        runs: one `dict` per round, from `Contestant.run`.
        warm_ups: the same for the warm-up rounds, which do not count.
        missing: why a contestant did not take part.
    """

    runs: dict[str, list[dict[str, Any]]]
    warm_ups: dict[str, list[dict[str, Any]]]
    missing: dict[str, str]

    def seconds(self, name: str) -> list[float]:
        """Returns the seconds of each round; an empty list for a missing contestant."""
        return [run["seconds"] for run in self.runs.get(name, [])]

    def processor_seconds(self, name: str) -> list[float]:
        """Returns the processor seconds of each round; an empty list for a missing contestant."""
        return [run["processor"] for run in self.runs.get(name, [])]

    def values(self, name: str) -> list[Any]:
        """Returns the value of each round; an empty list for a missing contestant."""
        return [run["value"] for run in self.runs.get(name, [])]


def race(
    contestants: Mapping[str, Contestant], rounds: int, warm_ups: int = 2, times: int | Mapping[str, int] = 1
) -> Race:
    """Runs the contestants alternately, and ends them.

    Args:
        contestants: the contestants, by name.
        rounds: number of rounds that count.
        warm_ups: number of warm-up rounds, whose memory does not count for later peaks.
        times: how often a contestant repeats its work in each round without a pause, for all or by name; the median
            counts. Short work needs repetitions, because caches are cold and threads asleep the first time.
    """
    try:
        for contestant in contestants.values():
            contestant.wait()
        missing = {name: contestant.missing for name, contestant in contestants.items() if contestant.missing}
        present = {name: contestant for name, contestant in contestants.items() if name not in missing}
        often = times if isinstance(times, Mapping) else dict.fromkeys(present, times)
        works = {name: functools.partial(contestant.run, often[name]) for name, contestant in present.items()}
        before = in_turn(works, warm_ups)
        for contestant in present.values():
            contestant.reset_peak()
        return Race(in_turn(works, rounds), before, missing)
    finally:
        for contestant in contestants.values():
            contestant.close()


def in_turn(works: Mapping[str, Callable[[], Any]], rounds: int) -> dict[str, list[Any]]:
    """Runs each piece of work once per round; returns the results, by name."""
    given: dict[str, list[Any]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            given[name].append(work())
    return given


def command_seconds(command: list[str], *, processor: bool = False, **kwargs: Any) -> float:
    """Runs a command and returns its wall seconds, or the processor seconds of its processes."""
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **kwargs)
    passed, after = time.perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime if processor else passed
