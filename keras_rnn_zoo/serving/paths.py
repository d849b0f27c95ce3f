"""Versions of models in the paths of requests."""

from starlette.convertors import IntegerConvertor, register_url_convertor


class _VersionConvertor(IntegerConvertor):
    """Reads a version as an integer; a path with more digits than one has is not found."""

    regex = "[0-9]{1,19}"


VERSION = "{version:zoo_version}"
"""The version of a model in the path of a route."""

register_url_convertor("zoo_version", _VersionConvertor())
