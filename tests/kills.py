"""Kills commands at random moments and looks at what is left: `python tests/kills.py digits --trainings 20`.

Commands are forked from a process that has imported the frameworks and done nothing with them, so that a kill strikes
the work rather than the import. Moments are drawn uniformly over the time that the command takes undisturbed.
"""

import argparse
import functools
import hashlib
import json
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

SIZES = {"train": 640, "validation": 96, "test": 96}
TRAIN = {
    "digits": ["one_to_one", "--set", "units=16", "--set", "hidden_layers=1"],
    "toy_reviews": ["many_to_one", "--set", "units=8", "--set", "embedding_dim=8"],
    "slots": ["sync_many_to_many", "--dataset", "slots", "--set", "units=8", "--set", "embedding_dim=8"],
}
NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
COMMON = ["--epochs", "3", "--save-every-steps", "7", "--set", "dropout=0.2", "--quiet"]


class Killing:
    """The commands on one entry, the kills that they met, and what was wrong then."""

    def __init__(self, entry: str, folder: Path, seed: int) -> None:
        self.train = ["train", *TRAIN[entry], *COMMON]
        self.folder = folder
        self.kills = dict.fromkeys(("training", "evaluation", "export"), 0)
        self.resumed = 0
        self.faults: list[str] = []
        self._random = random.Random(seed)
        self._log = folder / "log.txt"

    def call(self, args: list[str], seconds: float | None = None) -> tuple[int, float, str]:
        """Runs a command, killed after so many seconds, and returns its status, its time and what it printed."""
        start, out = time.monotonic(), self.folder / "out.txt"
        child = os.fork()
        if not child:
            become(args, *(functools.partial(os.open, path, NEW_FILE) for path in (out, self._log)))
        while True:
            done, status = os.waitpid(child, os.WNOHANG)
            taken = time.monotonic() - start
            if done:
                return os.waitstatus_to_exitcode(status), taken, out.read_text()
            if seconds is not None and taken >= seconds:
                os.kill(child, signal.SIGKILL)
                seconds = None
            time.sleep(0.005)

    def expect(self, truth: bool, fault: str) -> None:
        """Notes a fault unless `truth`."""
        if not truth:
            self.faults.append(fault)

    def undisturbed(self, args: list[str]) -> tuple[float, str]:
        """Runs a command that must succeed, and returns its time and what it printed."""
        status, taken, printed = self.call(args)
        self.expect(status == 0, f"{args} ended with {status}: {self._log.read_text()[-2000:]}")
        return taken, printed

    def trainings(self, count: int) -> None:
        """Kills trainings of the run `cut`, each of which goes on with what the last one left, `count` times."""
        taken, _ = self.undisturbed([*self.train, "--run", "whole"])
        whole = contents(self.folder / "whole")
        unfinished = self.folder / ".cut.unfinished"
        while self.kills["training"] < count or unfinished.exists():
            resumable = (unfinished / "training.state").exists()
            self.resumed += resumable
            moment = self._random.uniform(0, taken) if self.kills["training"] < count else None
            status, *_ = self.call([*self.train, "--run", "cut", *["--resume"] * resumable], moment)
            if status == -signal.SIGKILL:
                self.kills["training"] += 1
                continue
            self.expect(status == 0, f"a resumed training ended with {status}: {self._log.read_text()[-2000:]}")
            if status:
                return
            self.expect(contents(self.folder / "cut") == whole, f"another run after {self.kills['training']} kills")
        self.expect(not list(self.folder.glob(".*")), f"left behind: {list(self.folder.glob('.*'))}")

    def struck(self, kind: str, args: list[str], count: int) -> str:
        """Runs a command once, kills it `count` times, and returns what it printed before."""
        taken, printed = self.undisturbed(args)
        for _ in range(count):
            status, *_ = self.call(args, self._random.uniform(0, taken))
            self.kills[kind] += status == -signal.SIGKILL
        return printed

    def evaluations(self, count: int) -> None:
        """Kills evaluations: they change nothing, and the next one tells what the first one told."""
        args = ["evaluate", "cut", "--json", "--quiet"]
        files = contents(self.folder / "cut")
        first = self.struck("evaluation", args, count)
        self.expect(self.undisturbed(args)[1] == first, "another evaluation")
        self.expect(contents(self.folder / "cut") == files, "an evaluation changed the run")
        measured = json.loads((self.folder / "whole" / "metrics.json").read_text())["metrics"]
        self.expect(json.loads(first)["metrics"] == measured, f"{first} is not what training measured: {measured}")

    def exports(self, count: int) -> None:
        """Kills exports: a version is whole or absent."""
        args = ["export", "cut", "--no-check", "--quiet"]
        files = contents(self.folder / "cut")
        self.struck("export", args, count)
        self.undisturbed(args)
        from keras_rnn_zoo.artifacts.export import read_export

        run = self.folder / "cut"
        versions = sorted(int(path.name) for path in run.iterdir() if path.name.isdecimal())
        self.expect(versions == list(range(1, len(versions) + 1)), f"versions {versions}")
        for version in versions:
            read_export(run / str(version))
        self.expect(not list(run.glob(".*")), f"left behind: {list(run.glob('.*'))}")
        self.expect(contents(run) == files, "an export changed the run")


