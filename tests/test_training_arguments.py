"""What a Keras user passes to a training: optimizers, schedules, callbacks, class weights, metrics, dtype policies."""

import inspect
import logging
from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf
import yaml
from click.testing import CliRunner
from descriptions import TRAINING
from interruptions import interrupt

import keras_rnn_zoo as zoo
from keras_rnn_zoo.artifacts.run_config import TrainingConfig
from keras_rnn_zoo.batching.batches import Batches
from keras_rnn_zoo.errors import OptionError, TrainingError, TrainingInterrupted
from keras_rnn_zoo.options import join_pairs
from keras_rnn_zoo.training.adam import Adam
from keras_rnn_zoo.training.callbacks import BestCheckpoint
from keras_rnn_zoo.training.class_weights import parse_class_weight, weigh_classes
from keras_rnn_zoo.training.keras_objects import KerasObjects
from keras_rnn_zoo.training.optimizers import make_optimizer
from keras_rnn_zoo.training.settings import OPTIMIZERS
from keras_rnn_zoo.training.small_data import tie
from zoo_cli.main import cli

pytestmark = pytest.mark.usefixtures("few_examples")

SMALL = {"units": 4, "embedding_dim": 4, "bidirectional": False, "verbose": 0}


def train(name="many_to_one", **arguments):
    return zoo.train(name, **{**SMALL, "epochs": 1, **arguments})


class StopAfter(keras.callbacks.Callback):
    """Stops after some epochs, and adds a number to the logs of the last one."""

    def __init__(self, epochs):
        super().__init__()
        self.epochs = epochs

    def on_epoch_end(self, epoch, logs=None):
        if epoch + 1 == self.epochs:
            logs["bonus"] = 7
            self.model.stop_training = True


def momentum(rate=0.1):
    return keras.optimizers.SGD(rate, momentum=0.9)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_named_optimizer_is_that_of_keras_with_the_settings(name):
    settings = replace(TRAINING, optimizer=name, learning_rate=0.02, gradient_norm=3.0, adam_epsilon=1e-4)
    made = make_optimizer(settings, KerasObjects(), 100)
    theirs = getattr(keras.optimizers, OPTIMIZERS[name].cls)
    assert isinstance(made, Adam if name in ("adam", "adamw") else theirs)
    config = made.get_config()
    assert config["global_clipnorm"] == 3.0
    assert config["learning_rate"]["class_name"] == "CosineDecay"
    assert (config.get("epsilon") == 1e-4) == OPTIMIZERS[name].has_epsilon
    assert config["weight_decay"] == theirs().weight_decay
    default = inspect.signature(theirs).parameters["learning_rate"].default
    assert OPTIMIZERS[name].learning_rate in (None, default)
    unclipped = make_optimizer(replace(settings, gradient_norm=0.0), KerasObjects(), 100)
    assert unclipped.global_clipnorm is None


def test_a_schedule_replaces_the_cosine_and_is_described_without_numbered_names():
    schedule = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.5)
    made = make_optimizer(TRAINING, KerasObjects(learning_rate=schedule), 100)
    assert made.get_config()["learning_rate"]["class_name"] == "ExponentialDecay"
    text = "ExponentialDecay(decay_rate=0.5, decay_steps=10, initial_learning_rate=0.1, staircase=False)"
    assert KerasObjects(learning_rate=schedule).descriptions() == {"learning_rate": text}
    whole = KerasObjects(optimizer=keras.optimizers.SGD(schedule)).descriptions()["optimizer"]
    assert f"learning_rate={text}" in whole and "name" not in whole


def test_objects_are_used_recorded_and_reported(caplog):
    optimizer, stop = momentum(), StopAfter(2)
    top = keras.metrics.SparseTopKCategoricalAccuracy(k=2, name="top")
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        run = train(
            epochs=5,
            optimizer=optimizer,
            callbacks=[stop],
            metrics=[top, "sparse_categorical_crossentropy"],
            class_weight={"positive": 3.0},
        )
    assert stop.model.optimizer is optimizer
    assert "Stopped by a callback after epoch 2 of 5; the best was epoch " in caplog.text
    assert "Weights of the classes: negative 1, positive 3." in caplog.text
    assert run.history["top"] == [1.0, 1.0]
    assert {"val_sparse_categorical_crossentropy", "val_top"} <= set(run.history.columns)
    assert np.isnan(run.history["bonus"][0]) and run.history["bonus"][1] == 7
    settings = run.config.training
    assert settings.class_weight == "positive=3.0"
    assert (settings.optimizer, settings.learning_rate, settings.gradient_norm, settings.metrics) == (None,) * 4
    assert set(settings.objects) == {"optimizer", "callbacks", "metrics"}
    assert settings.objects["optimizer"].startswith("SGD(") and "momentum=0.9" in settings.objects["optimizer"]
    assert settings.objects["callbacks"] == "StopAfter"
    assert settings.objects["metrics"].endswith(", sparse_categorical_crossentropy")
    assert TrainingConfig.from_json(settings.to_json()) == settings
    assert "SGD" in (run.path / "README.md").read_text()
    assert run.metrics["top"] == 1.0
    assert run.metrics["sparse_categorical_crossentropy"] > 0
    without = {name: value for name, value in run.metrics.items() if not name.startswith(("top", "sparse"))}
    assert run.evaluate() == pytest.approx(without, abs=1e-6)  # Objects cannot be saved with the run.


