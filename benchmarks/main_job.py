"""The figures of the main job: start-up, the embedded data beside a bag of words, IMDB beside Keras's example."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


def timed(command: list[str], **kwargs: Any) -> tuple[float, str]:
    """Runs a command; returns its wall seconds and its standard output."""
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, **kwargs)
    return time.perf_counter() - start, done.stdout


def start_up(repeats: int = 10) -> dict[str, Any]:
    """Measures `zoo list` and `python -c "import click"` in turn."""
    commands = {"zoo list": [str(BIN / "zoo"), "list"], "import click": [sys.executable, "-c", "import click"]}
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats + 1):
        for name, command in commands.items():
            seconds[name].append(timed(command)[0])
    medians = {
        name: statistics.median(values[1:]) for name, values in seconds.items()
    }  # The first fills the disk cache.
    return {**medians, "ratio": medians["zoo list"] / medians["import click"]}


def bag_of_words() -> float:
    """Returns the test accuracy of logistic regression on the word counts of the embedded data."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.linear_model import LogisticRegression

    from keras_rnn_zoo import registry

    examples = registry.datasets.get("toy_reviews").make(None, 0)
    counts = CountVectorizer(token_pattern=r"\S+")
    model = LogisticRegression(max_iter=1000)
    for split in ("train", "test"):
        texts, labels = zip(*examples.split(split).as_numpy_iterator(), strict=True)
        if split == "train":
            model.fit(counts.fit_transform(texts), labels)
    return float(model.score(counts.transform(texts), labels))


def zoo_train(*arguments: str) -> dict[str, float]:
    """Runs `zoo train many_to_one` with the arguments; returns its wall seconds and test accuracy."""
    with tempfile.TemporaryDirectory() as folder:
        command = [str(BIN / "zoo"), "train", "many_to_one", *arguments]
        seconds, _ = timed(command, env={**os.environ, "ZOO_MODELS_DIR": folder})
        measured = json.loads((Path(folder) / "many_to_one" / "metrics.json").read_text())
    return {"seconds": seconds, "accuracy": measured["metrics"]["accuracy"]}


def matrix_product(size: int = 1024, repeats: int = 20) -> float:
    """Returns this machine's float32 matrix product in GFLOP/s, in TensorFlow."""
    import tensorflow as tf

    a = tf.random.normal((size, size))
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        (a @ a).numpy()
        seconds.append(time.perf_counter() - start)
    return 2 * size**3 / float(np.median(seconds)) / 1e9


@click.command()
@click.option("--data-dir", help="Folder of prepared TFDS data sets; without it IMDB is left out.")
def main(data_dir: str | None) -> None:
    """Measures everything, prints a table and writes it as JSON."""
    startup, toy = start_up(), zoo_train()
    figures: dict[str, Any] = {
        "zoo list, seconds": startup["zoo list"],
        "zoo list / import click": startup["ratio"],
        "toy_reviews, bag of words, accuracy": bag_of_words(),
        "toy_reviews, many_to_one, accuracy": toy["accuracy"],
        "toy_reviews, zoo train, seconds": toy["seconds"],
        "matrix product at 1,024, GFLOP/s": matrix_product(),
    }
    if data_dir:
        ours = zoo_train("--dataset", "imdb_reviews", "--data-dir", data_dir)
        _, printed = timed([sys.executable, str(HERE / "keras_imdb_example.py"), data_dir])
        peer = json.loads(printed.splitlines()[-1])
        figures |= {f"imdb_reviews, many_to_one, {name}": value for name, value in ours.items()}
        figures |= {f"imdb_reviews, Keras's example, {name}": value for name, value in peer.items()}
    table = Table("figure", "value")
    for name, value in figures.items():
        table.add_row(name, f"{value:.4g}")
    Console().print(table)
    path = HERE.parent / "build" / "benchmarks" / "main_job.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
