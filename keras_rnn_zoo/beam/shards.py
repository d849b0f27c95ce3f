"""The files of the answers: which chunks are in which, in the order of the inputs."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import NamedTuple

from keras_rnn_zoo.errors import DataError, ZooError


class Piece(NamedTuple):
    """The answers to a chunk, in a temporary file.

    Attributes:
        part: number of the part.
        chunk: number of the chunk in the part.
        last: whether it is the last chunk of the part.
        path: the file of the answers, without a header; "" if there are none.
        header: the header.
        faults: the file of the rows without an answer; "" if each has one.
        answered: number of answers.
        bad: number of rows without an answer.
    """

    part: int
    chunk: int
    last: bool
    path: str
    header: bytes
    faults: str
    answered: int
    bad: int


class Shard(NamedTuple):
    """A file of the output.

    Attributes:
        number: its place; `ERRORS` for the side output.
        header: what it begins with.
        pieces: the temporary files that follow.
    """

    number: int
    header: bytes
    pieces: list[str]


ERRORS = -1
"""The number of the side output of bad rows among shards."""


def complete(pieces: Iterable[Piece], parts: int) -> list[Piece]:
    """Returns the answers to all chunks in the order of the inputs, each once, also if a worker repeated some.

    Args:
        pieces: the answers, in any order.
        parts: number of parts.

    Raises:
        ZooError: the answers to a chunk are missing.
    """
    by_place: dict[tuple[int, int], Piece] = {}
    for piece in pieces:
        place = piece.part, piece.chunk
        by_place[place] = min(piece, by_place.get(place, piece))
    ordered = [by_place[place] for place in sorted(by_place)]
    expected = 0, 0
    for piece in ordered:
        if (piece.part, piece.chunk) != expected:
            break
        expected = (piece.part + 1, 0) if piece.last else (piece.part, piece.chunk + 1)
    if expected != (parts, 0):
        raise ZooError(f"The runner lost the answers to chunk {expected[1]} of part {expected[0]}. Repeat the command.")
    return ordered


def shards_of(pieces: Sequence[Piece], number: int, errors_header: bytes) -> list[Shard]:
    """Returns the files of the output: a number of successive ones with about as many answers each, and bad rows.

    Args:
        pieces: the answers, in order.
        number: number of files.
        errors_header: the header of the side output.

    Raises:
        DataError: the answers have different columns.
    """
    headers = {piece.header for piece in pieces if piece.answered}
    if len(headers) > 1:
        shown = " and ".join(sorted(repr(header.decode("utf-8", "replace").strip()) for header in headers)[:2])
        raise DataError(f"The answers to the files have different columns: {shown}. Predict these files separately.")
    header, total = b"".join(headers), sum(piece.answered for piece in pieces)
    shards = [Shard(index, header, []) for index in range(number)]
    before = 0
    for piece in pieces:
        if piece.answered:
            shards[min(number - 1, before * number // total)].pieces.append(piece.path)
        before += piece.answered
    return [*shards, Shard(ERRORS, errors_header, [piece.faults for piece in pieces if piece.faults])]


def shard_paths(output: str, number: int) -> list[str]:
    """Returns the files of an output: the one that the user named, or several, as in `out-00000-of-00004.csv`."""
    if number == 1:
        return [output]
    stem, endings = _split(output)
    return [f"{stem}-{index:05}-of-{number:05}{endings}" for index in range(number)]


def errors_path(output: str) -> str:
    """Returns the path of the side output of bad rows: `answers.errors.csv` beside `answers.csv`."""
    return f"{_split(output)[0]}.errors.csv"


def _split(output: str) -> tuple[str, str]:
    """Divides a path into what precedes its endings, and these, such as ".csv" or ".csv.gz"."""
    name = PurePosixPath(output).name
    endings = "".join(PurePosixPath(name).suffixes[-2:] if name.endswith(".gz") else PurePosixPath(name).suffixes[-1:])
    return output.removesuffix(endings), endings


def counts_of(pieces: Iterable[Piece]) -> Mapping[str, int]:
    """Returns the numbers of rows that were answered, `predicted`, and of those in the side output, `skipped`."""
    predicted = skipped = 0
    for piece in pieces:
        predicted, skipped = predicted + piece.answered, skipped + piece.bad
    return {"predicted": predicted, "skipped": skipped}
