"""How the commands load and quieten the frameworks."""

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

verbosity_options = [
    click.option("-q", "--quiet", is_flag=True, help="Print results and errors alone."),
    click.option("-v", "--verbose", is_flag=True, help="Print what the frameworks say, too."),
]


def with_verbosity(function: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options `--quiet` and `--verbose` to a command."""
    for option in reversed(verbosity_options):
        function = option(function)
    return function


@contextlib.contextmanager
def frameworks(quiet: bool = False, verbose: bool = False) -> Iterator[None]:
    """Within it, progress and logs go to standard error.

    The frameworks' own chatter goes nowhere, unless `verbose`; once loaded, they stay quiet until the process ends.
    """
    logger = logging.getLogger("keras_rnn_zoo")
    logger.setLevel(logging.DEBUG if verbose else logging.WARNING if quiet else logging.INFO)
    logger.propagate = False  # TFDS gives the root logger a handler of its own.
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_PrintableFormatter())
    logger.addHandler(handler)
    finder = _TensorFlowFinder(quiet=not verbose)
    sys.meta_path.insert(0, finder)
    if not verbose:
        os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
        for name in ("absl", "jax", "tensorflow", "urllib3"):
            logging.getLogger(name).setLevel(logging.ERROR)
    try:
        # Keras writes its progress bar to standard output.
        with warnings.catch_warnings(), contextlib.redirect_stdout(sys.stderr):
            warnings.showwarning = _show_warning
            if not verbose:
                warnings.simplefilter("ignore")
            yield
    finally:
        logger.removeHandler(handler)
        logger.propagate = True
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)


class _PrintableFormatter(logging.Formatter):
    """Spells out control characters: the names in a message may come from a file or a run of a stranger.

    The package itself logs them as they are, for a program may want to compare them; what prints them makes them safe.
    """

    def format(self, record: logging.LogRecord) -> str:
        if isinstance(record.args, tuple):  # A line feed in a name would begin what looks like a message of its own.
            plain = [one_line(str(one)) if isinstance(one, str | os.PathLike) else one for one in record.args]
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
    """Prints a warning as Python does, with control characters spelled out."""
    (file or sys.stderr).write(printable(warnings.formatwarning(message, category, filename, lineno, line)))


class _TensorFlowFinder:
    """Imports TensorFlow and Keras without scikit-learn, and TensorFlow with standard error held back.

    TensorFlow's libraries write there as they are loaded, whatever `TF_CPP_MIN_LOG_LEVEL` says. If the import fails,
    what they wrote is shown.

    Args:
        quiet: whether standard error is held back.
    """

    _looking = False

    def __init__(self, quiet: bool) -> None:
        self._quiet = quiet

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname not in ("tensorflow", "keras") or self._looking:  # Each imports the other.
            return None
        import importlib.util

        self._looking = True
        try:
            spec = importlib.util.find_spec(fullname)
        finally:
            self._looking = False
        if spec and spec.loader:
            execute = spec.loader.exec_module

            def exec_module(module: types.ModuleType) -> None:
                quiet = self._quiet and fullname == "tensorflow"
                with _without_sklearn(), _held_back_stderr() if quiet else contextlib.nullcontext():
                    execute(module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


@contextlib.contextmanager
def _without_sklearn() -> Iterator[None]:
    """Within it, scikit-learn cannot be imported, unless it has been.

    Keras imports it, and SciPy with it, for wrappers that no command uses, which takes an eighth of the time of the
    whole import or more. Tasks that score by scikit-learn import it when they do.
    """
    if "sklearn" in sys.modules:
        yield
        return
    modules: dict[str, Any] = sys.modules
    modules["sklearn"] = None  # Python takes it for a module that there is not.
    try:
        yield
    finally:
        del modules["sklearn"]


@contextlib.contextmanager
def _held_back_stderr() -> Iterator[None]:
    import tempfile

    try:
        saved = os.dup(2)
    except OSError:  # Standard error is closed: nothing can be seen anyway.
        yield
        return
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except BaseException:
            held.seek(0)
            os.write(saved, held.read())
            raise
        finally:
            os.dup2(saved, 2)
            os.close(saved)
