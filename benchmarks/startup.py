"""Startup time: informational commands, and the seconds from `zoo train` to its first step."""

import contextlib
import os
import pty
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from report import Mark, Row
from timing import HERE, command_seconds, in_turn

ABOUT = "from a command to its first line, or to its first step; what TensorFlow traces for it"
ZOO = str(Path(sys.executable).parent / "zoo")
TRAIN = [ZOO, "train", "many_to_one"]
IMPORT = "import tensorflow, keras"
OPTIONAL = ("sklearn", "jax")
"""Packages that TensorFlow and Keras import where they are installed."""


def seconds_to_first_step(limit: float = 300) -> float:
    """Runs `zoo train many_to_one` until its progress bar shows the first step; returns the seconds it took."""
    start = time.perf_counter()
    ours, terminal = pty.openpty()  # The progress bar needs a terminal.
    shown = b""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "ZOO_MODELS_DIR": folder}
        process = subprocess.Popen(TRAIN, stdin=subprocess.DEVNULL, stdout=terminal, stderr=terminal, env=environment)
        os.close(terminal)
        try:
            with contextlib.suppress(OSError):  # Raised on Linux when the other end is closed.
                while part := os.read(ours, 4096):
                    shown += part
                    if re.search(rb"\b1/\d+\b", shown):
                        return time.perf_counter() - start
                    if time.perf_counter() - start > limit:
                        break
        finally:
            process.kill()
            process.wait()
            os.close(ours)
    raise SystemExit(f"{' '.join(TRAIN)} showed no step:\n{shown.decode(errors='replace')[-2000:]}")


def measure(rounds: int, quick: bool) -> Iterator[Row]:
    """Compares `zoo list` and `zoo --help` to an import of Click, and training to an import of Keras."""
    commands = {
        "zoo list": [ZOO, "list"],
        "zoo --help": [ZOO, "--help"],
        "import click": [sys.executable, "-c", "import click"],
    }
    done = in_turn({name: lambda c=c: command_seconds(c) for name, c in commands.items()}, rounds + 1)
    ms = {name: [1000 * value for value in values[1:]] for name, values in done.items()}  # The first fills the cache.
    for name in ("zoo list", "zoo --help"):
        peer = 'python -c "import click"'
        yield Row(name, "ms", ms[name], peer, ms["import click"], inverse=False, mark=Mark(2, most=True))
    works = {
        "train": seconds_to_first_step,
        "import": lambda: command_seconds([sys.executable, "-c", IMPORT]),
    }
    done = in_turn(works, 1 if quick else max(rounds // 3, 2))
    yield Row("zoo train many_to_one, to its first step", "s", done["train"], IMPORT, done["import"], inverse=False)
    yield from _imports(1 if quick else max(rounds // 3, 2))
    yield from _traces()


def _imports(rounds: int) -> Iterator[Row]:
    """Compares an import of the frameworks to one that doesn't find a package, in processor time."""
    hidden = {name: f"import sys; sys.modules[{name!r}] = None; {IMPORT}" for name in OPTIONAL}
    works = {
        name: lambda code=code: command_seconds([sys.executable, "-c", code], processor=True)
        for name, code in {"": IMPORT, **hidden}.items()
    }
    done = in_turn(works, rounds)
    for name in OPTIONAL:
        yield Row(IMPORT, "processor s", done[""], f"the same without {name}", done[name], inverse=False)


def _traces() -> Iterator[Row]:
    """Counts the graphs traced for an epoch of training, and for a prediction with the trained model."""
    with tempfile.TemporaryDirectory() as folder:
        for command in (["train", "many_to_one", "--epochs", "1"], ["predict", "many_to_one", "a fine film"]):
            done = subprocess.run(
                [sys.executable, str(HERE / "traces.py"), *command],
                env={**os.environ, "ZOO_MODELS_DIR": folder},
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                check=True,
            )
            yield Row(f"zoo {' '.join(command[:2])}: graphs traced", "", [int(done.stdout.split()[-1])])
