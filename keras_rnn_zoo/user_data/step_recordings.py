"""Recordings with a target for each frame: in memory, in `npz` files, and in tables with the path of each.

The frames are those of a spectrogram at the sample rate to which recordings are resampled: one every 10 ms, from the
first sample on, so `ceil(samples / hop)`. The target of a frame is that of the sound in the 10 ms from its start.
"""

import hashlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from keras_rnn_zoo.artifacts.run_config import RunConfig
from keras_rnn_zoo.atomic_files import file_digest
from keras_rnn_zoo.conventions import FRAME_SECONDS, frame_stride
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers._recordings import COMPRESSED, WAV_ENDINGS
from keras_rnn_zoo.user_data.columns import ColumnError, find_column, guess, listed
from keras_rnn_zoo.user_data.formats.npz import Arrays
from keras_rnn_zoo.user_data.memory_arrays import MemoryArrays, as_array
from keras_rnn_zoo.user_data.npz_archive import arrays_of
from keras_rnn_zoo.user_data.recordings import rate_of_recording, samples_of, usual_sample_rate
from keras_rnn_zoo.user_data.rows import BadRow, Row, RowSource, existing_file
from keras_rnn_zoo.user_data.step_columns import CLASSES, target_word
from keras_rnn_zoo.user_data.step_labels import Spans, targets_in
from keras_rnn_zoo.user_data.table_rows import TableRows

ENDINGS = (*WAV_ENDINGS, *COMPRESSED)
SAMPLE = 20
"""Number of rows that decide whether a column holds paths of recordings."""
RATE_NAMES = ("sampling_rate", "sample_rate")
"""Usual names of an array with the sample rate of recordings."""


