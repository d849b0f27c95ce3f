"""Options of training that raise scores: averaged weights, smoothed labels, a warm-up of the learning rate."""

from dataclasses import replace

import keras
import numpy as np
import pytest
from descriptions import TRAINING

import keras_rnn_zoo as zoo
from keras_rnn_zoo.conventions import IGNORED
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.layers.steps import SmoothedCrossentropy, StepCrossentropy
from keras_rnn_zoo.training.adam import Adam
from keras_rnn_zoo.training.averaging import AveragedWeights, averaging
from keras_rnn_zoo.training.keras_objects import KerasObjects
from keras_rnn_zoo.training.optimizers import make_optimizer


class Record(keras.callbacks.Callback):
    """Records the weights after each step, and those that are validated."""

    def __init__(self):
        super().__init__()
        self.steps, self.validated = [], []

    def on_train_batch_end(self, batch, logs=None):
        self.steps.append(self.model.get_weights())

    def on_test_batch_end(self, batch, logs=None):
        self.validated.append(self.model.get_weights())


@pytest.mark.parametrize("cls", [Adam, keras.optimizers.SGD])
def test_the_average_is_that_of_its_definition_and_is_validated(cls):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(2), keras.layers.Dense(1)])
    optimizer, record = averaging(cls, 0.5, 0.1), Record()
    model.compile(optimizer, "mse")
    optimizer.build(model.trainable_variables)
    average = model.get_weights()
    random = np.random.default_rng(0)
    x, y = random.normal(size=(20, 3)), random.normal(size=(20, 1))
    averages = AveragedWeights(optimizer)
    settings = {"batch_size": 4, "epochs": 2, "validation_data": (x, y), "validation_batch_size": 20, "verbose": 0}
    model.fit(x, y, callbacks=[averages, record], **settings)
    for step, weights in enumerate(record.steps, 1):
        decay = min(0.5, (1 + step) / (10 + step))
        average = [decay * old + (1 - decay) * new for old, new in zip(average, weights, strict=True)]
        if step in (5, 10):
            for mine, theirs in zip(average, record.validated[step // 5 - 1], strict=True):
                np.testing.assert_allclose(mine, theirs, rtol=1e-4, atol=1e-6)
    assert model.get_weights()[0].tolist() == record.steps[-1][0].tolist()
    with averages.in_model():
        np.testing.assert_allclose(model.get_weights()[0], average[0], rtol=1e-4, atol=1e-6)


@pytest.mark.usefixtures("few_examples")
def test_the_run_has_the_averaged_weights_and_the_loss_without_smoothing():
    """What the history says of the best epoch is what the run is worth."""
    settings = {"weight_averaging": 0.9, "label_smoothing": 0.3, "learning_rate": 0.03, "warmup": 0.5}
    run = zoo.train("many_to_one", units=4, embedding_dim=4, epochs=2, batch_size=8, verbose=0, **settings)
    best = run.config.best_epoch - 1
    measured = run.evaluate(split="validation")
    assert measured["loss"] == pytest.approx(run.history["val_loss"][best], abs=1e-4)
    assert measured["accuracy"] == pytest.approx(run.history["val_accuracy"][best], abs=1e-6)
    assert {name: getattr(run.config.training, name) for name in settings} == settings


def smoothed(classes, logits, smoothing):
    """Returns the mean loss of classes and logits `(count, ...)`, by the vector of probabilities."""
    one_hot = np.eye(logits.shape[-1])[classes]
    return float(keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=smoothing)(one_hot, logits))


def test_smoothed_labels_give_the_loss_of_keras():
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (2, 5, 7)).astype("float32")
    classes = random.integers(0, 7, (2, 5)).astype("int32")
    for smoothing in (0.0, 0.1):
        assert float(StepCrossentropy(smoothing)(classes, logits)) == pytest.approx(
            smoothed(classes, logits, smoothing)
        )
    assert float(SmoothedCrossentropy(0.2)(classes[0], logits[0])) == pytest.approx(
        smoothed(classes[0], logits[0], 0.2)
    )
    weights = np.array([1.0, 0, 0, 0, 0])
    assert float(SmoothedCrossentropy(0.2)(classes[0], logits[0], weights)) == pytest.approx(
        smoothed(classes[0, :1], logits[0, :1], 0.2) / 5
    )
    real = random.random((2, 5)) < 0.5
    counted = StepCrossentropy(0.1)(np.where(real, classes, IGNORED), logits)
    assert float(counted) == pytest.approx(smoothed(classes[real], logits[real], 0.1))


@pytest.mark.parametrize(("warmup", "steps"), [(0.1, 10), (10, 10), (0.001, 1)])
def test_the_learning_rate_rises_and_then_decays_along_a_cosine(warmup, steps):
    rate = make_optimizer(replace(TRAINING, learning_rate=0.2, warmup=warmup), KerasObjects(), 100)._learning_rate
    rates = np.array([float(rate(step)) for step in range(101)])
    assert rates[0] == pytest.approx(0.2 / steps)
    assert (np.diff(rates[: steps + 1]) > 0).all() or steps == 1
    np.testing.assert_allclose(np.diff(rates[: steps + 1], n=2), 0, atol=1e-7)
    expected = 0.1 * (1 + np.cos(np.pi * np.arange(101 - steps) / (100 - steps)))
    np.testing.assert_allclose(rates[steps:], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("many_to_one", {"warmup": 1e6}, "'warmup' expects fewer steps than the 6 of the whole training"),
        ("many_to_one", {"optimizer": keras.optimizers.SGD(), "warmup": 10}, "has its own warmup; received warmup=10"),
        (
            "many_to_one",
            {"learning_rate": keras.optimizers.schedules.CosineDecay(0.1, 9), "warmup": 10},
            "'warmup' applies to a learning rate that is a number",
        ),
        ("many_to_one", {"optimizer": keras.optimizers.SGD(use_ema=True)}, "set weight_averaging=0.999"),
        ("many_to_one", {"weight_averaging": 1.0}, "'weight_averaging' expects a number from 0 to 0.999"),
        (
            "many_to_one",
            {"dataset": "adding", "label_smoothing": 0.1},
            "'label_smoothing' applies to tasks that predict",
        ),
        ("tagger", {"crf": True, "label_smoothing": 0.1}, "'label_smoothing' applies to a loss with one class"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.usefixtures("few_examples")
def test_what_would_have_no_effect_is_refused(name, arguments, message):
    with pytest.raises(OptionError, match=message):
        zoo.train(name, units=4, embedding_dim=4, epochs=2, verbose=0, **arguments)
