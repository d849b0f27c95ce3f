"""What can be wrong with a request, and its HTTP status. Imports no framework."""

from keras_rnn_zoo.errors import ZooError


class RequestError(ZooError):
    """A request cannot be answered.

    Args:
        message: what is wrong with it.
        status: the HTTP status.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


class UnknownModelError(RequestError):
    """The server has no model with this name or version."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 404)


class OverloadedError(RequestError):
    """The server has too many requests or streams at once."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 503)


class TimeLimitError(RequestError):
    """An answer would take longer than the time limit."""

    def __init__(self, message: str) -> None:
        super().__init__(message, 504)


class ModelError(RequestError):
    """The model failed. The message names no path of the server, unlike that of a `RunError`."""

    def __init__(self, message: str, status: int = 500) -> None:
        super().__init__(message, status)
