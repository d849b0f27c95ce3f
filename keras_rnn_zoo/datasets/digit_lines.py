"""Lines of handwritten digits: real digits from scikit-learn, combined into images of lines."""

import functools
from typing import Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

SIZES = {"train": 12000, "validation": 500, "test": 500}
FRACTIONS = {"train": 0.7, "validation": 0.1, "test": 0.2}
"""The fraction of the digits that is used for each split's lines."""

SEED = 20_260_611
LENGTHS = (3, 8)
HEIGHT = 32

CELLS = 8
"""Rows and columns of a digit in scikit-learn; each cell has 0 to 16 dots of ink."""

PATCH = 40
"""Width in pixels of the patch that a digit is drawn into before it is placed in its line."""

FINE = 16
"""Sampling points per cell when a digit is enlarged horizontally; each pixel takes the nearest point."""

CHUNK = 400
"""Number of lines drawn at a time, to limit memory."""


class Lines(NamedTuple):
    """The appearance of lines: arrays with a value per line or per digit; the digits of all lines are concatenated.

    Attributes:
        lengths: number of digits of each line.
        margins: pixels before and after the digits of each line.
        paper: brightness of each line's paper, up to 255.
        ink: fraction of the light that each line's ink absorbs.
        noise: standard deviation of each line's noise.
        grain: seed of each line's noise.
        digits: index of each digit's image.
        heights: height of each digit in pixels.
        aspects: width of each digit as a fraction of its height.
        slants: lean of each digit to the right, from bottom to top, as a fraction of its height.
        lifts: vertical position of each digit, from 0 at the bottom of the line to 1 at the top.
        gaps: pixels between each digit and the previous one, negative if they overlap; unused for a line's first digit.
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
    """Returns scikit-learn's 1,797 digits, uint8 `(1797, 8, 8)` from 0 to 16, and their labels, `(1797,)`."""
    from sklearn import datasets

    digits = datasets.load_digits()
    return digits.images.astype(np.uint8), digits.target


def pools() -> dict[str, Any]:
    """Returns the indices of the digits for each split's lines, with the same fraction of every label."""
    _, labels = load_digits()
    rng = np.random.default_rng(SEED)
    cuts = np.cumsum(list(FRACTIONS.values()))[:-1]
    pieces = []
    for label in range(10):
        members = rng.permutation(np.flatnonzero(labels == label))
        pieces.append(np.split(members, np.round(cuts * len(members)).astype(int)))
    return {name: np.concatenate(pool) for name, pool in zip(FRACTIONS, zip(*pieces, strict=True), strict=True)}


