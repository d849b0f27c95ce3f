"""Studies of searches, for tests."""

import pytest

from keras_rnn_zoo import registry
from keras_rnn_zoo.tuning.space import search_space
from keras_rnn_zoo.tuning.study import StudyFolder


def space_of(name, dataset, fixed=(), wanted=None):
    return search_space(registry.architectures.get(name), registry.datasets.get(dataset), fixed, wanted)


def studies_in(folder):
    """Returns a function that opens the study `x.study` in a folder, as each of several processes does."""
    pytest.importorskip("optuna", reason="the extra `tune` is not installed")
    space = {name: one.including(64) for name, one in space_of("many_to_one", "toy_reviews", wanted=["units"]).items()}

    def open_study(overwrite=False, **request):
        given = {"architecture": "a", **request}
        return StudyFolder(folder / "x.study", "maximize", given, space, {"units": 64}, 0, overwrite=overwrite)

    return open_study
