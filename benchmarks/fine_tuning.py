"""How many examples fine-tuning saves: the same training from the weights of a run, and from nothing.

    python benchmarks/fine_tuning.py [--only reviews,imdb,slots,digits] [--rates 1,0.3,0.1] [--work FOLDER]
    python benchmarks/fine_tuning.py --run imdb_reviews --rows reviews.csv --sizes 200 [--models-dir DIR]

`reviews` trains on toy_reviews and then on reviews of restaurants, drawn from a seed: other subjects, and half of the
adjectives are others. `imdb` starts from the trained network `imdb_reviews`, with the same restaurants. `slots`
trains on four domains of the requests of `slots`, and then on the fifth, with slots of its own. `digits` trains on
the digits 0 to 4, and then on 5 to 9. All files are those of a user, options are the defaults, and the test split is
the same for all sizes. With `--run`, a run of your own is compared on a CSV file of yours, of which the last half is
for testing. Prints a table for docs/performance.md.
"""

import argparse
import contextlib
import csv
import itertools
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import keras_rnn_zoo as zoo
from keras_rnn_zoo.datasets import slots, toy_reviews
from keras_rnn_zoo.training.settings import SETTINGS

SIZES = (25, 50, 100, 200)
TESTED = 500

SUBJECTS = """bread breakfast coffee cook curry dessert dinner fish kitchen lunch menu pasta pizza rice salad sauce
service soup staff steak""".split()
POSITIVE = "crisp delicious juicy tasty tender warm beautiful brilliant excellent fresh lovely superb".split()
NEGATIVE = "bland burnt cold greasy salty stale awful dreadful forgettable lame messy terrible".split()


class Comparison(NamedTuple):
    """What is trained, and how its rows are written.

    Attributes:
        title: the row of the table.
        architecture: the architecture.
        metric: the metric that is compared.
        source: the run to start from.
        write: writes a dataset of some rows to a folder, and returns the arguments of `zoo.train`.
        rows: the rows to train on, at least as many as the largest size.
        test: those to test on.
    """

    title: str
    architecture: str
    metric: str
    source: Any
    write: Any
    rows: Sequence[Any]
    test: Sequence[Any]


@contextlib.contextmanager
def replaced(module: Any, **values: Any) -> Iterator[None]:
    """Replaces values of a module inside a `with` block."""
    before = {name: getattr(module, name) for name in values}
    try:
        for name, value in values.items():
            setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)


def write_csv(folder: Path, name: str, rows: Sequence[Sequence[str]]) -> str:
    """Writes rows of text and label to a CSV file, and returns its path."""
    path = folder / f"{name}.csv"
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    return str(path)


def write_texts(folder: Path, rows: Sequence[Any], test: Sequence[Any]) -> dict[str, Any]:
    """Writes texts and their labels as CSV files; see `Comparison.write`."""
    return {"dataset": f"csv:{write_csv(folder, 'train', rows)}", "test": write_csv(folder, "test", test)}


def restaurants(title: str, source: Any) -> Comparison:
    """A run that reads reviews of films, and then reviews of restaurants."""
    with replaced(toy_reviews, SUBJECTS=SUBJECTS, POSITIVE=POSITIVE, NEGATIVE=NEGATIVE):
        drawn = list(itertools.islice(toy_reviews.generate(seed=7), max(SIZES) + TESTED))
    rows = [(text, ("negative", "positive")[label]) for text, label in drawn]
    return Comparison(
        f"{title}, then restaurants: accuracy",
        "many_to_one",
        "accuracy",
        source,
        write_texts,
        rows[: max(SIZES)],
        rows[-TESTED:],
    )


def reviews(folder: Path) -> Comparison:
    """Drawn reviews of films, and then of restaurants."""
    return restaurants("toy_reviews", zoo.train("many_to_one", run="films", models_dir=str(folder), verbose=0))


def imdb(_: Path) -> Comparison:
    """The trained network `imdb_reviews`, and then drawn reviews of restaurants."""
    return restaurants("imdb_reviews", zoo.load("imdb_reviews").run)


def requests(domains: Sequence[str], count: int, seed: int) -> list[Any]:
    """Returns distinct requests of some domains with their tags."""
    chosen = {name: patterns for name, patterns in slots.REQUESTS.items() if name in domains}
    with replaced(slots, REQUESTS=chosen, SIZES={"train": count, "validation": 0, "test": 0}):
        return slots.generate(seed)["train"]


def write_conll(folder: Path, rows: Sequence[Any], test: Sequence[Any]) -> dict[str, Any]:
    """Writes tagged sentences; see `Comparison.write`."""
    paths = {}
    for name, part in (("train", rows), ("test", test)):
        sentences = (
            "".join(f"{word}\t{tag}\n" for word, tag in zip(words.split(), tags.split(), strict=True))
            for words, tags in part
        )
        paths[name] = folder / f"{name}.conll"
        paths[name].write_text("\n".join(sentences) + "\n")
    return {"dataset": f"conll:{paths['train']}", "test": str(paths["test"])}


