"""Recordings of any format that is read: WAV by this package, others by libsndfile, which `soundfile` brings."""

import importlib.util
import io
from typing import IO, Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np
from keras_rnn_zoo.memory import available
from keras_rnn_zoo.readers._wav import MARGIN, check_rate, decode_wav, read_wav, resample

WAV_ENDINGS = (".wav", ".wave")
COMPRESSED = {".flac": "FLAC", ".ogg": "OGG", ".oga": "OGG", ".mp3": "MP3"}
"""The endings of formats that `soundfile` is needed for."""
FORMATS = "WAV, FLAC, OGG and MP3"
INSTALL = 'pip install "keras-rnn-zoo[audio]"'

LONGEST_SECONDS = 3600
"""What is read of a compressed recording: no reader takes more, and an hour of silence takes few bytes in a file."""
_CODECS = {2: "ADPCM", 6: "A-law", 7: "mu-law", 17: "ADPCM", 49: "GSM"}
"""Compressed samples of WAV files that libsndfile decodes, by the number of their format."""
_WHOLE = 0.9
"""The share of the samples announced that a whole recording has: those of an MP3 file are counted by guess."""


def has_soundfile() -> bool:
    """Whether the package for formats other than WAV is installed."""
    return importlib.util.find_spec("soundfile") is not None


def read_recording(content: bytes, wanted: int, seconds: float = LONGEST_SECONDS) -> Any:
    """Returns the samples of a recording at the rate wanted, float32 `(samples,)`; see `wav.read_wav`."""
    if _format_of(content) == "WAV":
        return read_wav(content, wanted, seconds)
    samples, rate = decode_recording(content, seconds + MARGIN)
    return resample(samples, rate, wanted or rate, seconds)


def decode_recording(content: bytes, seconds: float = LONGEST_SECONDS) -> tuple[Any, int]:
    """Returns the samples of a recording, float32 `(samples,)` from -1 to 1, its channels averaged, and their rate.

    What the content begins with decides on the format, whatever the name of the file.

    Args:
        content: the bytes of the file.
        seconds: most of it that is decoded, from its start.

    Raises:
        DataError: the content is no recording that can be read; the message names no file.
    """
    kind = _format_of(content)
    if kind == "WAV":
        return decode_wav(content, seconds)
    if not kind:
        raise DataError(f"it does not begin as a {' or '.join(FORMATS.split(' and '))} file does")
    file = _opened(io.BytesIO(content), kind)
    with file:
        check_rate(file.samplerate)
        expected = min(file.frames, round(min(seconds, LONGEST_SECONDS) * file.samplerate))
        size = 4 * expected * file.channels
        if size > available():  # Room is made for what the head claims, before anything is read.
            raise DataError(f"it claims {file.channels:,} channels of {expected:,} samples, which take {size:,} bytes")
        try:
            samples = file.read(expected, dtype="float32", always_2d=True)
        except RuntimeError as error:
            raise DataError(f"it is damaged ({str(error).strip().rstrip('.')})") from None
        if len(samples) < _WHOLE * expected:
            raise DataError(f"it is cut short: {len(samples):,} of {expected:,} samples are there")
        return np.ascontiguousarray(samples.mean(axis=1, dtype="float32")), file.samplerate


def rate_of(file: IO[bytes]) -> int:
    """Returns the samples a second of an open recording, of which it reads the head alone; 0 where none are told."""
    head = file.read(28)
    if head[12:16] == b"fmt ":
        return int.from_bytes(head[24:28], "little")
    kind = _format_of(head)
    if not kind or not has_soundfile():
        return 0
    file.seek(0)
    try:
        with _opened(file, kind) as opened:
            return int(opened.samplerate)
    except DataError:
        return 0  # The first pass names it.


def _format_of(content: bytes) -> str:
    """Returns the format of a file by its first bytes, or ""."""
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        place = content.find(b"fmt ", 12, 4096)
        codec = int.from_bytes(content[place + 8 : place + 10], "little") if place > 0 else 0
        return _CODECS.get(codec, "WAV")
    if content[:4] in (b"fLaC", b"OggS"):
        return {b"fLaC": "FLAC", b"OggS": "OGG"}[content[:4]]
    # An MP3 file begins with tags, or with eleven bits for the start of a frame.
    frame = len(content) > 1 and content[0] == 0xFF and content[1] & 0xE0 == 0xE0 and content[1] & 0x06
    return "MP3" if content[:3] == b"ID3" or frame else ""


def _opened(file: Any, kind: str) -> Any:
    try:
        import soundfile
    except (ImportError, OSError):  # The latter without the library of the system.
        raise DataError(f"{kind} needs the package soundfile: {INSTALL}") from None
    try:
        return soundfile.SoundFile(file)
    except RuntimeError as error:
        fault = getattr(error, "error_string", str(error)).strip().rstrip(".")
        raise DataError(f"it is damaged, or no {kind} file ({fault})") from None
