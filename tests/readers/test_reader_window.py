"""The reader of windows."""

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers._training_rows import TrainingRows
from keras_rnn_zoo.readers.window import DAY, WEEK, YEAR, WindowReader, filled

NAN = float("nan")


def rows_of(values, times, window=4):
    """Returns the training rows of windows with stride 1 over a series."""
    values, times = np.asarray(values, "float32").reshape(len(times), -1), np.asarray(times, "int64")
    windows = [
        (
            {
                "series": values[start : start + window - 1],
                "time": times[start : start + window],
                "known": np.zeros((window, 0), "float32"),
            },
            values[start + window - 1 : start + window],
        )
        for start in range(len(times) - window + 1)
    ]
    specs = tf.nest.map_structure(lambda value: tf.TensorSpec(value.shape, value.dtype), windows[0])
    return TrainingRows(tf.data.Dataset.from_generator(lambda: iter(windows), output_signature=specs))


def test_missing_values_become_the_last_one_before_them():
    values = np.array([[[NAN, 1], [2, NAN], [NAN, NAN], [5, 7]], [[1, NAN]] * 4], "float32")
    expected = [[[2, 1], [2, 1], [2, 1], [5, 7]], [[1, NAN]] * 4]
    np.testing.assert_array_equal(filled(tf.constant(values)).numpy(), expected)


def test_rows_are_put_together_from_windows():
    rows = rows_of(range(9), range(0, 90, 10))
    assert rows.values[:, 0].tolist() == list(range(9))
    assert rows.time.tolist() == list(range(0, 90, 10))
    assert (rows.starts, rows.windows) == ([0], 6)


@pytest.mark.parametrize(
    ("step", "count", "cycles"),
    [
        (3600, 30, []),
        (3600, 60, [DAY]),
        (3600, 24 * 15, [DAY, WEEK]),
        (DAY, 20, [WEEK]),
        (DAY, 800, [WEEK, YEAR]),
        (YEAR // 12, 25, [YEAR]),
        (YEAR, 50, []),
    ],
)
def test_the_calendar_has_the_cycles_that_the_split_shows_twice(step, count, cycles):
    reader = WindowReader()
    reader.learn(rows_of(np.zeros(count), step * np.arange(count)), 3, 1)
    assert reader.cycles == cycles
    assert reader.covariates == 2 * len(cycles)
    silent = WindowReader(calendar=False)
    silent.learn(rows_of(np.zeros(count), step * np.arange(count)), 3, 1)
    assert silent.cycles == []


def test_values_are_scaled_or_not():
    for normalization, mean in (("standard", 4.0), ("last_value", 4.0), ("none", 0.0)):
        reader = WindowReader(normalization=normalization)
        reader.learn(rows_of(range(9), YEAR * np.arange(9)), 3, 1)
        assert reader.mean == [mean]
        assert reader.model_options()["last_value"] == (normalization == "last_value")
    (past,) = reader(tf.constant([[[2.0], [NAN], [7.0]]]), tf.zeros([0, 0], tf.int64), tf.zeros([0, 0, 0])).numpy()
    assert past[:, 0].tolist() == [2, 2, 7]


def test_fitted_values_are_kept(tmp_path):
    reader = WindowReader()
    reader.learn(rows_of(np.arange(60), 3600 * np.arange(60)), 3, 1)
    reader.save(tmp_path)
    loaded = WindowReader()
    loaded.load(tmp_path)
    assert loaded.model_options() == reader.model_options()
    assert loaded.mean == reader.mean


def test_inputs_that_the_run_does_not_use_are_optional():
    reader = WindowReader(calendar=False)
    reader.learn(rows_of(range(9), YEAR * np.arange(9)), 3, 1)
    assert list(reader.defaults()) == ["time", "known"]
    reader.cycles = [DAY]
    assert list(reader.defaults()) == ["known"]
    reader.known_mean = [0.0]
    assert reader.defaults() == {}


@pytest.mark.parametrize("text", ["1", '{"series": 5}', "[]"])
def test_a_number_is_no_window(text):
    reader = WindowReader()
    reader.mean = [0.0]
    with pytest.raises(DataError, match="a window is expected with"):
        reader.to_batch([text])


@pytest.mark.parametrize("text", ["hello", b"hello"])
def test_a_text_is_no_window(text):
    reader = WindowReader()
    reader.mean = [0.0]
    with pytest.raises(DataError, match=r"A window is expected as JSON, .*; received 'hello'"):
        reader.to_batch([text])


def test_a_window_with_bytes_that_are_not_utf_8_is_refused():
    reader = WindowReader()
    reader.mean = [0.0]
    with pytest.raises(DataError, match="A window is expected as JSON"):
        reader.to_batch([b'{"series": [[1]], "time": [0], "known": "\xff"}'])
