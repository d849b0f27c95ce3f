"""The entry over dummy recordings in the schema of TFDS's builder, and the real ones where they are at hand."""

from collections import Counter

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.spoken_digit import is_test, read_names

ENTRY = registry.datasets.get("spoken_digit")


@pytest.mark.parametrize("name", ["7_jackson_0.wav", "0_theo_4.wav"])
def test_the_first_five_takes_are_the_test_set(name):
    assert is_test(name)


@pytest.mark.parametrize("name", ["7_jackson_5.wav", "7_jackson_10.wav", "7_jackson_34.wav", "0_theo_4.wav.txt"])
def test_other_takes_are_not(name):
    assert not is_test(name)


@pytest.fixture(scope="module")
def dummy(write_dummy, tmp_path_factory):
    """A folder with 14 takes of two digits by one speaker, and the samples by file name."""
    folder = tmp_path_factory.mktemp("prepared")
    draw = np.random.default_rng(0)
    samples = {
        f"{digit}_jackson_{take}.wav": draw.integers(-32_768, 32_768, draw.integers(5, 20))
        for digit in (3, 8)
        for take in range(14)
    }
    rows = [{"audio": wave, "label": int(name[0]), "audio/filename": name} for name, wave in samples.items()]
    write_dummy("spoken_digit", folder, {"train": rows})
    return str(folder), samples


def test_waveforms_lie_between_minus_one_and_one_in_the_split_of_their_file_name(dummy):
    folder, samples = dummy
    examples = ENTRY.make(folder, 0)
    names = {(wave / 32_768).astype("float32").tobytes(): name for name, wave in samples.items()}
    found = {}
    for split in ("train", "validation", "test"):
        for wave, label in examples.split(split).as_numpy_iterator():
            name = names.pop(wave.tobytes())
            assert label == int(name[0])
            found[name] = split
    assert not names
    assert Counter(found.values()) == {"train": 16, "validation": 2, "test": 10}
    assert {name for name, split in found.items() if split == "test"} == set(filter(is_test, samples))


@pytest.mark.slow
def test_the_seed_draws_the_validation_split_alone(dummy):
    def waves(seed, split):
        return [wave.tobytes() for wave, _ in ENTRY.make(dummy[0], seed).split(split).as_numpy_iterator()]

    assert waves(0, "validation") == waves(0, "validation") != waves(1, "validation")
    assert waves(0, "test") == waves(1, "test")


def test_element_spec_version_and_classes(dummy):
    examples = ENTRY.make(dummy[0], 0)
    assert examples.split("test").element_spec == (tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.int64))
    assert (examples.version, examples.input, len(examples.checksum)) == ("1.0.9", "audio", 64)
    assert examples.classes == tuple("0123456789")


def test_the_file_names_are_in_the_order_of_the_files(tfds_dir):
    builder = tfds.builder_from_directory(tfds_dir / "spoken_digit/1.0.9")
    names = read_names(builder)
    assert len(set(names)) == 3000
    labels = [int(label) for label in builder.as_dataset("train").map(lambda example: example["label"])]
    assert [int(name[0]) for name in names] == labels
    tested = Counter(name.split("_")[1] for name in names if is_test(name))
    assert set(tested.values()) == {50}
    assert len(tested) == 6


@pytest.mark.slow
def test_the_real_splits_have_their_sizes_and_every_digit(tfds_dir):
    examples = ENTRY.make(str(tfds_dir), 0)
    parts = {name: list(examples.split(name).as_numpy_iterator()) for name in ("train", "validation", "test")}
    assert {name: len(part) for name, part in parts.items()} == {"train": 2400, "validation": 300, "test": 300}
    assert Counter(int(label) for _, label in parts["test"]) == dict.fromkeys(range(10), 30)
    assert len({int(label) for _, label in parts["validation"]}) == 10
    assert len({wave.tobytes() for part in parts.values() for wave, _ in part}) == 3000
    assert 0.9 < max(np.abs(wave).max() for wave, _ in parts["train"]) <= 1
