"""Contestants measured in turn, each in a process of its own.

Two frameworks in one process share its threads and its memory, and two measured one after the other share neither the
machine's mood nor its temperature. So each contestant has a process, which sleeps while another one runs, and a round
runs each of them once: A B C, A B C, and so on. Needs the standard library alone, as contestants do whose framework
lives in another environment.
"""

import functools
import json
import os
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
    """A peer that cannot take part, and why."""


class Summary(NamedTuple):
    """The middle of some measurements, and the quarters below and above it."""

    median: float
    low: float
    high: float


def summarize(values: list[float]) -> Summary:
    """Returns median and quartiles; of a single value, that value."""
    if len(values) == 1:
        return Summary(values[0], values[0], values[0])
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return Summary(median, low, high)


class Contestant:
    """A process that does one piece of work whenever it is told to.

    Args:
        target: `module:function`; the function returns the work, a callable that returns a value that JSON can hold.
        python: the Python to run it with.
        variables: environment variables of the process, besides those of this one.
        **settings: the function's arguments.

    Attributes:
        missing: why it cannot take part; empty where it can.
    """

    def __init__(
        self, target: str, python: str = sys.executable, variables: Mapping[str, str] | None = None, **settings: Any
    ) -> None:
        self.target = target
        self.missing = ""
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115  It is open as long as the process.
        self._process = subprocess.Popen(
            [python, str(HERE / "contestant.py"), target, json.dumps(settings)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            env={**os.environ, **(variables or {})},
        )

    def wait(self) -> None:
        """Waits until it is built, or says that it cannot be."""
        self.missing = self._answer().get("missing", "")

    def run(self, times: int = 1) -> dict[str, Any]:
        """Has the work done, a number of times without a pause.

        Returns:
            the median of the `seconds` it took; the last `value` it returned; `peak_mib`, the most memory held since
            the last reset, above what the process held when it was built, and `process_mib`, all of it.
        """
        return self._ask(f"run {times}")

    def reset_peak(self) -> None:
        """Forgets the most memory held so far."""
        self._ask("reset")

    def close(self) -> None:
        """Ends the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe and not pipe.closed:
                pipe.close()
        self._process.wait()
        self._log.close()

    def _ask(self, order: str) -> dict[str, Any]:
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
    """What the contestants of a race did, by name.

    Attributes:
        runs: one `dict` a round, as of `Contestant.run`.
        warm_ups: the same of the rounds before, which do not count.
        missing: why a contestant did not take part.
    """

    runs: dict[str, list[dict[str, Any]]]
    warm_ups: dict[str, list[dict[str, Any]]]
    missing: dict[str, str]

    def seconds(self, name: str) -> list[float]:
        """Returns the seconds of each round; none of a missing contestant."""
        return [run["seconds"] for run in self.runs.get(name, [])]

    def values(self, name: str) -> list[Any]:
        """Returns the value of each round; none of a missing contestant."""
        return [run["value"] for run in self.runs.get(name, [])]


def race(
    contestants: Mapping[str, Contestant], rounds: int, warm_ups: int = 2, times: int | Mapping[str, int] = 1
) -> Race:
    """Runs the contestants in turn and ends them.

    Args:
        contestants: them, by name.
        rounds: number of rounds that count.
        warm_ups: number of rounds before those; what was held in them does not count as a later peak.
        times: how often a contestant does its work in each round without a pause, or that by name; the median counts.
            Short work needs it: the first time, caches are cold and threads asleep.
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
    """Does every work once a round; returns what each gave, by name."""
    given: dict[str, list[Any]] = {name: [] for name in works}
    for _ in range(rounds):
        for name, work in works.items():
            given[name].append(work())
    return given


def command_seconds(command: list[str], **kwargs: Any) -> float:
    """Runs a command to its end; returns its wall seconds."""
    start = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, **kwargs)
    return time.perf_counter() - start
