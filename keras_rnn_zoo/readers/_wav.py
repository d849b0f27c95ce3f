"""Decodes WAV files of any rate and number of channels, with integer samples of 8 to 32 bits or floats."""

import fractions
import math
import struct
from typing import Any, NamedTuple

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np

MAX_CHANNELS = 8
"""Maximum size of the shorter axis of samples with several channels."""
_MIN_RATE, _MAX_RATE = 100, 1_000_000
_INTEGERS, _FLOATS, _EXTENSIBLE = 1, 3, 0xFFFE
_MAX_CHUNKS = 10_000
_MAX_TERM = 10_000
"""Maximum numerator and denominator of the resampling ratio; the filter is 20 times as long."""
DEFAULT_MAX_SECONDS = 40.0
"""By default, recordings are truncated to this duration."""
MARGIN = 11 / _MIN_RATE
"""Extra seconds to decode, because the resampling filter extends over ten samples at the lower of the two rates."""


class _Wav(NamedTuple):
    """The sample format of a WAV file, and the bytes of the samples."""

    kind: int
    channels: int
    rate: int
    bits: int
    data: memoryview


def read_wav(content: bytes, target_rate: int, seconds: float = math.inf) -> Any:
    """Decodes and resamples a WAV file.

    Anything beyond `seconds` is neither decoded nor resampled, so memory use does not depend on it.

    Args:
        content: the bytes of the file.
        target_rate: the sample rate of the result; 0 for the file's own.
        seconds: maximum duration to read, from the start.

    Returns:
        The samples, float32 `(samples,)` from -1 to 1, with channels averaged.

    Raises:
        DataError: as in `decode_wav`.
    """
    wav = _parse(content)
    samples = _decode(wav, (seconds + MARGIN) * wav.rate)
    return resample(samples, wav.rate, target_rate or wav.rate, seconds)


def decode_wav(content: bytes, seconds: float = math.inf) -> tuple[Any, int]:
    """Decodes a WAV file.

    Args:
        content: the bytes of the file.
        seconds: maximum duration to decode, from the start.

    Returns:
        The samples, float32 `(samples,)` from -1 to 1, with channels averaged, and the sample rate.

    Raises:
        DataError: the content is not a WAV file, is truncated, or has samples in an unsupported format. The message
            does not name the file.
    """
    wav = _parse(content)
    return _decode(wav, seconds * wav.rate), wav.rate


