"""Processes that read files, so that several are parsed at a time. Imports no framework.

Threads would not help, since Python parses in one at a time. `multiprocessing` would import the user's program again,
or fork a process with the threads of TensorFlow; these processes do neither.
"""

import itertools
import marshal
import os
import struct
import subprocess
import sys
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Sequence
from typing import IO, Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.user_data.rows import BadRow, Row

PROCESSES = "ZOO_READERS"
"""The environment variable with the number of processes; 1 to read in the program itself."""
MAX_PROCESSES = 8
"""Number of processes that are used at most unless the user asks for more."""
AHEAD = 4
"""Number of answers that a process may be ahead of what is needed: with the pipe, this bounds the memory."""

_PROGRAM = "import sys; sys.path[:] = sys.argv[1:]; from keras_rnn_zoo.user_data.reading_process import main; main()"
"""What a process runs. It finds the modules that this one finds, but only once Python has started: until then, a file
such as `enum.py` beside the user's program would replace Python's own module."""
_LENGTH = struct.Struct("<Q")
DONE, FAULT, SYSTEM_FAULT = "done", "fault", "system fault"
"""What an answer begins with: it holds a result, the message of a `DataError`, or the arguments of an `OSError`."""


def write_message(file: IO[bytes], message: Any) -> None:
    """Writes plain values to a pipe."""
    content = marshal.dumps(message)
    file.write(_LENGTH.pack(len(content)))
    file.write(content)
    file.flush()


def read_message(file: IO[bytes]) -> Any:
    """Returns what `write_message` wrote; raises `EOFError` if the other process has ended."""
    head = file.read(_LENGTH.size)
    content = file.read(_LENGTH.unpack(head)[0]) if len(head) == _LENGTH.size else b""
    return marshal.loads(content)


def row_from(values: Sequence[Any]) -> Row | BadRow:
    """Returns the row of plain values, as `reading_process.plain_row` returns them."""
    return Row(*values) if len(values) == len(Row._fields) else BadRow(*values)


def number_of_processes() -> int:
    """Returns how many processes read files: by default, one for each processor that this process may use.

    Raises:
        DataError: the environment variable is not a number of processes.
    """
    if given := os.environ.get(PROCESSES, ""):
        if not given.isdecimal() or not 1 <= int(given) <= 256:
            raise DataError(f"{PROCESSES} expects an integer from 1 to 256; received {given!r:.40}.")
        return int(given)
    if not sys.executable or getattr(sys, "frozen", False):  # Python cannot be started again.
        return 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(usable, MAX_PROCESSES)


class _Process:
    """A process that reads files. Its answers come in the order of the requests, whoever waits for them."""

    def __init__(self, opening: Any, title: str) -> None:
        self._title = title
        self._process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert self._process.stdin
        assert self._process.stdout
        self._requests, self._answers = self._process.stdin, self._process.stdout
        self._owners: deque[int] = deque()
        self._kept: defaultdict[int, deque[Any]] = defaultdict(deque)
        self._write(opening)

    def _write(self, message: Any) -> None:
        try:
            write_message(self._requests, message)
        except BrokenPipeError:
            raise self._ended() from None

    def ask(self, owner: int, *request: Any) -> None:
        """Sends a request; `owner` says whose it is."""
        self._write(request)
        self._owners.append(owner)

    def answer(self, owner: int) -> Any:
        """Returns the next answer for an owner; raises the error that the process met."""
        kept = self._kept[owner]
        while not kept:
            try:
                self._kept[self._owners.popleft()].append(read_message(self._answers))
            except EOFError:
                raise self._ended() from None
        kind, found = kept.popleft()
        if kind == FAULT:
            raise DataError(found)
        if kind == SYSTEM_FAULT:
            raise OSError(*found)
        return found

    def _ended(self) -> DataError:
        status = self._process.wait()
        return DataError(
            f"A process that reads {self._title} ended with the status {status}. If memory was short, set "
            f"{PROCESSES}=1 to read in a single process, and try again."
        )

    def close(self) -> None:
        """Ends the process, whatever it is doing."""
        self._process.kill()
        for pipe in (self._requests, self._answers):
            try:
                pipe.close()
            except BrokenPipeError:  # A request was still to be written.
                continue
        self._process.wait()


class ReadingPool:
    """Processes that read the same files; see `reading_process`.

    Args:
        number: number of processes.
        opening: how they open the files.
        title: what messages call the files.
    """

    def __init__(self, number: int, opening: Any, title: str) -> None:
        self._processes: list[_Process] = []
        self._owners = itertools.count()
        try:
            for _ in range(number):
                self._processes.append(_Process(opening, title))
        except BaseException:  # None may outlive a pool that could not be started.
            self.close()
            raise

    def answers(self, requests: Iterable[tuple[Any, ...]], ahead: int = AHEAD) -> Iterator[Any]:
        """Yields the answer to each request, in their order.

        Args:
            requests: the requests, which the processes get in turn.
            ahead: number of requests that a process has at a time.
        """
        owner = next(self._owners)
        waiting: deque[_Process] = deque()
        for process, request in zip(itertools.cycle(self._processes), requests, strict=False):
            if len(waiting) == ahead * len(self._processes):
                yield waiting.popleft().answer(owner)
            process.ask(owner, *request)
            waiting.append(process)
        while waiting:
            yield waiting.popleft().answer(owner)

    def tell(self, *request: Any) -> None:
        """Sends a request to each process, and waits for the answers."""
        owner = next(self._owners)
        for process in self._processes:
            process.ask(owner, *request)
        for process in self._processes:
            process.answer(owner)

    def stream(self, number: int, name: str, *arguments: Any) -> Iterator[Any]:
        """Yields the answers about a file that is read from its start, read ahead by one of the processes.

        Args:
            number: index of the file.
            name: the request, whose first two arguments are a key of this stream and the index of the file.
            *arguments: its other arguments.
        """
        owner = next(self._owners)
        process = self._processes[number % len(self._processes)]
        for _ in range(AHEAD):
            process.ask(owner, name, owner, number, *arguments)
        while (found := process.answer(owner)) is not None:
            yield found
            process.ask(owner, name, owner, number, *arguments)
        for _ in range(AHEAD - 1):  # After the end, each answer is `None`.
            process.answer(owner)

    def close(self) -> None:
        """Ends the processes."""
        for process in self._processes:
            process.close()
