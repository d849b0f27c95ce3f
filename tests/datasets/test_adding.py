import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.adding import generate
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import check_options

ENTRY = registry.datasets.get("adding")


def arrays(split, **options):
    series, targets = ENTRY.make(None, 0, **options).split(split).batch(100_000).get_single_element()
    return series.numpy(), targets.numpy()


@pytest.mark.parametrize("sequence_length", [2, 3, 7, 100, 1001])
def test_the_target_is_the_sum_of_two_numbers_marked_one_in_each_half(sequence_length):
    series, targets = arrays("test", sequence_length=sequence_length)
    assert series.shape == (1000, sequence_length, 2)
    values, markers = series[..., 0].astype("float64"), series[..., 1]
    assert set(np.unique(markers)) <= {0, 1}
    half = sequence_length // 2
    assert (markers[:, :half].sum(axis=1) == 1).all()
    assert (markers[:, half:].sum(axis=1) == 1).all()
    np.testing.assert_allclose(targets, (values * markers).sum(axis=1), atol=1e-6)


def test_the_numbers_are_uniform_and_any_step_is_marked():
    series, targets = arrays("train")
    values, markers = series[..., 0], series[..., 1]
    assert values.min() >= 0
    assert values.max() < 1
    np.testing.assert_allclose(np.histogram(values, 10, (0, 1))[0] / values.size, 0.1, atol=0.002)
    np.testing.assert_allclose(markers.mean(axis=0), 1 / 50, atol=0.006)
    np.testing.assert_allclose(np.mean(targets), 1, atol=0.01)


def test_a_constant_prediction_of_1_has_an_error_of_a_sixth():
    for split in ("train", "validation", "test"):
        _, targets = arrays(split)
        assert np.mean((targets - 1) ** 2) == pytest.approx(1 / 6, rel=0.05)


@pytest.mark.parametrize("sequence_length", [2, 100])
def test_no_series_is_repeated(sequence_length):
    splits = generate(sequence_length)
    assert {name: len(values) for name, (values, _) in splits.items()} == {
        "train": 10_000,
        "validation": 1000,
        "test": 1000,
    }
    rows = {values.tobytes() for part, _ in splits.values() for values in part}
    assert len(rows) == 12_000


def test_they_are_the_same_everywhere_and_whatever_the_seed_of_training():
    first, other = ENTRY.make(None, 0), ENTRY.make(None, 1)
    assert first.checksum == other.checksum == "ecad8802a40d01b8817fcaeb551a7b42d1d81f64fbcaddeab664da33b86f3abe"
    np.testing.assert_array_equal(*(next(iter(examples.split("test")))[0] for examples in (first, other)))


def test_another_length_or_seed_of_the_generator_gives_other_series():
    assert ENTRY.make(None, 0, sequence_length=50).checksum != ENTRY.make(None, 0).checksum
    assert (generate(20, seed=1)["test"][0] != generate(20, seed=2)["test"][0]).all(axis=1).any()


def test_a_series_is_of_single_precision_and_known_length():
    examples = ENTRY.make(None, 0, sequence_length=12)
    series, target = examples.split("train").element_spec
    assert (series.shape, series.dtype) == ((12, 2), tf.float32)
    assert (target.shape, target.dtype) == ((), tf.float32)
    assert examples.input == "series"
    assert examples.classes == ()


@pytest.mark.parametrize("sequence_length", [1, 10_001, 2.5])
def test_an_impossible_length_is_refused(sequence_length):
    with pytest.raises(OptionError, match=r"'sequence_length' expects an integer from 2 to 10,000"):
        check_options(ENTRY.options, {"sequence_length": sequence_length}, "adding")
