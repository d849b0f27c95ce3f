"""WAV files of every kind of sample."""

import struct
import tracemalloc

import numpy as np
import pytest

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers._wav import decode_wav, ratio, read_wav, resample

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
        (wav(encoded(16), 16)[:-10], "truncated: it has 790 of 800 bytes"),
        (wav(encoded(16), 12), "WAV format 1 with 12 bits"),
        (wav(encoded(8), 8, kind=7), "WAV format 7"),
        (wav(encoded(8), 8, channels=0), "no samples"),
        (wav(encoded(8), 0), "with 0 bits"),
        (wav(encoded(8), 8)[:40] + b"\xfe\xff\xff\xff", "truncated: it has 0 of 4,294,967,294 bytes"),
        (wav(encoded(8), 8, before=b"junk" + bytes(4) + (b"junk" + bytes(4)) * 10_000), "no samples"),
        *((wav(encoded(8), 8, rate=rate), "Hz, but must be from 100") for rate in (1, 99, 1_000_001, 2**31 - 1)),
    ],
)
def test_anything_but_a_recording_is_refused(content, message):
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


def test_recordings_at_the_right_rate_are_unchanged():
    assert resample(WAVE, 8000, 8000) is WAVE


@pytest.mark.parametrize("bits", [8, 16, 24, 32])
@pytest.mark.parametrize("rate", [100, 44_100, 999_983, 1_000_000])
@pytest.mark.parametrize("wanted", [16_000, 192_000, 11_025])
def test_no_more_is_resampled_than_is_read(bits, rate, wanted):
    """What a recording takes is bounded by the seconds read, not by its length, and the filter by its terms."""
    content = wav(bytes(3_000_000), bits, rate=rate)
    resample(np.zeros(10, "float32"), 8000, 16_000)  # SciPy is loaded.
    tracemalloc.start()
    samples = read_wav(content, wanted, seconds=0.5)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (samples.dtype, len(samples)) == (np.float32, round(wanted / 2))
    assert most < 30e6


@pytest.mark.parametrize("channels", [7, 1000, 65_535])
def test_many_channels_are_averaged(channels):
    both = np.repeat(np.round(WAVE[:10] * 30_000).astype("<i2"), channels)
    samples, _ = decode_wav(wav(both.tobytes() + b"\1\2\3", 16, channels=channels))
    np.testing.assert_allclose(samples, WAVE[:10] * 30_000 / 32_768, atol=1e-3)


def test_a_file_of_fewer_samples_than_channels_has_none():
    assert len(decode_wav(wav(encoded(16), 16, channels=60_000))[0]) == 0
    assert len(read_wav(wav(encoded(16), 16, channels=60_000), 16_000)) == 0


@pytest.mark.parametrize(("rate", "wanted"), [(44_100, 16_000), (8000, 16_000), (999_983, 8000), (16_000, 16_000)])
def test_cutting_first_changes_no_sample(rate, wanted):
    content = wav(np.random.default_rng(0).integers(0, 256, rate, "u1").tobytes(), 8, rate=rate)
    whole = read_wav(content, wanted)
    np.testing.assert_allclose(read_wav(content, wanted, seconds=0.25), whole[: wanted // 4], atol=1e-6)
    assert len(whole) == pytest.approx(wanted, rel=1e-4)


@pytest.mark.parametrize("wanted", [1000, 8000, 16_000, 22_050, 48_000, 191_999])
def test_the_ratio_of_any_rates_is_near_and_that_of_usual_ones_is_theirs(wanted):
    for rate in (100, 101, 997, 11_025, 44_056, 44_099, 99_991, 999_983, 1_000_000):
        up, down = ratio(rate, wanted)
        assert max(up, down) <= 10_000
        assert up / down == pytest.approx(wanted / rate, rel=1e-4)
    for rate in (8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000):
        up, down = ratio(rate, wanted)
        assert wanted == 191_999 or up * rate == down * wanted


@pytest.mark.parametrize(("value", "bits"), [(np.nan, 32), (np.inf, 32), (np.nan, 64), (1e300, 64)])
def test_samples_that_are_no_finite_numbers_are_refused(value, bits):
    content = wav(np.array([0.5, value, 0.5], f"<f{bits // 8}").tobytes(), bits, kind=3)
    with pytest.raises(DataError, match="samples that are NaN, infinite or too large"):
        read_wav(content, 8000)
