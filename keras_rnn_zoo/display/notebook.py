"""At home in notebooks: messages in the cell's output. Imports no framework."""

import contextlib
import logging
import sys
from collections.abc import Iterator
from typing import Any, TextIO

from keras_rnn_zoo.frameworks.quiet import PrintableFormatter


def in_notebook() -> bool:
    """Whether this process runs the cells of a notebook, or is another Jupyter kernel."""
    return hasattr(_shell(), "kernel")


def _shell() -> Any:
    """Returns IPython's shell; `None` outside of IPython."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython and hasattr(ipython, "get_ipython") else None


class _CellOutput(logging.StreamHandler[TextIO]):
    """Writes to the standard output of the cell that runs: standard error would be shown as if something were wrong."""

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self.setFormatter(PrintableFormatter())

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        return sys.stdout


_output = _CellOutput()


def show(line: str) -> None:
    """In a notebook, shows a line in the output of the cell."""
    if in_notebook():
        sys.stdout.write(f"{line}\n")


@contextlib.contextmanager
def only_warnings(only: bool) -> Iterator[None]:
    """In a notebook, shows no other messages of the package inside a `with` block, if `only` is true."""
    if only:
        _output.setLevel(logging.WARNING)
    try:
        yield
    finally:
        _output.setLevel(logging.NOTSET)


def set_up() -> None:
    """In a notebook, shows the package's messages in the output of the cells; elsewhere, does nothing.

    A level or a handler that the user gave the logger `keras_rnn_zoo` is left alone.
    """
    if not in_notebook():
        return
    logger = logging.getLogger("keras_rnn_zoo")
    if not logger.handlers and logger.level == logging.NOTSET:
        logger.setLevel(logging.INFO)
        logger.propagate = False  # TFDS adds a handler to the root logger.
        logger.addHandler(_output)