def _parse(content: bytes) -> _Wav:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise DataError("it does not begin like a WAV file")
    kind, channels, rate, bits, data = 0, 0, 0, 0, None
    view, offset, chunks = memoryview(content), 12, 0
    while offset + 8 <= len(content) and data is None and chunks < _MAX_CHUNKS:
        name, size = struct.unpack_from("<4sI", content, offset)
        body = view[offset + 8 : offset + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if kind == _EXTENSIBLE and len(body) >= 26:
                (kind,) = struct.unpack_from("<H", body, 24)
        elif name == b"data":
            if len(body) < size < 0xFFFFFFFF:  # Streaming recorders leave the size open.
                raise DataError(f"it is truncated: it has {len(body):,} of {size:,} bytes of samples")
            data = body
        offset, chunks = offset + 8 + size + size % 2, chunks + 1
    if data is None or not channels or not rate:
        raise DataError("it has no samples")
    check_rate(rate)
    return _Wav(kind, channels, rate, bits, data)


def check_rate(rate: int) -> None:
    """Raises `DataError` if a sample rate is implausible; a resampling filter for it could be very long."""
    if not _MIN_RATE <= rate <= _MAX_RATE:
        raise DataError(f"its sample rate is {rate:,} Hz, but must be from {_MIN_RATE:,} to {_MAX_RATE:,}")


def _decode(wav: _Wav, frames: float) -> Any:
    """Returns the first frames of a file, with channels averaged."""
    width = max(wav.bits // 8, 1) * wav.channels
    count = min(len(wav.data) // width, math.ceil(min(frames, len(wav.data))))
    samples = _samples(wav.data[: count * width], wav.kind, wav.bits)
    if wav.channels == 1:
        return samples
    return samples.reshape(-1, wav.channels).mean(axis=1, dtype="float32")


def _samples(data: memoryview, kind: int, bits: int) -> Any:
    if kind == _FLOATS and bits in (32, 64):
        with np.errstate(over="ignore"):
            samples = np.frombuffer(data, f"<f{bits // 8}").astype("float32")
        if not np.isfinite(samples).all():  # NaN would be taken for padding.
            raise DataError("it has samples that are NaN, infinite or too large")
        return samples
    if kind == _INTEGERS and bits == 8:  # The only unsigned format.
        samples = np.frombuffer(data, "u1").astype("float32")
        samples -= 128
        samples /= 128
        return samples
    if kind == _INTEGERS and bits in (16, 24, 32):
        if bits == 24:  # Convert to the upper three bytes of 32-bit integers.
            octets = np.zeros((len(data) // 3, 4), "u1")
            octets[:, 1:] = np.frombuffer(data, "u1").reshape(-1, 3)
            data, bits = octets.data, 32
        samples = np.frombuffer(data, f"<i{bits // 8}").astype("float32")
        samples /= 2.0 ** (bits - 1)
        return samples
    raise DataError(
        f"its samples have the WAV format {kind} with {bits} bits; integers of 8, 16, 24 or 32 bits and floats of 32 "
        "or 64 bits are supported"
    )


def waveform(value: Any) -> Any:
    """Returns samples in memory as float32 `(samples,)`, with channels averaged.

    Args:
        value: floats, or an array of integers as in WAV files, `(samples,)`, `(samples, channels)` or
            `(channels, samples)`.

    Raises:
        DataError: the value does not have such a type or shape. The message does not say which.
    """
    try:
        samples = np.asarray(value)
    except (TypeError, ValueError):
        samples = np.asarray(None)
    if samples.dtype.kind not in "iuf" or samples.ndim not in (1, 2):
        shown = f"{samples.dtype} {samples.shape}" if samples.ndim else type(value).__name__
        raise DataError(f"numbers (samples,) or (samples, channels) are expected; received {shown}")
    if samples.dtype.kind in "iu" and isinstance(value, np.ndarray):
        limits = np.iinfo(samples.dtype)
        middle = (limits.max + 1) // 2 if samples.dtype.kind == "u" else 0
        samples = (samples.astype("float64") - middle) / (limits.max + 1 - middle)
    with np.errstate(over="ignore"):
        samples = samples.astype("float32")
    if samples.ndim == 1:
        return samples
    channels = int(np.argmin(samples.shape))
    if samples.shape[channels] > MAX_CHANNELS:
        raise DataError(f"up to {MAX_CHANNELS} channels are expected; received the shape {samples.shape}")
    return samples.mean(axis=channels)


def resample(samples: Any, rate: int, target_rate: int, seconds: float = math.inf) -> Any:
    """Resamples a waveform with a polyphase anti-aliasing filter.

    The ratio of the rates is approximated by a fraction with terms of up to 10,000. It is exact for all usual rates;
    for others, the pitch changes by less than 0.01 %.

    Args:
        samples: float32 `(samples,)`.
        rate: their sample rate.
        target_rate: the sample rate of the result.
        seconds: maximum duration of the result, from the start.

    Raises:
        DataError: the sample rate is implausible.
    """
    if rate != target_rate and len(samples):
        check_rate(rate)
        from scipy.signal import resample_poly

        count = math.ceil(min((seconds + MARGIN) * rate, len(samples)))
        samples = resample_poly(samples[:count], *ratio(rate, target_rate)).astype("float32", copy=False)
    return samples if len(samples) <= seconds * target_rate else samples[: round(seconds * target_rate)]


def ratio(rate: int, target_rate: int) -> tuple[int, int]:
    """Returns the terms of `target_rate / rate`, or of the nearest fraction with small enough terms."""
    # `limit_denominator` limits the denominator only, so use the fraction that is at most 1.
    ratio = fractions.Fraction(min(rate, target_rate), max(rate, target_rate)).limit_denominator(_MAX_TERM)
    smaller, larger = ratio.numerator, ratio.denominator
    return (smaller, larger) if target_rate <= rate else (larger, smaller)
