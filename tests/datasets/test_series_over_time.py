"""The embedded series over time."""

import re

import numpy as np
import pytest

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets._series import numbers_of
from keras_rnn_zoo.datasets.toy_sales import DAYS, LIFT, NOISE, expected, sales

NAMES = ("sunspots", "mauna_loa_co2", "toy_sales")


@pytest.mark.parametrize("name", NAMES)
def test_the_stated_sizes_are_those_of_the_splits(name):
    entry = registry.datasets.get(name)
    examples = entry.open(None, 0, {})
    counts = {split: int(examples.split(split).cardinality()) for split in examples.splits}
    stated = [int(number.replace(",", "")) for number in re.findall(r"[\d,]*\d", entry.size)]
    assert [*counts.values(), entry.defaults["history"], entry.defaults["horizon"]] == stated
    for split, count in counts.items():
        assert sum(1 for _ in examples.split(split)) == count


@pytest.mark.parametrize("name", NAMES)
def test_later_splits_begin_later(name):
    examples = registry.datasets.get(name).open(None, 0, {"horizon": 3})
    ends = {}
    for split in ("train", "validation", "test"):
        times = [raw["time"][-3:] for raw, _ in examples.split(split).as_numpy_iterator()]
        ends[split] = min(map(min, times)), max(map(max, times))
    assert ends["train"][1] < ends["validation"][0]
    assert ends["validation"][1] < ends["test"][0]


def test_the_real_series_are_complete():
    sunspots, co2 = numbers_of("sunspots"), numbers_of("mauna_loa_co2")
    assert (len(sunspots), len(co2)) == (3126, 526)
    assert sunspots[:3].tolist() == pytest.approx([58.0, 62.6, 70.0])
    assert np.isfinite(sunspots).all()
    assert sunspots.min() == 0
    assert np.isnan(co2).sum() == 5
    assert (co2[0], co2[-1]) == pytest.approx((316.10, 371.02), abs=0.01)


def test_sales_do_not_depend_on_the_seed_and_promotions_matter():
    first, again = (registry.datasets.get("toy_sales").open(None, seed, {}).checksum for seed in (0, 1))
    assert first == again
    promoted, plain = expected(0, np.ones(DAYS)), expected(0, np.zeros(DAYS))
    np.testing.assert_allclose(promoted - plain, LIFT)
    assert all(0.1 < one.known.mean() < 0.2 for one in sales())


@pytest.mark.slow
def test_the_quantiles_of_generated_series_cover_what_they_should():
    run = zoo.train("many_to_one", dataset="toy_sales", verbose=0)
    assert run.metrics["coverage"] == pytest.approx(0.8, abs=0.03)
    errors = {name: scores["mase"] for name, scores in run.measured["baselines"].items()}
    assert run.metrics["mase"] < min(errors.values())


def test_the_generated_series_is_its_expectation_and_noise():
    errors = [one.values[:, 0] - expected(number, one.known[:, 0]) for number, one in enumerate(sales())]
    together = np.concatenate(errors)
    assert together.std() == pytest.approx(NOISE, rel=0.05)
    assert np.mean(np.abs(together) < 1.2816 * NOISE) == pytest.approx(0.8, abs=0.02)
