"""The entry over dummy recordings that tell who they are, and over the real ones where they are at hand."""

from collections import Counter
from itertools import groupby, pairwise

import numpy as np
import pytest
import tensorflow as tf

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets import spoken_digit_strings as module
from keras_rnn_zoo.datasets.spoken_digit import is_test

ENTRY = registry.datasets.get("spoken_digit_strings")
SPLITS = ("train", "validation", "test")


@pytest.fixture(scope="module")
def dummy(write_dummy, tmp_path_factory):
    """A folder with recordings of two speakers, each one constant sample of its own, and their names by sample."""
    folder = tmp_path_factory.mktemp("prepared")
    names = [f"{digit}_{name}_{take}.wav" for digit in range(10) for name in ("ann", "ben") for take in range(14)]
    samples = {10_000 + 3 * number: name for number, name in enumerate(names)}
    rows = [
        {"audio": np.full(5 + sample % 7, sample), "label": int(name[0]), "audio/filename": name}
        for sample, name in samples.items()
    ]
    write_dummy("spoken_digit", folder, {"train": rows})
    return str(folder), samples


def is_noisy(wave):
    return np.mean(wave == 0) < 0.01


def recordings_in(wave, samples):
    """Returns the file names of the recordings in an utterance without noise, and the pauses around them."""
    runs = [(int(sample), len(list(run))) for sample, run in groupby(np.rint(wave * 32_768))]
    assert all(length == 5 + sample % 7 for sample, length in runs if sample)
    return [samples[sample] for sample, _ in runs if sample], [length for sample, length in runs if not sample]


def test_utterances_match_their_targets_and_have_one_speaker_from_their_split(dummy):
    folder, samples = dummy
    examples = ENTRY.make(folder, 0)
    used = {split: set() for split in SPLITS}
    for split in SPLITS:
        for wave, target in examples.split(split).take(300).as_numpy_iterator():
            if is_noisy(wave):
                continue
            names, pauses = recordings_in(wave, samples)
            assert target.decode() == " ".join(name[0] for name in names)
            assert len({name.split("_")[1] for name in names}) == 1
            assert 3 <= len(names) <= 7
            assert len(pauses) == len(names) + 1
            assert all(400 <= pause <= 3200 for pause in (pauses[0], pauses[-1]))
            assert all(160 <= pause <= 2400 for pause in pauses[1:-1])
            used[split].update(names)
    assert used["test"] <= set(filter(is_test, samples.values()))
    assert len(used["test"]) > 90  # Of 100.
    assert not used["train"] & used["validation"]
    assert not (used["train"] | used["validation"]) & used["test"]


def test_half_of_the_utterances_have_noise_that_lies_well_below_the_speech(dummy):
    examples = ENTRY.make(dummy[0], 0)
    waves = [wave for wave, _ in examples.split("test").as_numpy_iterator()]
    noisy = list(filter(is_noisy, waves))
    assert 0.4 < len(noisy) / len(waves) < 0.6
    below = [20 * np.log10(np.sqrt(np.mean(wave**2)) / np.std(wave[:400])) for wave in noisy]
    assert min(below) > 28
    assert max(below) < 62
    assert np.ptp(below) > 20


def test_the_utterances_are_the_same_whatever_the_seed_of_training(dummy):
    first, other = (ENTRY.make(dummy[0], seed) for seed in (0, 1))
    assert first.checksum == other.checksum
    for split in ("validation", "train"):
        for (wave, target), (wave_again, target_again) in zip(
            first.split(split).take(20), other.split(split).take(20), strict=True
        ):
            assert target == target_again
            assert np.array_equal(wave, wave_again)


def test_loud_recordings_with_noise_stay_between_minus_one_and_one():
    plan = module.Plan(("1_ann_5.wav",) * 3, (400, 160, 160, 400), noise=30, seed=1)
    wave = module.assemble(plan, {"1_ann_5.wav": np.ones(500, np.float32)})
    assert wave.dtype == np.float32
    assert wave.shape == (400 + 500 + 160 + 500 + 160 + 500 + 400,)
    assert (wave.min() > -1, wave.max()) == (True, 1)


def test_element_spec_and_sizes(dummy):
    examples = ENTRY.make(dummy[0], 0)
    assert examples.split("train").element_spec == (tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.string))
    sizes = {split: int(examples.split(split).cardinality()) for split in SPLITS}
    assert sizes == {"train": 8000, "validation": 300, "test": 300}
    assert (examples.version, examples.input, len(examples.checksum)) == ("1.0.9", "audio", 64)


@pytest.fixture(scope="module")
def real(tfds_dir):
    return ENTRY.make(str(tfds_dir), 0)


def test_the_real_utterances_are_distinct_and_last_seconds(real):
    waves, targets = zip(*real.split("test").as_numpy_iterator(), strict=True)
    assert len({wave.tobytes() for wave in waves}) == 300
    seconds = np.array([len(wave) for wave in waves]) / 8000
    assert 1 < seconds.min() < 3 < np.median(seconds) < 4 < seconds.max() < 10
    assert Counter(len(target.split()) for target in targets).keys() == {3, 4, 5, 6, 7}
    digits = Counter(b"".join(targets).replace(b" ", b""))
    shares = np.array(list(digits.values())) / digits.total()
    assert len(shares) == 10
    assert np.ptp(shares) < 0.06


def test_the_real_recordings_are_shared_out_evenly():
    speakers = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
    names = [f"{digit}_{speaker}_{take}.wav" for digit in range(10) for speaker in speakers for take in range(50)]
    parts = module.split_recordings(names)
    for split, count in {"train": 40, "validation": 5, "test": 5}.items():
        assert list(parts[split]) == list(speakers)
        for recordings in parts[split].values():
            assert Counter(int(name[0]) for name in recordings) == dict.fromkeys(range(10), count)
    everything = [name for part in parts.values() for recordings in part.values() for name in recordings]
    assert sorted(everything) == sorted(names)
    assert module.split_recordings(names[::-1]) == parts


def test_plans_are_drawn_from_a_fixed_seed():
    recordings = {"ann": [f"{digit}_ann_0.wav" for digit in range(10)]}
    first, again, other = (module.draw_plans(recordings, 50, seed) for seed in ("1", "1", "2"))
    assert first == again != other
    assert (first[0].text, first[0].pauses) == ("4 0 0 0 8 3", (2474, 2118, 341, 639, 1934, 1718, 2512))
    assert len({plan.seed for plan in first}) == 50
    assert all(earlier.pauses != later.pauses for earlier, later in pairwise(first))
