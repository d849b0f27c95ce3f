"""A single long text for language modeling."""

import functools
import logging
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Protocol

from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run_config import RowsConfig
from keras_rnn_zoo.datasets.examples import Examples, held_in_memory
from keras_rnn_zoo.display.spelling import spelled
from keras_rnn_zoo.errors import DataError
from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.options import Range, with_options
from keras_rnn_zoo.user_data.rows import first, joined_checksum
from keras_rnn_zoo.user_data.textfile import TextFile, undecodable

logger = logging.getLogger(__name__)

HELD_OUT_LENGTH = 2000
"""Number of characters in a chunk of validation and test. Each chunk starts without context, so longer ones reduce the
effect of that on the metrics."""
HELD_OUT_FRACTION = 0.05
"""The fraction of the text, at its end, for validation, and for test, if no files are named for them."""
MIN_CHARACTERS = 200
"""Minimum length of a text, so that it can be split."""


class Text(Protocol):
    """A text, such as a `TextFile`."""

    encoding: str

    @property
    def path(self) -> Path:
        """Its path, or what names it in messages."""

    def lines(self) -> Iterator[tuple[str, int]]:
        """Yields each line with its line ending, and a number that is not used."""

    def digest(self) -> str:
        """Returns the SHA-256 of its content."""


def corpus_dataset(location: str, options: Mapping[str, Any]) -> registry.Dataset:
    """Returns the dataset of a single text file; arguments as in the function of a file format."""
    if "," in location:
        raise DataError(f"A single file is expected for language modeling; received {location!r}.")
    path = TextFile(location, str(options.get("encoding", ""))).path

    def texts(encoding: str, held_out: Mapping[str, str]) -> dict[str, Text]:
        return {split: TextFile(name, encoding) for split, name in {"train": str(path), **held_out}.items()}

    return text_dataset(f"text:{path}", texts)


def text_dataset(
    name: str,
    texts: Callable[[str, Mapping[str, str]], Mapping[str, Text]],
    more_options: Callable[..., None] | None = None,
) -> registry.Dataset:
    """Returns the dataset of a single text.

    Args:
        name: the name of the dataset.
        texts: function that returns the text of each split that has its own, given the encoding, and the files that the
            user named for `"validation"` and `"test"`.
        more_options: a function whose options the dataset has in addition.
    """

    def open_corpus(
        data_dir: str | None,
        seed: int,
        *,
        chunk_length: Annotated[int, Range(2, 2000)] = 200,
        validation: str = "",
        test: str = "",
        encoding: str = "",
        **_: Any,
    ) -> Examples:
        """Your own text, split into chunks that overlap by one character.

        Args:
            data_dir: not used.
            seed: not used: the end of the text is held out.
            chunk_length: number of characters in a chunk of the training split.
            validation: validation text; if empty, the twentieth of the text before the test split.
            test: test text; the last twentieth of the text if empty.
            encoding: encoding of the text; if empty, that of the byte order mark, or UTF-8.
        """
        held_out = {"validation": validation, "test": test}
        return _open(texts(encoding, {split: file for split, file in held_out.items() if file}), chunk_length)

    return registry.Dataset(
        name=name,
        make=with_options(open_corpus, more_options) if more_options else open_corpus,
        task="language_modeling",
        source="files",
        size="as the run's configuration says",
        license="your own",
        model_options={"input": "text", "causal": True},
        defaults={"tokens": "characters", "max_length": HELD_OUT_LENGTH + 1},
    )


def _open(files: Mapping[str, Text], length: int) -> Examples:
    sizes = {split: _count(file) for split, file in files.items()}
    total = sizes["train"]
    if total < MIN_CHARACTERS:
        raise DataError(
            f"{files['train'].path} has {total:,} characters; at least {MIN_CHARACTERS} are needed. Use a longer text."
        )
    test = total if "test" in files else round(total * (1 - HELD_OUT_FRACTION))
    validation = test if "validation" in files else round(test - total * HELD_OUT_FRACTION)
    ranges = {"train": (0, validation), "validation": (validation, test), "test": (test, total)}
    ranges |= {split: (0, sizes[split]) for split in files if split != "train"}
    splits: dict[str, Callable[[], Any]] = {
        split: functools.partial(
            _chunk_dataset, files.get(split, files["train"]), *bounds, length if split == "train" else HELD_OUT_LENGTH
        )
        for split, bounds in ranges.items()
    }
    rows = {split: end - start for split, (start, end) in ranges.items()}
    # For the evaluation of runs that were trained on another text.
    splits["all"] = functools.partial(_chunk_dataset, files["train"], 0, total, HELD_OUT_LENGTH)
    return Examples(
        version="1",
        checksum=joined_checksum([file.digest() for file in files.values()]),
        input="text",
        splits=splits,
        recorded=RowsConfig(rows),
        report=functools.partial(_report, files["train"], rows, length),
    )


def _count(file: Text) -> int:
    """Returns the number of characters of a text; raises `DataError` if a byte is invalid."""
    total = 0
    for number, (line, _) in enumerate(file.lines(), 1):
        if fault := undecodable(line, file.encoding):
            raise DataError(f"{file.path}, line {number}: {fault}.")
        total += len(_plain(line))
    return total


def _plain(line: str) -> str:
    return line.replace("\r\n", "\n")


def _chunk_dataset(file: Text, start: int, end: int, length: int) -> Any:
    """Returns the characters from `start` to `end` in chunks, as a `tf.data.Dataset` of `(text, text)`."""

    def pairs() -> Iterator[tuple[bytes, bytes]]:
        for chunk in _chunks(file, start, end, length):
            encoded = chunk.encode()
            yield encoded, encoded

    if (held := held_in_memory(pairs(), tf.string)) is not None:
        return held
    spec = tf.TensorSpec([], tf.string)
    count = max(-(-(end - start - 1) // (length - 1)), 0)
    data = tf.data.Dataset.from_generator(pairs, output_signature=(spec, spec))
    return data.apply(tf.data.experimental.assert_cardinality(count))


def _chunks(file: Text, start: int, end: int, length: int) -> Iterator[str]:
    """Yields chunks of `length` characters, each beginning with the last character of the chunk before."""
    position, buffer = 0, ""
    for line, _ in file.lines():
        text = _plain(line)
        buffer += text[max(start - position, 0) : max(end - position, 0)]
        position += len(text)
        while len(buffer) >= length:
            yield buffer[:length]
            buffer = buffer[length - 1 :]
        if position >= end:
            break
    if len(buffer) > 1:
        yield buffer


def _report(file: Text, rows: Mapping[str, int], length: int, task: Any) -> None:
    logger.info(
        "%s: %s training characters, %s validation characters, %s test characters.",
        file.path.name,
        *(f"{rows[split]:,}" for split in ("train", "validation", "test")),
    )
    for line in first((line.strip() for line, _ in file.lines() if line.strip()), 3):
        logger.info("Sample line: %r", line[:80])
    ids = task.reader.ids
    if ids.tokens == "characters" and ids.max_length < max(length, HELD_OUT_LENGTH):
        logger.warning(
            "Chunks of the text have %s characters in training and %s in validation and test; those longer "
            "than max_length=%s are truncated. Increase it: %s.",
            f"{length:,}",
            f"{HELD_OUT_LENGTH:,}",
            f"{ids.max_length:,}",
            spelled(f"--set max_length={HELD_OUT_LENGTH + 1}"),
        )