def contents(run: Path) -> dict[str, str]:
    """Returns the digests of the files of a run that do not tell a time, or the run's name, or a version."""
    names = ("model.keras", "metrics.json", "history.csv", *(f"task/{path.name}" for path in (run / "task").iterdir()))
    digests = {name: hashlib.sha256((run / name).read_bytes()).hexdigest() for name in names}
    config = json.loads((run / "config.json").read_text())
    told = {key: value for key, value in config.items() if key not in ("run", "cost", "files", "digest")}
    return {**digests, "config.json": json.dumps(told, sort_keys=True)}


def become(args: list[str], *opens: Callable[[], int]) -> NoReturn:
    """Makes this process the command line's.

    Args:
        args: the arguments of `zoo`.
        *opens: functions that open the standard output and the standard error, and return their descriptors.
    """
    try:
        for number, opened in enumerate(opens, 1):
            os.dup2(opened(), number)
        sys.argv = ["zoo", *args]
        from zoo_cli.main import cli

        cli(args)
        status = 0
    except SystemExit as ended:
        status = int(ended.code or 0)
    except BaseException:
        traceback.print_exc()
        status = 99
    sys.stdout.flush()
    os._exit(status)


def main() -> None:
    """Prints the kills and the faults as JSON; the status is 1 where there is a fault."""
    parser = argparse.ArgumentParser()
    parser.add_argument("entry", choices=list(TRAIN))
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--trainings", type=int, default=0)
    parser.add_argument("--evaluations", type=int, default=0)
    parser.add_argument("--exports", type=int, default=0)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    os.environ["ZOO_MODELS_DIR"] = str(options.folder)
    import keras  # noqa: F401  What all commands import, once.
    import tensorflow  # noqa: F401

    from keras_rnn_zoo import registry

    for dataset in registry.datasets.entries():
        module = sys.modules[dataset.make.__module__]
        if hasattr(module, "SIZES"):
            module.SIZES = SIZES  # type: ignore[attr-defined]
    options.folder.mkdir(parents=True, exist_ok=True)
    killing, start = Killing(options.entry, options.folder, options.seed), time.monotonic()
    killing.trainings(options.trainings)
    if not killing.faults and options.evaluations:
        killing.evaluations(options.evaluations)
    if not killing.faults and options.exports:
        killing.exports(options.exports)
    found = {"entry": options.entry, "kills": killing.kills, "resumed": killing.resumed, "faults": killing.faults}
    print(json.dumps({**found, "seconds": round(time.monotonic() - start)}))
    sys.exit(bool(killing.faults))


if __name__ == "__main__":
    main()
