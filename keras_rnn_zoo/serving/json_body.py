"""Reads JSON from strangers: no duplicate keys, no NaN, and no more values than memory and time allow for."""

import asyncio
import base64
import binascii
import json
from collections import Counter
from typing import Any, NoReturn

from keras_rnn_zoo.display.printing import short_repr
from keras_rnn_zoo.serving.errors import RequestError

MAX_VALUES = 2**20
"""Maximum number of values in a document. Each takes up to 72 bytes of memory."""
_LARGE = 2**18
"""A document of more bytes is read in a thread, so that others are answered meanwhile."""


async def read_json(body: bytes) -> dict[str, Any]:
    """Returns the JSON object in the body of a request; raises `RequestError` if there is none."""
    document = await asyncio.to_thread(parse_json, body) if len(body) > _LARGE else parse_json(body)
    if not isinstance(document, dict):
        raise RequestError(f"A JSON object is expected; received {short_repr(document)}.")
    return document


def parse_json(body: bytes) -> Any:
    """Returns a JSON document as plain values; raises `RequestError` if it is not valid."""
    if sum(map(body.count, (b",", b"[", b"{"))) > MAX_VALUES:
        raise RequestError(f"A request may have up to {MAX_VALUES:,} values. Send several.", 413)
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant, object_pairs_hook=_unique)
    except UnicodeDecodeError as error:
        raise RequestError(f"The request is not UTF-8: byte {error.start}. Send bytes as b64.") from None
    except RecursionError:
        raise RequestError("The JSON of the request is nested too deep.") from None
    except ValueError as error:  # Also of an integer with thousands of digits.
        raise RequestError(f"The request is not JSON: {error}.") from None


def decode_base64(value: Any, what: str) -> bytes:
    """Returns the bytes of a text in Base64; raises `RequestError` if it is not valid, which says `what` it is."""
    try:
        return base64.b64decode(value.encode("ascii"), validate=True)
    except (AttributeError, UnicodeEncodeError, binascii.Error):
        raise RequestError(f"{what} is expected in Base64; received {short_repr(value)}.") from None


def _refuse_constant(name: str) -> NoReturn:
    raise RequestError(f"{name} is not JSON. A missing value is null.")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        name = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise RequestError(f"The JSON of the request has the name {short_repr(name)} twice in an object.")
    return found
