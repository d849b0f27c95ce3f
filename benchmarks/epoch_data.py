"""Synthetic datasets of ordinary size, written in the file formats that users have."""

import csv
import json
import shutil
import wave
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

SYLLABLES = [consonant + vowel for consonant in "bcdfghjklmnprstvwz" for vowel in "aeiou"]
WORDS = 40_000
LETTERS = "".join(chr(number) for number in (*range(97, 123), *range(65, 91), *range(48, 58)))
GLYPH = 32
"""Width and height of a character in pixels: a line of 30 characters is 960 columns wide, which gives 240 frames."""
SAMPLE_RATE = 16_000


def _word(number: int) -> str:
    text = SYLLABLES[number % 90]
    while number := number // 90:
        text += SYLLABLES[number % 90]
    return text


class Words:
    """Draws words with realistic frequencies: the word of rank `r` is drawn in proportion to `1 / (r + 2.7)` (Zipf)."""

    def __init__(self, random: Any, count: int = WORDS) -> None:
        self.random = random
        self.words = np.array([_word(number) for number in range(count)])
        shares = 1 / (np.arange(count) + 2.7)
        self._sums = np.cumsum(shares / shares.sum())

    def draw(self, count: int) -> list[str]:
        """Returns `count` random words."""
        return self.words[np.searchsorted(self._sums, self.random.random(count))].tolist()

    def sentences(self, count: int, mean: float) -> Iterator[list[str]]:
        """Yields sentences whose lengths have this mean and half of it as standard deviation."""
        # A gamma distribution of shape 4 has no negative lengths and a long tail.
        for length in np.maximum(np.round(self.random.gamma(4, mean / 4, count)), 3).astype(int):
            yield self.draw(length)


