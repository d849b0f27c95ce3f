"""The application: the routes of each protocol behind the checks of every request."""

from starlette.applications import Starlette
from starlette.middleware import Middleware

from keras_rnn_zoo.serving.page.routes import page_routes
from keras_rnn_zoo.serving.security import Security
from keras_rnn_zoo.serving.served_models import ServedModels
from keras_rnn_zoo.serving.settings import ServingSettings


def create_app(models: ServedModels, settings: ServingSettings) -> Starlette:
    """Returns the application that serves models."""
    return Starlette(routes=page_routes(models, settings), middleware=[Middleware(Security, settings)])
