"""A process that answers, loads and trains for long needs no more memory; threads get the answers of one."""

import ctypes
import gc
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import keras_rnn_zoo as zoo

TEXTS = [
    f"the {noun} is {mood} , number {number}"
    for number in range(8)
    for noun, mood in (("plot", "dull"), ("cast", "fine"))
]
GROWTH = 0.05
"""The share that memory may grow by after warm-up."""


def resident() -> int:
    """Returns the bytes of memory that this process holds, without those that it has freed and not yet given back."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth(step, warm_up, count):
    """Returns the share by which memory grows over `count` steps, after `warm_up` of them."""
    for number in range(warm_up):
        step(number)
    before = resident()
    for number in range(count - warm_up):
        step(warm_up + number)
    after = resident()
    print(f"\n{count:,} steps: {before / 2**20:,.0f} MiB after {warm_up:,}, {after / 2**20:,.0f} MiB at the end")
    return after / before - 1


@pytest.fixture(scope="module")
def small(small_run):
    """A small run."""
    return small_run("toy_reviews")


@pytest.mark.parametrize("kind", ["run", pytest.param("export", marks=pytest.mark.slow)])
def test_threads_get_the_predictions_of_a_single_one(small, small_export, kind):
    path = small.path if kind == "run" else small_export("toy_reviews")
    loaded = zoo.load(path)
    jobs = [TEXTS[number % 5 : number % 5 + 1 + number % 7] for number in range(160)]
    alone = [loaded.predict(job) for job in jobs]
    loaded = zoo.load(path)  # What is made when first used is made by many.
    with ThreadPoolExecutor(16) as threads:
        assert list(threads.map(loaded.predict, jobs)) == alone


@pytest.mark.slow
def test_ten_thousand_predictions_need_no_more_memory(small):
    loaded = zoo.load(small)
    lengths = (1, 2, 3, 7)

    def step(number):
        text = " ".join(TEXTS[number % len(TEXTS)].split() * (1 + number % 11))
        assert len(loaded.predict([text] * lengths[number % 4])) == lengths[number % 4]

    assert growth(step, 1000, 10_000) < GROWTH


@pytest.mark.slow
def test_two_hundred_loads_need_no_more_memory(small):
    assert growth(lambda number: zoo.load(small).predict(TEXTS[:1]), 40, 200) < GROWTH


@pytest.mark.slow
def test_fifty_trainings_need_no_more_memory(models_dir, few_examples):
    def step(number):
        zoo.train("many_to_one", units=4, embedding_dim=4, epochs=1, verbose=0, run=f"run{number}", seed=number)

    assert growth(step, 10, 50) < GROWTH
