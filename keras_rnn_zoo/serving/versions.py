"""Loads models, and takes up new versions while the server runs."""

import asyncio
import gc
import logging
from collections.abc import Callable, Sequence
from typing import Any

from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.errors import ServingError, ZooError
from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.serving.sources import Found, Source

logger = logging.getLogger(__name__)


class Versions:
    """The models of a server, and the sources that may have newer versions of them.

    Args:
        sources: the sources.
        settings: the settings of the server.
        observe: called with the name of a model and the number of rows of each batch.
        strict: whether a model that cannot be loaded is an error; else it is left out, with a warning.

    Attributes:
        models: the models.

    Raises:
        ZooError: a model cannot be loaded, or none can.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        settings: ServingSettings,
        observe: Callable[[str, int], None] = lambda name, rows: None,
        *,
        strict: bool = True,
    ) -> None:
        self._settings, self._observe = settings, observe
        self._stamps: dict[Source, Any] = {}
        models = []
        for source in sources:
            try:
                models.append(self._load(source, source.find()))
            except ZooError as error:
                if strict:
                    raise
                logger.warning("The run %s is not served: %s", source.name, error)
        if not models:
            raise ServingError("No run can be served. Name one that can be loaded.")
        self.models = ServedModels(models)

    def _load(self, source: Source, found: Found | None) -> ServedModel:
        if found is None:
            raise ServingError(f"There is nothing to serve in {source.path}. Name a run or an export.")
        announce(f"Loading {source.name}")
        self._stamps[source] = found.stamp
        model = ServedModel(source.name, found.version, source.load(found), self._settings, self._observe)
        model.warm_up()
        return model

    async def watch(self) -> None:
        """Takes up new versions for as long as the server runs. One that cannot be loaded is logged and left out."""
        while True:
            await asyncio.sleep(self._settings.poll_interval)
            for source in list(self._stamps):
                await asyncio.to_thread(self.look, source)

    def look(self, source: Source) -> None:
        """Takes up the version that a source has now, if it is another one."""
        found = source.find()
        if found is None or found.stamp == self._stamps[source]:
            return
        try:
            self.models.replace(self._load(source, found))
            gc.unfreeze()  # See `server.run_server`: the old version is to be collected once it has answered.
            logger.info("Serving version %d of %s.", found.version, source.name)
        except Exception as error:  # Whatever is wrong with it, the old version answers on.
            logger.warning("Version %d of %s is not served: %s", found.version, source.name, error)
