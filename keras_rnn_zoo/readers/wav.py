"""WAV files: any rate, any number of channels, integer samples of 8 to 32 bits or floating-point ones."""

import math
import struct
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np

_SLOWEST, _FASTEST = 100, 1_000_000
_INTEGERS, _FLOATS, _EXTENSIBLE = 1, 3, 0xFFFE


def decode_wav(content: bytes) -> tuple[Any, int]:
    """Returns the samples of a WAV file, float32 `(samples,)` from -1 to 1, its channels averaged, and their rate.

    Raises:
        DataError: the content is no WAV file, is cut short, or has samples of another kind; the message names no file.
    """
    if content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise DataError("it does not begin as a WAV file does")
    kind, channels, rate, bits, data = 0, 0, 0, 0, None
    place = 12
    while place + 8 <= len(content) and data is None:
        name, size = struct.unpack_from("<4sI", content, place)
        body = content[place + 8 : place + 8 + size]
        if name == b"fmt " and len(body) >= 16:
            kind, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
            if kind == _EXTENSIBLE and len(body) >= 26:
                (kind,) = struct.unpack_from("<H", body, 24)
        elif name == b"data":
            if len(body) < size < 0xFFFFFFFF:  # A recorder that streams leaves the size open.
                raise DataError(f"it is cut short: {len(body):,} of {size:,} bytes of samples are there")
            data = body
        place += 8 + size + size % 2
    if data is None or not channels or not rate:
        raise DataError("it holds no samples")
    if not _SLOWEST <= rate <= _FASTEST:  # The filter that resamples is as long as the rates are unlike.
        raise DataError(f"it has {rate:,} samples a second; from {_SLOWEST:,} to {_FASTEST:,} are read")
    samples = _samples(data, kind, bits)
    whole = samples[: len(samples) // channels * channels].reshape(-1, channels)
    return whole.mean(axis=1, dtype="float32"), rate


def _samples(data: bytes, kind: int, bits: int) -> Any:
    data = data[: len(data) // max(bits // 8, 1) * max(bits // 8, 1)]
    if kind == _FLOATS and bits in (32, 64):
        return np.frombuffer(data, f"<f{bits // 8}").astype("float32")
    if kind == _INTEGERS and bits == 8:  # Unsigned, alone among them.
        return (np.frombuffer(data, "u1").astype("float32") - 128) / 128
    if kind == _INTEGERS and bits in (16, 32):
        return np.frombuffer(data, f"<i{bits // 8}").astype("float32") / 2.0 ** (bits - 1)
    if kind == _INTEGERS and bits == 24:
        octets = np.frombuffer(data, "u1").reshape(-1, 3).astype("int32")
        values = octets[:, 0] | octets[:, 1] << 8 | octets[:, 2] << 16
        return ((values << 8) >> 8).astype("float32") / 2.0**23
    raise DataError(
        f"its samples are of the WAV format {kind} with {bits} bits; integers of 8, 16, 24 or 32 bits and floats of 32 "
        "or 64 are read"
    )


def resample(samples: Any, rate: int, wanted: int) -> Any:
    """Returns samples of one rate at another one, by a polyphase filter that leaves out what the new rate cannot hold.

    Args:
        samples: float32 `(samples,)`.
        rate: their rate.
        wanted: the rate wanted.
    """
    if rate == wanted or not len(samples):
        return samples
    from scipy.signal import resample_poly

    common = math.gcd(rate, wanted)
    return resample_poly(samples, wanted // common, rate // common).astype("float32")
