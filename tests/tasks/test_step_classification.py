"""A class, or several at once, for each step: targets, predictions and metrics. Padding is ignored."""

import numpy as np
import pytest
import tensorflow as tf
from sklearn import metrics

from keras_rnn_zoo.batching.batches import make_batches
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers.audio import AudioReader
from keras_rnn_zoo.readers.series import SeriesReader
from keras_rnn_zoo.tasks.step_classification import StepClassification

CLASSES = ("busy", "idle", "off")


def reader(**options):
    made = SeriesReader(**options)
    made.mean, made.deviation = [0.0], [1.0]
    return made


def task(*, multilabel=False, **options):
    return StepClassification(reader(**options), CLASSES, multilabel=multilabel)


def examples(targets, steps=None, dtype=tf.int32):
    rows = [
        (np.full((count, 1), 1.0, "float32"), target)
        for count, target in zip(steps or map(len, targets), targets, strict=True)
    ]
    spec = (tf.TensorSpec([None, 1], tf.float32), tf.TensorSpec([None, *np.shape(targets[0])[1:]], dtype))
    return tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=spec)


def logits_of(rows, steps):
    """Returns logits whose most likely classes are these, and at padding the first one."""
    logits = np.zeros((len(rows), steps, 3), "float32")
    for row, classes in zip(logits, rows, strict=True):
        row[range(len(classes)), classes] = 5
    return logits


def test_batches_are_padded_with_what_is_ignored():
    data = make_batches(examples([[0, 1, 2], [1]]), task(), 2, references=True).data
    inputs, targets, references = next(iter(data))
    assert np.isnan(inputs.numpy()[1, 1:]).all()
    assert targets.numpy().tolist() == references.numpy().tolist() == [[0, 1, 2], [1, -1, -1]]


def test_padding_changes_neither_the_loss_nor_a_metric():
    one = task()
    short, padded = logits_of([[0, 2, 1]], 3), np.concatenate([logits_of([[0, 2, 1]], 3), np.full((1, 4, 3), 9.0)], 1)
    targets = np.array([[0, 1, -1]], "int32")
    long = np.concatenate([targets, np.full((1, 4), -1)], 1)
    assert float(one.loss()(targets, short)) == pytest.approx(float(one.loss()(long, padded)))
    assert one.loss_weight(tf.constant(targets)) == one.loss_weight(tf.constant(long)) == 2
    accuracy = one.training_metrics()[0]
    accuracy.update_state(long, padded)
    assert float(accuracy.result()) == 0.5


def test_metrics_are_those_of_scikit_learn_over_the_real_steps():
    one = task()
    truth, guesses = [[0, 0, 1, 1, 2], [1, -1, 2]], [[0, 1, 1, 1, 2], [1, 0, 0]]
    series = tf.constant(np.where(np.arange(5)[None, :, None] < [[[5]], [[3]]], 1.0, np.nan), tf.float32)
    predictions = one.predictions_for_scoring(None, series, logits_of(guesses, 5))
    references = [np.array(truth[0]), np.array([*truth[1], -1, -1])]
    scores, report = one.score({name: list(np.asarray(value)) for name, value in predictions.items()}, references, 0.0)
    true, found = [0, 0, 1, 1, 2, 1, 2], [0, 1, 1, 1, 2, 1, 0]
    assert scores["accuracy"] == pytest.approx(metrics.accuracy_score(true, found))
    assert scores["macro_f1"] == pytest.approx(metrics.f1_score(true, found, average="macro"))
    assert report["confusion_matrix"] == {"labels": list(CLASSES), "rows": [[1, 1, 0], [0, 3, 0], [1, 0, 1]]}


def test_several_classes_at_once_have_the_f1_of_scikit_learn_and_a_loss_without_padding():
    one = task(multilabel=True)
    truth = np.array([[1, 0, 1], [0, 0, 0], [1, 1, 0]], "int8")
    found = np.array([[1, 0, 0], [0, 0, 0], [1, 1, 1]], bool)
    padded = np.concatenate([truth, np.full((2, 3), -1)])
    predicted = {"classes": [np.concatenate([found, np.ones((2, 3), bool)])], "lengths": [3]}
    scores, report = one.score(predicted, [padded], 0.0)
    assert scores["f1"] == pytest.approx(metrics.f1_score(truth, found, average="micro"))
    assert scores["macro_f1"] == pytest.approx(metrics.f1_score(truth, found, average="macro"))
    assert scores["accuracy"] == pytest.approx(1 / 3)
    assert report["f1_of_each_class"] == pytest.approx({"busy": 1.0, "idle": 1.0, "off": 0.0})
    logits = np.linspace(-2, 2, 9).reshape(1, 3, 3).astype("float32")
    expected = tf.keras.losses.BinaryCrossentropy(from_logits=True)(truth[None], logits)
    more = np.concatenate([logits, np.full((1, 2, 3), 7.0)], 1)
    assert float(one.loss()(padded[None], more)) == pytest.approx(float(expected))
    assert one.loss_weight(tf.constant(padded)) == 9


def test_a_prediction_has_labels_for_the_real_steps():
    raw = tf.constant(np.ones((2, 3, 1)), tf.float32), tf.constant([3, 1])
    one = task()
    inputs = one.preprocess(*raw)
    rows = one.decode(logits_of([[2, 0, 1], [1]], 3), inputs)
    assert rows["labels"].numpy().tolist() == [[b"off", b"busy", b"idle"], [b"idle", b"", b""]]
    assert rows["lengths"].numpy().tolist() == [3, 1]
    several = task(multilabel=True)
    logits = np.array([[[1, -1, 1], [-1, -1, -1], [-1, 1, -1]], [[1, 1, 1]] * 3], "float32")
    rows = several.decode(logits, inputs)
    assert rows["labels"].numpy().tolist() == [[b"busy+off", b"", b"idle"], [b"busy+idle+off", b"", b""]]
    plain = several.trim({"labels": ["busy+off", "", "idle"], "probabilities": [[0.1] * 3] * 3, "lengths": 2})
    assert plain == {"labels": ["busy+off", ""], "probabilities": [[0.1] * 3] * 2, "lengths": 2}
    assert several.describe({"labels": ["idle", "idle", "", "off"]}) == "idle x2, none x1, off x1"


def test_steps_beyond_the_maximum_count_as_errors():
    one = task(max_steps=2)
    data = make_batches(examples([[0, 0, 0]]), one, 1, references=True).data
    inputs, targets, references = next(iter(data))
    assert targets.numpy().tolist() == [[0, 0]]
    predictions = one.predictions_for_scoring(None, inputs, logits_of([[0, 0]], 2))
    predictions = {name: list(np.asarray(value)) for name, value in predictions.items()}
    assert one.score(predictions, list(references.numpy()), 0.0)[0]["accuracy"] == pytest.approx(2 / 3)


def test_a_target_is_needed_for_each_step():
    with pytest.raises(DataError, match="a target for each of its steps"):
        make_batches(examples([[0, 1]], steps=[3]), task(), 1)


def test_the_steps_of_audio_are_the_frames_of_its_spectrogram():
    one = StepClassification(AudioReader(sample_rate=1000), CLASSES)
    waveforms = tf.constant(np.ones((2, 25)), tf.float32), tf.constant([25, 11])
    inputs = one.preprocess(*waveforms)
    assert one.real_steps(inputs).numpy().tolist() == [[True] * 3, [True, True, False]]
    assert one.target_steps(25) == 3
    inputs, targets = one.example(tf.ones([25]), tf.constant([0, 1, 2]))
    assert targets.shape == (3,)
