"""Serves models until a signal ends it."""

from collections.abc import Callable, Sequence
from typing import Any

import uvicorn

from keras_rnn_zoo.inference.load import load
from keras_rnn_zoo.serving.app import create_app
from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels
from keras_rnn_zoo.serving.settings import ServingSettings


class Server(uvicorn.Server):
    """A server that reports when it accepts requests.

    Args:
        config: the configuration of Uvicorn.
        ready: called with the address.
    """

    def __init__(self, config: uvicorn.Config, ready: Callable[[str], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        host, port = self.servers[0].sockets[0].getsockname()[:2]
        self._ready(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")


def serve(
    runs: Sequence[Any] = (),
    *,
    settings: ServingSettings | None = None,
    models_dir: str | None = None,
    ready: Callable[[str], None] = lambda address: None,
) -> None:
    """Serves runs and exports until a signal ends it.

    Args:
        runs: what to serve.
        settings: where to listen, and the limits.
        models_dir: the folder of the runs.
        ready: called with the address once requests are accepted.
    """
    settings = settings or ServingSettings()
    served = []
    for run in runs:
        loaded: Any = load(run, models_dir=models_dir)
        served.append(ServedModel(getattr(loaded, "name", None) or loaded.path.parent.name, 1, loaded, settings))
    app = create_app(ServedModels(served), settings)
    config = uvicorn.Config(app, host=settings.host, port=settings.port, log_config=None, server_header=False)
    Server(config, ready).run()
