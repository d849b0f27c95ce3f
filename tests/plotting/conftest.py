"""Fixtures of plots."""

import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.plotting.plot import draw
from keras_rnn_zoo.plotting.subject import Subject


@pytest.fixture(scope="session")
def subject_of(small_run, shrink):
    """A function that gives the `Subject` of a small run, with its model loaded and its plots drawn."""
    made = {}

    def get(dataset):
        if dataset not in made:
            with pytest.MonkeyPatch.context() as patch:
                shrink(patch)
                subject = Subject(zoo.load(small_run(dataset)))
                made[dataset] = subject, draw(subject, registry.plots.entries(), skip=True)
        return made[dataset]

    return get
