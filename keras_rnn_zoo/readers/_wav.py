"""WAV files: any rate, any number of channels, integer samples of 8 to 32 bits or floating-point ones."""

import fractions
import math
import struct
from typing import Any, NamedTuple

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np

_SLOWEST, _FASTEST = 100, 1_000_000
_INTEGERS, _FLOATS, _EXTENSIBLE = 1, 3, 0xFFFE
_MOST_CHUNKS = 10_000
_LARGEST_TERM = 10_000
"""The largest term of the fraction that a recording is resampled by: the filter is 20 times as long."""
MOST_SECONDS = 40.0
"""Seconds of a recording that are read, from its start, if the user names no other number."""
MARGIN = 11 / _SLOWEST
"""Seconds beyond what is wanted that are decoded: the filter reaches over ten samples of the slower of two rates."""


class _Wav(NamedTuple):
    """What the chunks of a WAV file say of its samples, and their bytes."""

    kind: int
    channels: int
    rate: int
    bits: int
    data: memoryview


def read_wav(content: bytes, wanted: int, seconds: float = math.inf) -> Any:
    """Returns the samples of a WAV file at the rate wanted, float32 `(samples,)` from -1 to 1, its channels averaged.

    What lies beyond `seconds` is neither decoded nor resampled: the memory taken does not depend on it.

    Args:
        content: the bytes of the file.
        wanted: the rate wanted; 0 for its own.
        seconds: most of it that is read, from its start.

    Raises:
        DataError: as of `decode_wav`.
    """
    wav = _parsed(content)
    samples = _decoded(wav, (seconds + MARGIN) * wav.rate)
    return resample(samples, wav.rate, wanted or wav.rate, seconds)


def decode_wav(content: bytes, seconds: float = math.inf) -> tuple[Any, int]:
    """Returns the samples of a WAV file, float32 `(samples,)` from -1 to 1, its channels averaged, and their rate.

    Args:
        content: the bytes of the file.
        seconds: most of it that is decoded, from its start.

    Raises:
        DataError: the content is no WAV file, is cut short, or has samples of another kind; the message names no file.
    """
    wav = _parsed(content)
    return _decoded(wav, seconds * wav.rate), wav.rate


def _parsed(content: bytes) -> _Wav:
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise DataError("it does not begin as a WAV file does")
    kind, channels, rate, bits, data = 0, 0, 0, 0, None
    view, place, chunks = memoryview(content), 12, 0
    while place + 8 <= len(content) and data is None and chunks < _MOST_CHUNKS:
        name, size = struct.unpack_from("<4sI", content, place)
        body = view[place + 8 : place + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if kind == _EXTENSIBLE and len(body) >= 26:
                (kind,) = struct.unpack_from("<H", body, 24)
        elif name == b"data":
            if len(body) < size < 0xFFFFFFFF:  # A recorder that streams leaves the size open.
                raise DataError(f"it is cut short: {len(body):,} of {size:,} bytes of samples are there")
            data = body
        place, chunks = place + 8 + size + size % 2, chunks + 1
    if data is None or not channels or not rate:
        raise DataError("it holds no samples")
    check_rate(rate)
    return _Wav(kind, channels, rate, bits, data)


def check_rate(rate: int) -> None:
    """Raises `DataError` if no recording has such a rate."""
    if not _SLOWEST <= rate <= _FASTEST:  # No recording has such a rate, and a filter for it would be very long.
        raise DataError(f"it has {rate:,} samples a second; from {_SLOWEST:,} to {_FASTEST:,} are read")


def _decoded(wav: _Wav, frames: float) -> Any:
    """Returns the first frames of a file, of one channel."""
    width = max(wav.bits // 8, 1) * wav.channels
    number = min(len(wav.data) // width, math.ceil(min(frames, len(wav.data))))
    samples = _samples(wav.data[: number * width], wav.kind, wav.bits)
    if wav.channels == 1:
        return samples
    return samples.reshape(-1, wav.channels).mean(axis=1, dtype="float32")


def _samples(data: memoryview, kind: int, bits: int) -> Any:
    if kind == _FLOATS and bits in (32, 64):
        with np.errstate(over="ignore"):
            samples = np.frombuffer(data, f"<f{bits // 8}").astype("float32")
        if not np.isfinite(samples).all():  # NaN would be taken for padding.
            raise DataError("it holds samples that are NaN, infinite or too large")
        return samples
    if kind == _INTEGERS and bits == 8:  # Unsigned, alone among them.
        samples = np.frombuffer(data, "u1").astype("float32")
        samples -= 128
        samples /= 128
        return samples
    if kind == _INTEGERS and bits in (16, 24, 32):
        if bits == 24:  # As the upper bytes of 32 bits.
            octets = np.zeros((len(data) // 3, 4), "u1")
            octets[:, 1:] = np.frombuffer(data, "u1").reshape(-1, 3)
            data, bits = octets.data, 32
        samples = np.frombuffer(data, f"<i{bits // 8}").astype("float32")
        samples /= 2.0 ** (bits - 1)
        return samples
    raise DataError(
        f"its samples are of the WAV format {kind} with {bits} bits; integers of 8, 16, 24 or 32 bits and floats of 32 "
        "or 64 are read"
    )


def resample(samples: Any, rate: int, wanted: int, seconds: float = math.inf) -> Any:
    """Returns samples of one rate at another one, by a polyphase filter that leaves out what the new rate cannot hold.

    The ratio of the rates is taken as a fraction with terms of up to 10,000, which all usual rates have; the pitch of
    others is off by less than 0.01 %.

    Args:
        samples: float32 `(samples,)`.
        rate: their rate.
        wanted: the rate wanted.
        seconds: most of them that is returned, from their start.

    Raises:
        DataError: no recording has such a rate.
    """
    if rate != wanted and len(samples):
        check_rate(rate)
        from scipy.signal import resample_poly

        most = math.ceil(min((seconds + MARGIN) * rate, len(samples)))
        samples = resample_poly(samples[:most], *_ratio(rate, wanted)).astype("float32", copy=False)
    return samples if len(samples) <= seconds * wanted else samples[: round(seconds * wanted)]


def _ratio(rate: int, wanted: int) -> tuple[int, int]:
    """Returns the terms of `wanted / rate`, or of the nearest fraction whose terms are small enough."""
    # The denominator is what is limited, and so the larger one has to be that.
    ratio = fractions.Fraction(min(rate, wanted), max(rate, wanted)).limit_denominator(_LARGEST_TERM)
    smaller, larger = ratio.numerator, ratio.denominator
    return (smaller, larger) if wanted <= rate else (larger, smaller)
