"""The routes of the page."""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from keras_rnn_zoo.serving.served_models import ServedModels
from keras_rnn_zoo.serving.settings import ServingSettings


def page_routes(models: ServedModels, settings: ServingSettings) -> list[BaseRoute]:
    """Returns the routes of the page for some models."""

    async def index(request: Request) -> Response:
        return PlainTextResponse("\n".join(models.names()) + "\n")

    return [Route("/", index)]