def draw_lines(pool: Any, count: int, seed: int) -> Lines:
    """Draws the appearance of `count` lines at random, with digits from the indices in `pool`."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(*LENGTHS, count, endpoint=True)
    total = lengths.sum()
    leaning = np.repeat(rng.uniform(-0.1, 0.3, count), lengths)  # The digits of a line have a similar slant.
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
    indices = pools()
    return {name: draw_lines(indices[name], size, SEED + split) for split, (name, size) in enumerate(SIZES.items(), 1)}


def transcripts(lines: Lines) -> list[str]:
    """Returns the text of each line."""
    _, labels = load_digits()
    text = "".join(map(str, labels[lines.digits]))
    ends = np.cumsum(lines.lengths)
    return [text[end - length : end] for end, length in zip(ends, lines.lengths, strict=True)]


def _cubic(distance: Any) -> Any:
    """Returns the weight of a cell in cubic interpolation, given its distance in cells (Keys 1981)."""
    near = abs(distance)
    far = np.clip(near, 1, 2)
    return np.where(near < 1, (1.5 * near - 2.5) * near**2 + 1, ((2.5 - 0.5 * far) * far - 4) * far + 2)


def _patches(lines: Lines, chosen: slice) -> Any:
    """Draws some of the digits, each into a patch of HEIGHT by PATCH pixels, from 0 (paper) to 1 (ink)."""
    images, _ = load_digits()
    height, aspect, slant, lift = (  # Each (digits, 1, 1).
        values[chosen][:, None, None].astype(np.float32)
        for values in (lines.heights, lines.aspects, lines.slants, lines.lifts)
    )
    cells = np.arange(CELLS, dtype=np.float32) + 0.5
    rows = np.arange(HEIGHT, dtype=np.float32)[:, None] + 0.5
    down = (rows - 1 - (1 - lift) * (HEIGHT - 2 - height)) / height
    finely = np.arange(-1, CELLS + 1, 1 / FINE, dtype=np.float32)
    enlarged = _cubic(down * CELLS - cells) @ (images[lines.digits[chosen]] / np.float32(16))
    enlarged = enlarged @ _cubic(finely - cells[:, None])

    columns = np.arange(PATCH, dtype=np.float32) + 0.5 - PATCH / 2
    across = (columns / height - slant * (0.5 - down)) / aspect + 0.5
    nearest = np.clip((across * CELLS + 1) * FINE, 0, enlarged.shape[-1] - 1).astype(np.int64)
    # Increase the contrast, so that the edges of strokes are as sharp as those of a pen.
    return np.clip(1.4 * np.take_along_axis(enlarged, nearest, axis=-1) - 0.2, 0, 1)


def _canvas(patches: Any, gaps: Any, margins: Any) -> Any:
    """Places the patches of a line side by side, according to the columns in which they have ink."""
    inked = (patches > 0.25).any(axis=1)
    before = inked.argmax(axis=1)
    widths = PATCH - inked[:, ::-1].argmax(axis=1) - before
    starts = np.cumsum([margins[0], *(widths[:-1] + gaps[1:])])
    # With extra width for whole patches, whose blank edges may extend past those of the line.
    canvas = np.zeros((HEIGHT, starts[-1] + widths[-1] + margins[1] + 2 * PATCH), np.float32)
    for patch, start in zip(patches, PATCH + starts - before, strict=True):
        window = canvas[:, start : start + PATCH]
        np.maximum(window, patch, out=window)
    return canvas[:, PATCH:-PATCH]


def pictures(lines: Lines) -> list[Any]:
    """Draws lines, each as a uint8 array with HEIGHT rows and as many columns as needed."""
    ends = np.cumsum(lines.lengths)
    drawn = []
    for index, (end, length) in enumerate(zip(ends, lines.lengths, strict=True)):
        if index % CHUNK == 0:
            chunk = slice(end - length, ends[min(index + CHUNK, len(ends)) - 1])
            patches = _patches(lines, chunk)
        digits = slice(end - length, end)
        line_patches = patches[digits.start - chunk.start : end - chunk.start]
        canvas = _canvas(line_patches, lines.gaps[digits], lines.margins[index])
        light = lines.paper[index] * (1 - lines.ink[index] * canvas)
        light += lines.noise[index] * np.random.default_rng(lines.grain[index]).standard_normal(light.shape, np.float32)
        drawn.append(np.clip(light, 0, 255).astype(np.uint8))
    return drawn


@registry.dataset(
    task="transcription",
    size="12,000 train, 500 validation, 500 test",
    license="drawn by this project, Apache-2.0, of digits under CC BY 4.0: Alpaydin and Kaynak 1998, from scikit-learn",
    license_id="cc-by-4.0",
    terms="https://archive.ics.uci.edu/dataset/80/optical+recognition+of+handwritten+digits",
    model_options={"input": "image"},
    # The learning rate decreases until the end, and one of the last epochs is the best: early stopping would miss it.
    defaults={"batch_size": 16, "epochs": 6, "patience": 6, "dropout": 0.3, "elastic": 0.04},
)
def digit_lines(data_dir: str | None, seed: int) -> Examples:
    """Lines of three to eight handwritten digits, which slant, touch and overlap, to be read as text.

    The digits are those of scikit-learn. They are split first, so that no image of a digit is used in two splits. The
    lines do not depend on the training seed.
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
