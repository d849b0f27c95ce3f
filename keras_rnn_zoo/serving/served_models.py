"""The models of a server."""

import os
from collections.abc import Callable, Sequence
from typing import Any

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.errors import DataError, ZooError, name_hint
from keras_rnn_zoo.inference.load import LoadedRun
from keras_rnn_zoo.inference.predictor import Predictor
from keras_rnn_zoo.run import Run
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.serving.worker import Worker


class UnknownModelError(ZooError):
    """The server has no model with this name or version."""


class ServedModel:
    """A version of a model, and the thread that computes for it.

    Args:
        name: the name that clients use.
        version: its version.
        loaded: what `zoo.load` returned for a run or an export.
        settings: the settings of the server.

    Attributes:
        run: the run; `None` for an export.
    """

    def __init__(self, name: str, version: int, loaded: Predictor, settings: ServingSettings) -> None:
        self.name, self.version, self.loaded = name, version, loaded
        self.run: Run | None = loaded.run if isinstance(loaded, LoadedRun) else None
        self._settings = settings
        self.worker = Worker(f"model {name}", settings.max_queue, settings.max_batch, settings.batch_wait)

    async def call(self, function: Callable[..., Any], *args: Any) -> Any:
        """Returns `function(*args)`, called in the thread of the model.

        Raises:
            OverloadedError: too many requests wait for the model.
            TimeLimitError: there is no result within the time limit.
        """

        def run(payloads: Sequence[Any]) -> list[Any]:
            try:
                return [function(*args)]
            except Exception as error:
                return [error]

        return await self.worker.do(run, None, time_limit=self._settings.time_limit)

    async def predict(self, inputs: list[Any], **options: Any) -> list[dict[str, Any]]:
        """Predicts raw inputs, together with those of other clients; arguments and results as of `zoo.predict`.

        A string is never the path of a file: images and recordings are expected as `bytes`.

        Raises:
            DataError: an input is not of the kind that the model reads.
            OptionError: an option is unknown, or its value is invalid.
            RunError: the model fails.
            OverloadedError: too many requests wait for the model.
            TimeLimitError: there is no result within the time limit.
        """
        self._check(inputs)
        predictions: list[dict[str, Any]] = await self.call(lambda: self.loaded.predict(inputs, **options))
        return predictions

    def _check(self, inputs: Sequence[Any]) -> None:
        if len(inputs) > self._settings.max_inputs:
            raise DataError(
                f"A request may have up to {self._settings.max_inputs:,} inputs; received {len(inputs):,}. Send several."
            )
        kind = self.loaded.task.reader.input
        if kind in ("image", "audio"):
            for item in inputs:
                if isinstance(item, str) or isinstance(item, os.PathLike):
                    raise DataError(f"An {kind} is expected as bytes; received a text, {short_repr(item)}.")


class ServedModels:
    """The models of a server by name, in order.

    Args:
        models: the models.
    """

    def __init__(self, models: Sequence[ServedModel]) -> None:
        self._models = {model.name: model for model in models}

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
            raise UnknownModelError(f"The model {name!r} has the version {model.version}; received {version}.")
        return model
