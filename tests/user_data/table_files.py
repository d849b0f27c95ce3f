"""Tables that several tests write and open."""

import csv
import gzip
import io
import json

from keras_rnn_zoo import registry

TEXTS = [f'review {n}, with "quotes"\nand two lines' if n % 5 == 0 else f"review {n} あ é" for n in range(60)]
LABELS = ["good" if n % 3 else "bad" for n in range(60)]
TASKS = ("classification", "regression")


def as_csv(delimiter=",", ends="\r\n", header=("review", "stars")):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator=ends).writerows(
        [header, *zip(TEXTS, LABELS, strict=True)] if header else list(zip(TEXTS, LABELS, strict=True))
    )
    return file.getvalue()


def one_line(text):
    return text.replace("\n", " ")


GUISES = {
    "unix.csv": as_csv(ends="\n").encode(),
    "windows.csv": as_csv().encode(),
    "byte-order-mark.csv": as_csv().encode("utf-8-sig"),
    "utf-16.csv": as_csv(ends="\n").encode("utf-16"),
    "utf-32.csv": as_csv(ends="\n").encode("utf-32"),
    "semicolons.csv": as_csv(";").encode(),
    "tabs.csv": as_csv("\t").encode(),
    "zipped.csv.gz": gzip.compress(as_csv().encode()),
    "blank-lines.csv": as_csv(ends="\n\n").encode(),
    "rows.jsonl": "".join(
        json.dumps({"id": n, "review": text, "stars": label}, ensure_ascii=n % 2 == 0) + "\n"
        for n, (text, label) in enumerate(zip(TEXTS, LABELS, strict=True))
    ).encode(),
    "rows.tsv": "".join(
        f"{one_line(text)}\t{label}\n" for text, label in zip(["review", *TEXTS], ["stars", *LABELS], strict=True)
    ).encode(),
}  # fmt: skip


def opened(path, form=None, tasks=TASKS, seed=0, **options):
    form = form or path.name.split(".")[1]
    entry = registry.find_dataset(f"{form}:{path}", tasks, options)
    return entry, entry.make(None, seed, **options)


def pairs(examples, part):
    return [(raw.decode(), target) for raw, target in examples.split(part).as_numpy_iterator()]


def table(path, columns, rows):
    path.write_text("".join(f"{line}\n" for line in [columns, *rows]))
    return path


ROWS = [f"word{n} is here,{'good' if n % 2 else 'bad'}" for n in range(20)]
