"""Loads TensorFlow and Keras for the commands, and suppresses their output."""

import contextlib
import importlib.machinery
import logging
import os
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import IO, Any

import click

from keras_rnn_zoo.printing import one_line, printable
from keras_rnn_zoo.status import announce
from zoo_cli.status import StatusHandler, StatusStream

verbosity_options = [
    click.option("-q", "--quiet", is_flag=True, help="Print only results and errors."),
    click.option("-v", "--verbose", is_flag=True, help="Print the output of the frameworks, too."),
]


def with_verbosity(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options `--quiet` and `--verbose` to a command."""
    for option in reversed(verbosity_options):
        function = option(function)
    return function


@contextlib.contextmanager
def frameworks(quiet: bool = False, verbose: bool = False) -> Iterator[StatusStream]:
    """Sends progress and logs to standard error inside a `with` block, and yields the stream that they are written to.

    Unless `verbose`, the output of the frameworks is discarded. It stays so until the process ends.

    Args:
        quiet: whether to log only warnings and errors.
        verbose: whether to log debug messages and the output of the frameworks.
    """
    logger = logging.getLogger("keras_rnn_zoo")
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)
    logger.propagate = False  # TFDS adds a handler to the root logger.
    stream = StatusStream(sys.stderr)
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_PrintableFormatter())
    logger.addHandler(handler)
    status = logging.getLogger("keras_rnn_zoo.status")
    status.setLevel(logging.WARNING if quiet else logging.DEBUG)
    status.propagate = False  # A status is for a terminal, not for a log.
    status_handler = StatusHandler(stream)
    status.addHandler(status_handler)
    finder = _TensorFlowFinder(quiet=not verbose)
    sys.meta_path.insert(0, finder)
    if not verbose:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        for name in ("absl", "jax", "tensorflow", "urllib3"):
            logging.getLogger(name).setLevel(logging.ERROR)
    try:
        # Keras writes its progress bar to standard output.
        with warnings.catch_warnings(), contextlib.redirect_stdout(stream):
            warnings.showwarning = _show_warning
            if not verbose:
                warnings.simplefilter("ignore")
            yield stream
    finally:
        stream.clear()
        status.removeHandler(status_handler)
        status.setLevel(logging.NOTSET)
        status.propagate = True
        logger.removeHandler(handler)
        logger.propagate = True
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


class _PrintableFormatter(logging.Formatter):
    """Escapes control characters: names in a message may come from an untrusted file or run.

    The package logs names unchanged, because a program may want to compare them. They are escaped when printed.
    """

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple):  # After a line feed, a name could imitate another message.
            plain = [one_line(str(arg)) if isinstance(arg, str | os.PathLike) else arg for arg in record.args]
            record = logging.makeLogRecord({**record.__dict__, "args": tuple(plain)})
        return printable(super().format(record))


def _show_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: IO[str] | None = None,
    line: str | None = None,
) -> None:
    """Prints a warning as Python does, with control characters escaped."""
    (file or sys.stderr).write(printable(warnings.formatwarning(message, category, filename, lineno, line)))


class _TensorFlowFinder:
    """Imports TensorFlow and Keras without scikit-learn, and TensorFlow with standard error captured.

    TensorFlow's libraries write to standard error while they load, whatever `TF_CPP_MIN_LOG_LEVEL` is. The captured
    output is printed if the import fails.

    Args:
        quiet: whether to capture standard error.
    """

    _searching = False

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in ("tensorflow", "keras") or self._searching:  # Each imports the other.
            return None
        import importlib.util

        self._searching = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._searching = False
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                announce("Loading TensorFlow and Keras")
                quiet = self._quiet and fullname == "tensorflow"
                with _without_sklearn(), _captured_stderr() if quiet else contextlib.nullcontext():
                    execute(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def _without_sklearn() -> Iterator[None]:
    """Prevents the import of scikit-learn inside a `with` block, unless it is already imported.

    Keras imports it, and SciPy with it, for wrappers that no command uses. That takes at least an eighth of the import
    time. Tasks that compute metrics with scikit-learn import it later.
    """
    if "sklearn" in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules["sklearn"] = None  # Makes `import sklearn` raise ImportError.
    try:
        yield
    finally:
        del modules["sklearn"]


@contextlib.contextmanager
def _captured_stderr() -> Iterator[None]:
    import tempfile

    try:
        saved = os.dup(2)
    except OSError:  # Standard error is closed.
        yield
        return
    with tempfile.TemporaryFile() as captured:
        os.dup2(captured.fileno(), 2)
        try:
            yield
        except BaseException:
            captured.seek(0)
            os.write(saved, captured.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
