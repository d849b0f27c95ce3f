"""Files that are named without a format: which formats they may have, by extension. Imports no framework."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from keras_rnn_zoo.atomic_files import user_path
from keras_rnn_zoo.display.printing import alternatives
from keras_rnn_zoo.errors import UnknownNameError, ZooError

if TYPE_CHECKING:
    from keras_rnn_zoo.entries.files import FileFormat


def ending_of(path: str) -> str:
    """Returns the extension of a path in lower case, without the dot and without `.gz`."""
    name = path.casefold().removesuffix(".gz").replace("\\", "/").rpartition("/")[2]
    return name.rpartition(".")[2] if "." in name else ""


def address_of(
    path: str, formats: Sequence["FileFormat"], fitting: Sequence["FileFormat"], error: UnknownNameError
) -> str:
    """Returns the address of a file that was named without its format, such as `csv:reviews.csv`.

    Args:
        path: the path.
        formats: all file formats.
        fitting: those for the tasks in question.
        error: the error if the path cannot be that of a file.

    Raises:
        UnknownNameError: the path does not determine the format.
    """
    ending = ending_of(path)
    if is_folder(path):
        possible = [format for format in fitting if format.folder]
    else:
        possible = [format for format in fitting if ending in (*format.endings, *format.unclear_endings)]
        possible = possible or [format for format in formats if ending in format.endings]
        if len(possible) == 1 and ending in possible[0].endings and ending not in possible[0].unclear_endings:
            return f"{possible[0].name}:{path}"
        if not possible and ending and exists(path):
            possible = [format for format in fitting if not format.folder and format.endings]
    if not possible:
        raise error
    addresses = alternatives([f"{format.name}:{path}" for format in possible])
    raise UnknownNameError(f"{str(error).partition('. ')[0]}. Put the format before the path: {addresses}.") from None


def kind_of_file(text: str, input: str, formats: Sequence["FileFormat"]) -> str:
    """Returns "file" or "folder" if a text is the path of existing files that can be predicted, else "".

    Args:
        text: the text, an input on the command line.
        input: the kind of input that the run reads.
        formats: all file formats.
    """
    read = [format for format in formats if format.predict and input in format.inputs]
    if is_folder(text):  # A text such as "data" may happen to be the name of a folder.
        return "folder" if input != "text" and any(format.folder for format in read) else ""
    return "file" if exists(text) and any(ending_of(text) in format.endings for format in read) else ""


def is_folder(path: str) -> bool:
    """Returns whether there is a folder at a path, which may be any text."""
    try:
        return user_path(path).is_dir()
    except (ZooError, OSError):
        return False


def exists(path: str) -> bool:
    """Returns whether there is a file or folder at a path, which may be any text."""
    try:
        return user_path(path).exists()
    except (ZooError, OSError):
        return False
