"""Data in memory that several tests open."""

import csv
import random

from keras_rnn_zoo import registry
from keras_rnn_zoo.user_data.python_data import bind_data

COUNT = 600  # More than two blocks of rows.


def reviews(count=COUNT):
    words = random.Random(0).choices("good bad fine awful film movie plot actor story".split(), k=4 * count)
    texts = [f"{' '.join(words[4 * n : 4 * n + 4])} {n}" for n in range(count)]
    return {"text": texts, "label": [n % 3 % 2 for n in range(count)]}


ROWS = reviews()


def opened(data, architecture="many_to_one", seed=0, **options):
    """Returns the examples of data, which is an address or in memory."""
    data, options = bind_data(data, options)
    entry = registry.find_dataset(data, registry.architectures.get(architecture).tasks, options)
    return entry, entry.open(None, seed, options)


def all_rows(examples):
    return {
        split: [
            (raw if isinstance(raw, bytes) else raw.tolist(), target if isinstance(target, bytes) else target.tolist())
            for raw, target in examples.split(split).as_numpy_iterator()
        ]
        for split in ("train", "validation", "test")
    }


def write_csv(path, columns):
    with open(path, "w", newline="") as file:
        csv.writer(file).writerows([columns, *zip(*columns.values(), strict=True)])
    return f"csv:{path}"
