"""What every request must pass, and the headers of every response."""

import hmac
import re
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from keras_rnn_zoo.serving.answers import error_answer
from keras_rnn_zoo.serving.errors import RequestError
from keras_rnn_zoo.serving.settings import LOOPBACK, ServingSettings

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; media-src 'self' blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(self)"),
    (b"cache-control", b"no-store"),
)
"""The headers of every response that does not have them already."""
COOKIE = "zoo_token"
"""The cookie in which a browser keeps the token that it was given in the address."""
OPEN_PATHS = frozenset({"/v2/health/live", "/v2/health/ready"})
"""Paths that need no token: they only say that the server runs."""
_MAX_HEAD_BYTES = 2**15
"""Maximum size of the headers of a request."""
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(:[0-9]{1,5})?")


class Security:
    """Checks each request before it reaches the application, and adds headers to the responses.

    A page of another site must not use the server through the browser of someone who is on this machine. So the names
    of the host must be those that the server has (DNS rebinding), and requests that a page sends must come from its
    own page.

    Args:
        app: the application.
        settings: the settings of the server.
    """

    def __init__(self, app: ASGIApp, settings: ServingSettings) -> None:
        self._app, self._settings = app, settings
        self._token = settings.token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            if scope["type"] != "websocket":
                await self._app(scope, receive, send)
            return
        started = False
        cookie = b""

        async def send_with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                given = {name.lower() for name, _ in message.get("headers", ())}
                added = [header for header in HEADERS if header[0] not in given]
                if cookie:
                    added.append((b"set-cookie", cookie))
                message = {**message, "headers": [*message.get("headers", ()), *added]}
            await send(message)

        try:
            cookie = self._check(scope)
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if started:
                raise
            await error_answer(error)(scope, receive, send_with_headers)

    def _check(self, scope: Scope) -> bytes:
        """Returns the cookie to set, if any; raises `RequestError` for a request that is refused."""
        headers = Headers(scope=scope)
        if sum(len(name) + len(value) for name, value in scope["headers"]) > _MAX_HEAD_BYTES:
            raise RequestError(f"The headers of a request may have up to {_MAX_HEAD_BYTES:,} bytes.", 431)
        if "transfer-encoding" in headers and "content-length" in headers:  # Proxies differ in which one they obey.
            raise RequestError("A request has either Content-Length or Transfer-Encoding.")
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not (match := _HOST.fullmatch(hosts[0])):
            raise RequestError("The header Host is expected once, with the name of the server.")
        name = match[1].strip("[]").lower()
        if self._settings.is_loopback and name not in (*LOOPBACK, self._settings.host):
            raise RequestError(f"This server does not have the name {name!r:.80}. Use localhost.", 421)
        self._check_origin(headers, hosts[0], scope["method"])
        return self._check_token(headers, scope) if self._token and scope["path"] not in OPEN_PATHS else b""

    def _check_origin(self, headers: Headers, host: str, method: str) -> None:
        origin = headers.get("origin")
        if origin is not None and _host_of(origin) != host.lower():
            raise RequestError("Requests from the pages of other sites are refused.", 403)
        if method not in ("GET", "HEAD") and headers.get("sec-fetch-site", "same-origin") in (
            "cross-site",
            "same-site",
        ):
            raise RequestError("Requests from the pages of other sites are refused.", 403)

    def _check_token(self, headers: Headers, scope: Scope) -> bytes:
        scheme, _, word = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._is_token(word.strip()):
            return b""
        if self._is_token(_asked(scope)):
            # A browser sends it with what the page asks for, and never for the page of another site.
            return f"{COOKIE}={self._settings.token}; Path=/; HttpOnly; SameSite=Strict".encode()
        if self._is_token(_cookie(headers)):
            return b""
        raise RequestError("A token is needed: send the header `Authorization: Bearer TOKEN`.", 401)

    def _is_token(self, word: str) -> bool:
        return hmac.compare_digest(word.encode("utf-8", "replace"), self._token)


def _host_of(origin: str) -> str:
    """Returns the host and port of an origin; "" if it is not an address."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:  # Such as `http://[`.
        return ""


def _asked(scope: Scope) -> str:
    """Returns the token in the address that a browser asks for; "" if there is none."""
    query = scope["query_string"].decode("latin-1")
    if scope["method"] != "GET" or "token=" not in query:
        return ""
    try:
        return str(dict(parse_qsl(query, max_num_fields=20)).get("token", ""))
    except ValueError:  # More fields.
        return ""


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""
