import keras
import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo.layers.frontends import (
    audio_frontend,
    grid_frontend,
    line_frontend,
    series_frontend,
    token_frontend,
)
from keras_rnn_zoo.layers.images import CellPositions, RandomDistortion, RandomElastic

TOKENS = {"vocabulary_size": 20, "embedding_dim": 4, "dropout": 0.0, "word_dropout": 0.0}
RANDOM = np.random.default_rng(0)


def frontend(function, **options):
    """Returns the function from a batch to a frontend's sequence and its mask, in NumPy."""
    keras.utils.set_random_seed(0)
    inputs, *outputs = function(**options)
    model = keras.Model(inputs, outputs)
    return lambda batch: [keras.ops.convert_to_numpy(output) for output in model(batch, training=False)]


def padded(rows):
    """Returns arrays as one batch with NaN at the end, three steps more than the longest needs."""
    batch = np.full((len(rows), max(map(len, rows)) + 3, *rows[0].shape[1:]), np.nan, "float32")
    for place, row in zip(batch, rows, strict=True):
        place[: len(row)] = row
    return batch


def assert_padding_changes_nothing(read, rows, steps):
    """Holds that each row is read in a batch as alone, and into as many steps as `steps` says for its length."""
    x, mask = read(padded(rows))
    assert np.isfinite(x[mask]).all()
    for row, sequence, real in zip(rows, x, mask, strict=True):
        alone, alone_mask = read(row[None])
        assert alone_mask.all()
        assert alone.shape[1] == real.sum() == steps(len(row))
        assert real[: real.sum()].all()
        np.testing.assert_allclose(sequence[real], alone[0], atol=1e-4)


def test_words_are_embedded_independently():
    ids = np.array([[3, 4, 3], [4, 0, 0]], "int32")
    x, mask = frontend(token_frontend, **TOKENS)(ids)
    assert x.shape == (2, 3, 4)
    np.testing.assert_array_equal(x[0, 0], x[0, 2])
    np.testing.assert_array_equal(x[0, 1], x[1, 0])
    assert mask.tolist() == [[True, True, True], [True, False, False]]


def test_words_and_their_characters_are_joined():
    read = frontend(token_frontend, **TOKENS, char_units=3, char_vocabulary_size=9)
    ids = np.array([[[5, 2, 3], [1, 4, 0]], [[1, 2, 3], [0, 0, 0]]], "int32")
    x, mask = read(ids)
    assert x.shape == (2, 2, 4 + 2 * 3)
    assert mask.tolist() == [[True, True], [True, False]]
    np.testing.assert_array_equal(x[0, 1, :4], x[1, 0, :4])  # Both words are unknown ...
    np.testing.assert_allclose(x[0, 0, 4:], x[1, 0, 4:], atol=1e-6)  # ... and only spelling tells them apart.
    assert np.abs(x[0, 1, 4:] - x[1, 0, 4:]).max() > 1e-4


def test_series_are_read_as_they_are():
    rows = [RANDOM.normal(size=(length, 2)).astype("float32") for length in (5, 1, 3)]
    read = frontend(series_frontend, features=2)
    assert_padding_changes_nothing(read, rows, steps=lambda length: length)
    np.testing.assert_array_equal(read(rows[0][None])[0][0], rows[0])
    assert (read(padded(rows))[0][1, 1:] == 0).all()