def _table(path: Path, header: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> None:
    with open(path, "w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)


def write_lines(folder: Path, count: int, random: Any) -> None:
    """Writes images of lines of text, 24 to 36 characters each, as grayscale PNG files."""
    import tensorflow as tf

    glyphs = np.where(random.random((len(LETTERS), GLYPH, GLYPH)) < 0.2, 30, 220).astype("uint8")

    def rows() -> Iterator[tuple[str, str]]:
        for number in range(count):
            chosen = random.integers(0, len(LETTERS), random.integers(24, 37))
            pixels = np.concatenate(glyphs[chosen], axis=1)[:, :, None]
            (folder / f"{number}.png").write_bytes(tf.io.encode_png(pixels).numpy())
            yield f"{number}.png", "".join(LETTERS[letter] for letter in chosen)

    _table(folder / "labels.csv", ("image", "text"), rows())


def write_pairs(folder: Path, count: int, random: Any) -> None:
    """Writes pairs of sentences of 12 words."""
    sources, targets = (Words(random).sentences(count, 12) for _ in range(2))
    pairs = ((" ".join(source), " ".join(target)) for source, target in zip(sources, targets, strict=True))
    _table(folder / "pairs.csv", ("source", "target"), pairs)


def write_tagged(folder: Path, count: int, random: Any) -> None:
    """Writes sentences of 16 words, with one of 17 tags for each word."""
    with open(folder / "tagged.conll", "w", encoding="utf-8") as file:
        for sentence in Words(random).sentences(count, 16):
            file.writelines(f"{word}\tT{len(word) % 5}{ord(word[0]) % 3}\n" for word in sentence)
            file.write("\n")


def write_reviews(folder: Path, count: int, random: Any) -> None:
    """Writes reviews of 400 words in two classes."""
    reviews = enumerate(Words(random).sentences(count, 400))
    _table(
        folder / "reviews.csv",
        ("text", "label"),
        ((" ".join(words), ("negative", "positive")[number % 2]) for number, words in reviews),
    )


def write_recordings(folder: Path, count: int, random: Any) -> None:
    """Writes recordings of 1.5 to 2.5 s, as 16-bit WAV files, and transcripts of 12 to 20 characters."""
    noise = (3000 * random.standard_normal(600 * SAMPLE_RATE)).astype("<i2")

    def rows() -> Iterator[tuple[str, str]]:
        for number in range(count):
            start, length = random.integers(0, len(noise) // 2), int(SAMPLE_RATE * random.uniform(1.5, 2.5))
            with wave.open(str(folder / f"{number}.wav"), "wb") as file:
                file.setnchannels(1)
                file.setsampwidth(2)
                file.setframerate(SAMPLE_RATE)
                file.writeframes(noise[start : start + length].tobytes())
            # Without repeated characters, each one needs a single frame, and there are at least 37.
            steps = np.cumsum(random.integers(1, 26, random.integers(12, 21)))
            yield f"{number}.wav", "".join(LETTERS[step % 26] for step in steps)

    _table(folder / "labels.csv", ("audio", "text"), rows())


def write_series(folder: Path, count: int, random: Any) -> None:
    """Writes series of 500 steps with 6 features in 5 classes."""
    x = random.standard_normal((count, 500, 6), dtype="float32")
    np.savez(folder / "series.npz", x=x, y=np.arange(count) % 5)


def write_pictures(folder: Path, count: int, random: Any) -> None:
    """Writes images of 128 by 128 pixels as JPEG files, each with five captions of 11 words."""
    import tensorflow as tf

    sentences = Words(random, 8000).sentences(5 * count, 11)

    def rows() -> Iterator[tuple[str, str]]:
        for number in range(count):
            coarse = random.integers(0, 256, (12, 12, 3)).astype("float32")
            pixels = tf.saturate_cast(tf.image.resize(coarse, (128, 128), "bicubic"), tf.uint8)
            (folder / f"{number}.jpg").write_bytes(tf.io.encode_jpeg(pixels).numpy())
            for _ in range(5):
                yield f"{number}.jpg", " ".join(next(sentences)) + "."

    _table(folder / "captions.csv", ("image", "caption"), rows())


def write_book(folder: Path, count: int, random: Any) -> None:
    """Writes a text of `count` bytes."""
    words, size = Words(random), 0
    with open(folder / "book.txt", "w", encoding="utf-8") as file:
        while size < count:
            size += file.write(" ".join(words.draw(12)).capitalize() + ".\n")


@dataclass(frozen=True)
class Task:
    """A training on a dataset.

    Attributes:
        architecture: name of the architecture.
        address: dataset address of the files; `{}` stands for the folder.
        count: number of examples or bytes.
        write: a function that writes `count` examples or bytes to a folder.
        about: a description of the data and of options that differ from the defaults.
        options: options of the training that differ from the defaults.
        sample: number of batches that represent the epoch.
    """

    architecture: str
    address: str
    count: int
    write: Callable[[Path, int, Any], None]
    about: str
    options: dict[str, Any] = field(default_factory=dict)
    sample: int = 3


TASKS = {
    "lines": Task("ctc", "images:{}", 10_000, write_lines, "10,000 lines of 240 frames and 30 characters", sample=2),
    "translation": Task(
        "many_to_many",
        "csv:{}/pairs.csv",
        50_000,
        write_pairs,
        "50,000 pairs of sentences of 12 words, in pieces, vocabularies of 15,000",
        {"vocabulary_size": 15_000, "target_vocabulary_size": 15_000},
    ),
    "tagging": Task(
        "sync_many_to_many",
        "conll:{}/tagged.conll",
        15_000,
        write_tagged,
        "15,000 sentences of 16 words, 15 tags",
        sample=8,
    ),
    "reviews": Task("many_to_one", "csv:{}/reviews.csv", 25_000, write_reviews, "25,000 reviews of 400 words"),
    "recordings": Task(
        "ctc", "audio:{}", 10_000, write_recordings, "10,000 recordings of 2 s, transcripts of 16 characters"
    ),
    "series": Task("many_to_one", "npz:{}/series.npz", 20_000, write_series, "20,000 series of 500 steps by 6"),
    "pictures": Task(
        "one_to_many",
        "images:{}",
        8_000,
        write_pictures,
        "8,000 pictures of 128 pixels, read at that size, with 5 captions",
        {"image_height": 128, "image_width": 128},
        sample=2,
    ),
    "book": Task("sync_many_to_many", "text:{}/book.txt", 10**6, write_book, "a book of 1 MB, by characters", sample=4),
}


def written(name: str, folder: Path, count: int) -> str:
    """Returns the dataset address of a task's data, and writes the data to `folder` if it is not there yet."""
    task, place = TASKS[name], folder / f"{name}-{count}"
    if not place.exists():
        partial = place.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        task.write(partial, count, np.random.default_rng(0))
        partial.rename(place)
    return task.address.format(place)


def save_batches(path: Path, batches: list[Any]) -> None:
    """Writes batches of `(inputs, targets)`, where inputs are an array or a dict of arrays."""
    arrays = {}
    for number, (inputs, targets) in enumerate(batches):
        named = inputs if isinstance(inputs, dict) else {"": inputs}
        arrays |= {f"{number}/x/{name}": np.asarray(value) for name, value in named.items()}
        arrays[f"{number}/y"] = np.asarray(targets)
    np.savez(path, **arrays)


def load_batches(path: Path) -> list[tuple[Any, Any]]:
    """Reads the batches that `save_batches` wrote."""
    batches: dict[int, tuple[dict[str, Any], list[Any]]] = {}
    with np.load(path) as arrays:
        for key in arrays.files:
            number, kind, *name = key.split("/")
            inputs, targets = batches.setdefault(int(number), ({}, []))
            if kind == "x":
                inputs[name[0]] = arrays[key]
            else:
                targets.append(arrays[key])
    return [(x.get("", x), y[0]) for _, (x, y) in sorted(batches.items())]


def facts_of(folder: Path) -> Any:
    """Returns the recorded facts about the network whose batches are in a folder."""
    return json.loads((folder / "facts.json").read_text())
