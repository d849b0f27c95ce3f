import itertools

import numpy as np
import pytest

from keras_rnn_zoo.readers._resampler import Resampler
from keras_rnn_zoo.readers._wav import resample

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(
    ("rate", "target"), [(44_100, 8000), (8000, 16_000), (16_000, 16_000), (8000, 44_100), (11_025, 16_000)]
)
def test_a_waveform_in_parts_is_resampled_as_the_whole(rate, target):
    whole = RANDOM.normal(size=6000).astype("float32")
    resampler = Resampler(rate, target)
    for _ in range(2):
        cuts = [0, 0, *sorted(RANDOM.integers(0, 6000, 12)), 6000]
        results = [resampler.feed(whole[start:end]) for start, end in itertools.pairwise(cuts)]
        results.append(resampler.feed(whole[:0], final=True))
        np.testing.assert_allclose(np.concatenate(results), resample(whole, rate, target), atol=1e-6)
        resampler.reset()


def test_no_more_is_held_back_than_the_filter_needs():
    resampler = Resampler(44_100, 8000)
    for _ in range(200):
        resampler.feed(np.zeros(1000, "float32"))
    assert len(resampler._held) < 2000