def test_a_resumed_training_needs_the_same_object_and_ends_with_the_same_weights(monkeypatch, models_dir):
    whole = train(epochs=2, optimizer=momentum(), run="whole")
    with monkeypatch.context() as patch:
        interrupt(patch, 1, 1)
        with pytest.raises(TrainingInterrupted):
            train(epochs=2, optimizer=momentum(), save_every_steps=1, run="cut")
    with pytest.raises(
        OptionError, match=r"started with the object optimizer=SGD\(.*could not be saved\. Pass the same"
    ):
        train(epochs=2, run="cut", resume=True)
    with pytest.raises(OptionError, match=r"started with optimizer='SGD\(.*received 'SGD\(.*learning_rate=0\.2"):
        train(epochs=2, run="cut", resume=True, optimizer=momentum(0.2))
    cut = train(epochs=2, run="cut", resume=True, optimizer=momentum())
    for one, other in zip(whole.model.get_weights(), cut.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("policy", ["mixed_bfloat16", "mixed_float16"])
def test_mixed_precision_is_for_training_only(policy, tmp_path):
    run = train(
        dtype_policy=policy, optimizer="lion", batch_size=16, metrics="accuracy,sparse_categorical_crossentropy"
    )
    assert run.metrics["sparse_categorical_crossentropy"] > 0
    assert run.config.training.dtype_policy == policy
    assert run.config.training.learning_rate == OPTIMIZERS["lion"].learning_rate
    assert keras.config.dtype_policy().name == "float32"
    assert all(layer.compute_dtype == "float32" for layer in run.model.layers)
    assert np.isfinite(run.history["val_loss"]).all()
    assert run.evaluate() == pytest.approx(run.metrics, abs=1e-6)
    assert all(layer.compute_dtype == "float32" for layer in keras.saving.load_model(run.model_path).layers)
    if policy == "mixed_float16":
        export = run.export(check=False)
        assert zoo.predict(str(export), ["a fine film"])[0]["label"] == run.predict(["a fine film"])[0]["label"]


def test_class_weights_scale_the_loss_of_their_examples():
    inputs, classes = np.zeros([6, 1], "float32"), np.array([0, 0, 0, 0, 1, 1])
    data = tf.data.Dataset.from_tensor_slices((inputs, classes))
    batches = Batches(data.batch(4), data.map(lambda _, target: target), 2, 6, 0.0)
    weighed, weights = weigh_classes(batches, "no=0.5", ("no", "yes"))
    assert weights == [0.5, 1.0]
    assert [w.numpy().tolist() for _, _, w in weighed.data] == [[0.5] * 4, [1.0, 1.0]]
    _, balanced = weigh_classes(batches, "balanced", ("no", "yes", "never"))
    assert balanced[:2] == pytest.approx([6 / 8, 6 / 4])
    with pytest.raises(OptionError, match=r"'class_weight' names 'nay'\. .*Known names: no, yes\."):
        weigh_classes(batches, "nay=2", ("no", "yes"))


def test_class_weights_are_written_as_text_and_read_back():
    weights = {"a,b": 2.0, 'c"d=e': 0.5, "3": 1.0}
    assert parse_class_weight(join_pairs(weights)) == weights
    assert join_pairs({0: 1, 1: 3}) == "0=1,1=3"
    assert parse_class_weight("balanced") is None
    for wrong in ("3", "spam=", "spam=-1", "spam=nan", "spam=inf", "spam=0", 'a="b'):
        with pytest.raises(OptionError, match="'class_weight' expects balanced, or CLASS=WEIGHT"):
            parse_class_weight(wrong)
    with pytest.raises(OptionError, match="'class_weight' names 'spam' twice; received 'spam=3, spam=1'"):
        parse_class_weight("spam=3, spam=1")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"optimizer": "adan"}, "'optimizer' expects one of adam, adamw, .*; received 'adan'"),
        ({"optimizer": 3}, "'optimizer' expects one of adam.*; received 3"),
        ({"optimizer": object()}, "'optimizer' expects .*, or a keras.optimizers.Optimizer object; received <object"),
        ({"optimizer": keras.optimizers.SGD}, r"That is a class: create an object, SGD\(\.\.\.\)"),
        ({"optimizer": momentum(), "learning_rate": 0.1}, r"has its own learning rate; received learning_rate=0\.1"),
        ({"optimizer": "sgd", "adam_epsilon": 0.1}, "'adam_epsilon' does not apply to the optimizer sgd"),
        ({"learning_rate": "fast"}, "'learning_rate' expects a number .*; received 'fast'"),
        ({"learning_rate": momentum()}, "LearningRateSchedule object; received <"),
        ({"callbacks": StopAfter(1)}, "'callbacks' expects a list of keras.callbacks.Callback objects; .*in a list"),
        ({"callbacks": [print]}, "'callbacks' expects a list .*; received <built-in function print>"),
        ({"metrics": [3]}, "'metrics' expects a list of keras.metrics.Metric objects or names; received 3"),
        ({"gradient_norm": -1}, "'gradient_norm' expects a number from 0"),
        ({"dtype_policy": "float8"}, "'dtype_policy' expects one of float32, mixed_bfloat16, mixed_float16"),
        ({"class_weight": {"negative": "much"}}, "'class_weight' expects balanced, .*received 'negative=much'"),
        ({"name": "sync_many_to_many", "class_weight": "balanced"}, "'class_weight' applies to classification, but"),
        ({"name": "sync_many_to_many", "metrics": ["mae"]}, "one target per example.* would count their padding"),
        ({"dataset": "adding", "class_weight": "balanced"}, "'class_weight' applies to classification, but the task"),
    ],
    ids=lambda value: value if isinstance(value, str) else "-".join(value),
)
def test_an_invalid_argument_is_reported_before_anything_is_done(arguments, message, models_dir):
    arguments = {"name": "many_to_one", **arguments}
    with pytest.raises(OptionError, match=message):
        zoo.train(**arguments)
    assert not models_dir.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"metrics": ["mae"]}, r"'mae' cannot be computed from .* logits \(batch, 2\)"),
        ({"metrics": ["acuracy"]}, "'metrics': 'acuracy' cannot be computed from class indices"),
        ({"metrics": [keras.metrics.AUC(from_logits=True)]}, r"<AUC .* cannot be computed .* \(batch, 2\): .*Use one"),
        ({"class_weight": {"poor": 2.0}}, "'class_weight' names 'poor'"),
        ({"callbacks": [keras.callbacks.ReduceLROnPlateau()]}, "ReduceLROnPlateau sets the learning rate, but it alre"),
    ],
    ids=["shapes", "name", "shape", "class", "schedule"],
)
def test_errors_that_depend_on_data_or_model_are_reported_before_the_first_epoch(arguments, message, models_dir):
    with pytest.raises(OptionError, match=message):
        train(**arguments)
    assert not models_dir.exists()


