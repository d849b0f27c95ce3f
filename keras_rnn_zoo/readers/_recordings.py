"""Decodes recordings: WAV files by this package, other formats by libsndfile through the package `soundfile`."""

import io
from typing import IO, Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.packages import install_command, is_installed, lack_of
from keras_rnn_zoo.readers._wav import MARGIN, check_rate, decode_wav, read_wav, resample

WAV_ENDINGS = (".wav", ".wave")
COMPRESSED = {".flac": "FLAC", ".ogg": "OGG", ".oga": "OGG", ".mp3": "MP3"}
"""File extensions of the formats that need `soundfile`."""
FORMATS = "WAV, FLAC, OGG and MP3"
EXTRA = "audio"
"""The extra that installs `soundfile`."""

MAX_COMPRESSED_SECONDS = 3600
"""Compressed recordings are read up to this length, the most that a reader allows: in a file, an hour of silence takes
few bytes, but decoded, it takes much memory."""
_CODECS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "ADPCM", 49: "GSM"}
"""Codecs of compressed WAV files that libsndfile decodes, by format tag."""
_MIN_COMPLETE = 0.9
"""A recording is truncated if it has less than this fraction of the expected samples. The expected number is only an
estimate in MP3 files."""


def has_soundfile() -> bool:
    """Returns whether `soundfile`, which decodes formats other than WAV, is installed."""
    return is_installed("soundfile")


def read_recording(content: bytes, target_rate: int, seconds: float = MAX_COMPRESSED_SECONDS) -> Any:
    """Returns the samples of a recording resampled to `target_rate`, float32 `(samples,)`; see `_wav.read_wav`."""
    if _format_of(content) == "WAV":
        return read_wav(content, target_rate, seconds)
    samples, rate = decode_recording(content, seconds + MARGIN)
    return resample(samples, rate, target_rate or rate, seconds)


def decode_recording(content: bytes, seconds: float = MAX_COMPRESSED_SECONDS) -> tuple[Any, int]:
    """Decodes a recording. Its first bytes determine the format, whatever the name of the file.

    Args:
        content: the bytes of the file.
        seconds: maximum duration to decode, from the start.

    Returns:
        The samples, float32 `(samples,)` from -1 to 1, with channels averaged, and the sample rate.

    Raises:
        DataError: the content is not a supported recording. The message does not name the file.
    """
    kind = _format_of(content)
    if kind == "WAV":
        return decode_wav(content, seconds)
    if not kind:
        raise DataError(f"it does not begin like a {' or '.join(FORMATS.split(' and '))} file")
    file = _opened(io.BytesIO(content), kind)
    with file:
        check_rate(file.samplerate)
        expected = min(file.frames, round(min(seconds, MAX_COMPRESSED_SECONDS) * file.samplerate))
        size = 4 * expected * file.channels
        if size > available():  # Memory is allocated for what the header declares before anything is read.
            raise DataError(
                f"it declares {file.channels:,} channels of {expected:,} samples, which need {size:,} bytes of memory"
            )
        try:
            samples = file.read(expected, dtype="float32", always_2d=True)
        except RuntimeError as error:
            raise DataError(f"it is damaged ({str(error).strip().rstrip('.')})") from None
        if len(samples) < _MIN_COMPLETE * expected:
            raise DataError(f"it is truncated: it has {len(samples):,} of {expected:,} samples")
        return np.ascontiguousarray(samples.mean(axis=1, dtype="float32")), file.samplerate


def rate_of(file: IO[bytes]) -> int:
    """Returns the sample rate of an open recording, reading only its header; 0 if it is unknown."""
    header = file.read(28)
    if header[12:16] == b"fmt ":
        return int.from_bytes(header[24:28], "little")
    kind = _format_of(header)
    if not kind or not has_soundfile():
        return 0
    file.seek(0)
    try:
        with _opened(file, kind) as opened:
            return int(opened.samplerate)
    except DataError:
        return 0  # The validation pass reports the fault.


def _format_of(content: bytes) -> str:
    """Returns the format of a file by its first bytes, or ""."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        offset = content.find(b"fmt ", 12, 4096)
        codec = int.from_bytes(content[offset + 8 : offset + 10], "little") if offset > 0 else 0
        return _CODECS.get(codec, "WAV")
    if content[:4] in (b"fLaC", b"OggS"):
        return {b"fLaC": "FLAC", b"OggS": "OGG"}[content[:4]]
    # An MP3 file begins with tags, or with the eleven sync bits of a frame.
    has_sync = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0 and content[1] & 0x06
    return "MP3" if content[:3] == b"ID3" or has_sync else ""


def _opened(file: Any, kind: str) -> Any:
    try:
        import soundfile
    except (ImportError, OSError):  # `OSError` if libsndfile itself is missing.
        raise DataError(lack_of(["soundfile"], kind, install_command(EXTRA))) from None
    try:
        return soundfile.SoundFile(file)
    except RuntimeError as error:
        fault = getattr(error, "error_string", str(error)).strip().rstrip(".")
        raise DataError(f"it is damaged or not a valid {kind} file ({fault})") from None
