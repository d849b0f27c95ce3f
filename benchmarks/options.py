"""Measures what options of training change: each entry, option and seed is a line in a file, so it can be continued."""

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
from data import data_of
from results import add_line, mean_and_deviation, read_lines, with_table

from keras_rnn_zoo.atomic_files import write_text

DOCS = Path(__file__).parent.parent / "docs"
RESULTS, PAGE = DOCS / "results" / "options.jsonl", DOCS / "options.md"


class Entry(NamedTuple):
    """A dataset to measure on.

    Attributes:
        architecture: the architecture.
        metric: the metric.
        options: names of the options that apply.
    """

    architecture: str
    metric: str
    options: tuple[str, ...]


GENERAL = ("default", "weight_averaging", "warmup")
CLASSES = (*GENERAL, "label_smoothing")
TEXTS = (*CLASSES, "adversarial")
OPTIONS: dict[str, dict[str, Any]] = {
    "default": {},
    "crf": {"crf": True},
    "valid_spans": {"crf": True, "valid_spans": True},
    "weight_averaging": {"weight_averaging": 0.999},
    "warmup": {"warmup": 0.1},
    "label_smoothing": {"label_smoothing": 0.1},
    "adversarial": {"adversarial": 0.3},
    "not_adversarial": {"adversarial": 0.0},
    "spectrogram_masks": {"spectrogram_masks": 0.2},
    "distortion": {"distortion": 0.1},
    "strong_distortion": {"distortion": 0.15},
    "elastic": {"elastic": 0.04},
    "not_elastic": {"elastic": 0.0},
    "subsampling": {"subsampling": 4},
}
ENTRIES: dict[str, Entry] = {
    "toy_reviews": Entry("many_to_one", "accuracy", TEXTS),
    "slots": Entry("sync_many_to_many", "f1", (*TEXTS, "crf", "valid_spans")),
    "dates": Entry("many_to_many", "exact_match", TEXTS),
    "addition": Entry("many_to_many", "exact_match", TEXTS),
    "shapes": Entry("one_to_many", "exact_match", CLASSES),
    "digits": Entry("one_to_one", "accuracy", (*CLASSES, "elastic")),
    "adding": Entry("many_to_one", "mse", GENERAL),
    "digit_lines": Entry("ctc", "cer", (*GENERAL, "distortion", "not_elastic")),
    "imdb_reviews": Entry("many_to_one", "accuracy", TEXTS),
    "mnist": Entry("one_to_one", "accuracy", (*CLASSES, "distortion", "strong_distortion", "elastic")),
    "spoken_digit": Entry("many_to_one", "accuracy", (*CLASSES, "spectrogram_masks", "subsampling")),
    "spoken_digit_strings": Entry("ctc", "wer", (*GENERAL, "spectrogram_masks")),
    "universal_dependencies": Entry("sync_many_to_many", "accuracy", (*CLASSES, "not_adversarial", "crf")),
    "small_parallel_enja": Entry("many_to_many", "bleu", TEXTS),
    "tiny_shakespeare": Entry("sync_many_to_many", "bits_per_character", TEXTS),
}


def measure(dataset: str, option: str, seed: int, data_dir: str | None, epochs: int | None) -> dict[str, Any]:
    """Trains an entry with an option, and returns its metrics on the validation and test splits as a line."""
    import keras_rnn_zoo as zoo

    entry = ENTRIES[dataset]
    settings = {"seed": seed, "epochs": epochs, "data_dir": data_dir, **OPTIONS[option]}
    with tempfile.TemporaryDirectory() as folder:
        begun = time.process_time()
        run = zoo.train(entry.architecture, dataset=dataset, models_dir=folder, verbose=0, **settings)
        minutes = (time.process_time() - begun) / 60
        return {
            **{"dataset": dataset, "option": option, "seed": seed, "max_epochs": epochs},
            "validation": dict(run.evaluate(split="validation")),
            "test": dict(run.metrics),
            "epochs": run.config.epochs_trained,
            "cpu_minutes": round(minutes, 2),
        }


def pending(
    datasets: Iterable[str], options: Sequence[str], seeds: int, done: Sequence[dict[str, Any]]
) -> Iterator[tuple[str, str, int]]:
    """Yields each dataset, option and seed that is still to measure; all options of a seed come one after another."""
    known = {(line["dataset"], line["option"], line["seed"]) for line in done}
    for dataset in datasets:
        for seed in range(seeds):
            for option in ENTRIES[dataset].options:
                if (not options or option in options) and (dataset, option, seed) not in known:
                    yield dataset, option, seed


def table(lines: Sequence[dict[str, Any]]) -> str:
    """Returns the results as a table in Markdown: mean and standard deviation over the seeds."""
    rows = ["| dataset | metric | option | validation | test | seeds |", "|---|---|---|---|---|---|"]
    for dataset, entry in ENTRIES.items():
        for option in entry.options:
            found = [line for line in lines if (line["dataset"], line["option"]) == (dataset, option)]
            if found:
                scores = ([line[split][entry.metric] for line in found] for split in ("validation", "test"))
                cells = map(mean_and_deviation, scores)
                rows.append(f"| {dataset} | {entry.metric} | {option} | {' | '.join(cells)} | {len(found)} |")
    return "\n".join(rows)


def page_text(page: str, lines: Sequence[dict[str, Any]]) -> str:
    """Returns the page with the results in place of its table of them."""
    return with_table(page, table(lines))


@click.command()
@click.option("--data-dir", "data_dirs", multiple=True, help="Folder of TFDS datasets.")
@click.option("--only", multiple=True, type=click.Choice(list(ENTRIES)), help="Only this dataset; may be repeated.")
@click.option("--option", "options", multiple=True, type=click.Choice(list(OPTIONS)), help="Only this option.")
@click.option("--seeds", default=3, help="Number of seeds.")
@click.option("--epochs", type=int, help="Maximum number of epochs; by default, that of the dataset.")
@click.option("--results", default=RESULTS, type=click.Path(path_type=Path), help="The file of results.")
def main(
    data_dirs: tuple[str, ...],
    only: tuple[str, ...],
    options: tuple[str, ...],
    seeds: int,
    epochs: int | None,
    results: Path,
) -> None:
    """Trains entries with each option that applies; adds a line for each training to a file, and a table to the docs.

    What is in the file is not trained again. Decide by the validation split; the test split is for the report. Datasets
    that are neither embedded nor in a --data-dir are skipped.
    """
    from keras_rnn_zoo import registry

    done = read_lines(results)
    for dataset, option, seed in pending(only or ENTRIES, options, seeds, done):
        at_hand, data_dir = data_of(registry.datasets.get(dataset), data_dirs)
        if not at_hand:
            continue
        done.append(measure(dataset, option, seed, data_dir, epochs))
        add_line(results, done[-1])
    click.echo(table(done))
    if results == RESULTS:
        write_text(PAGE, page_text(PAGE.read_text(encoding="utf-8"), done))


if __name__ == "__main__":
    main()
