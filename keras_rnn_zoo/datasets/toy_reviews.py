"""Synthetic reviews whose sentiment depends on word order."""

import functools
from collections.abc import Iterator
from typing import TYPE_CHECKING

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.examples import Examples, as_dataset

if TYPE_CHECKING:
    import random

SIZES = {"train": 4000, "validation": 500, "test": 500}
SEED = 20_240_229

SUBJECTS = [
    "acting",
    "camera",
    "cast",
    "dialogue",
    "direction",
    "drama",
    "ending",
    "film",
    "humour",
    "lighting",
    "movie",
    "music",
    "opening",
    "pace",
    "plot",
    "scenery",
    "score",
    "script",
    "soundtrack",
    "story",
]
POSITIVE = [
    "beautiful",
    "brilliant",
    "charming",
    "clever",
    "delightful",
    "excellent",
    "fresh",
    "funny",
    "gripping",
    "lovely",
    "moving",
    "superb",
]
NEGATIVE = [
    "awful",
    "boring",
    "clumsy",
    "dreadful",
    "dull",
    "forgettable",
    "lame",
    "messy",
    "painful",
    "predictable",
    "tedious",
    "terrible",
]
DEGREES = ["", "", "", "really", "quite", "truly", "rather"]


def _words(*words: str) -> str:
    return " ".join(word for word in words if word)


def _adjective(draw: "random.Random", positive: bool) -> str:
    return _words(draw.choice(DEGREES), draw.choice(POSITIVE if positive else NEGATIVE))


def _clause(draw: "random.Random", subject: str, positive: bool) -> str:
    """Returns a clause about a subject, half of the time with a negated adjective."""
    subject = f"the {subject}"
    if draw.random() < 0.5:
        return _words(subject, "is", _adjective(draw, positive))
    opposite = _adjective(draw, not positive)
    negations = (
        _words(subject, "is not", opposite),
        _words(subject, "is never", opposite),
        _words(subject, "isn't", opposite),
        _words(subject, "is anything but", opposite),
        _words("i do not find", subject, opposite),
        _words("nobody could call", subject, opposite),
    )
    return draw.choice(negations)


def _sentence(draw: "random.Random", positive: bool) -> str:
    """Returns a sentence with the given sentiment; words of both sentiments are equally frequent in it."""
    first, second = draw.sample(SUBJECTS, 2)
    for_it, against_it = _clause(draw, first, positive), _clause(draw, second, not positive)
    good, bad = _adjective(draw, positive), _adjective(draw, not positive)
    also = _adjective(draw, positive)
    contrasts = (
        f"{against_it} , but {for_it}",
        f"although {against_it} , {for_it}",
        f"{for_it} , although {against_it}",
        f"{against_it} . still , {for_it}",
        f"even though {against_it} , {for_it}",
        f"{for_it} , even if {against_it}",
    )
    corrections = (
        f"the {first} is {good} , not {bad}",
        f"the {first} is not {bad} but {good}",
        f"it is not true that the {first} is {bad}",
        f"i expected a {bad} {first} , but it is {good}",
        f"the {first} is not only {good} but also {also}",
        f"not only is the {first} {good} , the {second} is {also} too",
    )
    return draw.choice(contrasts if draw.random() < 0.7 else corrections)


def generate(seed: int = SEED) -> Iterator[tuple[str, int]]:
    """Yields distinct sentences and their alternating labels (0 negative, 1 positive), without end."""
    import random

    draw = random.Random(seed)
    seen = set()
    label = 0
    while True:
        sentence = _sentence(draw, positive=bool(label))
        if sentence not in seen:
            seen.add(sentence)
            yield sentence, label
            label = 1 - label


@registry.dataset(
    task="classification",
    size="4,000 train, 500 validation, 500 test",
    license="Apache-2.0, as this project",
    license_id="apache-2.0",
    model_options={"input": "text", "num_classes": 2, "vocabulary_size": 78},
)
def toy_reviews(data_dir: str | None, seed: int) -> Examples:
    """Synthetic one-sentence reviews whose label depends on word order: negation, contrast, "not only ... but".

    A bag-of-words model scores no better than chance. The sentences do not depend on the training seed, and none occurs
    in two splits.
    """
    import hashlib

    generator = generate()
    splits = {name: [next(generator) for _ in range(size)] for name, size in SIZES.items()}
    return Examples(
        version="1.0.0",
        checksum=hashlib.sha256(repr(splits).encode()).hexdigest(),
        input="text",
        classes=("negative", "positive"),
        splits={name: functools.partial(as_dataset, rows) for name, rows in splits.items()},
    )
