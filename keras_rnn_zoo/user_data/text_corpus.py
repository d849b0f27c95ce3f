"""One long text, to be learnt and gone on with."""

import functools
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RowsConfig
from keras_rnn_zoo.datasets.examples import Examples, held_in_memory
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import Range
from keras_rnn_zoo.user_data.rows import first
from keras_rnn_zoo.user_data.textfile import TextFile, undecodable

logger = logging.getLogger(__name__)

HELD_OUT_LENGTH = 2000
"""Characters in a stretch of validation and test. Each starts without context, so longer ones measure less of that."""
SHARE = 0.05
"""The share of the text, from its end, that is for validation and for test, where no files are named for them."""
LEAST = 200
"""Characters without which a text is too short to be split."""


def book_dataset(place: str, options: Mapping[str, Any]) -> registry.Dataset:
    """Returns the data set of one text; arguments as of a form."""
    encoding = str(options.get("encoding", ""))
    if "," in place:
        raise DataError(f"One file is expected to learn a text from; received {place!r}.")
    path = TextFile(place, encoding).path

    def open_book(
        data_dir: str | None,
        seed: int,
        *,
        chunk_length: Annotated[int, Range(2, 2000)] = 200,
        validation: str = "",
        test: str = "",
        encoding: str = "",
    ) -> Examples:
        """A text of your own, cut into stretches that overlap by one character.

        Args:
            data_dir: not used.
            seed: not used: the end of the text is held out.
            chunk_length: characters in a stretch of the train split.
            validation: text to validate on; a twentieth from near the end if empty.
            test: text to test on; the last twentieth if empty.
            encoding: encoding of the text; if empty, what a byte order mark tells, or UTF-8.
        """
        files = {"train": TextFile(str(path), encoding)}
        for part, named in (("validation", validation), ("test", test)):
            if named:
                files[part] = TextFile(named, encoding)
        return _open(files, chunk_length)

    return registry.Dataset(
        name=f"text:{path}",
        make=open_book,
        task="language_modeling",
        source="files",
        size="as the run's configuration says",
        license="your own",
        model_options={"input": "text", "causal": True},
        defaults={"tokens": "characters", "max_length": HELD_OUT_LENGTH + 1},
    )


def _open(files: Mapping[str, TextFile], length: int) -> Examples:
    import hashlib

    from keras_rnn_zoo.atomic_files import file_digest

    sizes = {part: _count(file) for part, file in files.items()}
    total = sizes["train"]
    if total < LEAST:
        raise DataError(
            f"{files['train'].path} has {total:,} characters; {LEAST} or more are needed. Bring a longer text."
        )
    test = total if "test" in files else round(total * (1 - SHARE))
    validation = test if "validation" in files else round(test - total * SHARE)
    ranges = {"train": (0, validation), "validation": (validation, test), "test": (test, total)}
    ranges |= {part: (0, sizes[part]) for part in files if part != "train"}
    sums = [file_digest(file.path) for file in files.values()]
    splits: dict[str, Callable[[], Any]] = {
        part: functools.partial(
            _stretches, files.get(part, files["train"]), *bounds, length if part == "train" else HELD_OUT_LENGTH
        )
        for part, bounds in ranges.items()
    }
    rows = {part: end - start for part, (start, end) in ranges.items()}
    return Examples(
        version="1",
        checksum=sums[0] if len(sums) == 1 else hashlib.sha256(" ".join(sums).encode()).hexdigest(),
        input="text",
        splits=splits,
        recorded=RowsConfig(rows),
        report=functools.partial(_look, files["train"], rows, length),
    )


def _count(file: TextFile) -> int:
    """Returns the number of characters of a text; raises `DataError` at a byte that is none."""
    total = 0
    for number, (line, _) in enumerate(file.lines(), 1):
        if fault := undecodable(line, file.encoding):
            raise DataError(f"{file.path}, line {number}: {fault}.")
        total += len(_plain(line))
    return total


def _plain(line: str) -> str:
    return line.replace("\r\n", "\n")


def _stretches(file: TextFile, start: int, end: int, length: int) -> Any:
    """Returns the characters from `start` to `end` in stretches, as a `tf.data.Dataset` of `(text, text)`."""

    def cut() -> Iterator[tuple[bytes, bytes]]:
        for stretch in _cut(file, start, end, length):
            encoded = stretch.encode()
            yield encoded, encoded

    if (held := held_in_memory(cut(), tf.string)) is not None:
        return held
    spec = tf.TensorSpec([], tf.string)
    count = max(-(-(end - start - 1) // (length - 1)), 0)
    data = tf.data.Dataset.from_generator(cut, output_signature=(spec, spec))
    return data.apply(tf.data.experimental.assert_cardinality(count))


def _cut(file: TextFile, start: int, end: int, length: int) -> Iterator[str]:
    """Yields chunks of `length` characters, each beginning with the last one of the chunk before."""
    place, held = 0, ""
    for line, _ in file.lines():
        text = _plain(line)
        held += text[max(start - place, 0) : max(end - place, 0)]
        place += len(text)
        while len(held) >= length:
            yield held[:length]
            held = held[length - 1 :]
        if place >= end:
            break
    if len(held) > 1:
        yield held


def _look(file: TextFile, rows: Mapping[str, int], length: int, task: Any) -> None:
    logger.info(
        "%s: %s characters to train on, %s to validate on, %s to test on.",
        file.path.name,
        *(f"{rows[part]:,}" for part in ("train", "validation", "test")),
    )
    for line in first((line.strip() for line, _ in file.lines() if line.strip()), 3):
        logger.info("A line of it: %r", line[:80])
    ids = task.reader.ids
    if ids.tokens == "characters" and ids.max_length < max(length, HELD_OUT_LENGTH):
        logger.warning(
            "Warning: stretches of the text have %s characters to train on and %s to validate and test on, and those "
            "longer than max_length=%s are cut. Raise it: --set max_length=%s.",
            f"{length:,}", f"{HELD_OUT_LENGTH:,}", f"{ids.max_length:,}", HELD_OUT_LENGTH + 1,
        )  # fmt: skip
