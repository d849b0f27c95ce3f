"""Lines of handwritten digits: the real digits of scikit-learn, set side by side into one image."""

import functools
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

SIZES = {"train": 12000, "validation": 500, "test": 500}
SHARES = {"train": 0.7, "validation": 0.1, "test": 0.2}
"""The share of the digits that a split's lines are made of."""

SEED = 20_260_611
LENGTHS = (3, 8)
HEIGHT = 32

CELLS = 8
"""Cells of a digit in scikit-learn, down as across, each with 0 to 16 dots of ink."""

PATCH = 40
"""Pixels across what a digit is drawn into before it is set into its line."""

FINE = 16
"""Columns that a cell is divided into when a digit is enlarged; each pixel then takes the nearest."""

CHUNK = 400
"""Lines drawn at a time, to bound the memory that this takes."""


class Lines(NamedTuple):
    """What is drawn: arrays with a number for each line or, of all lines one after another, for each digit.

    Attributes:
        lengths: number of digits of each line.
        margins: pixels before and after the digits of each line.
        paper: brightness of each line's paper, up to 255.
        ink: share of the light that each line's ink takes away.
        noise: standard deviation of each line's noise.
        grain: seed of each line's noise.
        digits: which digit it is, as an index.
        heights: height of each digit in pixels.
        aspects: width of each digit in parts of its height.
        slants: how far each digit leans to the right from foot to head, in parts of its height.
        lifts: where each digit stands, from 0 at the lower edge of the line to 1 at the upper.
        gaps: pixels between each digit and the one before it, negative where they overlap; a line's first is unused.
    """

    lengths: Any
    margins: Any
    paper: Any
    ink: Any
    noise: Any
    grain: Any
    digits: Any
    heights: Any
    aspects: Any
    slants: Any
    lifts: Any
    gaps: Any


@functools.cache
def load_digits() -> tuple[Any, Any]:
    """Returns scikit-learn's 1,797 digits as whole numbers from 0 to 16 of 8 rows and columns, and their labels."""
    from sklearn import datasets

    digits = datasets.load_digits()
    return digits.images.astype(np.uint8), digits.target


def pools() -> dict[str, Any]:
    """Returns the indices of the digits that each split's lines are made of, with its share of every label."""
    _, labels = load_digits()
    rng = np.random.default_rng(SEED)
    cuts = np.cumsum(list(SHARES.values()))[:-1]
    parts = []
    for label in range(10):
        members = rng.permutation(np.flatnonzero(labels == label))
        parts.append(np.split(members, np.round(cuts * len(members)).astype(int)))
    return {name: np.concatenate(pool) for name, pool in zip(SHARES, zip(*parts, strict=True), strict=True)}


