"""Synthetic scenes of colored shapes, each with a unique description."""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.lazy import np, tf

if TYPE_CHECKING:
    import random

SIZES = {"train": 12000, "validation": 500, "test": 500}
SEED = 20_260_417
SIDE = 64

KINDS = ("circle", "cross", "diamond", "square", "triangle")
COLORS = {
    "black": (30, 30, 35),
    "blue": (45, 75, 215),
    "green": (35, 155, 65),
    "purple": (150, 50, 185),
    "red": (215, 35, 40),
    "yellow": (240, 205, 40),
}
RADII = {"large": (10, 11), "small": (6, 7)}
RELATIONS = {"above": (0, 1), "below": (0, -1), "left of": (1, 0), "right of": (-1, 0)}
"""The direction from the first shape of a relation to the second, as (x, y); x points right and y points down."""

GAPS = (5, 14)
"""Minimum and maximum number of pixels between shapes along the axis of their relation."""

DRIFT = 3
"""Maximum distance between two centers along the other axis, too small to look like a relation."""

TINT, NOISE = 10, 6
"""Maximum variation of a color channel between shapes, and between pixels."""


class Shape(NamedTuple):
    """A shape in a scene. Shapes of all kinds are `2 * radius + 1` pixels wide and high."""

    kind: str
    radius: int
    x: int
    y: int
    rgb: tuple[int, ...]


class Scene(NamedTuple):
    """A scene and its description; `noise` is the seed of the noise."""

    sentence: str
    shapes: tuple[Shape, ...]
    background: int
    noise: int


def _pair(draw: "random.Random") -> tuple[list[str], list[str]]:
    """Draws the sizes and relation of two shapes. The larger comes first, or with equal sizes the left or upper one."""
    if draw.random() < 0.5:
        return ["large", "small"], [draw.choice(list(RELATIONS))]
    return [draw.choice(list(RADII))] * 2, [draw.choice(("above", "left of"))]


def _corner(draw: "random.Random") -> tuple[list[str], list[str]]:
    """Draws the sizes and relations of three shapes. The first is at the corner, aligned with both others."""
    sizes = [draw.choice(list(RADII)) for _ in range(3)]
    return sizes, [draw.choice(("above", "below")), draw.choice(("left of", "right of"))]


def _positions(draw: "random.Random", radii: list[int], relations: list[str]) -> list[tuple[int, int]]:
    """Draws the centers of shapes, given the relations of the first one to each of the others."""
    centers = [(0, 0)]
    for index, relation in enumerate(relations, start=1):
        # Keep clear of the widest other shape, so that the second and third shape cannot touch each other.
        distance = radii[index] + max(radii[:index] + radii[index + 1 :]) + draw.randint(*GAPS)
        drift = draw.randint(-DRIFT, DRIFT)
        x, y = RELATIONS[relation]
        centers.append((x * distance, drift) if x else (drift, y * distance))
    start = []
    for along in zip(*centers, strict=True):
        low = min(center - radius for center, radius in zip(along, radii, strict=True))
        high = max(center + radius for center, radius in zip(along, radii, strict=True))
        start.append(draw.randint(1 - low, SIDE - 2 - high))
    return [(x + start[0], y + start[1]) for x, y in centers]


def _scene(draw: "random.Random", two: bool) -> Scene:
    """Draws a scene of two shapes, described by size, color and kind, or of three, described by color and kind."""
    sizes, relations = _pair(draw) if two else _corner(draw)
    looks = draw.sample([(color, kind) for color in COLORS for kind in KINDS], len(sizes))
    radii = [draw.choice(RADII[size]) for size in sizes]
    drawn = []
    for (color, kind), radius, (x, y) in zip(looks, radii, _positions(draw, radii, relations), strict=True):
        rgb = tuple(channel + draw.randint(-TINT, TINT) for channel in COLORS[color])
        drawn.append(Shape(kind, radius, x, y, rgb))
    descriptions = [(size, *look) if two else look for size, look in zip(sizes, looks, strict=True)]
    first, *others = [f"a {' '.join(words)}" for words in descriptions]
    related = " and ".join(f"{relation} {other}" for relation, other in zip(relations, others, strict=True))
    return Scene(f"{first} {related}", tuple(drawn), draw.randint(200, 240), draw.getrandbits(32))


def generate(seed: int = SEED) -> Iterator[Scene]:
    """Yields scenes with distinct sentences, alternating between two and three shapes.

    All of the 6,960 sentences about two shapes are equally likely, and so are the 97,440 about three. The sentences
    that remain for later splits are thus similar to earlier ones. At most twice 6,960 scenes can be generated.
    """
    import random

    draw = random.Random(seed)
    seen = set()
    two = True
    while True:
        scene = _scene(draw, two)
        if scene.sentence not in seen:
            seen.add(scene.sentence)
            yield scene
            two = not two


@functools.cache
def _mask(kind: str, radius: int) -> Any:
    """Returns the pixels that a shape covers, boolean `(2 * radius + 1, 2 * radius + 1)`."""
    y, x = np.mgrid[-radius : radius + 1, -radius : radius + 1]
    match kind:
        case "circle":
            return np.hypot(x, y) <= radius + 0.3
        case "cross":
            return np.minimum(abs(x), abs(y)) <= radius / 3
        case "diamond":
            return abs(x) + abs(y) <= radius
        case "square":
            return np.full(x.shape, True)
        case _:
            return 2 * abs(x) <= y + radius


def picture(scene: Scene) -> Any:
    """Draws a scene, uint8 `(SIDE, SIDE, 3)`."""
    pixels = np.full((SIDE, SIDE, 3), scene.background, np.int16)
    for kind, radius, x, y, rgb in scene.shapes:
        pixels[y - radius : y + radius + 1, x - radius : x + radius + 1][_mask(kind, radius)] = rgb
    noise = np.random.default_rng(scene.noise).integers(-NOISE, NOISE, pixels.shape, np.int16, endpoint=True)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


@registry.dataset(
    task="captioning",
    size="12,000 train, 500 validation, 500 test",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "image"},
    defaults={"epochs": 6},
)
def shapes(data_dir: str | None, seed: int) -> Examples:
    """Synthetic scenes of two or three colored shapes with captions: "a red circle above a blue square and ...".

    Each scene has exactly one correct caption. Of two shapes, the larger comes first, or with equal sizes the left or
    upper one; of three, the one aligned with both others. The scenes do not depend on the training seed. No sentence
    occurs in two splits, so the test split requires new combinations.
    """
    import hashlib

    generator = generate()
    splits = {name: [next(generator) for _ in range(size)] for name, size in SIZES.items()}
    return Examples(
        version="1.0.0",
        checksum=hashlib.sha256(repr(splits).encode()).hexdigest(),
        input="image",
        splits={name: functools.partial(_as_dataset, scenes) for name, scenes in splits.items()},
    )


def _as_dataset(scenes: list[Scene]) -> "tf.data.Dataset":
    pictures = np.stack([picture(scene) for scene in scenes])
    examples = tf.data.Dataset.from_tensor_slices((pictures, [[scene.sentence] for scene in scenes]))
    return examples.map(lambda pixels, sentences: (tf.io.encode_png(pixels), sentences), tf.data.AUTOTUNE)
