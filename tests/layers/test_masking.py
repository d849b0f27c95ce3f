import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.layers.masking import (
    AttentionPooling,
    BlankPadding,
    MaskedMaxPooling,
    MaskedMeanPooling,
    MeanSubtraction,
    StepMask,
    WordDropout,
    ZeroPadding,
)

VALUES = np.array([[[1.0, -2.0], [3.0, -4.0], [9.0, 9.0]], [[5.0, 6.0], [9.0, 9.0], [9.0, 9.0]]], "float32")
MASK = np.array([[True, True, False], [True, False, False]])
NAN = np.nan


def to_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def test_a_mask_marks_ids_and_always_the_first_step():
    ids = np.array([[4, 0, 7, 0], [0, 0, 0, 0]])
    expected = [[True, False, True, False], [True, False, False, False]]
    assert to_numpy(StepMask()(ids)).tolist() == expected


def test_a_mask_of_words_with_their_characters_looks_at_the_words_alone():
    ids = np.array([[[4, 7, 0], [1, 0, 0], [0, 9, 9]], [[0, 9, 9], [0, 0, 0], [5, 0, 0]]])
    assert to_numpy(StepMask()(ids)).tolist() == [[True, True, False], [True, False, True]]


@pytest.mark.parametrize("features", [(), (1,), (3,), (2, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_a_mask_of_numbers_marks_steps_with_any_number(features, dtype):
    steps = np.array([[0, -1, NAN, NAN], [NAN, 1e4, NAN, 0]], dtype)
    values = np.broadcast_to(steps.reshape(2, 4, *[1] * len(features)), (2, 4, *features))
    expected = [[True, True, False, False], [True, True, False, True]]
    assert to_numpy(StepMask(dtype=dtype)(values)).tolist() == expected


@pytest.mark.parametrize("shape", [(0, 3), (0, 3, 2), (2, 0), (2, 0, 2)])
def test_a_mask_of_nothing_is_empty(shape):
    assert StepMask()(np.zeros(shape, "int32")).shape == shape[:2]


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 2), (2, 3, 4, 1)])
def test_zero_padding_removes_all_padding_values(shape):
    values = np.random.default_rng(0).normal(size=shape).astype("float32")
    values[0, 2], values[1, 1], values[1, 2] = NAN, np.inf, 7
    expected = np.where(MASK.reshape(2, 3, *[1] * (len(shape) - 2)), values, 0)
    assert (to_numpy(ZeroPadding()(values, mask=MASK)) == expected).all()


def test_zero_padding_of_finite_steps_changes_no_value_and_no_gradient():
    values = np.random.default_rng(0).normal(size=(2, 3, 2)).astype("float32")

    def output_and_gradient(layer):
        with tf.GradientTape() as tape:
            steps = tf.Variable(values)
            output = layer(steps, mask=MASK)
            loss = tf.reduce_sum(output * output)
        return output.numpy(), tape.gradient(loss, steps).numpy()

    expected = output_and_gradient(ZeroPadding())
    assert not expected[1][~MASK].any()
    np.testing.assert_array_equal(output_and_gradient(ZeroPadding(finite=True)), expected)


def test_zero_padding_of_an_empty_sequence_is_zero():
    values = np.full((1, 3, 2), NAN, "float32")
    assert (to_numpy(ZeroPadding()(values, mask=StepMask()(values))) == 0).all()


def test_mean_subtraction_takes_the_mean_of_real_steps_alone():
    centered = to_numpy(MeanSubtraction()(VALUES, mask=MASK))
    np.testing.assert_allclose(centered, [[[-1, 1], [1, -1], [0, 0]], [[0, 0], [0, 0], [0, 0]]], atol=1e-6)


def test_frames_of_padding_are_blank_with_certainty():
    logits = to_numpy(BlankPadding()(VALUES, mask=MASK))
    assert (logits[MASK] == VALUES[MASK]).all()
    assert to_numpy(keras.ops.softmax(logits))[~MASK].tolist() == [[1, 0]] * 3
    assert np.isfinite(to_numpy(BlankPadding(dtype="float16")(VALUES.astype("float16"), mask=MASK))).all()


def test_blank_padding_changes_no_loss_of_connectionist_temporal_classification():
    logits = np.random.default_rng(0).normal(0, 3, (4, 12, 5)).astype("float32")
    frames, labels = [12, 7, 5, 1], [[1, 2, 2, 3], [4, 4], [], [3]]
    padded_labels = np.array([[*row, *[0] * (6 - len(row))] for row in labels])
    loss = keras.losses.CTC(reduction=None)
    mask = np.arange(12) < np.array(frames)[:, None]
    together = to_numpy(loss(padded_labels, BlankPadding()(logits, mask=mask)))
    # A row of its own, without padding in either; a transcript needs one label that is none, or it has no shape.
    alone = [
        loss(np.array([row or [0]]), logits[number : number + 1, :length])[0]
        for number, (row, length) in enumerate(zip(labels, frames, strict=True))
    ]
    np.testing.assert_allclose(together, [float(value) for value in alone], rtol=1e-5)


@pytest.mark.parametrize(
    ("layer", "expected"),
    [(MaskedMaxPooling, [[3, -2], [5, 6]]), (MaskedMeanPooling, [[2, -3], [5, 6]])],
)
def test_pooling_reads_real_steps_alone(layer, expected):
    np.testing.assert_allclose(layer()(VALUES, mask=MASK), expected)


def test_attention_pooling_is_a_weighted_mean_of_real_steps():
    layer = AttentionPooling()
    pooled = to_numpy(layer(VALUES, mask=MASK))
    projected = np.tanh(VALUES @ layer.projection.kernel.numpy() + layer.projection.bias.numpy())
    scores = (projected @ layer.score.kernel.numpy())[0, :2, 0]
    weights = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(pooled[0], weights @ VALUES[0, :2], rtol=1e-5)
    np.testing.assert_allclose(pooled[1], VALUES[1, 0], rtol=1e-6)


@pytest.mark.parametrize("layer", [MaskedMaxPooling, MaskedMeanPooling, AttentionPooling])
def test_pooling_in_float16_is_finite(layer):
    pooled = layer(dtype="float16")(VALUES.astype("float16"), mask=MASK)
    assert np.isfinite(to_numpy(pooled)).all()


def test_word_dropout_hides_its_fraction_in_training_only():
    layer = WordDropout(0.3)
    ids = np.tile([5, 0], (1, 20_000))
    assert (to_numpy(layer(ids)) == ids).all()
    hidden = to_numpy(layer(ids, training=True))
    assert set(hidden[0, ::2].tolist()) == {1, 5}
    assert set(hidden[0, 1::2].tolist()) == {0}
    assert abs((hidden[0, ::2] == 1).mean() - 0.3) < 0.02


def test_word_dropout_hides_rare_words_more_often():
    layer = WordDropout(0.8, vocabulary_size=100)
    ids = np.repeat([[4, 25, 99]], 2000, axis=0)
    hidden = (keras.ops.convert_to_numpy(layer(ids, training=True)) == 1).mean(axis=0)
    np.testing.assert_allclose(hidden, [0.16, 0.4, 0.796], atol=0.05)
    assert (keras.ops.convert_to_numpy(layer(ids)) == ids).all()
