"""The loss of transcripts: that of Keras, with the same gradient, by another way on TensorFlow."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from tensorflow.python.framework.config import disable_op_determinism

from keras_rnn_zoo.layers.ctc_loss import ctc_losses, real_frames
from keras_rnn_zoo.layers.masking import BlankPadding
from keras_rnn_zoo.layers.steps import TranscriptLoss

RANDOM = np.random.default_rng(0)
LABELS = np.array([[1, 2, 2, 0], [4, 0, 0, 0], [0, 0, 0, 0], [3, 3, 1, 2]], "int32")
LOGITS = RANDOM.normal(0, 3, (4, 9, 5)).astype("float32")


def own(labels, logits):
    return ctc_losses(tf.cast(labels, "int32"), logits, real_frames(logits))


def with_gradient(loss, labels, logits):
    """Returns the losses, and the gradient of their sum with another weight for each."""
    logits = tf.convert_to_tensor(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        losses = loss(labels, logits)
        total = tf.tensordot(losses, 1.0 + tf.range(len(labels), dtype=losses.dtype), 1)
    return losses.numpy(), tape.gradient(total, logits).numpy()


def random_case(seed, *, spread=3.0):
    """Returns labels that fit, logits and the mask of real frames, of random sizes."""
    random = np.random.default_rng(seed)
    batch, frames, classes, longest = random.integers([1, 1, 2, 1], [7, 25, 9, 9])
    real = random.integers(1, frames + 1, batch)
    labels = np.zeros((batch, longest), "int32")
    for row, room in zip(labels, real, strict=True):
        wanted = random.integers(1, classes, random.integers(longest + 1))
        if len(wanted) + (wanted[1:] == wanted[:-1]).sum() <= room:
            row[: len(wanted)] = wanted
    logits = random.normal(0, spread, (batch, frames, classes)).astype("float32")
    return labels, logits, np.arange(frames) < real[:, None]


@pytest.mark.parametrize("seed", range(8))
def test_losses_and_gradients_are_those_of_keras(seed):
    labels, logits, mask = random_case(seed)
    padded = BlankPadding()(logits, mask=mask)
    losses, gradient = with_gradient(own, labels, padded)
    expected, expected_gradient = with_gradient(keras.losses.ctc, labels, padded)
    np.testing.assert_allclose(losses, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(gradient, expected_gradient, rtol=1e-4, atol=1e-5)


def test_losses_and_gradients_are_those_of_keras_at_ordinary_sizes():
    random = np.random.default_rng(0)
    labels = random.integers(1, 83, (2, 30)).astype("int32")
    logits = random.normal(0, 2, (2, 240, 83)).astype("float32")
    losses, gradient = with_gradient(own, labels, logits)
    expected, expected_gradient = with_gradient(keras.losses.ctc, labels, logits)
    np.testing.assert_allclose(losses, expected, rtol=1e-5)
    np.testing.assert_allclose(gradient, expected_gradient, atol=2e-3)  # Keras sums logarithms in single precision.


def test_the_gradient_is_that_of_the_losses():
    step = 1e-2
    change = RANDOM.normal(size=LOGITS.shape).astype("float32")
    _, gradient = with_gradient(own, LABELS, LOGITS)
    after, before = (own(LABELS, tf.constant(LOGITS + sign * step * change)).numpy() for sign in (1, -1))
    slope = ((after - before) * [1, 2, 3, 4]).sum() / (2 * step)
    assert (gradient * change).sum() == pytest.approx(slope, rel=1e-3)


@pytest.mark.parametrize("width", [0, 1, 3])
def test_the_loss_of_an_empty_transcript_is_that_of_blanks_alone(width):
    # A batch of nothing else, with and without room for a class.
    losses, gradient = with_gradient(own, np.zeros((4, width), "int32"), LOGITS)
    chances = np.exp(LOGITS) / np.exp(LOGITS).sum(axis=-1, keepdims=True)
    np.testing.assert_allclose(losses, -np.log(chances[:, :, 0]).sum(axis=1), rtol=1e-5)
    wanted = (chances - np.eye(5)[0]) * np.array([1, 2, 3, 4])[:, None, None]
    np.testing.assert_allclose(gradient, wanted, atol=1e-5)


def test_without_frames_there_is_no_loss():
    assert own(np.zeros((2, 1), "int32"), tf.zeros((2, 0, 3))).numpy().tolist() == [0, 0]
    assert float(TranscriptLoss()(np.array([[1], [0]]), np.zeros((2, 0, 3), "float32"))) == 0


def test_padding_changes_no_loss_and_no_gradient():
    _, logits, mask = random_case(3)
    rows, frames = mask.shape
    labels = np.array([[1, 0]] * rows)
    longer = np.pad(logits, [(0, 0), (0, 6), (0, 0)], constant_values=np.nan)
    longer = BlankPadding()(longer, mask=np.pad(mask, [(0, 0), (0, 6)]))
    losses, gradient = with_gradient(own, labels, BlankPadding()(logits, mask=mask))
    padded_losses, padded_gradient = with_gradient(own, np.pad(labels, [(0, 0), (0, 3)]), longer)
    assert padded_losses.tolist() == losses.tolist()
    assert padded_gradient[:, :frames].tolist() == gradient.tolist()
    assert not padded_gradient[~np.pad(mask, [(0, 0), (0, 6)])].any()


def test_padding_between_real_frames_is_blank():
    mask = np.ones((4, 9), bool)
    mask[:, [0, 4]] = False
    padded = BlankPadding()(LOGITS, mask=mask)
    found = with_gradient(own, LABELS, padded)
    for mine, keras_own in zip(found, with_gradient(keras.losses.ctc, LABELS, padded), strict=True):
        np.testing.assert_allclose(mine, keras_own, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("gap", [80, 110, 300, 550, 1e3, 1e5])
def test_a_transcript_that_the_model_rules_out_has_a_finite_loss_and_a_gradient(gap):
    # In single precision, exp(-104) is zero.
    logits = np.zeros((1, 3, 3), "float32")
    logits[:, :, 0] = gap
    losses, gradient = with_gradient(own, np.array([[1, 2]]), logits)
    expected = 2 * min(gap, 600) - np.log(3)  # The blank stands in one of three places.
    assert losses.tolist() == pytest.approx([expected], rel=1e-5)
    np.testing.assert_allclose(gradient[0, :, 0], 2 / 3, atol=1e-5)


def test_nan_logits_give_a_nan_loss():
    logits = LOGITS.copy()
    logits[1, 2, 3] = np.nan
    assert np.isnan(own(LABELS, tf.constant(logits)).numpy()).tolist() == [False, True, False, False]
    assert np.isnan(TranscriptLoss()(LABELS, np.full_like(LOGITS, np.nan)))
    assert np.isnan(TranscriptLoss()(np.zeros_like(LABELS), np.full_like(LOGITS, np.nan)))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_logits_of_other_precisions_have_losses_in_single(dtype):
    logits = tf.cast(LOGITS, dtype)
    losses, gradient = with_gradient(own, LABELS, logits)
    expected, expected_gradient = with_gradient(own, LABELS, tf.cast(logits, "float32"))
    assert losses.dtype == "float32"
    assert losses.tolist() == expected.tolist()
    assert gradient.dtype == logits.dtype.as_numpy_dtype
    np.testing.assert_allclose(gradient.astype("float32"), expected_gradient, rtol=1e-2, atol=1e-3)


def test_one_graph_takes_batches_of_any_size():
    traced = []

    @tf.function(
        input_signature=[tf.TensorSpec([None, None], tf.int32), tf.TensorSpec([None, None, 5])], autograph=False
    )
    def graph(labels, logits):
        traced.append(labels)
        with tf.GradientTape() as tape:
            tape.watch(logits)
            losses = own(labels, logits)
        return losses, tape.gradient(losses, logits)

    for labels, logits in ((LABELS, LOGITS), (LABELS[:1], LOGITS[:1, :6]), (LABELS[2:3, :0], LOGITS[2:3])):
        losses, gradient = graph(labels, logits)
        np.testing.assert_allclose(losses, own(labels, tf.constant(logits)), rtol=1e-6)
        assert np.abs(gradient).sum() > 0
    assert len(traced) == 1


def test_the_loss_is_saved_and_loaded():
    loss = TranscriptLoss(name="transcripts")
    loaded = TranscriptLoss.from_config(loss.get_config())
    assert loaded.get_config() == loss.get_config()
    assert float(loaded(LABELS, LOGITS)) == float(loss(LABELS, LOGITS)) > 0


def test_other_backends_have_the_loss_of_keras(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    assert own(LABELS, LOGITS).numpy().tolist() == keras.losses.ctc(LABELS, LOGITS).numpy().tolist()


TRAINING = """
import keras
import numpy as np
from keras_rnn_zoo.layers.steps import TranscriptLoss

