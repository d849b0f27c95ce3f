"""Recordings in a table in memory."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers._wav import DEFAULT_MAX_SECONDS
from keras_rnn_zoo.user_data.folders import FEW_FILES
from keras_rnn_zoo.user_data.memory_table import MemoryTable
from keras_rnn_zoo.user_data.python_data import PythonData
from keras_rnn_zoo.user_data.recordings import rate_of_recording, samples_of, usual_sample_rate
from keras_rnn_zoo.user_data.rows import BadRow, Row, first
from keras_rnn_zoo.user_data.textfile import check_text
from keras_rnn_zoo.user_data.typed_values import is_missing, text_of


class MemoryRecordings(MemoryTable):
    """Recordings: samples with their rate, the content of audio files, or paths; see `recordings.samples_of`.

    Args:
        location: the data, with the sample rate of arrays.
        tasks: the tasks that it may be for.
        given: the columns that the user named.
        encoding: the encoding of bytes of texts.
        sample_rate: sample rate to which recordings are resampled, in Hz; 0 to keep their own.
        max_seconds: maximum number of seconds to read of a recording, from its start.
        sampling_rate: not used: the data has it.
    """

    input = "audio"
    chunk = 16

    def __init__(
        self,
        location: PythonData,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        *,
        sample_rate: int = 0,
        max_seconds: float = DEFAULT_MAX_SECONDS,
        sampling_rate: int = 0,
    ) -> None:
        super().__init__(location, tasks, given, encoding)
        self.sample_rate, self.max_seconds = sample_rate, max_seconds

    def raw_spec(self) -> Any:
        return tf.TensorSpec([None], tf.float32)

    def row_of(self, where: str, record: Sequence[Any]) -> Row | BadRow:
        recording, target = (*record, "")[:2]
        if recording is None:
            return BadRow(where, self._read[0], "", "the recording is missing")
        text = text_of(target, self.encoding)
        if text is None:
            return BadRow(where, self._read[1], target, "a text or a number is expected")
        if len(self._read) > 1:
            if bad := check_text(text, where, self._read[1], self.encoding):
                return bad
            if self.task == "transcription" and (is_missing(target) or not text.strip()):
                return BadRow(where, self._read[1], "", f"the {self.task_files.target} is empty")
        return Row(where, recording, text)

    def load(self, row: Row) -> Any:
        return samples_of(row.raw, self._data.sampling_rate, self.sample_rate, self.max_seconds)

    def check(self, row: Row) -> str:
        try:
            self.load(row)
        except DataError as error:
            return f"the recording cannot be read: {error}"
        return ""

    def key(self, row: Row) -> bytes:
        try:
            samples = samples_of(row.raw, self._data.sampling_rate, 0, self.max_seconds)
        except DataError:  # The validation pass reports it.
            return repr(row.raw)[:1000].encode()
        return bytes(np.ascontiguousarray(samples).tobytes())

    def _parts(self, row: Row) -> tuple[Any, Any]:
        return hashlib.sha256(self.key(row)).hexdigest(), row.target

    def defaults(self) -> dict[str, Any]:
        defaults = dict(self.task_files.few_files.get(self.input, {})) if self.count() < FEW_FILES else {}
        rates = []
        for row in first((row for row in self.rows() if isinstance(row, Row)), 20):
            try:
                rates.append(rate_of_recording(row.raw, self._data.sampling_rate))
            except DataError:  # The validation pass reports it.
                continue
        return {"sample_rate": usual_sample_rate(rates), **defaults}