def test_plain_settings_are_set_by_command_line_and_yaml_as_well(monkeypatch, tmp_path):
    given = {}

    def stop(name, **arguments):
        given.update(arguments)
        raise TrainingError("Enough is known.")

    monkeypatch.setattr(zoo, "train", stop)
    monkeypatch.chdir(tmp_path)
    plain = {"optimizer": "sgd", "gradient_norm": 5.0, "class_weight": "negative=2,positive=1", "metrics": "mae"}
    plain |= {"dtype_policy": "mixed_bfloat16"}
    nested = {**plain, "class_weight": {"negative": 2, "positive": 1}, "metrics": ["mae"]}
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"architecture": "many_to_one", **nested}))
    CliRunner().invoke(cli, ["train", "--config", "a.yaml"])
    assert {name: given.get(name) for name in plain} == plain
    given.clear()
    pairs = [word for name, value in plain.items() for word in ("--set", f"{name}={value}")]
    CliRunner().invoke(cli, ["train", "many_to_one", *pairs])
    assert {name: given.get(name) for name in plain} == plain


def test_of_27_validation_rows_a_falling_loss_goes_on(tmp_path):
    """As seen: three equal accuracies while the loss fell from 0.27 to 0.12 must not stop a training."""
    keeper = BestCheckpoint(tmp_path, "val_accuracy", "max", 3, tie(27))
    losses = [0.40, 0.33, 0.27, 0.22, 0.18, 0.15, 0.12]
    keeper.rows = [
        {"epoch": number, "val_accuracy": 26 / 27, "val_loss": loss} for number, loss in enumerate(losses, start=1)
    ]
    assert not keeper.exhausted
    assert keeper.best["epoch"] == len(losses)
    keeper.rows += [{"epoch": 8 + number, "val_accuracy": 26 / 27, "val_loss": 0.12} for number in range(3)]
    assert keeper.exhausted
