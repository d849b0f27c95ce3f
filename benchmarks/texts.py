"""Texts on their way to a batch: the share of padding in the batches, and what pieces and subwords cost.

    python benchmarks/texts.py padding --data-dir ~/tensorflow_datasets --data-dir ~/corpora
    python benchmarks/texts.py subwords jpn.txt

`padding` counts the ids of an epoch. `subwords` takes a file with a text and its translation in each line, separated by
a tab, and measures processor time: of learning a vocabulary of each column, and of turning its lines into ids, one at
a time, as the pipeline does.
"""

import time
from typing import Any

import click
from data import folder_with
from fitting import captured_fit

TRAININGS = {"imdb_reviews": "many_to_one", "small_parallel_enja": "many_to_many"}
BATCH, TIMED = 1024, 2000
"""Lines in a batch to learn from, and lines that are turned into ids."""


@click.group()
def main() -> None:
    """Measures texts on their way to a batch."""


@main.command()
@click.option("--data-dir", "data_dirs", multiple=True, required=True)
def padding(data_dirs: tuple[str, ...]) -> None:
    """Counts the padding in an epoch of two datasets, with default options."""
    import numpy as np
    import tensorflow as tf

    for dataset, architecture in TRAININGS.items():
        if (folder := folder_with(dataset, data_dirs)) is None:
            raise SystemExit(f"{dataset} is in none of the folders of --data-dir.")
        _, batches = captured_fit(architecture, dataset=dataset, data_dir=folder)
        counts = np.zeros(2)
        for inputs, *_ in batches.take(batches.cardinality()):
            for ids in tf.nest.flatten(inputs):
                counts += (tf.size(ids).numpy(), np.sum(ids.numpy() == 0))
        click.echo(f"{dataset}: {counts[1] / counts[0]:.1%} of {counts[0]:,.0f} ids are padding")


@main.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False))
@click.option("--size", default=8000, show_default=True, help="Size of the vocabulary.")
def subwords(path: str, size: int) -> None:
    """Measures pieces and subwords."""
    import tensorflow as tf

    from keras_rnn_zoo.layers.text import Tokenizer

    def timed(data: Any) -> float:
        start = time.process_time()
        for _ in data:
            pass
        return time.process_time() - start

    with open(path, encoding="utf-8") as file:
        columns = zip(*(line.rstrip("\n").split("\t")[:2] for line in file), strict=True)
    for number, lines in enumerate(columns, 1):
        for kind in ("pieces", "subwords"):
            tokenizer = Tokenizer(kind, size, 1000)
            start = time.process_time()
            tokenizer.adapt(tf.data.Dataset.from_tensor_slices(list(lines)).batch(BATCH))
            learned = time.process_time() - start
            data = tf.data.Dataset.from_tensor_slices(list(lines[:: max(len(lines) // TIMED, 1)]))
            ids = data.map(lambda line, tokenizer=tokenizer: tokenizer.read(line[None]).flat_values)
            timed(ids.take(100))  # The first pass traces.
            each = 1000 * timed(ids) / len(data)
            learning = f"{len(tokenizer.vocabulary):,} learned in {learned:.1f} processor s"
            click.echo(f"column {number}, {len(lines):,} lines, {kind}: {learning}; a line takes {each:.2f} ms")


if __name__ == "__main__":
    main()
