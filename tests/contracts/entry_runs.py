"""Small runs on every data set, with its architecture and its default options, and what they are trained on.

Embedded data sets give some of their own examples; for the others there are made-up ones in the same form, since their
data may not be at hand. What they reach on the real data is measured, not tested.
"""

import dataclasses
import sys

import numpy as np
import pytest
import tensorflow as tf

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples, as_dataset

EXAMPLES = {"train": 48, "validation": 16, "test": 11}
SMALL = {"units": 12, "embedding_dim": 8, "char_units": 4, "dropout": 0.0, "word_dropout": 0.0, "num_layers": 1}
SMALL |= {
    "image_height": 32,
    "image_width": 32,
    "encoder": "cnn",
    "pretrained": False,
    "beam_size": 2,
    "max_length": 60,
}
# Each data set once: with the recurrent architecture where the plain network reads it, too.
ARCHITECTURES = {
    dataset.name: name
    for name in zoo.list_architectures()
    for dataset in registry.datasets_of(registry.architectures.get(name))
}


def kind_of(dataset):
    """Returns what a dataset has in common with others: its architecture, its task and its kind of input."""
    entry = registry.datasets.get(dataset)
    return ARCHITECTURES[dataset], entry.task, entry.model_options["input"]


FIRST_OF_KIND = {kind_of(dataset): dataset for dataset in reversed(ARCHITECTURES)}
QUICK = [(name, dataset) for dataset, name in ARCHITECTURES.items() if dataset in FIRST_OF_KIND.values()]
"""A dataset of each kind. Those of the others, which differ in their default options, are for the slow tests."""
ENTRIES = [
    pytest.param(name, dataset, id=f"{name}-{dataset}", marks=[] if (name, dataset) in QUICK else [pytest.mark.slow])
    for dataset, name in ARCHITECTURES.items()
]


def made_up(entry):
    """Returns examples in the form of the entry's task and kind of input, drawn at random with something to learn."""
    random = np.random.default_rng(0)

    def example():
        kind = int(random.integers(2))
        words = ["good bad".split()[kind], *random.choice("the a film day of in".split(), random.integers(1, 6))]
        text = " ".join(words)
        raw = {
            "text": text,
            "image": tf.io.encode_png(random.integers(0, 90, (20, 24, 3)).astype("uint8") + 120 * kind).numpy(),
            "series": random.normal(2 * kind, 1, (30, entry.model_options.get("features", 1))).astype("float32"),
            "audio": np.sin(np.arange(random.integers(4000, 8000)) * (0.1 + 0.5 * kind)).astype("float32"),
        }[entry.model_options["input"]]
        target = {
            "classification": kind,
            "tagging": " ".join("B-X" if word in ("good", "bad") else "O" for word in words),
            "captioning": [f"a {words[0]} image"],
            "translation": text.upper(),
            "transcription": "1 0" if kind else "0",
            "language_modeling": text,
        }[entry.task]
        return raw, target

    def split(name):
        rows = [example() for _ in range(EXAMPLES[name])]
        if entry.model_options["input"] != "audio":
            return as_dataset(rows)
        spec = (tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.as_dtype(np.asarray(rows[0][1]).dtype.type)))
        return tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=spec)

    data = {name: split(name) for name in EXAMPLES}
    classes = {"classification": ("no", "yes"), "tagging": ("O", "B-X")}.get(entry.task, ())
    splits = {name: lambda name=name: data[name] for name in data}
    return Examples(
        version="1.0.0", checksum="0" * 64, input=entry.model_options["input"], splits=splits, classes=classes
    )


def few(entry, options):
    """Returns a few examples of an embedded data set: what is generated is generated for these alone."""
    module = sys.modules[entry.make.__module__]
    with pytest.MonkeyPatch.context() as patch:
        if hasattr(module, "SIZES"):
            patch.setattr(module, "SIZES", EXAMPLES)
        examples = entry.make(None, 0, **options)
    splits = {name: lambda name=name: examples.splits[name]().take(EXAMPLES[name]).cache() for name in EXAMPLES}
    return dataclasses.replace(examples, splits=splits)


def train(name, dataset, folder):
    """Trains an architecture on a data set; the run is in a folder, under the name of the data set."""
    entry = registry.datasets.get(dataset)
    known = registry.options_of(registry.architectures.get(name), entry)
    options = {key: value for key, value in SMALL.items() if key in known}
    if "char_units" not in entry.defaults:
        options.pop("char_units", None)
    options |= {"data_dir": str(folder)} if not entry.embedded else {}
    with pytest.MonkeyPatch.context() as patch:
        open_small(patch)
        zoo.train(
            name,
            dataset=dataset,
            run=dataset,
            epochs=3,
            batch_size=8,
            learning_rate=0.02,
            verbose=0,
            models_dir=str(folder),
            **options,
        )


def open_small(patch):
    opened = {}

    def open_examples(config, data_dir=None, dataset=None):
        entry = registry.datasets.get(config.dataset.name)
        if entry.name not in opened:
            opened[entry.name] = few(entry, config.dataset.options) if entry.embedded else made_up(entry)
        return opened[entry.name]

    patch.setattr("keras_rnn_zoo.inference.rebuild.open_examples", open_examples)


def raw_inputs(run):
    """Returns the raw test inputs of a run."""
    entry = registry.datasets.get(run.config.dataset.name)
    examples = few(entry, run.config.dataset.options) if entry.embedded else made_up(entry)
    return [raw for raw, _ in examples.split("test").as_numpy_iterator()]


def assert_same(answers, others):
    for answer, other in zip(answers, others, strict=True):
        assert set(answer) == set(other)
        for name, value in answer.items():
            if isinstance(value, float | dict) or (isinstance(value, list) and isinstance(value[0], float)):
                assert value == pytest.approx(other[name], abs=1e-4)
            elif isinstance(value, list) and isinstance(value[0], list):  # Forecasts, by step and target.
                np.testing.assert_allclose(value, other[name], atol=1e-4, rtol=1e-5)
            else:
                assert value == other[name]
