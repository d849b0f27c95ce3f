"""The contract of exports, over input that is odd or wrong: an answer, or an error that names the input."""

import numpy as np
import pytest
import tensorflow as tf
from export_kinds import IMAGES, RAW, TEXTS, ask, assert_same, batch_of, of_images, of_text, padded, png, rows_of

BEGINNINGS = [b"", b"no image", b"\x89PN", IMAGES[0][8:], b"\x00" * 1000, b"BM", b"GIF8"]


def are_finite(prediction):
    """Whether the numbers of a prediction are finite; it also has texts."""
    values = [np.asarray(value) for value in prediction.values() if isinstance(value, float | list)]
    return all(np.isfinite(value).all() for value in values if value.dtype.kind == "f")


@of_images
@pytest.mark.parametrize("bad", BEGINNINGS, ids=lambda bad: repr(bad[:8]))
def test_bytes_that_are_not_an_image_get_an_empty_prediction(exported, kind, bad):
    _loaded, saved = exported(kind)
    good = ask(saved, image=IMAGES[:2])
    got = ask(saved, image=[IMAGES[0], bad, IMAGES[1]])
    for name, values in got.items():
        filler = b"" if values.dtype == object else np.nan
        np.testing.assert_array_equal(values[1], np.full_like(values[1], filler) if values.ndim > 1 else filler)
        if values.dtype == object:
            assert values[[0, 2]].tolist() == good[name].tolist()
        else:
            np.testing.assert_allclose(values[[0, 2]], good[name], atol=1e-5)


@of_images
@pytest.mark.parametrize("kept", [0.3, 0.9])
def test_a_damaged_image_raises_an_error_that_names_the_input(exported, kind, kept):
    _, saved = exported(kind)
    damaged = IMAGES[0][: int(kept * len(IMAGES[0]))]
    with pytest.raises(tf.errors.InvalidArgumentError, match="the_input_named_image"):
        ask(saved, image=[IMAGES[1], damaged])


@of_images
def test_an_image_of_one_pixel_gets_a_prediction(exported, kind):
    _, saved = exported(kind)
    for channels in (1, 3, 4):
        for values in ask(saved, image=[png(np.full((1, 1, channels), 9))]).values():
            assert len(values) == 1
            assert values.dtype == object or np.isfinite(values).all()


@padded
def test_an_empty_input_gets_a_prediction_and_changes_no_other(exported, kind):
    loaded, saved = exported(kind)
    raw = RAW[kind[2]][0]
    empty = raw[:0]
    alone = rows_of(ask(saved, **batch_of(loaded, [empty])), loaded.task)[0]
    both = rows_of(ask(saved, **batch_of(loaded, [raw, empty])), loaded.task)
    assert_same(both[1], alone)
    assert_same(both[0], rows_of(ask(saved, **batch_of(loaded, [raw])), loaded.task)[0])
    assert are_finite(alone)


@padded
def test_nan_counts_as_zero_and_changes_no_other_prediction(exported, kind):
    loaded, saved = exported(kind)
    good, other = RAW[kind[2]][:2]
    for bad in (np.nan, np.inf, -np.inf):
        broken, zeroed = good.copy(), good.copy()
        broken[1], zeroed[1] = bad, 0
        got = rows_of(ask(saved, **batch_of(loaded, [broken, other])), loaded.task)
        wanted = rows_of(ask(saved, **batch_of(loaded, [zeroed, other])), loaded.task)
        assert_same(got[1], wanted[1])
        if kind[2] == "audio":  # Scaling of series makes of 0 another number.
            assert_same(got[0], wanted[0])
        assert are_finite(got[0])


@padded
def test_wrong_lengths_raise_an_error_that_names_them(exported, kind):
    loaded, saved = exported(kind)
    batch = batch_of(loaded, RAW[kind[2]])
    with pytest.raises(tf.errors.InvalidArgumentError, match="The input `lengths` must be empty or have one value"):
        ask(saved, **{**batch, "lengths": np.array([3, 2], "int32")})


@padded
def test_lengths_out_of_range_read_all_or_nothing(exported, kind):
    loaded, saved = exported(kind)
    raw = RAW[kind[2]][0]
    for length, kept in ((10**6, len(raw)), (-5, 0)):
        got = ask(saved, **{kind[2]: raw[None], "lengths": np.array([length], "int32")})
        wanted = ask(saved, **{kind[2]: raw[None], "lengths": np.array([kept], "int32")})
        assert_same(rows_of(got, loaded.task)[0], rows_of(wanted, loaded.task)[0])


ODD_TEXTS = {
    "empty": b"",
    "blank": b" \t\n ",
    "invalid UTF-8": b"\xff\xfe\x80 cat",
    "NUL": b"the\x00cat",
    "100,000 words": b"the cat " * 50_000,
    "one word of 100,000 letters": b"x" * 100_000,
}


@of_text
@pytest.mark.parametrize("name", ODD_TEXTS)
def test_an_unusual_text_gets_a_prediction_and_changes_no_other(exported, kind, name):
    loaded, saved = exported(kind)
    got = rows_of(ask(saved, **batch_of(loaded, [TEXTS[0], ODD_TEXTS[name], TEXTS[1]])), loaded.task)
    wanted = rows_of(ask(saved, **batch_of(loaded, TEXTS[:2])), loaded.task)
    assert_same(got[0], wanted[0])
    assert_same(got[2], wanted[1])
    assert_same(got[1], rows_of(ask(saved, **batch_of(loaded, [ODD_TEXTS[name]])), loaded.task)[0])


def test_the_last_words_of_a_long_text_are_read(exported):
    kind = ("many_to_one", "classification", "text")
    _loaded, saved = exported(kind)
    long = b"fish " * 100_000 + b"the cat sat on a mat and sang"
    got = ask(saved, text=[long, b"the cat sat on a mat and sang"])["probabilities"]
    np.testing.assert_allclose(got[0], got[1], atol=1e-6)


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ({"max_new_tokens": 0}, "The input `max_new_tokens` must be from 1 to 100,000; received"),
        ({"max_new_tokens": 10**9}, "The input `max_new_tokens` must be from 1 to 100,000; received"),
        ({"temperature": -1.0}, "The input `temperature` must be 0 or more; received"),
        ({"temperature": float("nan")}, "The input `temperature` must be 0 or more; received"),
    ],
)
def test_an_invalid_option_of_a_language_model_is_named(exported, setting, told):
    loaded, saved = exported(("sync_many_to_many", "language_modeling", "text"))
    values = {
        name: tf.constant(value, tf.int32 if name == "max_new_tokens" else tf.float32)
        for name, value in setting.items()
    }
    with pytest.raises(tf.errors.InvalidArgumentError, match=told):
        ask(saved, **{**batch_of(loaded, TEXTS), **values})
