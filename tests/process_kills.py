"""Kills random processes of a training by four: `python tests/process_kills.py --folder /tmp/kills --kills 20`.

Each kill strikes after a number of checkpoints that is drawn, and a part of a second: while the step is compiled, in an
epoch, or in the evaluation. The next training resumes from what the last one left. What ends must be the run that
nothing disturbed.
"""

import argparse
import contextlib
import json
import os
import random
import signal
import sys
import threading
import time
from pathlib import Path
from unittest import mock

from kills import become, contents

from keras_rnn_zoo.distributed.launch import LostProcess, launch

SIZES = {"train": 640, "validation": 96, "test": 96}
OPTIONS = ("cell=simple_rnn", "units=4", "bidirectional=false", "embedding_dim=4", "max_length=8", "dropout=0.2")
COMMAND = ["train", "many_to_one", "--epochs", "3", "--batch-size", "64", "--save-every-steps", "4"]
COMMAND += [word for option in OPTIONS for word in ("--set", option)]


MOST_CHECKPOINTS = 5


class Forked:
    """A process in place of `subprocess.Popen`: forked from this one, which has imported the frameworks.

    So a kill strikes the work rather than the import.
    """

    def __init__(self, command, env, stdin, stdout, stderr, **options):  # type: ignore[no-untyped-def]
        self.returncode: int | None = None
        self.pid = os.fork()
        if not self.pid:
            kept = {output.fileno() for output in (stdout, stderr)} | {*options["pass_fds"]}
            for descriptor in {*range(3, 256)} - kept:  # As `subprocess` does: not the other end of the lifeline.
                with contextlib.suppress(OSError):
                    os.close(descriptor)
            os.environ.clear()
            os.environ.update(env)
            become(command[command.index("keras_rnn_zoo") + 1 :], stdout.fileno, stderr.fileno)

    def poll(self) -> int | None:
        """Returns the status of the process, or `None` if it still runs."""
        if self.returncode is None:
            done, status = os.waitpid(self.pid, os.WNOHANG)
            self.returncode = os.waitstatus_to_exitcode(status) if done else None
        return self.returncode

    def wait(self) -> int:
        """Waits for the end."""
        while self.poll() is None:
            time.sleep(0.01)
        return self.returncode or 0

    def send_signal(self, number: int) -> None:
        """Sends a signal, unless the process has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """Kills the process."""
        self.send_signal(signal.SIGKILL)


class Training:
    """A training under way, by several processes.

    Args:
        folder: the folder of runs.
        count: the number of processes.
        *more: further arguments of the command, `--run` and the run first.

    Attributes:
        children: the processes.
        lost: what is said about a process that was lost.
        status: the exit status of process 0.
    """

    def __init__(self, folder: Path, count: int, *more: str) -> None:
        self.log, self.lost, self.status = folder / "log.txt", "", -1
        self.children: list[Forked] = []
        self._output = open(self.log, "wb")  # noqa: SIM115  Open until the training ends.
        self._checkpoint = folder / f".{more[1]}.unfinished" / "training.state"
        self._launcher = threading.Thread(target=self._launch, args=(count, *more))
        self._launcher.start()

    def _launch(self, count: int, *more: str) -> None:
        def start(*arguments, stdout, stderr, **options):  # type: ignore[no-untyped-def]
            options |= {"stdout": stdout or self._output, "stderr": stdout or self._output}
            self.children.append(Forked(*arguments, **options))
            return self.children[-1]

        with mock.patch("subprocess.Popen", start):
            try:
                self.status = launch([*COMMAND, *more], count)
            except LostProcess as error:
                self.lost = str(error)

    def runs(self) -> bool:
        """Returns whether the training has not ended."""
        return self._launcher.is_alive()

    def wait_for_steps(self) -> None:
        """Waits until process 0 has built its model, or the training has ended."""
        while self.runs() and " weights.\n" not in self.log.read_text():
            time.sleep(0.02)

    def wait_for_checkpoints(self, count: int) -> None:
        """Waits until so many checkpoints were written, or the training has ended."""
        states = {_state(self._checkpoint)}
        while self.runs() and len(states) <= count:
            states.add(_state(self._checkpoint))
            time.sleep(0.01)

    def wait(self) -> str:
        """Waits for the end, and returns what was printed."""
        self._launcher.join()
        self._output.close()
        return self.log.read_text()


def _state(path: Path) -> tuple[int, int]:
    try:
        status = path.stat()
    except FileNotFoundError:
        return 0, 0
    return status.st_ino, status.st_mtime_ns


def kill_trainings(folder: Path, count: int, kills: int, seed: int) -> dict[str, object]:
    """Kills a random process of trainings until there were so many kills, and returns what was found."""
    drawn, faults, struck, resumed = random.Random(seed), [], [0] * count, 0
    training = Training(folder, count, "--run", "whole")
    printed = training.wait()
    if training.status:
        return {"faults": [f"the undisturbed training ended with {training.status}: {printed[-2000:]}"]}
    whole, unfinished = contents(folder / "whole"), folder / ".cut.unfinished"
    while (sum(struck) < kills or unfinished.exists()) and not faults:
        again = (unfinished / "training.state").exists()
        resumed += again
        training = Training(folder, count, "--run", "cut", *["--resume"] * again)
        training.wait_for_steps()
        victim, began = drawn.randrange(count), time.monotonic()
        if sum(struck) < kills:
            training.wait_for_checkpoints(drawn.randint(0, MOST_CHECKPOINTS))
            time.sleep(drawn.random())
            if training.runs() and training.children[victim].poll() is None:
                began = time.monotonic()
                training.children[victim].kill()
        printed = training.wait()
        ended = time.monotonic() - began
        if training.children[victim].returncode == -signal.SIGKILL:
            struck[victim] += 1
            print(f"kill {sum(struck)}: process {victim}, resumed: {again}", file=sys.stderr, flush=True)
            said = f"Process {victim} (of {count}, counted from 0) was killed by SIGKILL." in training.lost
            faults += [] if said or training.status == 0 else [f"no clear end: {training.lost} {printed[-2000:]}"]
            faults += [f"ended after {ended:.0f} s"] if ended > 30 else []
            faults += ["left running"] if any(child.returncode is None for child in training.children) else []
        if training.status == 0:
            faults += [] if contents(folder / "cut") == whole else [f"another run after {sum(struck)} kills"]
        elif not training.lost:
            faults.append(f"ended with {training.status}: {printed[-2000:]}")
    faults += [f"left behind: {path}" for path in folder.glob(".*")]
    return {"kills": struck, "resumed": resumed, "faults": faults}


def main() -> None:
    """Prints the kills and the faults as JSON; the status is 1 if there is a fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    (options.folder / "runs").mkdir(parents=True, exist_ok=True)
    cache = {
        "JAX_COMPILATION_CACHE_DIR": str(options.folder / "cache"),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
    }
    os.environ |= {"KERAS_BACKEND": "jax", "ZOO_MODELS_DIR": str(options.folder / "runs"), **cache}
    import keras  # noqa: F401  What a training imports, once.
    import tensorflow  # noqa: F401

    from keras_rnn_zoo.datasets import toy_reviews
    from keras_rnn_zoo.training import fit  # noqa: F401

    toy_reviews.SIZES = SIZES
    begin = time.monotonic()
    found = kill_trainings(options.folder / "runs", options.processes, options.kills, options.seed)
    print(json.dumps({**found, "seconds": round(time.monotonic() - begin)}))
    sys.exit(bool(found["faults"]))


if __name__ == "__main__":
    main()
