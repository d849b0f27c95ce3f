"""`keras_rnn_zoo.serve`. Imports neither a framework nor the packages of the extra `serve`."""

import os
import re
import secrets
from collections.abc import Callable, Sequence

from keras_rnn_zoo.artifacts.run import Run
from keras_rnn_zoo.errors import ServingError
from keras_rnn_zoo.packages import require_packages
from keras_rnn_zoo.serving.settings import ServingSettings

PACKAGES = ("prometheus_client", "starlette", "uvicorn")
_TOKEN = re.compile(r"[A-Za-z0-9._~-]{16,200}")


def serve(
    runs: Run | str | os.PathLike[str] | Sequence[Run | str | os.PathLike[str]] = (),
    *,
    host: str = "127.0.0.1",
    port: int = 8501,
    token: str = "",
    models_dir: str | None = None,
    ready: Callable[[str], None] | None = None,
) -> None:
    """Serves runs and exports over HTTP until the program is interrupted or terminated.

    It answers the REST API of TensorFlow Serving, the Open Inference Protocol, and has a page for people. Requests that
    come in together are predicted together. See docs/serving.md.

    Args:
        runs: what to serve, or a list: runs, their names, names of trained networks, and paths of exports or of folders
            with versions of an export. `NAME=` before a name or a path serves it as NAME. By default, all runs.
        host: the address to listen on; by default, only this machine can reach the server.
        port: the port; 0 for any free one.
        token: what clients must present: 16 to 200 letters, digits, dots, tildes, hyphens and underscores. If other
            machines can reach the server and there is no token, one is drawn at random.
        models_dir: the folder of the runs; by default, `$ZOO_MODELS_DIR` or `./saved_models`.
        ready: called with the address, including the token if there is one, once requests are accepted; by default, the
            address is printed.

    Raises:
        ServingError: the server cannot start: a package is missing, or the port is in use.
        RunError: a run or export does not exist, is damaged, or is not safe to load.

    Example:
        >>> zoo.serve("many_to_one", port=8080)                        # doctest: +SKIP
    """
    require_packages(PACKAGES, "serve", "A server", ServingError)
    settings = ServingSettings(host=host, port=port, token=token)
    if token and not _TOKEN.fullmatch(token):
        raise ServingError(
            "A token has 16 to 200 letters, digits, and any of . _ ~ -; this one does not. Leave it out to get one."
        )
    if not token and not settings.is_loopback:
        settings = ServingSettings(host=host, port=port, token=secrets.token_urlsafe(24))
    given = [runs] if isinstance(runs, Run | str | os.PathLike) else list(runs)

    from keras_rnn_zoo.serving.server import address_of, run_server
    from keras_rnn_zoo.serving.sources import find_sources

    def report(address: str) -> None:
        (ready or print)(address_of(settings, address))

    run_server(find_sources(given, models_dir), settings, report, strict=bool(given))