class Recorded(Arrays):
    """Recordings in place of series; see `Arrays`.

    Args:
        location: the location.
        tasks: the tasks that it may be for.
        given: the array that the user named for each word.
        encoding: not used.
        words: the words of the arrays to find.
        sampling_rate: sample rate of recordings that do not have one of their own, in Hz; 0 if all have.
        sample_rate: sample rate to which recordings are resampled, in Hz; 0 to keep their own.
    """

    input = "audio"

    def __init__(
        self,
        location: Any,
        tasks: tuple[str, ...],
        given: Mapping[str, str],
        encoding: str,
        words: tuple[str, ...] | None = None,
        *,
        sampling_rate: int = 0,
        sample_rate: int = 0,
    ) -> None:
        self.sampling_rate, self.sample_rate = sampling_rate, sample_rate
        self._held: tuple[int, Any, str] = (-1, None, "")
        super().__init__(location, tasks, given, encoding, words)

    def open(self, location: Any) -> Mapping[str, Any]:
        arrays = dict(super().open(location))
        for name in RATE_NAMES:
            if name in arrays and np.ndim(arrays[name]) == 0:
                self.sampling_rate = self.sampling_rate or int(arrays.pop(name))
        return arrays

    def _read(self, index: int) -> tuple[Any, str]:
        """Returns the samples of a recording, or `None` and its fault. The last one is kept."""
        if self._held[0] != index:
            try:
                samples = samples_of(self.bounds.cut(self.x, index), self.sampling_rate, self.sample_rate, math.inf)
                self._held = (index, samples, "")
            except DataError as error:
                self._held = (index, None, f"the recording cannot be read: {error}")
        return self._held[1], self._held[2]

    def series(self, index: int) -> Any:
        samples, _ = self._read(index)
        return None if samples is None else samples[:, None]

    def place(self, index: int) -> str:
        """Returns the location of a recording for messages."""
        return f"example {index}"

    def rate(self, index: int) -> int:
        """Returns the sample rate of a recording as it is read."""
        return self.sample_rate or rate_of_recording(self.bounds.cut(self.x, index), self.sampling_rate)

    def steps(self, index: int) -> int:
        samples, _ = self._read(index)
        return -(-len(samples) // frame_stride(self.rate(index)))

    def stated_steps(self, index: int) -> str:
        samples, rate = len(self._read(index)[0]), self.rate(index)
        return (
            f"the {self.steps(index):,} frames of {1000 * FRAME_SECONDS:.0f} ms of a recording with {samples:,} "
            f"samples at {rate:,} Hz"
        )

    def _row(self, index: int) -> Row | BadRow:
        samples, fault = self._read(index)
        if samples is None:
            return BadRow(self.place(index), self.columns["series"], "", fault)
        return Row(self.place(index), index, "")

    def raw_spec(self) -> Any:
        return tf.TensorSpec([None], tf.float32)

    def load(self, row: Row) -> Any:
        return np.asarray(self._read(row.raw)[0], "float32")

    def defaults(self) -> dict[str, Any]:
        rates = []
        for index in range(min(len(self.bounds), 20)):
            try:
                rates.append(rate_of_recording(self.bounds.cut(self.x, index), self.sampling_rate))
            except DataError:  # Reading reports it.
                continue
        return {"sample_rate": usual_sample_rate(rates)}


class MemoryRecorded(Recorded, MemoryArrays):
    """Recordings in memory, with a target for each frame."""


class RecordingTable(NamedTuple):
    """A table with the path of a recording in each row.

    Attributes:
        rows: its rows.
        input: the column with the paths, which begin at the folder of the table.
        target: the column with the targets; "" if there is none to read.
    """

    rows: TableRows
    input: str
    target: str


class TableRecorded(Recorded):
    """Recordings whose paths are in a column of a table, and their targets in another one, or in files named there."""

    def open(self, location: RecordingTable) -> Mapping[str, Any]:  # type: ignore[override]
        self.path, self._rows = location.rows.path, location.rows
        self._places: list[int] = []
        self._faults: dict[int, BadRow] = {}
        self._files: list[Path] = []
        folder, x, y = self.path.parent, list[Any](), list[Any]()
        names = [location.input, *([location.target] if location.target else [])]
        for row in location.rows.rows(names):
            self._places.append(row.number)
            texts = ["", ""] if row.bad else [*row.texts, ""]
            target, fault = targets_in(texts[1], folder, self._files) if location.target else (None, "")
            if row.bad or fault:
                where = location.rows.where(row.number)
                self._faults[len(x)] = row.bad or BadRow(where, location.target, texts[1], fault)
            x.append(folder / texts[0].strip())
            y.append(target)
        self._files += x
        arrays = {location.input: as_array(x)}
        return {**arrays, location.target: as_array(y)} if location.target else arrays

    def place(self, index: int) -> str:
        return self._rows.where(self._places[index])

    def _row(self, index: int) -> Row | BadRow:
        return self._faults.get(index) or super()._row(index)

    def target(self, y: Any, index: int) -> Any:
        target = y[index]
        return self._of_frames(target, index) if isinstance(target, Spans) else target

    def _of_frames(self, spans: Spans, index: int) -> Any:
        """Returns the label of the span that the middle of each frame is in; "" outside of them."""
        if index in self._faults or self._read(index)[0] is None:
            return np.zeros(0, object)
        rate = self.rate(index)
        middles = (np.arange(self.steps(index)) + 0.5) * frame_stride(rate) / rate
        labels = np.full(len(middles), "", object)
        for start, end, label in spans:
            labels[(middles >= start) & (middles < end)] = label
        return labels

    def checksum(self) -> str:
        total = hashlib.sha256(self._rows.checksum().encode())
        for path in self._files:
            total.update(f"{path.name} {file_digest(path) if path.is_file() else ''}\n".encode())
        return total.hexdigest()


def recording_table(table: RowSource, given: Mapping[str, str], *, with_target: bool = True) -> RecordingTable | None:
    """Returns a table as one of recordings, or `None` if no column holds paths of recordings.

    Args:
        table: the table, opened without the columns of a task.
        given: for each word of the option `columns`, the column that the user named.
        with_target: whether to find the targets.

    Raises:
        ColumnError: a column does not exist, or that of the targets has no usual name.
    """
    rows = TableRows(table)
    present = [find_column(given["input"], rows.present, rows.path)] if given.get("input") in rows.present else []
    present = present if "input" in given else list(rows.present)
    samples = zip(present, rows.sample(present, SAMPLE), strict=True) if present else ()
    input = next((name for name, texts in samples if _are_recordings(texts)), "")
    if not input:
        return None
    if not with_target:
        return RecordingTable(rows, input, "")
    word = target_word(given)
    others = [name for name in rows.present if name != input]
    target = find_column(given[word], rows.present, rows.path) if word else guess("target", others, CLASSES)
    if not target:
        raise ColumnError(
            f"{rows.path}: none of its columns ({listed(rows.present)}) has a usual name for 'target'. Name the "
            "columns: --columns input=NAME,target=NAME."
        )
    return RecordingTable(rows, input, target)


def _are_recordings(texts: Sequence[str | None]) -> bool:
    return bool(texts) and all(text is not None and text.strip().lower().endswith(ENDINGS) for text in texts)


def has_rate(location: Any, options: Mapping[str, Any], config: RunConfig | None) -> bool:
    """Whether the series of an `npz` file are recordings: an option, or an array in it, states their sample rate."""
    if options.get("sampling_rate") or (config and config.dataset.options.get("sampling_rate")):
        return True
    return any(name in arrays_of(location, existing_file(location)) for name in RATE_NAMES)
