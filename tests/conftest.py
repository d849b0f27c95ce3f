"""Fixtures that several tests share. Every test has its own models folder."""

import os
from pathlib import Path

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

    from keras_rnn_zoo.runs import Run

    return Run(Path(shutil.copytree(trained.path, models_dir / trained.name)))
