"""Fixtures of the contracts."""

import pytest
import tensorflow as tf
from export_kinds import load

from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.exporting import export as exporting
from keras_rnn_zoo.inference.load import LoadedRun


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """A function that gives the loaded run of a kind, and the signatures of its export."""
    made = {}

    def export(kind):
        if kind not in made:
            loaded = load(*kind)
            loaded = LoadedRun(Run(tmp_path_factory.mktemp("-".join(kind))), loaded.task, loaded.model)
            folder = loaded.run.path / "1"
            exporting.write_saved_model(loaded, exporting.all_endpoints(loaded), folder)
            made[kind] = loaded, tf.saved_model.load(str(folder))
        return made[kind]

    return export
