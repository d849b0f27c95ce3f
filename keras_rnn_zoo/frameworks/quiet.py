"""Suppresses what the frameworks print, in the commands, in programs and in notebooks. Imports no framework."""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from typing import Any

from keras_rnn_zoo.display.printing import one_line, printable
from keras_rnn_zoo.display.status import announce
from keras_rnn_zoo.frameworks.import_hook import ImportHook

LEVEL = "TF_CPP_MIN_LOG_LEVEL"
"""The environment variable with the lowest level that TensorFlow's libraries log."""
_LOGGERS = ("absl", "apache_beam", "jax", "tensorflow", "tf2onnx", "urllib3")
_LOGGERS_OF_TENSORFLOW = ("absl", "tensorflow", "tf2onnx")


def silence_logs() -> None:
    """Lets the frameworks log errors only, until the process ends."""
    os.environ[LEVEL] = "3"
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.ERROR)
    logging.getLogger().addFilter(_is_error)  # Beam logs some warnings of its modules with the root logger itself.


def _is_error(record: logging.LogRecord) -> bool:
    return record.levelno >= logging.ERROR


@contextlib.contextmanager
def _quietly(name: str) -> Iterator[None]:
    """Imports TensorFlow quietly, unless the user has set a level."""
    if LEVEL in os.environ:
        yield
        return
    os.environ[LEVEL] = "3"
    loggers = [logging.getLogger(name) for name in _LOGGERS_OF_TENSORFLOW]
    unset = [logger for logger in loggers if logger.level == logging.NOTSET]
    with _captured_stderr():
        yield
    for logger in unset:  # In an interactive Python, TensorFlow sets the level of its own to INFO.
        logger.setLevel(logging.ERROR)


default_hook = ImportHook(("tensorflow",), _quietly)
"""Is installed along with the package, for programs and notebooks. The commands have a hook of their own."""


def import_hook(quiet: bool) -> ImportHook:
    """Returns a hook that imports TensorFlow and Keras without scikit-learn, and TensorFlow with stderr captured.

    TensorFlow's libraries write to standard error while they load, whatever `TF_CPP_MIN_LOG_LEVEL` is. The captured
    output is printed if the import fails.

    Args:
        quiet: whether to capture standard error.
    """

    @contextlib.contextmanager
    def around(name: str) -> Iterator[None]:
        announce("Loading TensorFlow and Keras")
        captured = quiet and name == "tensorflow"
        with _without_sklearn(), _captured_stderr() if captured else contextlib.nullcontext():
            yield
        if captured:  # In an interactive Python, TensorFlow's logger starts with the level INFO.
            sys.modules[name].get_logger().setLevel(logging.ERROR)

    return ImportHook(("tensorflow", "keras"), around)


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


class PrintableFormatter(logging.Formatter):
    """Marks warnings, and escapes control characters: names in a message may come from an untrusted file or run.

    The package logs names unchanged, because a program may want to compare them. They are escaped when printed.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Returns the message of a record, escaped, after "Warning: " if it is one."""
        if isinstance(record.args, tuple):  # After a line feed, a name could imitate another message.
            plain = [one_line(str(arg)) if isinstance(arg, str | os.PathLike) else arg for arg in record.args]
            record = logging.makeLogRecord({**record.__dict__, "args": tuple(plain)})
        prefix = "Warning: " if record.levelno == logging.WARNING else ""
        return prefix + printable(super().format(record))
