"""How errors are answered: `{"error": "..."}`, as TensorFlow Serving and the Open Inference Protocol have it."""

import json
import logging
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from keras_rnn_zoo.display.printing import one_line
from keras_rnn_zoo.errors import DataError, OptionError, StreamingError, ZooError
from keras_rnn_zoo.serving.errors import RequestError

logger = logging.getLogger(__name__)

RETRY_AFTER = "1"
"""Seconds after which a client may try again."""


def json_bytes(content: Any) -> bytes:
    """Returns plain values as JSON in a single line. They may have no NaN, which is not JSON."""
    text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # A lone surrogate would not be UTF-8; `\\ud800` is JSON.
    return text.encode("utf-8", "backslashreplace")


def json_answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Returns a response of plain values as JSON; see `json_bytes`."""
    return Response(json_bytes(content), status, headers, "application/json")


def error_answer(error: Exception) -> Response:
    """Returns the response to a request that failed, and logs what the client should not see."""
    if isinstance(error, RequestError):
        headers = {"Retry-After": RETRY_AFTER} if error.status == 503 else None
        return json_answer({"error": one_line(str(error))}, error.status, headers)
    if isinstance(error, DataError | OptionError | StreamingError):
        return json_answer({"error": one_line(str(error))}, 400)
    logger.error("A request failed: %s", one_line(str(error)), exc_info=not isinstance(error, ZooError))
    return json_answer({"error": "The server failed to answer. Its log says why."}, 500)


async def answer_error(request: Request, error: Exception) -> Response:
    """Answers an error of a route; an exception handler of Starlette."""
    return error_answer(error)
