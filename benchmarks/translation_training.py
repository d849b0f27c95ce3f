"""Training on small_parallel_enja: target tokens per second, compared to JoeyNMT 2.3 with the same sizes.

One layer of 256 units, embeddings of 256, vocabularies of 8,000, batches of 128. Target tokens are counted as JoeyNMT
counts them, including ends of sentences. Ours is the model and batches of `zoo train`, captured when it calls `fit`,
for a number of steps. JoeyNMT's figure is the one that it logs for its second interval of steps. The networks are not
quite the same: JoeyNMT feeds the attended vector into the next step and has an output matrix separate from its
embeddings; its batches contain sentences in any order, padded to the longest.
"""

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from fitting import captured_fit
from networks import cores
from report import Mark, Row
from timing import HERE, Contestant, MissingPeerError, race

ABOUT = "training on small_parallel_enja: one layer of 256, vocabularies of 8,000, batches of 128"
DATASET = "small_parallel_enja"
FILES = [f"{split}.{language}" for split in ("train", "dev", "test") for language in ("ja", "en")]
UNITS, VOCABULARY = 256, 8000
OPTIONS = {"num_layers": 1, "units": UNITS, "embedding_dim": UNITS}
OPTIONS |= {"vocabulary_size": VOCABULARY, "target_vocabulary_size": VOCABULARY}


def training_flop(sources: int, targets: int) -> int:
    """Returns the floating-point operations of the matrix products for a number of real tokens in training.

    A source token is read in both directions and projected for the attention; a target token is read, joined with the
    attended vector, and multiplied with the output matrix. The gradient takes twice as much. The attention's products,
    a hundredth of that for sentences of ten words, are neglected.
    """
    recurrent = 2 * (UNITS + UNITS) * 4 * UNITS
    source = 2 * recurrent + 2 * (2 * UNITS) * UNITS
    target = recurrent + 2 * (UNITS + 2 * UNITS) * UNITS + 2 * UNITS * VOCABULARY
    return 3 * (sources * source + targets * target)


def ours(data_dir: str, steps: int) -> Callable[[], list[float]]:
    """Returns a function that runs some steps and returns target tokens and floating-point operations per second."""
    import numpy as np

    from keras_rnn_zoo.conventions import IGNORED

    model, data = captured_fit("many_to_many", dataset=DATASET, data_dir=data_dir, batch_size=128, **OPTIONS)
    batches = iter(data.repeat())

    def work(steps: int = steps) -> list[float]:
        sources = targets = 0
        start = time.perf_counter()
        for _ in range(steps):
            inputs, target = next(batches)[:2]
            model.train_on_batch(inputs, target)
            sources += int(np.count_nonzero(np.asarray(inputs["source"])))
            targets += int(np.count_nonzero(np.asarray(target) != IGNORED))
        seconds = time.perf_counter() - start
        return [targets / seconds, training_flop(sources, targets) / seconds]

    work(2 * steps)  # Compile for the most frequent shapes.
    return work


def joeynmt(data_dir: str, batches: int) -> Callable[[], float]:
    """Returns a function that trains until JoeyNMT has logged its speed, and returns its target tokens per second."""
    import sys

    import joeynmt  # noqa: F401  Raises if it is not installed.

    def work() -> float:
        with tempfile.TemporaryDirectory() as folder:
            for file in FILES:
                shutil.copy(Path(data_dir) / file, folder)
            config = (HERE / "joeynmt_enja.yaml").read_text().replace("logging_freq: 100", f"logging_freq: {batches}")
            (Path(folder) / "config.yaml").write_text(config)
            process = subprocess.Popen(
                [sys.executable, "-m", "joeynmt", "train", "config.yaml", "--skip-test"],
                cwd=folder,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
            lines, logged = [], []
            try:
                assert process.stdout
                for line in process.stdout:
                    lines.append(line)
                    if found := re.search(r"Tokens per Sec:\s*([\d.]+)", line):
                        logged.append(float(found[1]))
                    if len(logged) == 2:  # The first one includes one-time costs.
                        return logged[1]
            finally:
                process.kill()
                process.wait()
        raise RuntimeError("JoeyNMT logged no speed:\n" + "".join(lines[-30:]))

    return work


def files_folder(data_dirs: Sequence[str]) -> str:
    """Returns the folder with the files of the dataset, in or below one of `data_dirs`."""
    for folder in data_dirs:
        for path in (Path(folder), Path(folder) / DATASET):
            if all((path / file).is_file() for file in FILES):
                return str(path)
    raise MissingPeerError(f"no --data-dir has the files of {DATASET}")


def measure(rounds: int, python: str, data_dirs: Sequence[str], quick: bool) -> Iterator[Row]:
    """Measures both; `python` is the interpreter with the peers installed."""
    what, peer = "training, target tokens a second", "JoeyNMT 2.3"
    try:
        folder = files_folder(data_dirs)
    except MissingPeerError as error:
        yield Row(what, "tokens/s", [], peer, inverse=False, mark=Mark(1.7), missing=str(error))
        return
    done = race(
        {
            "ours": Contestant(
                "translation_training:ours", data_dir=str(Path(folder).parent), steps=2 if quick else 20
            ),
            "limit": Contestant("networks:matrix_product"),
            "joeynmt": Contestant("translation_training:joeynmt", python, data_dir=folder, batches=2 if quick else 20),
        },
        rounds,
        warm_ups=0,
    )
    yield Row(
        what,
        "tokens/s",
        [tokens for tokens, _ in done.values("ours")],
        peer,
        done.values("joeynmt"),
        inverse=False,
        mark=Mark(1.7),
        missing=done.missing.get("joeynmt", ""),
    )
    yield Row(
        "arithmetic of the same, of real tokens alone",
        "GFLOP/s",
        [flop / 1e9 for _, flop in done.values("ours")],
        f"matrix product at 1,024, {cores()} cores",
        done.values("limit"),
        inverse=False,
    )
