"""`zoo.build(..., weights=NAME)`: the trained model, whole or with a new head."""

import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import OptionError, RunError


@pytest.fixture
def trained(small_run):
    """A small run that stands for a network: do not change it."""
    return zoo.Run(small_run("toy_reviews").path)


def weights_of(model):
    return {weight.path.partition("/")[2] or weight.path: np.asarray(weight) for weight in model.weights}


def test_the_network_of_a_name_is_built_with_its_weights():
    model = zoo.build("many_to_one", weights="toy_reviews")
    run = zoo.Run.find("toy_reviews")
    for mine, wanted in zip(model.get_weights(), run.model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, wanted)
    assert not model.compiled


def test_a_number_of_classes_gives_a_new_head_and_keeps_the_rest(trained):
    model = zoo.build("sentiment", weights=trained, num_classes=5)
    assert model.output_shape == (None, 5)
    head = model.get_layer("logits")
    assert np.ptp(head.kernel) > 0
    for layer in trained.model.layers:
        if layer.name != "logits":
            for mine, wanted in zip(model.get_layer(layer.name).get_weights(), layer.get_weights(), strict=True):
                np.testing.assert_array_equal(mine, wanted)
    same = zoo.build("many_to_one", weights=trained, num_classes=2, units=4)
    np.testing.assert_array_equal(same.get_layer("logits").kernel, trained.model.get_layer("logits").kernel)


def test_what_contradicts_the_weights_is_refused(trained, small_run):
    with pytest.raises(
        OptionError, match=r"Option 'units' is 4 in the weights 'small_toy_reviews'; received 8\. Omit it"
    ):
        zoo.build("many_to_one", weights=trained, units=8)
    with pytest.raises(OptionError, match="Option 'max_length' is 400"):
        zoo.build("many_to_one", weights=trained, max_length=20)
    with pytest.raises(OptionError, match="are those of the architecture many_to_one, not of one_to_one"):
        zoo.build("one_to_one", weights=trained)
    with pytest.raises(OptionError, match="unit"):
        zoo.build("many_to_one", weights=trained, unit=4)
    with pytest.raises(OptionError, match=r"are for regression, which has no classes; received num_classes=5"):
        zoo.build("many_to_one", weights=small_run("adding"), num_classes=5)
    with pytest.raises(RunError, match="There is no run 'toy_review'"):
        zoo.build("many_to_one", weights="toy_review")
