"""WAV files of every kind of sample."""

import struct

import numpy as np
import pytest

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers.wav import decode_wav, resample

WAVE = np.sin(np.arange(400) / 7).astype("float64") * 0.9


def wav(data, bits, kind=1, channels=1, rate=8000, extensible=False, before=b""):
    """Returns a WAV file of encoded samples."""
    head = struct.pack("<HHIIHH", 0xFFFE if extensible else kind, channels, rate, 0, 0, bits)
    if extensible:
        head += struct.pack("<HHIH14s", 22, bits, 0, kind, bytes(14))
    body = b"WAVE" + before + b"fmt " + struct.pack("<I", len(head)) + head
    body += b"data" + struct.pack("<I", len(data)) + data
    return b"RIFF" + struct.pack("<I", len(body)) + body


def encoded(bits):
    if bits == 8:
        return np.round(WAVE * 127 + 128).astype("u1").tobytes()
    whole = np.round(WAVE * (2 ** (bits - 1) - 1)).astype("<i4")
    if bits == 24:
        return whole.view("u1").reshape(-1, 4)[:, :3].tobytes()
    return whole.astype(f"<i{bits // 8}").tobytes()


@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("bits", [8, 16, 24, 32])
def test_integers_of_any_width_are_read(bits, extensible):
    samples, rate = decode_wav(wav(encoded(bits), bits, extensible=extensible))
    assert (samples.dtype, rate) == (np.float32, 8000)
    np.testing.assert_allclose(samples, WAVE, atol=2.0 ** (2 - bits) + 1e-6)


@pytest.mark.parametrize("bits", [32, 64])
def test_floats_are_read(bits):
    samples, _ = decode_wav(wav(WAVE.astype(f"<f{bits // 8}").tobytes(), bits, kind=3))
    np.testing.assert_allclose(samples, WAVE, atol=1e-6)


def test_channels_are_averaged_and_other_chunks_passed_over():
    both = np.stack([WAVE, np.zeros_like(WAVE)], axis=1).astype("<f4")
    notes = b"LIST" + struct.pack("<I", 3) + b"abc\0"  # Of odd length, and so padded.
    samples, _ = decode_wav(wav(both.tobytes(), 32, kind=3, channels=2, before=notes))
    np.testing.assert_allclose(samples, WAVE / 2, atol=1e-6)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "does not begin"),
        (b"RIFF1234WAVE", "no samples"),
        (wav(encoded(16), 16)[:-10], "cut short: 790 of 800 bytes"),
        (wav(encoded(16), 12), "WAV format 1 with 12 bits"),
        (wav(encoded(8), 8, kind=7), "WAV format 7"),
    ],
)
def test_what_is_no_recording_is_refused(content, message):
    with pytest.raises(DataError, match=message):
        decode_wav(content)


@pytest.mark.parametrize(("rate", "wanted"), [(44_100, 16_000), (8000, 16_000), (11_025, 8000)])
def test_resampling_keeps_a_tone(rate, wanted):
    tone = np.sin(2 * np.pi * 300 * np.arange(rate) / rate).astype("float32")
    samples = resample(tone, rate, wanted)
    assert (samples.dtype, len(samples)) == (np.float32, wanted)
    expected = np.sin(2 * np.pi * 300 * np.arange(wanted) / wanted)
    np.testing.assert_allclose(samples[200:-200], expected[200:-200], atol=0.01)


def test_resampling_leaves_out_what_the_new_rate_cannot_hold():
    tone = np.sin(2 * np.pi * 7000 * np.arange(16_000) / 16_000).astype("float32")
    assert np.abs(resample(tone, 16_000, 8000)[200:-200]).max() < 0.02


def test_what_has_the_rate_already_is_left_alone():
    assert resample(WAVE, 8000, 8000) is WAVE
