import keras
import numpy as np
import pytest

from keras_rnn_zoo.layers.audio import SILENCE, LogMel

RATES = (1000, 8000, 11_025, 16_000, 22_050, 44_100, 48_000)


def frames(waveforms, rate, **options):
    return keras.ops.convert_to_numpy(LogMel(rate, **options)(np.asarray(waveforms, "float32")))


def noise(samples, rows=1):
    return np.random.default_rng(0).uniform(-1, 1, (rows, samples)).astype("float32")


def mel(hertz):
    return 1127 * np.log1p(np.asarray(hertz) / 700)


def expected_frames(waveform, rate, bands):
    """Computes the log-mel frames of one waveform by the textbook, in double precision."""
    stride, length = round(rate * 0.010), round(rate * 0.025)
    size = 1 << (length - 1).bit_length()
    before = (size - length) // 2
    window = np.zeros(size)
    window[before : before + length] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    waveform = np.concatenate([np.asarray(waveform, "float64"), np.zeros(2 * size)])
    starts = range(0, len(waveform) - 2 * size, stride)
    power = np.abs(np.fft.rfft([waveform[start : start + size] * window for start in starts])) ** 2
    # Triangles on the mel scale, each from the peak of the band before to that of the band after.
    edges = np.linspace(mel(20), mel(rate / 2), bands + 2)
    places = mel(np.arange(size // 2 + 1) * rate / size)[:, None]
    rising = (places - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - places) / (edges[2:] - edges[1:-1])
    weights = np.maximum(0, np.minimum(rising, falling))
    weights[0] = 0  # The constant part is no sound.
    return np.log(power @ weights + SILENCE)


@pytest.mark.parametrize(("rate", "samples", "bands"), [(8000, 1234, 40), (16_000, 1600, 40), (48_000, 3001, 24)])
def test_frames_are_those_of_the_textbook(rate, samples, bands):
    waveforms = noise(samples, rows=2)
    found = frames(waveforms, rate, bands=bands)
    for row, waveform in zip(found, waveforms, strict=True):
        np.testing.assert_allclose(row, expected_frames(waveform, rate, bands), atol=2e-3)


@pytest.mark.parametrize("rate", RATES)
def test_a_frame_begins_every_ten_milliseconds(rate):
    stride = round(rate / 100)
    layer = LogMel(rate, bands=8)
    for samples in (1, stride - 1, stride, stride + 1, 7 * stride, 7 * stride + 1):
        found = layer(noise(samples))
        assert found.shape == (1, -(-samples // stride), 8)
        assert layer.compute_output_spec(keras.KerasTensor((1, samples))).shape == found.shape
    assert layer.compute_output_spec(keras.KerasTensor((None, None))).shape == (None, None, 8)


@pytest.mark.parametrize("rate", RATES)
def test_silence_that_follows_changes_no_frame(rate):
    waveform = noise(rate // 10 + 3)
    alone = frames(waveform, rate)
    followed = frames(np.pad(waveform, [(0, 0), (0, rate // 5)]), rate)
    np.testing.assert_allclose(followed[:, : alone.shape[1]], alone, atol=1e-5)
    np.testing.assert_allclose(followed[:, alone.shape[1] + 3 :], np.log(SILENCE), atol=1e-4)


def test_other_recordings_of_a_batch_change_no_frame():
    quiet, loud = 0.01 * noise(1600), noise(1600)[:, ::-1]
    together = frames(np.concatenate([quiet, loud]), 16_000)
    np.testing.assert_allclose(together[:1], frames(quiet, 16_000), atol=1e-4)
    np.testing.assert_allclose(together[1:], frames(loud, 16_000), atol=1e-4)


@pytest.mark.parametrize("hertz", [300, 1000, 3400])
def test_a_sine_is_loudest_in_its_band(hertz):
    waveform = np.sin(2 * np.pi * hertz * np.arange(8000) / 8000)[None]
    loudest = frames(waveform, 8000)[0, 2:-5].argmax(axis=-1)
    centers = np.linspace(mel(20), mel(4000), 42)[1:-1]
    assert set(loudest) == {np.abs(centers - mel(hertz)).argmin()}


def test_twice_as_loud_is_four_times_the_power():
    waveform = 0.1 * noise(4000)
    difference = frames(2 * waveform, 8000) - frames(waveform, 8000)
    np.testing.assert_allclose(difference, np.log(4), atol=0.01)


def test_silence_is_finite():
    np.testing.assert_allclose(frames(np.zeros((1, 800)), 8000), np.log(SILENCE), rtol=1e-5)


def test_random_masks_hide_bands_and_times_within_the_recording_in_training_only():
    from keras_rnn_zoo.layers.audio import SpectrogramMasks

    keras.utils.set_random_seed(0)
    layer = SpectrogramMasks(0.5)
    frames, mask = np.ones((64, 30, 8), "float32"), np.tile(np.arange(30) < 20, (64, 1))
    np.testing.assert_array_equal(layer(frames, mask=mask), frames)
    shown = np.asarray(layer(frames, mask=mask, training=True))
    times, bands = shown.max(axis=2) == 0, shown.max(axis=1) == 0
    assert not times[:, 20:].any()  # No mask of time reaches the padding.
    assert 0.1 < times[:, :20].mean() < 0.6
    assert 0.1 < bands.mean() < 0.6
    np.testing.assert_array_equal(shown == 0, times[:, :, None] | bands[:, None, :])
    assert SpectrogramMasks.from_config(layer.get_config()).share == 0.5
