"""Exports of every entry: size, time to export, and prediction time compared to Keras's `model.predict`.

The runs are trained for an epoch on a few examples, otherwise with each entry's default options. Prediction time does
not depend on what they learned, except for the length of generated texts. Both sides get the same inputs. The peer of
an export is what users need without one: preprocessing and decoding in separate graphs, `model.predict`, and a loop
that calls it for each token of generated text.
"""

import dataclasses
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from data import data_of
from rich.console import Console
from rich.table import Table

from keras_rnn_zoo.atomic_files import write_text

HERE = Path(__file__).parent
EXAMPLES = 256
BATCHES = (1, 64)


@contextmanager
def few_examples() -> Iterator[None]:
    """Within it, training sees the first examples of each split alone."""
    from keras_rnn_zoo.inference import rebuild

    def open_few(config: Any, data_dir: str | None = None, dataset: Any = None) -> Any:
        examples = before(config, data_dir, dataset)
        splits = {
            name: lambda name=name: examples.splits[name]().take(EXAMPLES if name == "train" else 64)
            for name in examples.splits
        }
        return dataclasses.replace(examples, splits=splits)

    before, rebuild.open_examples = rebuild.open_examples, open_few
    try:
        yield
    finally:
        rebuild.open_examples = before


def median_ms(call: Callable[[], Any], seconds: float) -> float:
    """Returns the median milliseconds of a call, which is repeated for about `seconds`, at least three times."""
    call()
    taken: list[float] = []
    while len(taken) < 3 or (sum(taken) < seconds and len(taken) < 200):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return 1000 * statistics.median(taken)


def by_predict(loaded: Any, preprocess: Any, decode: Any, batch: tuple[Any, ...]) -> Any:
    """Predicts a raw batch by `model.predict`, with separate functions for preprocessing and decoding."""
    import numpy as np

    from keras_rnn_zoo.layers.text import END, PADDING, START, UNKNOWN
    from keras_rnn_zoo.tasks._text_generation import TextGenerationTask
    from keras_rnn_zoo.tasks.language_modeling import LanguageModeling

    task, model = loaded.task, loaded.model
    if isinstance(task, LanguageModeling):  # At temperature 0, take the most likely character.
        ids = preprocess(*batch)["ids"].numpy()
        prompts, length = 1 + (ids != PADDING).sum(1), int(batch[-1])
        ids = np.pad(ids, [[0, 0], [1, length]])  # Padding marks the start of a text.
        for step in range(length):
            logits = model.predict(ids[:, : (prompts + step).max()], verbose=0)
            for row, at in enumerate(prompts + step):
                ids[row, at] = logits[row, at - 1, UNKNOWN + 1 :].argmax() + UNKNOWN + 1
        return decode(ids, {})
    inputs = preprocess(*batch)
    if not isinstance(task, TextGenerationTask):
        return decode(model.predict(np.asarray(inputs), verbose=0), inputs)
    source = np.asarray(inputs["source"])
    target = np.full((len(source), 1), START, "int32")
    for _ in range(task.search_options["max_length"]):  # Greedy search.
        logits = model.predict({"source": source, "target": target}, verbose=0)[:, -1, END:]
        target = np.concatenate([target, (logits.argmax(-1) + END).astype("int32")[:, None]], axis=1)
        if (target == END).any(axis=1).all():
            break
    return decode({"ids": target[:, None, 1:], "scores": np.zeros((len(source), 1), "float32")}, inputs)


def measure(architecture: str, dataset: str, data_dir: str | None, seconds: float, folder: str) -> dict[str, float]:
    """Returns the measurements of one entry."""
    import tensorflow as tf

    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.exporting.check import check_inputs

    with few_examples():
        run = zoo.train(
            architecture, dataset=dataset, data_dir=data_dir, run=dataset, epochs=1, verbose=0, models_dir=folder
        )
    loaded = zoo.load(run)
    start = time.perf_counter()
    path = zoo.export(loaded, check=False)
    exported = time.perf_counter() - start
    start = time.perf_counter()
    checked = json.loads((zoo.export(loaded, data_dir=data_dir) / "export.json").read_text())["check"]
    found = {"export_seconds": exported, "checked_export_seconds": time.perf_counter() - start}
    found["difference"] = max(checked["differences"].values(), default=0.0)
    found["megabytes"] = sum(file.stat().st_size for file in path.rglob("*") if file.is_file()) / 1e6
    signature = tf.saved_model.load(str(path)).signatures["serving_default"]
    inputs, _ = check_inputs(loaded, data_dir)
    names = [spec.name for spec in loaded.task.input_signature()]
    preprocess = tf.function(loaded.task.preprocess, input_signature=loaded.task.input_signature())
    decode = tf.function(loaded.task.decode, reduce_retracing=True)
    options = {"temperature": 0.0, "max_new_tokens": 20} if loaded.task.prediction_options else {}
    for size in BATCHES:
        batch = loaded.task.to_batch((inputs * size)[:size], **options)
        named = dict(zip(names, batch, strict=True))
        found[f"export_{size}_ms"] = median_ms(lambda named=named: signature(**named), seconds)
        found[f"predict_{size}_ms"] = median_ms(
            lambda batch=batch: by_predict(loaded, preprocess, decode, batch), seconds
        )
    return found


def entries(data_dirs: tuple[str, ...], only: tuple[str, ...]) -> Iterator[tuple[str, str, str | None]]:
    """Yields architecture, dataset and data directory of each entry whose data is available, prepared or as files."""
    import keras_rnn_zoo as zoo
    from keras_rnn_zoo import registry

    for name in zoo.list_architectures():
        for entry in registry.datasets_of(registry.architectures.get(name)):
            at_hand, folder = data_of(entry, data_dirs)
            if at_hand and (not only or entry.name in only):
                yield name, entry.name, folder


@click.command()
@click.option(
    "--data-dir", "data_dirs", multiple=True, help="Folder of TFDS datasets, or of files to prepare them from."
)
@click.option("--only", multiple=True, metavar="DATASET", help="Measure only this dataset; may be repeated.")
@click.option("--seconds", default=2.0, show_default=True, help="Time for each median.")
def main(data_dirs: tuple[str, ...], only: tuple[str, ...], seconds: float) -> None:
    """Measures all entries, or without --data-dir only embedded ones; prints a table and writes it as JSON."""
    table = Table(
        "dataset", "MB", "export s", "with check s", "1: export ms", "predict ms", "64: export ms", "predict ms"
    )
    results = {}
    for architecture, dataset, where in entries(data_dirs, only):
        with tempfile.TemporaryDirectory() as folder:
            found = measure(architecture, dataset, where, seconds, folder)
        results[dataset] = {"architecture": architecture, **found}
        print(dataset, found, file=sys.stderr, flush=True)
        shown = ("megabytes", "export_seconds", "checked_export_seconds")
        times = (f"{side}_{size}_ms" for size in BATCHES for side in ("export", "predict"))
        table.add_row(dataset, *(f"{found[key]:.1f}" for key in (*shown, *times)), f"{found['difference']:.1e}")
        path = HERE.parent / "build" / "benchmarks" / "exports.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_text(path, json.dumps(results, indent=2) + "\n")
    Console().print(table)


if __name__ == "__main__":
    main()
