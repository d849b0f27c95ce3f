"""Scores on users' own files without a line of Python: one command each, as a user would type it.

    python benchmarks/own_data.py --data-dir ../shared/data [--only captcha,anki,imdb,big] [--work FOLDER]

`captcha` reads a folder of images whose names are their text; `anki` a table of English and untokenized Japanese
without a header; `imdb` a CSV file written from the prepared TFDS dataset, compared to the entry `imdb_reviews`; `big`
a CSV file of 2 GB, for peak memory and speed. Prints a table and ten translations.
"""

import argparse
import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

BIG = 2 * 10**9
ROW = 4000
"""Sizes in bytes of the big file and of one of its rows."""


def zoo(*args: str, folder: Path) -> tuple[float, int]:
    """Runs a command line in a fresh process; returns seconds and peak memory in bytes."""
    print("$ zoo", *args, file=sys.stderr)
    command = [sys.executable, "-c", "from zoo_cli.main import cli; cli()", *args, "--models-dir", str(folder)]
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=sys.stderr)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"zoo {' '.join(args)} ended with {os.waitstatus_to_exitcode(status)}")
    return time.perf_counter() - start, used.ru_maxrss * 1024


def metrics(folder: Path, run: str) -> dict[str, float]:
    """Returns the scores of a run on its test split."""
    return json.loads((folder / run / "metrics.json").read_text())["metrics"]


def captcha(data: Path, folder: Path) -> list[tuple[str, str]]:
    """Transcribes captchas, labeled by their file names."""
    seconds, _ = zoo(
        "train", "ctc", "--dataset", f"images:{data}/raw/captcha_images_v2", "--run", "captcha", folder=folder
    )
    reached = metrics(folder, "captcha")
    return [
        ("captchas: whole strings right", f"{reached['sequence_accuracy']:.1%}"),
        ("captchas: character error rate", f"{reached['cer']:.2%}"),
        ("captchas: minutes", f"{seconds / 60:.1f}"),
    ]


def anki(data: Path, folder: Path) -> list[tuple[str, str]]:
    """Translates English to Japanese, and prints ten sentences of the test split."""
    place = f"tsv:{data}/raw/anki_jpn/jpn.txt"
    seconds, _ = zoo(
        "train", "many_to_many", "--dataset", place, "--columns", "source=1,target=2", "--run", "anki", folder=folder
    )
    reached = metrics(folder, "anki")
    import keras_rnn_zoo as package
    from keras_rnn_zoo.inference.rebuild import open_examples

    run = package.load("anki", models_dir=str(folder))
    pairs = list(open_examples(run.run.config).split("test").take(3000).as_numpy_iterator())
    drawn = random.Random(0).sample(pairs, 10)
    for (source, target), answer in zip(drawn, package.predict(run, [source for source, _ in drawn]), strict=True):
        print(f"{source.decode()} -> {answer['text']}  (reference: {target.decode()})")
    return [
        ("English to Japanese: BLEU of characters", f"{reached['bleu']:.2f}"),
        ("English to Japanese: chrF", f"{reached['chrf']:.2f}"),
        ("English to Japanese: minutes", f"{seconds / 60:.1f}"),
    ]


def write_imdb(data: Path, folder: Path) -> None:
    """Writes the reviews of the prepared TFDS dataset to two CSV files."""
    import tensorflow_datasets as tfds

    builder = tfds.builder_from_directory(next((data / "tfds" / "imdb_reviews" / "plain_text").glob("*.*.*")))
    for split in ("train", "test"):
        with open(folder / f"{split}.csv", "w", encoding="utf-8", newline="") as file:
            rows = csv.writer(file)
            rows.writerow(("review", "sentiment"))
            for example in builder.as_dataset(split=split).as_numpy_iterator():
                rows.writerow((example["text"].decode(), ("negative", "positive")[example["label"]]))


def imdb(data: Path, folder: Path) -> list[tuple[str, str]]:
    """Classifies reviews from CSV files, and from the entry."""
    write_imdb(data, folder)
    files = ["--dataset", f"csv:{folder}/train.csv", "--test", f"{folder}/test.csv"]
    zoo("train", "many_to_one", *files, "--run", "imdb_csv", folder=folder)
    entry = ["--dataset", "imdb_reviews", "--data-dir", f"{data}/tfds"]
    zoo("train", "many_to_one", *entry, "--run", "imdb_entry", folder=folder)
    return [
        ("IMDB as CSV: accuracy", f"{metrics(folder, 'imdb_csv')['accuracy']:.4f}"),
        ("IMDB as imdb_reviews: accuracy", f"{metrics(folder, 'imdb_entry')['accuracy']:.4f}"),
    ]


def write_big(path: Path) -> int:
    """Writes a CSV file of 2 GB in which a few words determine the class; returns the number of rows."""
    draw = random.Random(0)
    common = [f"word{number}" for number in range(2000)]
    count = 0
    with open(path, "w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("text", "label"))
        while file.tell() < BIG:
            kind = count % 2
            words = draw.choices(common, k=ROW // 8)
            words += [f"rare{draw.randrange(10**6)}", ("bad", "good")[kind], draw.choice(common)]
            rows.writerow((" ".join(words), ("negative", "positive")[kind]))
            count += 1
    return count


def big(data: Path, folder: Path) -> list[tuple[str, str]]:
    """Trains for an epoch on a file that is larger than the memory limit."""
    path = folder / "big.csv"
    count = write_big(path)
    small = [f"--set={pair}" for pair in ("units=16", "embedding_dim=16", "max_length=20", "bidirectional=false")]
    seconds, peak = zoo(
        "train", "many_to_one", "--dataset", f"csv:{path}", "--epochs", "1", "--batch-size", "256", *small,
        "--run", "big", folder=folder,
    )  # fmt: skip
    size = path.stat().st_size
    path.unlink()
    return [
        ("big CSV: bytes and rows", f"{size:,} bytes, {count:,} rows"),
        ("big CSV: peak memory", f"{peak / 2**30:.2f} GiB"),
        ("big CSV: rows a second, all passes and one epoch", f"{count / seconds:,.0f}"),
        ("big CSV: accuracy", f"{metrics(folder, 'big')['accuracy']:.4f}"),
    ]


FIGURES = {"captcha": captcha, "anki": anki, "imdb": imdb, "big": big}


def main() -> None:
    """Runs the selected measurements."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data-dir", type=Path, required=True, help="folder with the folders raw and tfds")
    parser.add_argument("--only", default=",".join(FIGURES), help="figures to measure, joined by commas")
    parser.add_argument("--work", type=Path, help="folder for files and runs; a temporary one by default")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.work or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        rows = [
            row for name in arguments.only.split(",") for row in FIGURES[name](arguments.data_dir.resolve(), folder)
        ]
    print("| figure | measured |\n|---|---|")
    for name, value in rows:
        print(f"| {name} | {value} |")


if __name__ == "__main__":
    main()
