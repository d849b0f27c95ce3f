"""The reader of recordings."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.conventions import frame_stride
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.readers._options import MaxSeconds, SampleRate
from keras_rnn_zoo.readers._recordings import FORMATS, read_recording
from keras_rnn_zoo.readers._wav import DEFAULT_MAX_SECONDS, resample, waveform
from keras_rnn_zoo.readers.reader import Picture, Reader, read_file
from keras_rnn_zoo.readers.series import no_steps, pad_batch, pad_with_nan, part_of_numbers, repeat_longest

_SAMPLES = "Samples from -1 to 1, or 16-bit integers in an array of the dtype int16,"
MAX_AMPLITUDE = 100.0
"""Samples are clipped at this absolute value; those of recordings are from -1 to 1."""


@registry.reader(
    inputs={
        "audio": "the recordings, from -1 to 1, one channel: float32 (batch, samples)",
        "lengths": "the number of samples of each; by default empty, which means all: int32 (batch,)",
    },
    columns="audio filename file file_name path name wav speech recording",
    by_path=True,
    example="RECORDING",
)
class AudioReader(Reader):
    """Waveforms, float32 `(batch, samples)` from -1 to 1; padding is NaN."""

    input = "audio"
    variable = True

    def __init__(
        self,
        *,
        sample_rate: SampleRate = 16_000,
        max_seconds: MaxSeconds = DEFAULT_MAX_SECONDS,
    ) -> None:
        self.sample_rate = sample_rate
        self.max_samples = round(sample_rate * max_seconds)

    def model_options(self) -> dict[str, Any]:
        return {"input": self.input, "sample_rate": self.sample_rate}

    def signature(self) -> list[Any]:
        return [
            tf.TensorSpec([None, None], tf.float32, name="audio"),
            tf.TensorSpec([None], tf.int32, name="lengths"),
        ]

    def defaults(self) -> dict[str, Any]:
        return {"lengths": tf.zeros([0], tf.int32)}

    def __call__(self, *raw: Any) -> Any:
        return self._clipped(*raw)[:, : self.max_samples]

    def _clipped(self, waveforms: Any, lengths: Any) -> Any:
        # Avoid overflow of the power; no recording is that loud.
        return tf.clip_by_value(pad_with_nan(waveforms, lengths), -MAX_AMPLITUDE, MAX_AMPLITUDE)

    step_unit, baseline = "second", "silence"

    @property
    def step_size(self) -> float:
        return frame_stride(self.sample_rate) / self.sample_rate

    def step_labels(self, count: int, *raw: Any) -> list[str]:
        return [f"{index * self.step_size:.2f} s" for index in range(count)] if raw[0].shape[1] else []

    def input_lengths(self, inputs: Any) -> Any:
        return super().input_lengths(inputs) / self.sample_rate

    def picture(self, *raw: Any) -> Picture:
        from keras_rnn_zoo.layers.audio import LogMel

        frames = np.asarray(LogMel(self.sample_rate)(np.nan_to_num(np.asarray(self(*raw)))))[0]
        return Picture("spectrogram", frames.T, len(frames) * self.step_size)

    streams = True

    def limit(self) -> tuple[Any, str]:
        return self, "max_samples"

    def to_part(self, part: Any) -> tuple[Any, ...]:
        """Returns a batch of one part: samples from -1 to 1, or 16-bit integers, or the bytes of those."""
        if isinstance(part, bytes):
            if len(part) % 2:
                raise DataError(f"Samples of 16 bits are expected; received {len(part):,} bytes, an odd number.")
            part = np.frombuffer(part, "<i2")
        if isinstance(part, str) or hasattr(part, "__fspath__") or np.ndim(part) != 1:
            raise DataError(f"{_SAMPLES} are expected, of one channel; received {part!r:.60}.")
        samples = self._samples(part)
        if not isinstance(part, np.ndarray) and np.asarray(part).dtype.kind in "iu" and np.abs(samples).max() > 1:
            raise DataError(f"{_SAMPLES} are expected; received a list of integers.")
        return self.to_batch([samples])

    def no_part(self) -> Any:
        return []

    def read_part(self, states: Mapping[str, Any], *raw: Any) -> tuple[Any, None, dict[str, Any]]:
        return part_of_numbers(self._clipped(*raw), *raw), None, {}

    def read_end(self, states: Mapping[str, Any], rows: Any) -> tuple[Any, None]:
        return no_steps(rows, ()), None

    def add_batch_axis(self, raw: Any) -> tuple[Any, ...]:
        return raw[None], tf.shape(raw)[:1]

    def to_batch(self, inputs: Sequence[Any]) -> tuple[Any, ...]:
        return pad_batch([self._samples(item) for item in inputs], ())

    def dummy_input(self, number: int) -> Any:
        random = np.random.default_rng(number)
        seconds = np.arange(round(self.sample_rate * random.uniform(0.1, 1.0))) / self.sample_rate
        tone = np.sin(2 * np.pi * random.uniform(100, self.sample_rate / 4) * seconds)
        return (0.5 * tone + random.normal(0, 0.01, len(tone))).astype("float32")

    def longer_than(self, inputs: Sequence[Any]) -> Any:
        return repeat_longest(inputs)

    def _samples(self, item: Any) -> Any:
        """Returns the samples of a recording, given as path or content, at the model's rate; other items unchanged."""
        if isinstance(item, Mapping) and {"array", "sampling_rate"} <= item.keys():
            rate = item["sampling_rate"]
            if not isinstance(rate, int | np.integer):
                raise DataError(f"An integer sampling_rate is expected; received {rate!r:.40}.")
            return resample(_waveform(item["array"]), int(rate), self.sample_rate)
        if not isinstance(item, str | bytes) and not hasattr(item, "__fspath__"):
            return _waveform(item)
        content = item if isinstance(item, bytes) else read_file(item)
        name = f"of {len(content):,} bytes" if isinstance(item, bytes) else repr(str(item))
        try:
            return read_recording(content, self.sample_rate, self.max_samples / self.sample_rate)
        except DataError as error:
            raise DataError(f"The recording {name} cannot be read: {error}. Supported formats are {FORMATS}.") from None

    def as_file(self, raw: Any) -> tuple[str, bytes]:
        import wave

        content = io.BytesIO()
        with wave.open(content, "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(self.sample_rate)
            file.writeframes(np.rint(np.clip(raw, -1, 1) * 32767).astype("<i2").tobytes())
        return "wav", content.getvalue()


def _waveform(value: Any) -> Any:
    try:
        return waveform(value)
    except DataError as error:
        raise DataError(f"The recording cannot be read: {error}.") from None
