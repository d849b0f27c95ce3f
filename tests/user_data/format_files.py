"""Files that several tests of formats write and open."""

import numpy as np

from keras_rnn_zoo import registry

RANDOM = np.random.default_rng(0)


def write(folder, files):
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def opened(address, *tasks, **options):
    entry = registry.find_dataset(address, tasks, options)
    return entry, entry.make(options.pop("data_dir", None), 0, **options)


def rows(examples):
    """Returns all examples of all splits."""
    return [pair for part in examples.splits for pair in examples.split(part).as_numpy_iterator()]


def texts(examples):
    return sorted(tuple(part.decode() for part in pair) for pair in rows(examples))


X = [RANDOM.normal(size=(3 + n % 5, 2)).astype("float32") for n in range(20)]