@pytest.mark.parametrize("subsampling", [2, 4, 8])
def test_convolutions_subsample_the_steps(subsampling):
    rows = [RANDOM.normal(size=(length, 2)).astype("float32") for length in (21, 16, 9, 2, 1)]
    read = frontend(series_frontend, features=2, subsampling=subsampling)
    assert_padding_changes_nothing(read, rows, steps=lambda length: -(-length // subsampling))
    x, mask = read(padded(rows))
    assert (x[~mask] == 0).all()
    # Every step counts: each changes what is read.
    for step in range(21):
        changed = rows[0].copy()
        changed[step] += 1
        assert np.abs(read(changed[None])[0] - read(rows[0][None])[0]).max() > 1e-4


def test_a_series_without_steps_is_subsampled_to_one_step():
    x, mask = frontend(series_frontend, features=2, subsampling=4)(np.full((2, 9, 2), np.nan, "float32"))
    assert np.isfinite(x).all()
    assert mask.tolist() == [[True, False, False]] * 2


def test_subsampling_in_half_precision_is_the_same():
    rows = padded([RANDOM.normal(size=(length, 2)).astype("float32") for length in (13, 5)])
    exact = frontend(series_frontend, features=2, subsampling=4)(rows)[0]
    keras.config.set_dtype_policy("mixed_float16")
    try:
        half = frontend(series_frontend, features=2, subsampling=4)(rows)[0]
    finally:
        keras.config.set_dtype_policy("float32")
    assert half.dtype == "float16"
    np.testing.assert_allclose(half, exact, atol=1e-2)


@pytest.mark.parametrize("rate", [8000, 11_025, 44_100])
@pytest.mark.parametrize("subsampling", [1, 2, 4])
def test_frames_are_joined_in_twos(rate, subsampling):
    stride = round(rate / 100)
    rows = [0.5 * RANDOM.normal(size=frames * stride - 1).astype("float32") for frames in (9, 6, 1)]
    read = frontend(audio_frontend, sample_rate=rate, dropout=0.0, subsampling=subsampling)
    assert_padding_changes_nothing(read, rows, steps=lambda samples: -(-samples // (stride * subsampling)))


def test_loudness_is_normalized_unless_it_is_kept():
    waveform = 0.3 * RANDOM.normal(size=(1, 4000)).astype("float32")
    for normalized in ("recording", "running", "nothing"):
        read = frontend(audio_frontend, sample_rate=8000, dropout=0.0, normalized=normalized)
        difference = read(2 * waveform)[0] - read(waveform)[0]
        np.testing.assert_allclose(difference, np.log(4) if normalized == "nothing" else 0, atol=0.02)


def test_four_columns_of_a_line_are_one_step():
    rows = [255 * RANDOM.uniform(size=(width, 16, 1)).astype("float32") for width in (30, 17, 8, 5, 1)]
    read = frontend(line_frontend, image_height=16, channels=1, dropout=0.0)
    assert_padding_changes_nothing(read, rows, steps=lambda width: -(-width // 4))


def test_an_image_is_a_grid_of_cells_with_positions():
    options = {"channels": 3, "encoder": "cnn", "pretrained": False, "dropout": 0.0}
    read = frontend(grid_frontend, image_height=32, image_width=48, **options)
    image = 255 * RANDOM.uniform(size=(2, 32, 48, 3)).astype("float32")
    cells, mask = read(image)
    assert cells.shape == (2, 4 * 6, 96 + 2)
    assert mask.shape == (2, 4 * 6)
    assert mask.all()
    rows, columns = cells[0, :, -2].reshape(4, 6), cells[0, :, -1].reshape(4, 6)
    np.testing.assert_allclose(rows, np.repeat(np.linspace(-1, 1, 4)[:, None], 6, axis=1), atol=1e-6)
    np.testing.assert_allclose(columns, np.repeat(np.linspace(-1, 1, 6)[None], 4, axis=0), atol=1e-6)


def test_positions_of_cells_are_restored_from_their_config():
    layer = CellPositions(2, 3)
    cells = np.zeros((1, 6, 1), "float32")
    again = CellPositions.from_config(layer.get_config())
    np.testing.assert_array_equal(layer(cells), again(cells))
    assert layer(cells)[0, :, 1:].numpy().tolist() == [[-1, -1], [-1, 0], [-1, 1], [1, -1], [1, 0], [1, 1]]


@pytest.mark.parametrize("kind", [RandomDistortion, RandomElastic])
def test_lines_are_distorted_only_in_training_each_differently(kind):
    lines = np.random.default_rng(0).uniform(-1, 1, (1, 24, 16, 1)).astype("float32").repeat(3, axis=0)
    layer = kind(0.1)
    np.testing.assert_array_equal(layer(lines, training=False), lines)
    first, second, _ = np.asarray(layer(lines, training=True))
    assert first.shape == lines.shape[1:]
    assert np.abs(first - lines[0]).max() > 0.1
    assert np.abs(first - second).max() > 0.1
    assert np.abs(first).max() <= 1 + 1e-5
    assert kind.from_config(layer.get_config()).share == 0.1


@pytest.mark.parametrize("kind", [RandomDistortion, RandomElastic])
def test_a_line_that_is_not_distorted_stays_as_it_is(kind):
    lines = np.random.default_rng(0).uniform(-1, 1, (2, 24, 16, 1)).astype("float32")
    np.testing.assert_allclose(kind(0.0)(lines, training=True), lines, atol=1e-5)


@pytest.mark.parametrize("height_axis", [1, 2])
def test_elastic_distortion_moves_pixels_by_a_share_of_the_height_and_neighbors_alike(height_axis):
    keras.utils.set_random_seed(0)
    size = {1: (20, 60), 2: (60, 20)}[height_axis]
    # Each pixel has its own place as its value, so that the output tells where it was read.
    places = np.stack(np.meshgrid(*map(np.arange, size), indexing="ij"), axis=-1).astype("float32")
    moved = np.asarray(RandomElastic(0.1, height_axis=height_axis)(places[None].repeat(200, axis=0), training=True))
    moves = (moved - places)[:, 8:-8, 8:-8]  # Those at the border end there.
    assert moves.std() == pytest.approx(0.1 * 20, rel=0.1)
    assert np.abs(np.diff(moves, axis=1)).mean() < 0.5 * np.abs(moves).mean()
    assert np.corrcoef(moves[..., 0].ravel(), moves[..., 1].ravel())[0, 1] == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize(("name", "shape"), [("ctc", (2, 40, 32, 1)), ("one_to_one", (2, 8, 8, 1))])
def test_models_bend_images_only_in_training(name, shape):
    model = zoo.build(name, elastic=0.1, dropout=0.0)
    same = zoo.build(name, dropout=0.0)
    same.set_weights(model.get_weights())
    images = RANDOM.uniform(0, 255, shape).astype("float32")
    expected = same(images, training=False)
    np.testing.assert_array_equal(model(images, training=False), expected)
    assert np.abs(model(images, training=True) - expected).max() > 1e-3
