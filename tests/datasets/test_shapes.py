import functools
import itertools
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.shapes import COLORS, KINDS, RELATIONS, generate, picture

ENTRY = registry.datasets.get("shapes")
SPLITS = {"train": 12000, "validation": 500, "test": 500}
WORDS = {"a", "and", "of", "left", "right", "above", "below", "large", "small", *COLORS, *KINDS}


# Twelve thousand pictures to train on take long to draw; their sentences do not.
on_splits = pytest.mark.parametrize("split", [pytest.param("train", marks=pytest.mark.slow), "validation", "test"])


@functools.cache
def rows(split):
    return list(ENTRY.make(None, 0).split(split).as_numpy_iterator())


@functools.cache
def all_sentences():
    scenes = generate()
    return {split: [next(scenes).sentence for _ in range(size)] for split, size in SPLITS.items()}


def sentences(split):
    return all_sentences()[split]


def regions(pixels):
    """Returns what stands out from the background as (size, color, kind, x, y), by color and outline alone."""
    background = np.median(pixels, axis=(0, 1))
    parts, _ = ndimage.label(np.abs(pixels - background).max(axis=-1) > 40)
    found = []
    for number, (rows, columns) in enumerate(ndimage.find_objects(parts), start=1):
        inside = parts[rows, columns] == number
        rgb = pixels[rows, columns][inside].mean(axis=0)
        color = min(COLORS, key=lambda name: np.abs(COLORS[name] - rgb).sum())
        size = "large" if max(inside.shape) >= 18 else "small"
        found.append(
            (size, color, kind(inside), np.mean([columns.start, columns.stop]), np.mean([rows.start, rows.stop]))
        )
    return found


def kind(inside):
    """Tells a kind by how much of its width is covered at the top, a sixth of the height below, and in the middle."""
    height = len(inside)
    top, sixth, middle = (inside[row].mean() for row in (0, height // 6, height // 2))
    if top > 0.9:
        return "square"
    if top > 0.2 and abs(top - sixth) < 0.01:
        return "cross"
    if middle < 0.7:
        return "triangle"
    return "diamond" if sixth < 0.5 else "circle"


def relation(first, second):
    """Returns how `first` is placed to `second`, or `None` where they stand askew."""
    dx, dy = second[3] - first[3], second[4] - first[4]
    if min(abs(dx), abs(dy)) > 5:
        return None
    return ("left of" if dx > 0 else "right of") if abs(dx) > abs(dy) else ("above" if dy > 0 else "below")


def tell(pixels):
    """Describes a picture by the rules that the data set's documentation states, without knowing how it was drawn."""
    found = regions(pixels.astype("float32"))
    if len(found) == 2:
        first, second = sorted(found, key=lambda shape: (shape[0] != "large", shape[3] + shape[4]))
        return f"a {' '.join(first[:3])} {relation(first, second)} a {' '.join(second[:3])}"
    assert len(found) == 3
    (first,) = (one for one in found if all(relation(one, other) for other in found))
    others = sorted((one for one in found if one is not first), key=lambda one: relation(first, one))
    return f"a {' '.join(first[1:3])} " + " and ".join(
        f"{relation(first, one)} a {' '.join(one[1:3])}" for one in others
    )


def test_the_splits_share_no_sentence():
    assert len(set().union(*map(sentences, SPLITS))) == sum(SPLITS.values())


@on_splits
def test_the_splits_have_their_sizes_and_sentences(split):
    assert [target.decode() for _, (target,) in rows(split)] == sentences(split)
    assert len(rows(split)) == SPLITS[split]


@on_splits
def test_a_picture_determines_its_sentence(split):
    for raw, (sentence,) in rows(split)[:500]:
        pixels = tf.io.decode_png(raw).numpy()
        assert pixels.shape == (64, 64, 3)
        assert tell(pixels) == sentence.decode()


@on_splits
def test_the_elements_are_encoded_pictures_with_one_sentence_each(split):
    raw, target = ENTRY.make(None, 0).split(split).element_spec
    assert raw == tf.TensorSpec((), tf.string)
    assert target == tf.TensorSpec((1,), tf.string)


def test_every_split_uses_the_whole_vocabulary():
    for name in SPLITS:
        assert {word for sentence in sentences(name) for word in sentence.split()} == WORDS


def test_each_look_and_relation_comes_often_in_every_split():
    for name, size in SPLITS.items():
        text = " ".join(sentences(name))
        counts = Counter(text.split())
        looks = Counter(pair for pair in itertools.pairwise(text.split()) if pair[0] in COLORS)
        assert len(looks) == len(COLORS) * len(KINDS)
        assert min(looks.values()) > 0.6 * size * 2.5 / len(looks)
        assert all(counts[relation.split()[0]] > 0.25 * size for relation in RELATIONS)
        assert counts["and"] == size // 2
        assert 0.2 < sum(sentence.count("large") == 2 for sentence in sentences(name)) / (size / 2) < 0.3


def test_the_scenes_are_the_same_whatever_the_seed_of_training():
    one, other = ENTRY.make(None, 0), ENTRY.make(None, 1)
    assert one.checksum == other.checksum
    assert list(other.split("test").as_numpy_iterator()) == rows("test")


def test_another_seed_of_the_generator_gives_other_scenes_which_are_drawn_alike_each_time():
    first, second = (list(itertools.islice(generate(seed), 20)) for seed in (1, 2))
    assert first != second
    assert first == list(itertools.islice(generate(1), 20))
    assert all(np.array_equal(picture(scene), picture(scene)) for scene in first)


def test_the_checksum_is_that_of_the_first_release():
    """Scenes that change with a Python version or by mistake must not pass for the same data."""
    assert ENTRY.make(None, 0).checksum == "3d809bca26c4636cc18e4345954ead959f7e20f4a2b7fcb70da8369c52637ee7"
