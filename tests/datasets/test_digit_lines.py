import functools
from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
from scipy import ndimage
from sklearn.datasets import load_digits
from sklearn.neighbors import KNeighborsClassifier

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.digit_lines import draw_lines, generate, pictures, pools, transcripts

ENTRY = registry.datasets.get("digit_lines")
SPLITS = {"train": 12000, "validation": 500, "test": 500}


# Twelve thousand lines to train on take long to draw; their transcripts do not.
on_splits = pytest.mark.parametrize("split", [pytest.param("train", marks=pytest.mark.slow), "validation", "test"])


@functools.cache
def lines_of(split):
    return generate()[split]


@functools.cache
def rows(split):
    return list(ENTRY.make(None, 0).split(split).as_numpy_iterator())


@functools.cache
def texts(split):
    return transcripts(lines_of(split))


@functools.cache
def pixels(split):
    return [tf.io.decode_png(raw).numpy() for raw, _ in rows(split)]


@on_splits
def test_the_splits_have_their_sizes_elements_and_transcripts(split):
    assert len(rows(split)) == SPLITS[split]
    assert [text.decode() for _, text in rows(split)] == texts(split)
    raw, target = ENTRY.make(None, 0).split(split).element_spec
    assert raw == target == tf.TensorSpec((), tf.string)


def test_each_split_has_digits_of_its_own_with_its_share_of_each_label():
    labels = load_digits().target
    found = pools()
    np.testing.assert_array_equal(np.sort(np.concatenate(list(found.values()))), np.arange(1797))
    for name, share in {"train": 0.7, "validation": 0.1, "test": 0.2}.items():
        np.testing.assert_allclose(np.bincount(labels[found[name]]), share * np.bincount(labels), atol=1)


def test_the_lines_of_a_split_are_made_of_its_own_digits():
    for name, pool in pools().items():
        assert set(lines_of(name).digits) <= set(pool)
    images = load_digits().images.reshape(1797, -1)
    assert len(np.unique(images, axis=0)) == 1797  # Digits of two indices are two digits.


@pytest.mark.parametrize("split", SPLITS)
def test_the_strings_have_three_to_eight_digits_of_every_kind(split):
    lengths = Counter(map(len, texts(split)))
    assert sorted(lengths) == [3, 4, 5, 6, 7, 8]
    assert min(lengths.values()) > 0.7 * SPLITS[split] / 6
    digits = Counter("".join(texts(split)))
    assert sorted(digits) == list("0123456789")
    assert min(digits.values()) > 0.07 * digits.total()


def crop(ink):
    """Returns 8 by 8 brightnesses of what is inked, cut out and stretched."""
    rows, columns = (np.flatnonzero((ink > 0.25).any(axis)) for axis in (1, 0))
    part = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return ndimage.zoom(part, (8 / part.shape[0], 8 / part.shape[1]), order=1).ravel()


def test_separate_digits_of_a_line_are_read_as_its_target():
    """The nearest of scikit-learn's own digits, which are upright, tells most digits that blank columns set apart."""
    digits = load_digits()
    reader = KNeighborsClassifier(1).fit([crop(image / 16) for image in digits.images], digits.target)
    read, written = [], []
    for line, text in zip(pixels("test"), texts("test"), strict=True):
        smooth = ndimage.gaussian_filter(line[..., 0].astype("float32"), 0.7)
        paper = np.percentile(smooth, 90)
        ink = np.clip((paper - smooth) / (paper - smooth.min()), 0, 1)
        parts, count = ndimage.label((ink > 0.35).any(axis=0))
        if count == len(text):
            read += list(reader.predict([crop(ink[:, place]) for (place,) in ndimage.find_objects(parts)]))
            written += map(int, text)
    assert len(written) > 300
    accuracy = np.mean(np.array(read) == written)
    print(f"{accuracy:.1%} of {len(written)} digits read")
    assert accuracy > 0.8


@on_splits
def test_the_pictures_have_one_height_and_the_width_of_their_digits(split):
    assert all(picture.shape[0] == 32 and picture.shape[2] == 1 for picture in pixels(split))
    widths = np.array([picture.shape[1] for picture in pixels(split)])
    lengths = np.array([len(text) for text in texts(split)])
    assert np.corrcoef(widths, lengths)[0, 1] > 0.9
    # CTC needs a step for each digit and one between equal digits, also of a fourth of the columns.
    assert (widths // 4 >= 2 * lengths - 1).all()


def test_digits_touch_and_overlap_but_mildly():
    lines = lines_of("test")
    later = np.delete(lines.gaps, np.cumsum(lines.lengths)[:-1])[1:]
    assert 0.1 < np.mean(later < 0) < 0.3
    assert later.min() >= -2


def test_nothing_is_cut_off_at_the_edges():
    lines = draw_lines(np.arange(1797), 300, seed=1)
    still = lines._replace(noise=np.zeros(300), paper=np.full(300, 255.0), ink=np.ones(300))
    for picture in pictures(still):
        assert picture[:, [0, -1]].min() > 190
        assert picture[[0, -1]].min() > 60


def test_the_lines_are_the_same_whatever_the_seed_of_training():
    one, other = ENTRY.make(None, 0), ENTRY.make(None, 1)
    assert one.checksum == other.checksum
    assert list(other.split("test").as_numpy_iterator()) == rows("test")


def test_another_seed_of_the_generator_gives_other_lines():
    assert transcripts(draw_lines(np.arange(1797), 20, 1)) != transcripts(draw_lines(np.arange(1797), 20, 2))


def test_the_checksum_is_that_of_the_first_release():
    """Lines that change with a version of NumPy or scikit-learn, or by mistake, must not pass for the same data."""
    assert ENTRY.make(None, 0).checksum == "ff46aa162e4d29a761e0fe077d69168e19ee4a3d80b56a8230bb81a2d1100d81"
