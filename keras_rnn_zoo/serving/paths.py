"""Models and their versions in the paths of requests."""

from starlette.convertors import IntegerConvertor, register_url_convertor
from starlette.requests import Request

from keras_rnn_zoo.serving.served_models import ServedModel, ServedModels


class _VersionConvertor(IntegerConvertor):
    """Reads a version as an integer; a path with more digits than one has is not found."""

    regex = "[0-9]{1,19}"


VERSION = "{version:zoo_version}"
"""The version of a model in the path of a route."""

register_url_convertor("zoo_version", _VersionConvertor())


def model_at(request: Request, models: ServedModels) -> ServedModel:
    """Returns the model in the path of a request; raises `UnknownModelError` if there is none."""
    return models.get(request.path_params["name"], request.path_params.get("version"))
