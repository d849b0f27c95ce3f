"""Drawn scenes of colored shapes, each with the one sentence that describes it."""

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
"""The direction from the first shape of a relation to the second; x counts to the right and y downwards."""

GAPS = (5, 14)
"""Least and greatest number of pixels between shapes along the axis of their relation."""

DRIFT = 3
"""Greatest distance of two centers along the other axis, too small to be taken for a relation."""

TINT, NOISE = 10, 6
"""How far a channel strays from shape to shape, and from pixel to pixel."""


class Shape(NamedTuple):
    """A shape in a scene. It spans `2 * radius + 1` pixels both ways, whatever its kind: its size is its width."""

    kind: str
    radius: int
    x: int
    y: int
    rgb: tuple[int, ...]


class Scene(NamedTuple):
    """What is drawn and what is said of it; `noise` is the seed of the noise."""

    sentence: str
    shapes: tuple[Shape, ...]
    background: int
    noise: int


def _pair(draw: "random.Random") -> tuple[list[str], list[str]]:
    """Sizes and relation of two shapes: the larger comes first, of two of one size the left or upper one."""
    if draw.random() < 0.5:
        return ["large", "small"], [draw.choice(list(RELATIONS))]
    return [draw.choice(list(RADII))] * 2, [draw.choice(("above", "left of"))]


def _corner(draw: "random.Random") -> tuple[list[str], list[str]]:
    """Sizes and relations of three shapes: the first stands where the lines to the other two meet."""
    sizes = [draw.choice(list(RADII)) for _ in range(3)]
    return sizes, [draw.choice(("above", "below")), draw.choice(("left of", "right of"))]


def _positions(draw: "random.Random", radii: list[int], relations: list[str]) -> list[tuple[int, int]]:
    """Draws the centers of shapes of which the first is in the given relations to the others, one by one."""
    centers = [(0, 0)]
    for index, relation in enumerate(relations, start=1):
        # Clear of the widest other shape, the two that stand in relation to the first cannot touch each other.
        away = radii[index] + max(radii[:index] + radii[index + 1 :]) + draw.randint(*GAPS)
        drift = draw.randint(-DRIFT, DRIFT)
        x, y = RELATIONS[relation]
        centers.append((x * away, drift) if x else (drift, y * away))
    start = []
    for along in zip(*centers, strict=True):
        low = min(center - radius for center, radius in zip(along, radii, strict=True))
        high = max(center + radius for center, radius in zip(along, radii, strict=True))
        start.append(draw.randint(1 - low, SIDE - 2 - high))
    return [(x + start[0], y + start[1]) for x, y in centers]


def _scene(draw: "random.Random", two: bool) -> Scene:
    """Draws a scene of two shapes, told by size, color and kind, or of three, told by color and kind."""
    sizes, relations = _pair(draw) if two else _corner(draw)
    looks = draw.sample([(color, kind) for color in COLORS for kind in KINDS], len(sizes))
    radii = [draw.choice(RADII[size]) for size in sizes]
    drawn = []
    for (color, kind), radius, (x, y) in zip(looks, radii, _positions(draw, radii, relations), strict=True):
        rgb = tuple(channel + draw.randint(-TINT, TINT) for channel in COLORS[color])
        drawn.append(Shape(kind, radius, x, y, rgb))
    told = [(size, *look) if two else look for size, look in zip(sizes, looks, strict=True)]
    first, *others = [f"a {' '.join(words)}" for words in told]
    related = " and ".join(f"{relation} {other}" for relation, other in zip(relations, others, strict=True))
    return Scene(f"{first} {related}", tuple(drawn), draw.randint(200, 240), draw.getrandbits(32))


def generate(seed: int = SEED) -> Iterator[Scene]:
    """Yields scenes, of two and of three shapes in turn, no two of which have the same sentence.

    Of the 6,960 sentences on two shapes and the 97,440 on three, each is as likely as any other of its length, so that
    those left for the later splits are like those before. It can yield no more than twice 6,960 scenes.
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
    """Returns the pixels that a shape covers, as a square array of truth values."""
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
    """Draws a scene, as an array of unsigned bytes of height, width and the channels red, green and blue."""
    pixels = np.full((SIDE, SIDE, 3), scene.background, np.int16)
    for kind, radius, x, y, rgb in scene.shapes:
        pixels[y - radius : y + radius + 1, x - radius : x + radius + 1][_mask(kind, radius)] = rgb
    noise = np.random.default_rng(scene.noise).integers(-NOISE, NOISE, pixels.shape, np.int16, endpoint=True)
    return np.clip(pixels + noise, 0, 255).astype(np.uint8)


@registry.dataset(
    task="captioning",
    size="12,000 train, 500 validation, 500 test",
    license="Apache-2.0, as this project",
    model_options={"input": "image"},
    defaults={"epochs": 6},
)
def shapes(data_dir: str | None, seed: int) -> Examples:
    """Drawn scenes of two or three colored shapes, told in a sentence: "a red circle above a blue square and ...".

    A scene has one true sentence: of two shapes the larger comes first, of two of one size the left or upper one; of
    three, the one that is level with both others. The scenes are the same whatever the seed of the training, and no
    sentence stands in two splits: what is asked of the test split is to tell combinations never told before.
    """
    import hashlib

    generator = generate()
    parts = {name: [next(generator) for _ in range(size)] for name, size in SIZES.items()}
    return Examples(
        version="1.0.0",
        checksum=hashlib.sha256(repr(parts).encode()).hexdigest(),
        input="image",
        splits={name: functools.partial(_as_dataset, scenes) for name, scenes in parts.items()},
    )


def _as_dataset(scenes: list[Scene]) -> "tf.data.Dataset":
    pictures = np.stack([picture(scene) for scene in scenes])
    examples = tf.data.Dataset.from_tensor_slices((pictures, [[scene.sentence] for scene in scenes]))
    return examples.map(lambda pixels, sentences: (tf.io.encode_png(pixels), sentences), tf.data.AUTOTUNE)
