"""Recordings in memory: what a value must be, and its samples."""

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.readers._options import MaxSeconds, SampleRate
from keras_rnn_zoo.readers._recordings import decode_recording
from keras_rnn_zoo.readers._wav import DEFAULT_MAX_SECONDS, MARGIN, check_rate, resample, waveform

MAX_SAMPLE_RATE = 16_000
"""Maximum default sample rate, in Hz: speech has little energy above half of it."""
LOUDEST = 100.0
"""Samples that are larger than this are not from -1 to 1."""
_KEYS = {"array", "sampling_rate"}
_FILES = (b"RIFF", b"fLaC", b"OggS", b"ID3", b"\xff\xfb", b"\xff\xf3", b"\xff\xf2")


def is_recording(value: Any) -> bool:
    """Whether a value can only be a recording: samples with their rate, the content of a file, or a path."""
    if isinstance(value, bytes):
        return value.startswith(_FILES) and (value[:4] != b"RIFF" or value[8:12] == b"WAVE")
    return isinstance(value, Path) or (isinstance(value, Mapping) and value.keys() >= _KEYS)


def samples_of(value: Any, rate: int, target_rate: int, seconds: float) -> Any:
    """Returns the samples of a recording, float32 `(samples,)` from -1 to 1, with channels averaged.

    Args:
        value: samples, floats from -1 to 1 or integers as in WAV files, `(samples,)`, `(samples, channels)` or
            `(channels, samples)`; a dict with such an `array` and its `sampling_rate`; or a file or its content.
        rate: the sample rate of samples without one of their own.
        target_rate: the sample rate of the result; 0 for that of the recording.
        seconds: maximum duration of the result, from the start.

    Raises:
        DataError: it is not a recording. The message does not say which.
    """
    samples, rate = _decoded(value, rate, seconds)
    if not len(samples):
        raise DataError("the recording has no samples")
    return resample(samples, rate, target_rate or rate, seconds)


def rate_of_recording(value: Any, rate: int) -> int:
    """Returns the sample rate of a recording; raises like `samples_of`."""
    return _decoded(value, rate, 0.1)[1]


def _decoded(value: Any, rate: int, seconds: float) -> tuple[Any, int]:
    if isinstance(value, Path):
        try:
            value = value.expanduser().read_bytes()
        except (OSError, RuntimeError) as error:
            reason = getattr(error, "strerror", None) or error
            raise DataError(f"{reason}: {str(value)!r}") from None
    if isinstance(value, bytes):
        samples, rate = decode_recording(value, seconds + MARGIN)
        return samples, rate
    if isinstance(value, Mapping):
        value, own = value.get("array"), value.get("sampling_rate")
        if not isinstance(own, int | np.integer):
            raise DataError(f"an integer sampling_rate is expected; received {own!r:.40}")
        rate = int(own)
    if not rate:
        raise DataError("its sample rate is unknown. Name it, as in sampling_rate=16000")
    check_rate(rate)
    return _waveform(value), rate


def _waveform(value: Any) -> Any:
    """Returns finite samples from -1 to 1 as float32 `(samples,)`."""
    samples = waveform(value)
    if not np.isfinite(samples).all():
        raise DataError("a sample is not a finite number")
    if len(samples) and np.abs(samples).max() > LOUDEST:
        raise DataError("samples from -1 to 1 are expected, or integers of a NumPy type such as int16")
    return samples


def usual_sample_rate(rates: Iterable[int]) -> int:
    """Returns the default sample rate for recordings with these rates, in Hz: the most frequent one, within limits."""
    counts = Counter(rates).most_common(1)
    return min(max(counts[0][0], 1000), MAX_SAMPLE_RATE) if counts else MAX_SAMPLE_RATE


def recording_options(
    *,
    sampling_rate: Annotated[int, Range(0, 1_000_000)] = 0,
    sample_rate: SampleRate = MAX_SAMPLE_RATE,
    max_seconds: MaxSeconds = DEFAULT_MAX_SECONDS,
) -> None:
    """Options of recordings in memory, in addition to those of all data.

    Args:
        sampling_rate: sample rate of the arrays, in Hz, which are then recordings; 0 if each recording has its own.
        sample_rate: sample rate to which recordings are resampled, in Hz.
    """
