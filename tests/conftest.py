"""Fixtures that several tests share. Every test has its own models folder."""

import os
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(autouse=True)
def models_dir(tmp_path, monkeypatch) -> Path:
    """A fresh models folder, which the commands and functions use by default."""
    folder = tmp_path / "models"
    monkeypatch.setenv("ZOO_MODELS_DIR", str(folder))
    return folder


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data, from `ZOO_TEST_DATA`."""
    if "ZOO_TEST_DATA" not in os.environ:
        pytest.skip("ZOO_TEST_DATA is unset: no real data to test with")
    return Path(os.environ["ZOO_TEST_DATA"])


@pytest.fixture(scope="session")
def tfds_dir(test_data) -> Path:
    """The folder of prepared TFDS data sets."""
    return test_data / "tfds"


@pytest.fixture(scope="session")
def trained(tmp_path_factory):
    """A run of many_to_one on its embedded data, with default options: read it, do not change it."""
    import keras_rnn_zoo as zoo

    return zoo.train("many_to_one", models_dir=str(tmp_path_factory.mktemp("trained")), verbose=0)


@pytest.fixture
def copied(trained, models_dir):
    """A copy of the trained run, to damage or to export."""
    import shutil

    from keras_rnn_zoo.artifacts.run import Run

    return Run(Path(shutil.copytree(trained.path, models_dir / trained.name)))


def _shrink(patch):
    """Makes the data sets small, by a `MonkeyPatch`: the embedded ones by their sizes, the plays to a line of them."""
    from keras_rnn_zoo import registry
    from keras_rnn_zoo.datasets import tiny_shakespeare

    for entry in registry.datasets.entries():
        module = sys.modules[entry.make.__module__]
        if hasattr(module, "SIZES"):
            patch.setattr(module, "SIZES", {"train": 96, "validation": 32, "test": 32})
    builder = SimpleNamespace(version="1.0.0", data_dir="nowhere")
    patch.setattr(tiny_shakespeare, "open_prepared", lambda location, data_dir: builder)
    patch.setattr(tiny_shakespeare, "read_split", lambda builder, split, keys: _lines_of_a_play())


def _lines_of_a_play():
    import tensorflow as tf

    text = "To be, or not to be, that is the question.\nSpeak to me.\n" * 18
    return tf.data.Dataset.from_tensors((text, text))


@pytest.fixture
def few_examples(monkeypatch):
    """Less of each data set than there is, for speed."""
    _shrink(monkeypatch)


@pytest.fixture(scope="session")
def shrink():
    """A function that does so by the `MonkeyPatch` that it is given, for fixtures of a wider scope."""
    return _shrink


SMALL_RUNS = {
    "adding": ("many_to_one", {"units": 4, "sequence_length": 12}),
    "addition": ("many_to_many", {"units": 8, "embedding_dim": 8}),
    "digits": ("one_to_one", {"units": 16, "hidden_layers": 1}),
    "tiny_shakespeare": ("sync_many_to_many", {"units": 8, "embedding_dim": 4, "chunk_length": 50}),
}


@pytest.fixture(scope="session")
def small_run(tmp_path_factory):
    """A function that gives a small run on a data set of `SMALL_RUNS`, trained for an epoch: read it, do not change it.

    All are in one models folder, and are named after their data sets.
    """
    import keras_rnn_zoo as zoo

    folder, made = tmp_path_factory.mktemp("small"), {}

    def train(dataset):
        if dataset not in made:
            name, options = SMALL_RUNS[dataset]
            with pytest.MonkeyPatch.context() as patch:
                _shrink(patch)
                made[dataset] = zoo.train(
                    name, dataset=dataset, run=dataset, epochs=1, verbose=0, models_dir=str(folder), **options
                )
        return made[dataset]

    return train
