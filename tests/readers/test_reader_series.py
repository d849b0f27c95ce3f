import json

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers.series import SeriesReader

RANDOM = np.random.default_rng(0)
SERIES = [RANDOM.normal([3, -1000], [2, 0.1], (length, 2)).astype("float32") for length in (40, 7, 1, 25)]


def dataset(series):
    return tf.data.Dataset.from_generator(
        lambda: iter(series), output_signature=tf.TensorSpec([None, series[0].shape[1]], tf.float32)
    )


def fitted(series=SERIES, **options):
    reader = SeriesReader(**options)
    reader.fit(dataset(series))
    return reader


def test_features_are_scaled_by_all_steps_of_the_training_split(read):
    reader = SeriesReader()
    assert reader.fit(dataset(SERIES)) == "2 features per step, 73 steps, each feature scaled to mean 0 and variance 1"
    assert reader.model_options() == {"input": "series", "features": 2}
    every = np.concatenate(SERIES).astype("float64")
    np.testing.assert_allclose(reader.mean, every.mean(axis=0), rtol=1e-6)
    np.testing.assert_allclose(reader.deviation, every.std(axis=0), rtol=1e-4)
    scaled = read(reader, SERIES)
    assert scaled.shape == (4, 40, 2)
    real = scaled[~np.isnan(scaled[..., 0])]
    assert len(real) == 73
    np.testing.assert_allclose(real.mean(axis=0), 0, atol=1e-3)
    np.testing.assert_allclose(real.std(axis=0), 1, atol=1e-3)


def test_without_normalization_numbers_stay_as_they_are(read, tmp_path):
    reader = SeriesReader(normalization="none")
    assert reader.fit(dataset(SERIES)) == "2 features per step, 73 steps, not scaled"
    reader.save(tmp_path)
    again = SeriesReader(normalization="none")
    again.load(tmp_path)
    for one in (reader, again):
        scaled = read(one, SERIES)
        np.testing.assert_array_equal(scaled[0], SERIES[0])
        assert np.isnan(scaled[1, len(SERIES[1]) :]).all()


def test_a_series_is_read_in_a_batch_as_alone(assert_read_alike):
    reader = fitted(max_steps=30)
    assert_read_alike(reader, SERIES, list(map(tf.constant, SERIES)))


@pytest.mark.parametrize("value", [0.0, 5.0, 0.1, -1e6])
def test_a_constant_feature_stays_as_wide_as_it_is(value, read):
    series = np.full((1000, 2), value, "float32")
    series[::2, 0] += 1
    reader = fitted([series])
    assert reader.deviation[1] == 1
    other = read(reader, [np.full((1, 2), value + 0.5, "float32")])
    np.testing.assert_allclose(other[0, 0, 1], 0.5, rtol=1e-3)


def test_missing_numbers_are_left_out_of_the_scale_and_read_as_the_mean(read):
    series = np.array([[1, 10], [np.nan, 20], [3, np.inf], [5, 30]], "float32")
    reader = fitted([series])
    np.testing.assert_allclose(reader.mean, [3, 20])
    np.testing.assert_allclose(reader.deviation, [np.sqrt(8 / 3), np.sqrt(200 / 3)])
    scaled = read(reader, [series])[0]
    assert scaled[1, 0] == scaled[2, 1] == 0
    assert np.isfinite(scaled).all()


def test_the_first_steps_are_read(read):
    reader = fitted(max_steps=3)
    np.testing.assert_array_equal(read(reader, SERIES[:1]), read(fitted(), SERIES[:1])[:, :3])


def test_lists_and_json_are_series_too(read):
    reader = fitted()
    lists = SERIES[1].tolist()
    for given in (lists, json.dumps(lists), json.dumps(lists).encode(), SERIES[1].astype("float64")):
        np.testing.assert_array_equal(read(reader, [given]), read(reader, [SERIES[1]]))


def test_a_series_without_a_step_has_one(read):
    reader = fitted()
    assert read(reader, [np.zeros((0, 2), "float32")]).shape == (1, 1, 2)
    together = read(reader, [np.zeros((0, 2), "float32"), SERIES[1]])
    assert np.isnan(together[0, :, 0]).tolist() == [False, *[True] * 6]
    assert read(reader, []).shape == (0, 1, 2)


@pytest.mark.parametrize(
    "item",
    [
        "[[1, 2], [3]]",
        '{"a": 1}',
        '[["a", 1]]',
        "null",
        "3",
        "[1, 2]",
        "[[1, 2, 3]]",
        "[[[1, 2]]]",
        f"[[1, 1{'0' * 400}]]",
        [[1, 2], [3]],
        None,
        np.zeros((4, 3)),
        np.zeros(4),
        object(),
    ],
    ids=lambda item: repr(item)[:20],
)
def test_anything_but_a_series_is_refused(item):
    with pytest.raises(DataError, match=r"expected.*; received"):
        fitted().to_batch([SERIES[0], item])


def test_a_series_of_one_feature_needs_no_axis_for_it():
    reader = fitted([series[:, :1] for series in SERIES])
    batch, lengths = reader.to_batch(["[1, 2, 3]", [[1], [2]], np.zeros(4)])
    assert batch.shape == (3, 4, 1)
    assert lengths.numpy().tolist() == [3, 2, 4]


@pytest.mark.parametrize("text", ["", "1,2", b"\xff", "[" * 100_000, "[[1, 2"])
def test_invalid_json_is_refused_in_a_short_message(text):
    with pytest.raises(DataError, match="A series is expected as JSON") as caught:
        fitted().to_batch([text])
    assert len(str(caught.value)) < 200


def test_a_reader_is_restored_from_its_file(tmp_path, read):
    reader = fitted()
    reader.save(tmp_path)
    assert set(json.loads((tmp_path / "normalization.json").read_text())) == {"mean", "deviation"}
    again = SeriesReader()
    again.load(tmp_path)
    assert again.model_options() == reader.model_options()
    np.testing.assert_array_equal(read(again, SERIES), read(reader, SERIES))


def test_a_batch_is_read_in_the_graph(read):
    reader = fitted()
    graph = tf.function(reader.__call__, input_signature=reader.signature())
    np.testing.assert_allclose(graph(*reader.to_batch(SERIES)), read(reader, SERIES), rtol=1e-5)