def train():
    labels = np.array([[1, 2, 2, 0], [4, 0, 0, 0], [0, 0, 0, 0], [3, 3, 3, 3]], "int32")
    inputs = np.random.default_rng(0).normal(0, 3, (4, 6, 5)).astype("float32")
    model = keras.Sequential([keras.Input((None, 5)), keras.layers.Dense(5)])
    model.set_weights([np.eye(5, dtype="float32"), np.zeros(5, "float32")])
    model.compile(optimizer=keras.optimizers.SGD(0.1), loss=TranscriptLoss(), jit_compile=False)
    losses = [float(model.train_on_batch(inputs, labels)) for _ in range(3)]
    return losses, model.get_weights()[0].tolist()
"""


@pytest.fixture
def train():
    scope = {}
    exec(TRAINING, scope)
    return scope["train"]


def test_deterministic_training_gives_the_same_numbers_each_time(train):
    tf.config.experimental.enable_op_determinism()
    try:
        losses, weights = train()
        assert train() == (losses, weights)
        assert losses[2] < losses[0]
    finally:
        disable_op_determinism()


@pytest.mark.slow
def test_training_on_jax_gives_the_same_numbers(train):
    pytest.importorskip("jax", reason="the extra `jax` is not installed")
    code = f"import json\n{TRAINING}\nprint(json.dumps(train()))"
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    for found, expected in zip(json.loads(done.stdout.splitlines()[-1]), train(), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
