import io
import sys
import wave

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.readers import _recordings as recordings
from keras_rnn_zoo.readers._recordings import decode_recording, rate_of
from keras_rnn_zoo.readers.audio import AudioReader

RANDOM = np.random.default_rng(0)
RECORDINGS = [RANDOM.uniform(-1, 1, samples).astype("float32") for samples in (800, 130, 1)]


@pytest.fixture
def reader():
    return AudioReader(sample_rate=8000, max_seconds=0.05)


def wav(samples, rate=8000, width=2):
    """Returns a WAV file of samples `(time, channels)` from -1 to 1, of `width` bytes each, as bytes."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(samples.shape[1])
        writer.setsampwidth(width)
        writer.setframerate(rate)
        writer.writeframes((samples * (2 ** (8 * width - 1) - 1)).astype(f"<i{width}").tobytes())
    return file.getvalue()


def test_waveforms_are_read_as_they_are(reader, read):
    waveforms = read(reader, RECORDINGS)
    assert waveforms.shape == (3, 400)  # 0.05 seconds.
    assert waveforms.dtype == np.float32
    np.testing.assert_array_equal(waveforms[0], RECORDINGS[0][:400])
    np.testing.assert_array_equal(waveforms[1, :130], RECORDINGS[1])
    assert np.isnan(waveforms[1, 130:]).all()
    assert reader.model_options() == {"input": "audio", "sample_rate": 8000}


def test_a_recording_is_read_in_a_batch_as_alone(reader, assert_read_alike):
    assert_read_alike(reader, RECORDINGS, list(map(tf.constant, RECORDINGS)))


def test_a_file_its_bytes_and_its_samples_are_read_alike(reader, read, tmp_path):
    samples = RECORDINGS[1][:, None]
    content = wav(samples)
    path = tmp_path / "recording.wav"
    path.write_bytes(content)
    expected = read(reader, [RECORDINGS[1]])
    for given in (content, str(path), path, RECORDINGS[1].tolist()):
        np.testing.assert_allclose(read(reader, [given]), expected, atol=1e-4)


def test_channels_are_mixed(reader, read):
    stereo = RANDOM.uniform(-1, 1, (50, 2)).astype("float32")
    np.testing.assert_allclose(read(reader, [wav(stereo)])[0], stereo.mean(axis=1), atol=1e-4)


def test_what_is_no_number_is_silence(reader, read):
    assert read(reader, [[0.5, np.nan, -np.inf, 0.25]]).tolist() == [[0.5, 0, 0, 0.25]]


def test_a_recording_without_a_sample_has_one(reader, read):
    assert read(reader, [np.zeros(0)]).tolist() == [[0]]
    assert read(reader, [wav(np.zeros((0, 1)))]).tolist() == [[0]]
    assert read(reader, []).shape == (0, 1)


def test_a_file_that_is_missing_is_refused(reader, tmp_path):
    for path in (tmp_path / "none.wav", "~no such user/none.wav", "nul\0.wav"):
        with pytest.raises(DataError, match=r"cannot be read: .*\. Name a file that exists\."):
            reader.to_batch([path])
    with pytest.raises(DataError, match=r'but a file is expected\. .*: zoo\.predict_file\("RUN", input="DIR"\)\.'):
        reader.to_batch([tmp_path])


@pytest.mark.parametrize("content", [b"", b"RIFF", b"ID3 no recording at all"])
def test_a_file_that_is_no_wav_is_refused(reader, content, tmp_path):
    with pytest.raises(DataError, match=f"of {len(content)} bytes cannot be read.*formats are WAV, FLAC, OGG and MP3"):
        reader.to_batch([content])
    path = tmp_path / "broken.wav"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"broken\.wav' cannot be read"):
        reader.to_batch([path])


def test_a_recording_of_another_rate_is_resampled(reader, read):
    tone = np.sin(2 * np.pi * 440 * np.arange(600) / 16_000).astype("float32")[:, None]
    (samples,) = read(reader, [wav(tone, rate=16_000)])
    assert len(samples) == 300
    np.testing.assert_allclose(samples[50:-50], tone[::2, 0][50:-50], atol=0.01)


@pytest.mark.parametrize(
    "item", [None, 3.0, np.zeros((4, 2, 2)), ["a"], [[1], [2, 3]], {"a": 1}], ids=lambda item: repr(item)[:20]
)
def test_what_is_no_waveform_is_refused(reader, item):
    with pytest.raises(DataError, match=r"expected.*; received"):
        reader.to_batch([item])


def test_a_batch_is_read_in_the_graph(reader, read):
    graph = tf.function(reader.__call__, input_signature=reader.signature())
    np.testing.assert_array_equal(graph(*reader.to_batch(RECORDINGS)), read(reader, RECORDINGS))


TONE = (0.5 * np.sin(2 * np.pi * 440 * np.arange(8000) / 16_000)).astype("float32")
FORMATS = [
    ("FLAC", "PCM_16", 0.001),
    ("OGG", "VORBIS", 0.05),
    ("MP3", "MPEG_LAYER_III", 0.1),
    ("WAV", "ULAW", 0.03),
    ("WAV", "ALAW", 0.03),
    ("WAV", "MS_ADPCM", 0.03),
]


def compressed(kind, codec, samples=TONE, rate=16_000):
    file = io.BytesIO()
    pytest.importorskip("soundfile", reason="the extra `audio` is not installed").write(
        file, samples, rate, format=kind, subtype=codec
    )
    return file.getvalue()


@pytest.mark.parametrize(("kind", "codec", "apart"), FORMATS)
def test_other_formats_are_read_whatever_the_name_says(kind, codec, apart, tmp_path):
    content = compressed(kind, codec, np.stack([TONE, TONE], axis=1))
    samples, rate = decode_recording(content)
    assert rate == rate_of(io.BytesIO(content)) == 16_000
    assert samples.dtype == np.float32
    assert samples.ndim == 1
    np.testing.assert_allclose(samples[500:7500], TONE[500:7500], atol=apart)
    path = tmp_path / "recording.wav"
    path.write_bytes(content)
    whole = AudioReader(sample_rate=16_000)
    batch, lengths = whole.to_batch([str(path)])
    np.testing.assert_array_equal(batch[0], samples)
    assert lengths.numpy().tolist() == [len(samples)]


@pytest.mark.parametrize(("kind", "codec"), [("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III")])
def test_a_compressed_recording_that_is_cut_short_is_refused(kind, codec):
    content = compressed(kind, codec, np.tile(TONE, 8))
    with pytest.raises(DataError, match=r"it is (damaged|truncated)"):
        decode_recording(content[: len(content) // 2])


def test_of_a_compressed_recording_no_more_is_read_than_any_reader_takes(monkeypatch):
    monkeypatch.setattr(recordings, "MAX_COMPRESSED_SECONDS", 0.25)
    content = compressed("FLAC", "PCM_16")
    assert len(decode_recording(content)[0]) == 4000


def test_without_the_package_its_installation_is_told(monkeypatch):
    content = compressed("FLAC", "PCM_16")
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(DataError, match=r'FLAC needs the package soundfile: pip install "keras-rnn-zoo\[audio\]"'):
        decode_recording(content)


def checksum(page):
    """Returns the checksum of a page of an Ogg file, as its four bytes."""
    total = 0
    for byte in page:
        total ^= byte << 24
        for _ in range(8):
            total = (total << 1 ^ (0x04C11DB7 if total & 0x80000000 else 0)) & 0xFFFFFFFF
    return total.to_bytes(4, "little")


def ogg_that_claims(rate, samples):
    """Returns an Ogg file whose head claims a rate, and whose last page claims a number of samples."""
    content, pages = compressed("OGG", "VORBIS"), []
    while content:
        size = 27 + content[26] + sum(content[27 : 27 + content[26]])
        pages.append(bytearray(content[:size]))
        content = content[size:]
    place = pages[0].index(b"\x01vorbis") + 12
    pages[0][place : place + 4] = rate.to_bytes(4, "little")
    pages[-1][6:14] = samples.to_bytes(8, "little")
    for page in (pages[0], pages[-1]):
        page[22:26] = bytes(4)
        page[22:26] = checksum(page)
    return b"".join(pages)


def test_no_room_is_made_for_samples_that_a_head_claims(monkeypatch):
    with pytest.raises(DataError, match="its sample rate is 2,000,000,000 Hz"):
        decode_recording(ogg_that_claims(2_000_000_000, 2**50), 40)
    monkeypatch.setattr(recordings, "available", lambda: 1000)
    with pytest.raises(DataError, match=r"it declares 1 channels of [0-9,]+ samples, which need"):
        decode_recording(compressed("OGG", "VORBIS"), 40)