def slots_of_requests(folder: Path) -> Comparison:
    """Requests of four domains, and then of the fifth."""
    known = write_conll(folder, requests([*slots.REQUESTS][:4], 4000, 1), requests([*slots.REQUESTS][:4], 200, 2))
    source = zoo.train("sync_many_to_many", run="requests", models_dir=str(folder), verbose=0, **known)
    rows = requests([*slots.REQUESTS][4:], max(SIZES) + TESTED, 3)
    return Comparison(
        "slots of four domains, then the fifth: span F1",
        "sync_many_to_many",
        "f1",
        source,
        write_conll,
        rows[: max(SIZES)],
        rows[-TESTED:],
    )


def write_npz(folder: Path, rows: Sequence[Any], test: Sequence[Any]) -> dict[str, Any]:
    """Writes images and their labels; see `Comparison.write`."""
    paths = {}
    for name, part in (("train", rows), ("test", test)):
        paths[name] = folder / f"{name}.npz"
        images, labels = (np.array(values) for values in zip(*part, strict=True))
        np.savez(paths[name], image=images, label=labels.astype(str))
    sizes = {"image_height": 8, "image_width": 8, "channels": 1, "shift": 0.06}
    return {"dataset": f"npz:{paths['train']}", "test": str(paths["test"]), **sizes}


def digits(folder: Path) -> Comparison:
    """The digits 0 to 4, and then 5 to 9, of scikit-learn."""
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = np.rint(bunch.images * (255 / 16)).astype("uint8")[..., np.newaxis]
    pairs = [(image, int(label)) for image, label in zip(images, bunch.target, strict=True)]
    random.Random(0).shuffle(pairs)
    low, high = ([pair for pair in pairs if (pair[1] > 4) == is_high] for is_high in (False, True))
    source = zoo.train(
        "one_to_one", run="low_digits", models_dir=str(folder), verbose=0, **write_npz(folder, low[:-100], low[-100:])
    )
    return Comparison(
        "digits 0 to 4, then 5 to 9: accuracy",
        "one_to_one",
        "accuracy",
        source,
        write_npz,
        high[: max(SIZES)],
        high[-TESTED:],
    )


def own(run: str, path: str, models_dir: str | None) -> Comparison:
    """A run of the user's, and a CSV file with the columns text and label."""
    source = zoo.Run.find(run, models_dir=models_dir)
    with open(path, encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["label"]) for row in csv.DictReader(file)]
    title = f"{run}, then {Path(path).name}: accuracy"
    half = len(rows) // 2
    return Comparison(
        title, source.config.architecture, "accuracy", source, write_texts, rows[:half], rows[half:][:TESTED]
    )


def scores(comparison: Comparison, folder: Path, size: int, rate: float | None) -> tuple[list[float], float]:
    """Returns the metric for each seed, and the seconds of a training.

    Args:
        comparison: what is trained.
        folder: where files are written.
        size: number of examples.
        rate: the fraction of the default learning rate; `None` for a training from nothing.
    """
    found, began = [], time.perf_counter()
    for seed in range(3):
        data = comparison.write(folder, random.Random(seed).sample(comparison.rows, size), comparison.test)
        trained = zoo.train(
            comparison.architecture,
            from_run=None if rate is None else comparison.source,
            learning_rate=None if rate in (None, 1.0) else rate * SETTINGS["learning_rate"].default,
            run="try",
            models_dir=str(folder / "tries"),
            seed=seed,
            verbose=0,
            **data,
        )
        found.append(trained.metrics[comparison.metric])
    return found, (time.perf_counter() - began) / 3


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="reviews,imdb,slots,digits")
    parser.add_argument("--rates", default="1", help="fractions of the default learning rate")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--run")
    parser.add_argument("--rows", metavar="CSV")
    parser.add_argument("--models-dir")
    parser.add_argument("--work", type=Path)
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    rates: list[float | None] = [None, *map(float, given.rates.split(","))]
    made = {"reviews": reviews, "imdb": imdb, "slots": slots_of_requests, "digits": digits}
    print(f"| mean of 3 seeds (lowest to highest) | {' | '.join(f'{size} examples' for size in sizes)} |")
    print(f"|---|{'---|' * len(sizes)}")
    for name in ["own"] if given.run else given.only.split(","):
        with tempfile.TemporaryDirectory() as temporary:
            folder = given.work or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            comparison = own(given.run, given.rows, given.models_dir) if given.run else made[name](folder)
            for rate in rates:
                how = "from nothing" if rate is None else "fine-tuned"
                how += f", learning rate times {rate:g}" if rate not in (None, 1.0) else ""
                cells = []
                for size in sizes:
                    found, seconds = scores(comparison, folder, size, rate)
                    print(f"{comparison.title}, {how}, {size}: {found}, {seconds:.1f} s each", file=sys.stderr)
                    cells.append(f"{statistics.mean(found):.3f} ({min(found):.3f} to {max(found):.3f})")
                print(f"| {comparison.title}, {how} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