def draw_lines(pool: Any, count: int, seed: int) -> Lines:
    """Draws what lines of the digits with the indices `pool` look like."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(*LENGTHS, count, endpoint=True)
    total = lengths.sum()
    leaning = np.repeat(rng.uniform(-0.1, 0.3, count), lengths)  # The digits of a line lean alike.
    return Lines(
        lengths=lengths,
        margins=rng.integers(2, 10, (count, 2)),
        paper=rng.uniform(190, 250, count),
        ink=rng.uniform(0.6, 0.9, count),
        noise=rng.uniform(2, 9, count),
        grain=rng.integers(2**32, size=count),
        digits=rng.choice(pool, total),
        heights=rng.uniform(20, 26, total),
        aspects=rng.uniform(0.75, 0.95, total),
        slants=leaning + rng.uniform(-0.05, 0.05, total),
        lifts=rng.uniform(0, 1, total),
        gaps=rng.integers(-2, 6, total, endpoint=True),
    )


def generate() -> dict[str, Lines]:
    """Returns the lines of each split."""
    found = pools()
    return {name: draw_lines(found[name], size, SEED + index) for index, (name, size) in enumerate(SIZES.items(), 1)}


def transcripts(lines: Lines) -> list[str]:
    """Returns what stands in each of the lines."""
    _, labels = load_digits()
    text = "".join(map(str, labels[lines.digits]))
    ends = np.cumsum(lines.lengths)
    return [text[end - length : end] for end, length in zip(ends, lines.lengths, strict=True)]


def _cubic(distance: Any) -> Any:
    """Returns the weight of a cell at a distance, in cells, in cubic interpolation (Keys, 1981)."""
    near = abs(distance)
    far = np.clip(near, 1, 2)
    return np.where(near < 1, (1.5 * near - 2.5) * near**2 + 1, ((2.5 - 0.5 * far) * far - 4) * far + 2)


def _patches(lines: Lines, part: slice) -> Any:
    """Draws some of the digits, each into a patch of HEIGHT by PATCH pixels, from 0 (paper) to 1 (ink)."""
    images, _ = load_digits()
    number = (slice(None), None, None)  # Of digits, beside rows and columns.
    height, aspect, slant, lift = (
        values[part][number].astype(np.float32) for values in (lines.heights, lines.aspects, lines.slants, lines.lifts)
    )
    cells = np.arange(CELLS, dtype=np.float32) + 0.5
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None] + 0.5
    down = (rows - 1 - (1 - lift) * (HEIGHT - 2 - height)) / height
    finely = np.arange(-1, CELLS + 1, 1 / FINE, dtype=np.float32)
    enlarged = _cubic(down * CELLS - cells) @ (images[lines.digits[part]] / np.float32(16))
    enlarged = enlarged @ _cubic(finely - cells[:, None])

    columns = np.arange(PATCH, dtype=np.float32) + 0.5 - PATCH / 2
    across = (columns / height - slant * (0.5 - down)) / aspect + 0.5
    nearest = np.clip((across * CELLS + 1) * FINE, 0, enlarged.shape[-1] - 1).astype(np.int64)
    # Steeper than it was read, the edge of a stroke is as sharp as one of a pen.
    return np.clip(1.4 * np.take_along_axis(enlarged, nearest, axis=-1) - 0.2, 0, 1)


def _canvas(patches: Any, gaps: Any, margins: Any) -> Any:
    """Sets the patches of a line side by side, by the columns in which they have ink."""
    inked = (patches > 0.25).any(axis=1)
    before = inked.argmax(axis=1)
    widths = PATCH - inked[:, ::-1].argmax(axis=1) - before
    starts = np.cumsum([margins[0], *(widths[:-1] + gaps[1:])])
    # With room for whole patches, whose edges may reach beyond those of the line.
    canvas = np.zeros((HEIGHT, starts[-1] + widths[-1] + margins[1] + 2 * PATCH), np.float32)
    for patch, start in zip(patches, PATCH + starts - before, strict=True):
        place = canvas[:, start : start + PATCH]
        np.maximum(place, patch, out=place)
    return canvas[:, PATCH:-PATCH]


def pictures(lines: Lines) -> list[Any]:
    """Draws lines, each as an array of unsigned bytes of HEIGHT rows and as many columns as it takes."""
    ends = np.cumsum(lines.lengths)
    drawn = []
    for index, (end, length) in enumerate(zip(ends, lines.lengths, strict=True)):
        if index % CHUNK == 0:
            chunk = slice(end - length, ends[min(index + CHUNK, len(ends)) - 1])
            patches = _patches(lines, chunk)
        own = slice(end - length, end)
        canvas = _canvas(patches[own.start - chunk.start : end - chunk.start], lines.gaps[own], lines.margins[index])
        light = lines.paper[index] * (1 - lines.ink[index] * canvas)
        light += lines.noise[index] * np.random.default_rng(lines.grain[index]).standard_normal(light.shape, np.float32)
        drawn.append(np.clip(light, 0, 255).astype(np.uint8))
    return drawn


@registry.dataset(
    task="transcription",
    size="12,000 train, 500 validation, 500 test",
    license="drawn by this project, Apache-2.0, of digits under CC BY 4.0: Alpaydin and Kaynak 1998, from scikit-learn",
    model_options={"input": "image"},
    # The learning rate falls to the end, and the best epoch is one of the last: stopping early misses it.
    defaults={"batch_size": 16, "epochs": 6, "patience": 6, "dropout": 0.3},
)
def digit_lines(data_dir: str | None, seed: int) -> Examples:
    """Lines of three to eight handwritten digits, which slant, touch and overlap, to be read as text.

    They are the digits of scikit-learn, which are parted first: a digit of a training line stands in no other split.
    The lines are the same whatever the seed of the training.
    """
    import hashlib

    images, labels = load_digits()
    drawn = generate()
    arrays = [images, labels, *(values for lines in drawn.values() for values in lines)]
    return Examples(
        version="1.0.0",
        checksum=hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest(),
        input="image",
        splits={name: functools.partial(_as_dataset, lines) for name, lines in drawn.items()},
    )


def _as_dataset(lines: Lines) -> "tf.data.Dataset":
    def encode(pixels: Any, text: Any) -> tuple[Any, Any]:
        return tf.io.encode_png(tf.reshape(pixels, (HEIGHT, -1, 1))), text

    drawn = pictures(lines)
    pixels = np.concatenate([picture.ravel() for picture in drawn])
    ragged = tf.RaggedTensor.from_row_lengths(pixels, [picture.size for picture in drawn])
    examples = tf.data.Dataset.from_tensor_slices((ragged, transcripts(lines)))
    return examples.map(encode, num_parallel_calls=tf.data.AUTOTUNE)
