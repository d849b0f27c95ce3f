"""The figures of the site that move, on a bare page of their own, for tests in a browser."""

import contextlib
import functools
import http.server
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "docs" / "_site"))

PAGE = """<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Figure</title>
<link rel="icon" href="data:,"></head>
<body data-md-color-scheme="{scheme}">
<main><h1>A figure</h1><h2>That moves</h2><div class="zoo-live">{figure}</div></main>
<script type="module" src="assets/live/live.js"></script>
</body></html>"""
SCHEMES = ("default", "slate")
"""Light and dark, as the theme of the site names them."""
FIGURES = {
    "cell": "<zoo-cell></zoo-cell>",
    "holding": '<zoo-cell example="1"></zoo-cell>',
    "toy": '<zoo-network name="toy_reviews"></zoo-network>',
    "imdb": '<zoo-network name="imdb_reviews"></zoo-network>',
}


def write_pages(folder):
    """Writes a page for each figure in each scheme, such as `cell.slate.html`."""
    for name, figure in FIGURES.items():
        for scheme in SCHEMES:
            (folder / f"{name}.{scheme}.html").write_text(PAGE.format(scheme=scheme, figure=figure))


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Says nothing."""


@contextlib.contextmanager
def served(folder):
    """Serves a folder on this machine; yields its address."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
