"""The application: the routes of each protocol behind the checks of every request."""

import asyncio

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Lifespan

from keras_rnn_zoo.errors import ZooError
from keras_rnn_zoo.serving.answers import answer_error, json_answer
from keras_rnn_zoo.serving.event_stream import stream_routes
from keras_rnn_zoo.serving.inference_protocol import inference_routes
from keras_rnn_zoo.serving.limits import BodyLimits
from keras_rnn_zoo.serving.metrics import Counted, Metrics
from keras_rnn_zoo.serving.page.routes import page_routes
from keras_rnn_zoo.serving.security import Security
from keras_rnn_zoo.serving.served_models import ServedModels
from keras_rnn_zoo.serving.settings import ServingSettings
from keras_rnn_zoo.serving.tensorflow_api import tensorflow_routes


def create_app(
    models: ServedModels,
    settings: ServingSettings,
    metrics: Metrics | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """Returns the application that serves models.

    Args:
        models: the models.
        settings: the settings of the server.
        metrics: what to count with.
        lifespan: what runs beside it.
    """
    metrics = metrics or Metrics()
    routes = [
        *stream_routes(models, settings),
        *tensorflow_routes(models),
        *inference_routes(models),
        metrics.route(models),
    ]
    app = Starlette(
        routes=[*routes, *page_routes(models, settings)],
        middleware=[
            Middleware(Counted, metrics, models),
            Middleware(BodyLimits, settings),
            Middleware(Security, settings),
        ],
        exception_handlers={HTTPException: _answer_status, ZooError: answer_error},
        lifespan=lifespan,
    )
    app.state.models, app.state.stopping = models, asyncio.Event()
    return app


async def _answer_status(request: Request, error: Exception) -> Response:
    """Answers what Starlette refuses: a path that is not there, or a method that it does not have."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    headers = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    return json_answer({"error": f"{error.detail}." if isinstance(error, HTTPException) else ""}, status, headers)
