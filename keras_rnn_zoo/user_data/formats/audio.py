"""The format `audio`: a folder of recordings."""

import contextlib
import functools
import itertools
from collections.abc import Mapping
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.packages import install_command
from keras_rnn_zoo.readers._options import MaxSeconds, SampleRate
from keras_rnn_zoo.readers._recordings import (
    COMPRESSED,
    EXTRA,
    WAV_ENDINGS,
    decode_recording,
    has_soundfile,
    rate_of,
    read_recording,
)
from keras_rnn_zoo.readers._wav import DEFAULT_MAX_SECONDS, MARGIN
from keras_rnn_zoo.user_data.dataset import dataset_from_files
from keras_rnn_zoo.user_data.folders import Folder, folder_inputs
from keras_rnn_zoo.user_data.recordings import MAX_SAMPLE_RATE, usual_sample_rate
from keras_rnn_zoo.user_data.rows import Row


class AudioFolder(Folder):
    """Recordings: in a folder per class, with `labels.csv`, or with their text as file name.

    Args:
        location: the folder.
        tasks: the tasks that it may be for.
        given: the columns of `labels.csv` that the user named.
        encoding: its encoding.
        sample_rate: sample rate to which recordings are resampled, in Hz; 0 to keep their own.
        max_seconds: maximum number of seconds to read of a recording, from its start.
    """

    input = "audio"
    endings = (*WAV_ENDINGS, *COMPRESSED)

    def __init__(
        self,
        location: str,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        sample_rate: int = 0,
        max_seconds: float = DEFAULT_MAX_SECONDS,
    ) -> None:
        super().__init__(location, tasks, given, encoding)
        self.sample_rate, self.max_seconds = sample_rate, max_seconds

    @classmethod
    def readable(cls) -> tuple[str, ...]:
        return cls.endings if has_soundfile() else WAV_ENDINGS

    @classmethod
    def needed(cls) -> Mapping[str, str]:
        return {} if has_soundfile() else dict.fromkeys(COMPRESSED, install_command(EXTRA))

    def raw_spec(self) -> Any:
        return tf.TensorSpec([None], tf.float32)

    def load(self, row: Row) -> Any:
        return read_recording((self.folder / row.raw).read_bytes(), self.sample_rate, self.max_seconds)

    def check(self, row: Row) -> str:
        try:
            samples, _ = decode_recording((self.folder / row.raw).read_bytes(), self.max_seconds + MARGIN)
        except OSError as error:
            return f"the file cannot be read: {error.strerror}"
        except DataError as error:
            return f"the recording cannot be read: {error}"
        return "" if len(samples) else "the recording has no samples"

    def defaults(self) -> dict[str, Any]:
        rates = []
        usable = (path for path in self._paths if path not in self.listing.faults)
        for path in itertools.islice(usable, 20):
            # The validation pass reports files that cannot be read.
            with contextlib.suppress(OSError), open(self.folder / path, "rb") as file:
                rates.append(rate_of(file))
        return {"sample_rate": usual_sample_rate(rate for rate in rates if rate), **super().defaults()}


def audio_options(
    *,
    sample_rate: SampleRate = MAX_SAMPLE_RATE,
    max_seconds: MaxSeconds = DEFAULT_MAX_SECONDS,
) -> None:
    """Options of recordings, in addition to those of all files.

    Args:
        sample_rate: sample rate to which recordings are resampled, in Hz.
    """


@registry.file_format(
    "audio",
    order=7,
    tasks=("classification", "transcription"),
    address="audio:DIR",
    folder=True,
    inputs=("audio",),
    predict=functools.partial(folder_inputs, AudioFolder),
)
def audio(location: str, tasks: tuple[str, ...], options: Mapping[str, Any], config: RunConfig | None) -> Any:
    """A folder of recordings of any rate: a folder per class, with labels.csv, or with their text as file name."""
    return dataset_from_files("audio", AudioFolder, location, tasks, options, config, audio_options)
