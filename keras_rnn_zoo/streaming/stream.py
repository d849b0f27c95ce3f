"""Streams for Python code: answers while an input is still coming in."""

import os
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any
from weakref import WeakKeyDictionary

from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import DataError, StreamingError
from keras_rnn_zoo.inference.ensemble import LoadedEnsemble
from keras_rnn_zoo.inference.load import LoadedRun, LoadedStreamingExport, load
from keras_rnn_zoo.inference.predictor import Predictor, plain_answers
from keras_rnn_zoo.lazy import keras, np, tf
from keras_rnn_zoo.readers._resampler import Resampler
from keras_rnn_zoo.streaming.program import FINAL, PREFIX, START, STEP
from keras_rnn_zoo.streaming.windows import program_of
from keras_rnn_zoo.user_data.forecast_parts import ComingRows
from keras_rnn_zoo.user_data.prediction_inputs import trained_on

_FUNCTIONS: MutableMapping[LoadedRun, list[Callable[..., Any]]] = WeakKeyDictionary()


class Stream:
    """An input that is still coming in, and the answers so far.

    Args:
        loaded: the loaded run or streaming export.
        start: the function from the number of rows to the states of streams that begin, by name.
        step: the function from states and a part of the input, by name, to answers and new states by name.
        rate: the sample rate of the parts of a recording; by default, that of the run.
        rows: reads the rows of a table over time; `None` if the parts are no such rows.

    Attributes:
        task: the fitted task.
        states: the states after the parts so far, tensors with one row by name.
    """

    def __init__(
        self,
        loaded: Predictor,
        start: Callable[..., Any],
        step: Callable[..., Any],
        rate: int | None = None,
        rows: ComingRows | None = None,
    ) -> None:
        self.task, self._rows = loaded.task, rows
        self._loaded, self._start, self._step = loaded, start, step
        self._resampler = None if rate is None else _resampler(self.task.reader, rate)
        self.reset()

    def reset(self) -> None:
        """Forgets the input so far."""
        self.states: Mapping[str, Any] = self._start(rows=tf.constant(1))
        if self._resampler:
            self._resampler.reset()
        if self._rows:
            self._rows.reset()

    def read_header(self, line: str) -> bool:
        """Returns whether a line names the columns of the rows over time that follow it, and which it then reads so."""
        return self._rows is not None and self._rows.read_header(line)

    def feed(self, chunk: Any, *, final: bool = False) -> dict[str, Any]:
        """Reads the next part of the input.

        Args:
            chunk: the part, of any length: a `str`, or `bytes` that may end within a character; the next steps of a
                series, an array, or a list of the numbers of one step; or the next samples of a recording at the run's
                sample rate, floats from -1 to 1, 16-bit integers, or bytes of 16-bit little-endian samples. To
                forecast, the next rows of one series: a table with the columns of the training, such as a DataFrame, a
                list of rows that are dicts, a line with the cells of a row, or a window as for `predict` with the next
                rows alone. If the run reads neither times nor values that are known in advance, the numbers are
                enough. Steps left out between two parts are missing.
            final: whether the input ends with this part. The stream is then reset.

        Returns:
            The answer as plain Python values. Classification, regression and forecasting answer with the prediction for
            everything so far. Tagging and transcription answer with the tags of the words, or the text, that this part
            settles; the last word, or frames, are settled by `final`. Language models answer with the next `token` and
            its `probabilities`.

        Raises:
            DataError: the part is not of the kind that the run was trained on.
            RunError: the run or export cannot answer.
        """
        raw = self.task.reader.to_part(self._rows.window(chunk) if self._rows else chunk)
        if self._resampler:
            raw = self.task.reader.to_part(self._resampler.feed(raw[0][0].numpy(), final=final))
        inputs = dict(zip((spec.name for spec in self.task.reader.part_signature()), raw, strict=True))
        if self.task.answers == "steps":
            inputs[FINAL] = tf.constant([final])
        outputs = self._loaded.run_graph(lambda: self._step(**self.states, **inputs))
        answers = {name: np.asarray(value) for name, value in outputs.items() if not name.startswith(PREFIX)}
        (answer,) = plain_answers(self._loaded, answers, 1)
        self.states = {name: value for name, value in outputs.items() if name.startswith(PREFIX)}
        if final:
            self.reset()
        return answer

    def finish(self) -> dict[str, Any]:
        """Returns the last answer: what `feed` returns for an empty last part. Then resets the stream."""
        return self.feed(self.task.reader.no_part(), final=True)


