"""Fixtures of the contracts."""

import pytest
import tensorflow as tf
from entry_runs import train
from export_kinds import load

from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.exporting.formats import saved_model as exporting
from keras_rnn_zoo.inference.load import LoadedRun


@pytest.fixture(scope="session")
def exported(made_once):
    """A function that gives the loaded run of a kind, and the signatures of its export."""
    made = {}

    def export(kind):
        if kind not in made:
            loaded = load(*kind)

            def write(folder):
                exporting.write_saved_model(
                    LoadedRun(Run(folder), loaded.task, loaded.model), exporting.all_endpoints(loaded), folder / "1"
                )

            folder = made_once(f"contract-{'-'.join(kind)}", write)
            made[kind] = LoadedRun(Run(folder), loaded.task, loaded.model), tf.saved_model.load(str(folder / "1"))
        return made[kind]

    return export


@pytest.fixture(scope="session")
def runs(made_once):
    """A function from an architecture and a data set to a run of `entry_runs`: read it, do not change it."""
    return lambda name, dataset: Run(
        made_once(f"entry-{dataset}", lambda folder: train(name, dataset, folder)) / dataset
    )
