"""Exceptions whose messages users can act on, and suggestions for misspelled names. Imports no framework."""

import difflib
from collections.abc import Collection, Iterable

from keras_rnn_zoo.display.printing import alternatives
from keras_rnn_zoo.display.spelling import spelled


class ZooError(Exception):
    """Base class of the package's errors. The message says what is wrong, what was received and what to do.

    Args:
        message: the message, with options as on the command line. In Python, it names them as arguments.
    """

    def __init__(self, message: str = "") -> None:
        super().__init__(spelled(message))

    def _render_traceback_(self) -> list[str]:
        """Returns the lines that IPython and notebooks show for the error: the message, without a traceback."""
        from keras_rnn_zoo.display.printing import printable

        return [f"\x1b[31m{type(self).__name__}\x1b[0m: {printable(str(self))}"]


class UnknownNameError(ZooError):
    """No entry is registered under this name."""


class DuplicateNameError(ZooError):
    """The name or an alias is already taken by another entry."""


class OptionError(ZooError):
    """The option does not exist, or does not accept this value."""


class DataError(ZooError):
    """A dataset or an input is missing, damaged or not as expected."""


class RunError(ZooError):
    """A run does not exist, is unfinished or is damaged."""


class TrainingError(ZooError):
    """Training cannot start or continue."""


class ExportError(ZooError):
    """A model cannot be exported."""


class HubError(ZooError):
    """The Hugging Face Hub cannot be reached, or refuses a request."""


class ServingError(ZooError):
    """A server cannot start."""


class StreamingError(ZooError):
    """A model cannot answer while its input is still coming."""


class InspectionError(ZooError):
    """A prediction cannot be inspected."""


class PlotError(ZooError):
    """A plot cannot be drawn."""


class NoPlotError(PlotError):
    """A run, or its data, has nothing that a kind of plot could show; the message is the reason, as in `Plot.fault`."""


class LostPeers(TrainingError):
    """A process lost contact with another process of its training. JAX aborts the process before long."""


class TrainingInterrupted(ZooError):
    """Training was interrupted by Ctrl-C. The message says where the results so far are kept.

    Attributes:
        resumable: whether a checkpoint was saved from which training can resume.
    """

    def __init__(self, message: str, *, resumable: bool = False) -> None:
        super().__init__(message)
        self.resumable = resumable


_LONGEST_NAME = 200
"""Only this many characters of a name are compared with known names: the comparison takes quadratic time."""
MAX_LISTED = 12
"""Messages list up to this many options of an architecture."""
NAMES_ELSEWHERE = {
    "early_stopping": "patience",
    "global_clipnorm": "gradient_norm",
    "lr": "learning_rate",
    "mixed_precision": "dtype_policy",
    "validation_data": "validation",
}
"""Options that have other names in Keras, and their names here."""


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """Returns up to three of the `known` names that are most similar to `name`."""
    return difflib.get_close_matches(name[:_LONGEST_NAME], list(known), n=3, cutoff=0.5)


def name_hint(name: str, known: Iterable[str]) -> str:
    """Returns "Did you mean ...? " if a known name is similar, followed by the list of known names."""
    known = sorted(known)
    close = nearest(name, known)
    question = f"Did you mean {alternatives([*map(repr, close)])}? " if close else ""
    return f"{question}Known names: {', '.join(known)}."


def option_hint(name: str, options: Collection[str], owner: str, arguments: Iterable[str] = ()) -> str:
    """Returns which options are similar to a name, and which there are: all of few, or the command that lists them.

    Args:
        name: the name.
        options: the names of the options.
        owner: what has them: the name of an architecture, or words.
        arguments: names of other arguments, which may have been meant.
    """
    known = sorted({*options, *arguments})
    if NAMES_ELSEWHERE.get(name) in known:
        return f"Use {NAMES_ELSEWHERE[name]!r}."
    if len(options) <= MAX_LISTED or not owner.isidentifier():
        return name_hint(name, known)
    # A typo has a name that is almost the same; other similar names would distract from it.
    close = difflib.get_close_matches(name[:_LONGEST_NAME], known, n=3, cutoff=0.8) or nearest(name, known)
    question = f"Did you mean {alternatives([*map(repr, close)])}? " if close else ""
    return f"{question}To see all options: zoo show {owner}."
