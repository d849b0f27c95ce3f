"""The models of a server."""

import asyncio
import functools
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import DataError, RunError, name_hint
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.inference.predictor import Predictor, plain_rows
from keras_rnn_zoo.lazy import np, tf
from keras_rnn_zoo.options import check_options
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.serving.endpoints import ServedEndpoint, Tensors, endpoints_of, group_of, joined
from keras_rnn_zoo.serving.errors import ModelError, RequestError, UnknownModelError
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.serving.worker import Worker
from keras_rnn_zoo.tasks._predictions import SIGNATURE


class ServedModel:
    """A version of a model, and the thread that computes for it.

    Args:
        name: the name that clients use.
        version: its version.
        loaded: what `zoo.load` returned for a run or an export.
        settings: the settings of the server.
        observe: called with the name of the model and the number of rows of each batch.

    Attributes:
        run: the run; `None` for an export.
    """

    def __init__(
        self,
        name: str,
        version: int,
        loaded: Predictor,
        settings: ServingSettings,
        observe: Callable[[str, int], None] = lambda name, rows: None,
    ) -> None:
        self.name, self.version, self.loaded = name, version, loaded
        self.run: Run | None = loaded.run if isinstance(loaded, LoadedRun) else None
        self._settings = settings
        self.worker = Worker(
            f"model {name}",
            settings.max_queue,
            settings.max_batch,
            settings.batch_wait,
            functools.partial(observe, name),
        )

    @functools.cached_property
    def endpoints(self) -> Mapping[str, ServedEndpoint]:
        """The endpoints by name, the default one first."""
        return endpoints_of(self.loaded)

    def endpoint(self, name: str = "") -> ServedEndpoint:
        """Returns an endpoint; by default, the default one. Raises `RequestError` if there is none of this name."""
        found = self.endpoints.get({"": SIGNATURE, "serve": SIGNATURE}.get(name, name))
        if found is None:
            raise RequestError(f"There is no signature {short_repr(name)}. {name_hint(name, self.endpoints)}")
        return found

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Returns `function(*args)`, called in the thread of the model.

        Raises:
            OverloadedError: too many requests wait for the model.
            TimeLimitError: there is no result within the time limit.
            ModelError: the model fails.
        """

        def run(payloads: Sequence[Any]) -> list[Any]:
            try:
                return [function(*args)]
            except Exception as error:
                return [self._without_path(error)]

        return await self.worker.do(run, None, time_limit=self._settings.time_limit)

    async def infer(self, endpoint: ServedEndpoint, given: Tensors) -> Tensors:
        """Returns the outputs of an endpoint for tensors by name, computed together with those of other clients.

        Raises:
            RequestError: an input is missing, unknown or invalid.
            OverloadedError: too many requests wait for the model.
            TimeLimitError: there is no result within the time limit.
            ModelError: the model fails.
        """
        tensors = endpoint.complete(given, self._settings.max_new_tokens)
        rows = endpoint.rows(tensors)
        self._check_count(rows)
        if "outputs" not in endpoint.__dict__:
            await self.call(lambda: endpoint.outputs)  # Traces it.
        key = group_of(endpoint, tensors)
        size = self._settings.max_batch
        parts = [tensors] if key is None or rows <= size else list(_cut(tensors, rows, size))
        run = functools.partial(self._run, endpoint)
        done = [
            await self.worker.do(run, part, key=key, rows=endpoint.rows(part), time_limit=self._settings.time_limit)
            for part in parts
        ]
        return done[0] if len(done) == 1 else {name: np.concatenate([one[name] for one in done]) for name in done[0]}

    async def predict(self, inputs: list[Any], **options: Any) -> list[dict[str, Any]]:
        """Predicts raw inputs, together with those of other clients; arguments and results as of `zoo.predict`.

        A string is never the path of a file: images and recordings are expected as `bytes`.

        Raises:
            DataError: an input is not of the kind that the model reads.
            OptionError: an option is unknown, or its value is invalid.
            OverloadedError: too many requests wait for the model.
            TimeLimitError: there is no result within the time limit.
            ModelError: the model fails.
        """
        task = self.loaded.task
        self._check_count(len(inputs))
        _refuse_paths(task.reader.input, inputs)
        if any(isinstance(item, Mapping) and "array" not in item for item in inputs):  # Rows of a table.
            rows: list[dict[str, Any]] = await self.call(lambda: self.loaded.predict(inputs, **options))
            return rows
        options = check_options(task.prediction_options, options, "a prediction of this run")
        raw = await asyncio.to_thread(task.to_batch, inputs, **options)
        names = [spec.name for spec in task.input_signature()]
        tensors = {name: np.asarray(value) for name, value in zip(names, raw, strict=True)}
        outputs = await self.infer(self.endpoint(), tensors)
        try:
            self.loaded.check_answers(outputs, len(inputs), None)
        except RunError as error:
            raise self._without_path(error) from error
        return plain_rows(task, outputs)

    def warm_up(self) -> None:
        """Predicts a synthetic input, so that the first request does not wait for what is traced then."""
        task = self.loaded.task
        options = {"max_new_tokens": 1} if "max_new_tokens" in task.prediction_options else {}
        self.loaded.predict([task.reader.dummy_input(0)], **options)
        self.endpoint().outputs  # noqa: B018

    def _run(self, endpoint: ServedEndpoint, requests: Sequence[Tensors]) -> list[Any]:
        """Returns the outputs for each of some requests, or its error. An invalid one fails alone."""
        counts = [endpoint.rows(request) for request in requests]
        try:
            outputs = self.loaded.run_graph(lambda: endpoint.call(**joined(requests)))
            arrays = {name: np.asarray(value) for name, value in outputs.items()}
            if len(requests) == 1:
                return [arrays]
            if any(array.ndim == 0 or len(array) != sum(counts) for array in arrays.values()):
                raise RunError(f"{self.loaded.title} cannot be used: it does not answer each row. {self.loaded.remedy}")
        except Exception as error:
            if len(requests) == 1:
                return [self._without_path(error)]
            half = len(requests) // 2
            return [*self._run(endpoint, requests[:half]), *self._run(endpoint, requests[half:])]
        ends = np.cumsum(counts)
        return [
            {name: array[end - count : end] for name, array in arrays.items()}
            for count, end in zip(counts, ends.tolist(), strict=True)
        ]

    def _without_path(self, error: Exception) -> Exception:
        """Returns an error of the model as one that names the model instead of its path."""
        if not isinstance(error, RunError):
            return error
        message = str(error).replace(self.loaded.title, f"The model {self.name!r}")
        invalid = isinstance(error.__cause__, tf.errors.InvalidArgumentError)
        return ModelError(message.replace(self.loaded.remedy, "").strip(), 400 if invalid else 500)

    def _check_count(self, count: int) -> None:
        if count > self._settings.max_inputs:
            raise RequestError(
                f"A request may have up to {self._settings.max_inputs:,} inputs; received {count:,}. Send several.", 413
            )


def _cut(tensors: Tensors, rows: int, size: int) -> Iterable[Tensors]:
    """Yields the tensors of a request in parts of `size` rows."""
    for start in range(0, rows, size):
        yield {
            name: array[start : start + size] if array.ndim and len(array) == rows else array
            for name, array in tensors.items()
        }


def _refuse_paths(kind: str, inputs: Sequence[Any]) -> None:
    """Raises `DataError` if an input is the path of a file to be read."""
    for item in inputs:
        if isinstance(item, os.PathLike) or (kind in ("image", "audio") and isinstance(item, str)):
            raise DataError(f"An {kind} is expected as bytes; received the text {short_repr(item)}.")


class ServedModels:
    """The models of a server by name, in order.

    Args:
        models: the models.
    """

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self._models = {model.name: model for model in models}

    def __contains__(self, name: str) -> bool:
        return name in self._models

    def names(self) -> list[str]:
        """Returns the names of the models."""
        return list(self._models)

    def get(self, name: str, version: int | None = None) -> ServedModel:
        """Returns a model.

        Args:
            name: its name.
            version: its version; by default, the current one.

        Raises:
            UnknownModelError: there is no such model, or not in this version.
        """
        model = self._models.get(name)
        if model is None:
            raise UnknownModelError(f"There is no model {short_repr(name)}. {name_hint(name, self._models)}")
        if version is not None and version != model.version:
            raise UnknownModelError(
                f"The model {name!r} has no version {short_repr(version)}. Its version is {model.version}."
            )
        return model

    def replace(self, model: ServedModel) -> None:
        """Replaces a version of a model by another one. The old one still answers the requests that it has begun."""
        self._models[model.name] = model
