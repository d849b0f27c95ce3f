"""An input of the test split, kept with a run for commands that can be tried. Imports no framework."""

import itertools
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from keras_rnn_zoo.display.printing import shell_quote

FOLDER = "example"
"""The folder in a run that holds the input, in a file `input.EXTENSION`."""
_CANDIDATES = 8
"""Number of inputs to choose from; the shortest is kept."""
_MAX_CHARACTERS = 100
"""Maximum number of characters of an input in a command line. Longer texts are cut; longer series are read from the
file."""
_MAX_BYTES = 2**20


def write_example(run: Path, as_file: Callable[[Any], tuple[str, bytes]], inputs: Iterable[Any]) -> None:
    """Writes the shortest of the first inputs to the folder `example` of a run.

    Args:
        run: the folder of the run.
        as_file: function from a raw input to its file's extension and content, as in `Reader.as_file`.
        inputs: the raw inputs of a split.
    """
    files = [as_file(raw) for raw in itertools.islice(inputs, _CANDIDATES)]
    usable = [(extension, content) for extension, content in files if extension and content.strip()]
    if usable:
        extension, content = min(usable, key=lambda file: len(file[1]))
        (run / FOLDER).mkdir(exist_ok=True)
        (run / FOLDER / f"input.{extension}").write_bytes(content)


def example_path(run: Path) -> Path | None:
    """Returns the file of the example of a run, or `None` if it has none."""
    folder = run / FOLDER
    path = next(iter(sorted(folder.glob("input.*"))), None)
    if path is None or folder.is_symlink() or path.is_symlink() or not path.is_file():  # Links may lead anywhere.
        return None
    return path


def example_argument(run: Path) -> str:
    """Returns the end of a command that predicts the example of a run: an argument for a shell, or a redirection.

    Returns:
        The argument, quoted; "" if the run has no example.
    """
    path = example_path(run)
    if path is None:
        return ""
    if path.suffix not in (".txt", ".json"):
        return shell_quote(path)
    with path.open("rb") as file:
        text = " ".join(file.read(_MAX_BYTES).decode("utf-8", "replace").split())
    if path.suffix == ".json" and len(text) > _MAX_CHARACTERS:
        return f"< {shell_quote(path)}"
    return ("-- " if text.startswith("-") else "") + shell_quote(_cut(text))


def _cut(text: str) -> str:
    """Returns the beginning of a text, up to a space if there is one."""
    if len(text) <= _MAX_CHARACTERS:
        return text
    beginning = text[:_MAX_CHARACTERS]
    return beginning.rpartition(" ")[0] or beginning
