import keras
import numpy as np
import pytest

from keras_rnn_zoo.layers.masking import AttentionPooling, MaskedMaxPooling, MaskedMeanPooling, StepMask, TokenDropout

VALUES = np.array([[[1.0, -2.0], [3.0, -4.0], [9.0, 9.0]], [[5.0, 6.0], [9.0, 9.0], [9.0, 9.0]]], "float32")
MASK = np.array([[True, True, False], [True, False, False]])


def test_a_mask_marks_ids_and_always_the_first_step():
    ids = np.array([[4, 0, 7, 0], [0, 0, 0, 0]])
    expected = [[True, False, True, False], [True, False, False, False]]
    assert keras.ops.convert_to_numpy(StepMask()(ids)).tolist() == expected


@pytest.mark.parametrize(
    ("layer", "expected"),
    [(MaskedMaxPooling, [[3, -2], [5, 6]]), (MaskedMeanPooling, [[2, -3], [5, 6]])],
)
def test_pooling_reads_real_steps_alone(layer, expected):
    np.testing.assert_allclose(layer()(VALUES, mask=MASK), expected)


def test_attention_pooling_is_a_weighted_mean_of_real_steps():
    layer = AttentionPooling()
    pooled = keras.ops.convert_to_numpy(layer(VALUES, mask=MASK))
    projected = np.tanh(VALUES @ layer.projection.kernel.numpy() + layer.projection.bias.numpy())
    scores = (projected @ layer.score.kernel.numpy())[0, :2, 0]
    weights = np.exp(scores) / np.exp(scores).sum()
    np.testing.assert_allclose(pooled[0], weights @ VALUES[0, :2], rtol=1e-5)
    np.testing.assert_allclose(pooled[1], VALUES[1, 0], rtol=1e-6)


@pytest.mark.parametrize("layer", [MaskedMaxPooling, MaskedMeanPooling, AttentionPooling])
def test_pooling_in_float16_is_finite(layer):
    pooled = layer(dtype="float16")(VALUES.astype("float16"), mask=MASK)
    assert np.isfinite(keras.ops.convert_to_numpy(pooled)).all()


def test_token_dropout_hides_its_share_in_training_alone():
    layer = TokenDropout(0.3)
    ids = np.tile([5, 0], (1, 20_000))
    assert (keras.ops.convert_to_numpy(layer(ids)) == ids).all()
    hidden = keras.ops.convert_to_numpy(layer(ids, training=True))
    assert set(hidden[0, ::2].tolist()) == {1, 5}
    assert set(hidden[0, 1::2].tolist()) == {0}
    assert abs((hidden[0, ::2] == 1).mean() - 0.3) < 0.02