def stream(
    run: Run | str | os.PathLike[str] | Predictor | None = None,
    *,
    rate: int | None = None,
    models_dir: str | None = None,
) -> Stream:
    """Returns a stream, which answers while its input is still coming in.

    Whatever the lengths of its parts, an input gets the answers that `predict` gives to the whole of it. A stream has
    no maximum length: `max_length`, `max_seconds` and `max_steps`, which limit what a prediction reads, have no effect.
    Memory and the time for a step do not depend on what came before.

    Args:
        run: the run or its name, the path of a streaming export, or the object that `zoo.load` returned, which avoids
            loading it again; `None` for the only run.
        rate: for recordings, the sample rate of the parts, in samples per second; they are resampled to that of the
            run.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.

    Returns:
        A `Stream`, with `feed`, `finish` and `reset`.

    Raises:
        RunError: the run or export does not exist or is damaged.
        StreamingError: the run needs its whole input, as a model that reads in both directions does.

    Example:
        >>> stream = zoo.stream("many_to_one")                         # doctest: +SKIP
        >>> stream.feed("not only mov")["label"]                       # doctest: +SKIP
        >>> stream.feed("ing but also funny")["label"]                 # doctest: +SKIP
    """
    loaded = run if isinstance(run, Predictor) else load(run, models_dir=models_dir)
    if isinstance(loaded, LoadedStreamingExport):
        return Stream(loaded, loaded.saved_model.signatures[START], loaded.saved_model.signatures[STEP], rate)
    if isinstance(loaded, LoadedEnsemble):
        raise StreamingError(f"{loaded.title} predicts whole inputs. Stream a single run.")
    if not isinstance(loaded, LoadedRun):
        raise StreamingError(
            f"{loaded.title} predicts whole inputs. Export the run with --streaming, or stream the run itself."
        )
    start, step = _traced_once(loaded)
    rows = None
    if loaded.task.reader.slides and loaded.run is not None:
        spec = loaded.task.reader.part_signature()
        rows = ComingRows(trained_on(loaded.run.config), plain=len(spec) == 2)
    return Stream(loaded, start, step, rate, rows)


def _resampler(reader: Any, rate: int) -> Resampler:
    """Returns the resampler of a recording; raises `StreamingError` for another kind of input."""
    if reader.input != "audio":
        raise StreamingError(f"A rate is for recordings; this run reads inputs of the kind {reader.input!r}. Omit it.")
    if not isinstance(rate, int):
        raise StreamingError(f"The rate is expected as an integer, in samples per second; received {rate!r:.40}.")
    try:
        return Resampler(rate, reader.sample_rate)
    except DataError as error:
        raise StreamingError(f"The recording cannot be read: {error}.") from None


def _traced_once(loaded: LoadedRun) -> list[Callable[..., Any]]:
    """Returns the `functions` of a run, which its streams share: each would be traced anew, for seconds."""
    if loaded not in _FUNCTIONS:
        _FUNCTIONS[loaded] = functions(loaded)
    return _FUNCTIONS[loaded]


def functions(loaded: LoadedRun) -> list[Callable[..., Any]]:
    """Returns the functions `start` and `step` of a run, which take and return tensors by name."""
    if keras.backend.backend() != "tensorflow":
        raise StreamingError(
            f"Streams need the TensorFlow backend, but Keras runs on {keras.backend.backend()!r}. Runs do not depend "
            "on the backend: set KERAS_BACKEND=tensorflow."
        )
    return [_by_name(endpoint) for endpoint in program_of(loaded.task, loaded.model).endpoints().values()]


def _by_name(endpoint: Any) -> Callable[..., Any]:
    function = tf.function(endpoint.call, input_signature=endpoint.signature, autograph=False)
    names = [spec.name for spec in endpoint.signature]
    return lambda **inputs: function(*(inputs[name] for name in names))
