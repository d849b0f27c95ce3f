"""Starts the processes of a training on this machine, and ends all of them when one is lost. Imports no framework."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from keras_rnn_zoo.distributed.environment import ADDRESS, COUNT, LAUNCHED, NUMBER, require_jax
from keras_rnn_zoo.errors import OptionError, TrainingError

LIFELINE = "ZOO_LIFELINE"
"""The descriptor that a started process reads from: it ends when the process that started it is gone."""
_GRACE = 15.0
"""Seconds in which a process may end by itself after another one did."""
_POLL = 0.05
_LAST_LINES = 12


def check_launch(count: int) -> None:
    """Raises `OptionError` unless that many processes can be started here."""
    if count < 1:
        raise OptionError(f"Option 'processes' expects an integer from 1; received {count}.")
    if os.environ.get(ADDRESS):
        raise OptionError(
            f"Option 'processes' starts processes on this machine, but {ADDRESS}={os.environ[ADDRESS]} makes this "
            f"process one of a training that is started elsewhere. Omit --processes, or unset {ADDRESS}."
        )
    if count > 1:
        require_jax("Training with several processes")


def launched() -> bool:
    """Whether this process was started by `launch`."""
    return LAUNCHED in os.environ


def hold_lifeline() -> None:
    """Makes this process end as soon as the one that started it with `launch` has ended, however it ended.

    Otherwise, after a kill of that process, its children would go on without anyone to report to.
    """
    if LIFELINE in os.environ:
        descriptor = int(os.environ.pop(LIFELINE))
        threading.Thread(target=_end_with, args=(descriptor,), daemon=True).start()


def _end_with(descriptor: int) -> None:
    os.read(descriptor, 1)  # Nothing is ever written: it returns when the other end is closed.
    os._exit(1)


class LostProcess(TrainingError):
    """A process of a training was killed, or failed while process 0 had nothing to report."""


def launch(arguments: Sequence[str], count: int) -> int:
    """Runs a `zoo` command in several processes that train together, and returns the exit status of process 0.

    Process 0 has the standard streams of this process. The end of the output of another one is shown if it fails.

    Args:
        arguments: those of `zoo`.
        count: the number of processes.

    Raises:
        LostProcess: a process was killed, or failed while process 0 had nothing to report.
    """
    with tempfile.TemporaryDirectory(prefix="zoo-processes-") as folder, _started(arguments, count, folder) as children:
        lost = _wait(children)
        chief = children[0].returncode
        if lost is None or (lost and chief is not None and chief > 0):
            return int(chief or 0)
        output = Path(folder, str(lost)).read_text(errors="replace") if lost else ""
    lines = "\n".join(f"  {line}" for line in output.splitlines()[-_LAST_LINES:])
    status = children[lost].returncode
    how = f"was killed by {signal.Signals(-status).name}" if status < 0 else f"exited with status {status}"
    said = f" Its last output was:\n{lines}\n" if lines and status > 0 else " "
    raise LostProcess(f"Process {lost} (of {count}, counted from 0) {how}.{said}The others were stopped.")


@contextlib.contextmanager
def _started(arguments: Sequence[str], count: int, folder: str) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Starts the processes; kills those that still run when the block ends."""
    # `-P`: a file in the current folder must not be taken for a module of Python.
    command = [sys.executable, "-P", "-m", "keras_rnn_zoo", *arguments]
    address = f"127.0.0.1:{free_port()}"
    lifeline = os.pipe() if os.name == "posix" else None
    children: list[subprocess.Popen[bytes]] = []
    try:
        with _passing_on(children):
            for number in range(count):
                environment = _environment(address, count, number)
                options: dict[str, Any] = {}
                if lifeline:
                    environment[LIFELINE] = str(lifeline[0])
                    # A session of its own: Ctrl-C in a terminal is for this process alone, which passes it on.
                    options = {"pass_fds": (lifeline[0],), "start_new_session": True}
                with open(Path(folder, str(number)), "wb") as file:
                    output = file if number else None
                    children.append(
                        subprocess.Popen(
                            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, **options
                        )
                    )
            yield children
    finally:
        for child in children:
            child.kill()
        for child in children:
            child.wait()
        for descriptor in lifeline or ():
            os.close(descriptor)


def _environment(address: str, count: int, number: int) -> dict[str, str]:
    """Returns the environment of a process: its place, and its share of the processor's cores and of the GPUs."""
    cores = str(max(1, len(os.sched_getaffinity(0)) // count if hasattr(os, "sched_getaffinity") else 1))
    threads = dict.fromkeys(("NPROC", "OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"), cores)
    place = {ADDRESS: address, COUNT: str(count), NUMBER: str(number), LAUNCHED: "1"}
    # Nobody else can connect to process 0.
    place["JAX_COORDINATOR_BIND_ADDRESS"] = address
    return {"JAX_LOCAL_DEVICE_IDS": str(number), **threads, **os.environ, **place}


def free_port() -> int:
    """Returns the number of a port of this machine that nothing uses now."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextlib.contextmanager
def _passing_on(children: Sequence[subprocess.Popen[bytes]]) -> Iterator[None]:
    """Passes Ctrl-C and SIGTERM on to process 0, which keeps the best weights so far and ends."""
    before = {}

    def pass_on(number: int, _: object) -> None:
        if not children:
            raise KeyboardInterrupt
        children[0].send_signal(number)  # Does nothing if it has ended.

    try:
        for number in (signal.SIGINT, signal.SIGTERM):
            with contextlib.suppress(ValueError):  # Only the main thread may install a handler.
                before[number] = signal.signal(number, pass_on)
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _wait(children: Sequence[subprocess.Popen[bytes]]) -> int | None:
    """Waits until process 0 ends or another one fails; returns the number of the one that was lost, or `None`."""
    while True:
        states = [child.poll() for child in children]
        if states[0] is not None:
            _until(children, _GRACE if states[0] == 0 else 0)
            return 0 if states[0] < 0 else None
        failed = [number for number, state in enumerate(states) if state]
        if failed:
            killed = [number for number in failed if states[number] in (-signal.SIGKILL, -signal.SIGTERM)]
            if not killed:  # Maybe process 0 has the same error, and reports it.
                _until(children[:1], _GRACE)
            return (killed or failed)[0]
        time.sleep(_POLL)


def _until(children: Sequence[subprocess.Popen[bytes]], seconds: float) -> None:
    """Waits until all processes have ended, but no longer than so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and any(child.poll() is None for child in children):
        time.sleep(_POLL)
