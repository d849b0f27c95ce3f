import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.layers.steps import StepAccuracy, StepCrossentropy, TranscriptAccuracy, counted_steps, most_likely

TARGETS = np.array([[2, 0, 1], [1, -1, -1]], "int32")
LOGITS = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")


def log_probabilities(logits):
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def test_the_loss_is_the_mean_over_the_steps_that_count():
    chances = log_probabilities(LOGITS)
    expected = -np.mean([chances[0, 0, 2], chances[0, 1, 0], chances[0, 2, 1], chances[1, 0, 1]])
    assert float(StepCrossentropy()(TARGETS, LOGITS)) == pytest.approx(expected, rel=1e-5)


def test_padding_changes_no_loss():
    padded = np.pad(TARGETS, [(0, 0), (0, 2)], constant_values=-1)
    logits = np.pad(LOGITS, [(0, 0), (0, 2), (0, 0)], constant_values=30)
    assert float(StepCrossentropy()(padded, logits)) == pytest.approx(float(StepCrossentropy()(TARGETS, LOGITS)))


def test_the_loss_is_that_of_keras():
    keras_loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1)
    assert float(StepCrossentropy()(TARGETS, LOGITS)) == pytest.approx(float(keras_loss(TARGETS, LOGITS)))


def test_a_batch_without_a_step_that_counts_has_no_loss():
    assert float(StepCrossentropy()(np.full((2, 3), -1), LOGITS)) == 0


def test_steps_that_count_are_counted():
    assert counted_steps(tf.constant(TARGETS)) == 4


def test_the_likeliest_class_is_that_of_keras_and_of_equal_ones_the_first():
    logits = np.concatenate([LOGITS, [[[1, 3, 3, 0], [-1, -1, -2, -1], [0, 0, 0, 0]]]]).astype("float32")
    found = most_likely(tf.constant(logits))
    assert found.dtype == tf.int32
    np.testing.assert_array_equal(found, keras.ops.argmax(logits, axis=-1))
    assert found[2].numpy().tolist() == [1, 0, 0]


def test_the_likeliest_class_is_found_in_one_pass_over_the_logits():
    spec = tf.TensorSpec([None, None, 4])
    graph = tf.function(most_likely).get_concrete_function(spec).graph
    assert [op.type for op in graph.get_operations() if op.outputs and op.inputs and op.type != "Identity"] == [
        "ArgMax"
    ]


def test_accuracy_is_the_share_of_the_steps_that_count():
    logits = np.zeros((2, 3, 4), "float32")
    for row, step, guess in ((0, 0, 2), (0, 1, 3), (0, 2, 1), (1, 0, 1), (1, 1, 2)):
        logits[row, step, guess] = 5
    accuracy = StepAccuracy()
    accuracy.update_state(TARGETS, logits)
    assert float(accuracy.result()) == pytest.approx(3 / 4)
    accuracy.update_state(np.array([[3, 0, -1]]), np.eye(4, dtype="float32")[None, :3])  # One of two more is right.
    assert float(accuracy.result()) == pytest.approx(3 / 6)


def test_a_batch_without_a_step_that_counts_leaves_the_accuracy_as_it_is():
    accuracy = StepAccuracy()
    accuracy.update_state(TARGETS, np.eye(4, dtype="float32")[TARGETS])
    accuracy.update_state(np.full((2, 3), -1), LOGITS)
    assert float(accuracy.result()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("frames", "transcript", "right"),
    [
        ([1, 1, 0, 1, 2, 0], [1, 1, 2], True),
        ([0, 2, 2, 0, 0, 0], [2, 2, 0], False),
        ([0, 0, 0, 0, 0, 0], [0, 0, 0], True),
        ([1, 2, 3, 0, 0, 0], [1, 2, 0], False),
        ([1, 0, 0, 0, 0, 0], [1, 2, 0], False),
        ([1, 2, 3, 1, 2, 3], [1, 2, 3], False),
        ([3, 3, 3, 3, 3, 3], [3, 0, 0], True),
        ([2, 0, 0, 0, 0, 1], [2, 3, 0], False),
    ],
)
def test_a_transcript_is_right_as_a_whole(frames, transcript, right):
    accuracy = TranscriptAccuracy()
    accuracy.update_state(np.array([transcript]), np.eye(4, dtype="float32")[[frames]])
    assert float(accuracy.result()) == right


def test_the_accuracy_of_transcripts_is_the_share_of_right_ones():
    accuracy = TranscriptAccuracy()
    logits = np.eye(4, dtype="float32")[[[1, 0, 2], [3, 3, 3]]]
    accuracy.update_state(np.array([[1, 2], [3, 3]]), logits)
    accuracy.update_state(np.array([[1], [0]]), logits)
    assert float(accuracy.result()) == 0.25
