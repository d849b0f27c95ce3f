"""The entry over dummy recordings in the schema of TFDS's builder."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import OptionError
from keras_rnn_zoo.options import check_options

ENTRY = registry.datasets.get("librispeech")
PARTS = ["train_clean100", "train_clean360", "train_other500", "dev_clean", "dev_other", "test_clean", "test_other"]


@pytest.fixture(scope="module")
def dummy(write_dummy, tmp_path_factory):
    """A folder with two utterances in each part, which say its name, and their samples by text."""
    folder = tmp_path_factory.mktemp("prepared")
    draw = np.random.default_rng(0)
    samples = {
        f"{part} {number} ISN'T": draw.integers(-32_768, 32_768, draw.integers(20, 90)).astype("int16")
        for part in PARTS
        for number in range(2)
    }
    splits = {part: [] for part in PARTS}
    for text, speech in samples.items():
        row = {"id": text, "speaker_id": 1, "chapter_id": 2, "speech": speech, "text": text.upper()}
        splits[text.split()[0]].append(row)
    assert write_dummy("librispeech", folder, splits, "default").parent == folder / ENTRY.location
    return str(folder), {text.lower(): speech for text, speech in samples.items()}


@pytest.mark.parametrize(
    "train",
    ["train_clean100", "train_other500", "train_clean100+train_clean360", "+".join(PARTS[:3])],
)
def test_the_splits_are_those_parts_in_small_letters(dummy, train):
    folder, samples = dummy
    examples = ENTRY.make(folder, 0, train_split=train)
    for split, parts in {"train": train.split("+"), "validation": ["dev_clean"], "test": ["test_clean"]}.items():
        found = {text.decode(): wave for wave, text in examples.split(split).as_numpy_iterator()}
        assert sorted(found) == sorted(f"{part} {number} isn't" for part in parts for number in range(2))
        for text, wave in found.items():
            assert np.array_equal(wave, samples[text].astype("float32") / 32_768)


def test_a_hundred_hours_are_the_default(dummy):
    texts = [text.decode() for _, text in ENTRY.make(dummy[0], 0).split("train").as_numpy_iterator()]
    assert {text.split()[0] for text in texts} == {"train_clean100"}


def test_another_part_is_refused():
    with pytest.raises(OptionError, match=r"'train_split' expects one of train_clean100, .*; received 'train_clean'"):
        check_options(ENTRY.options, {"train_split": "train_clean"}, "librispeech")


def test_the_parts_are_those_of_the_builder(dummy):
    builder = tfds.builder_from_directory(f"{dummy[0]}/{ENTRY.location}/2.1.1")
    assert builder.info.features["speech"].sample_rate == 16_000
    chosen = {part for choice in ENTRY.options["train_split"].choices for part in choice.split("+")}
    assert chosen == {part for part in builder.info.splits if part.startswith("train")}


def test_element_spec_and_version(dummy):
    examples = ENTRY.make(dummy[0], 0)
    assert examples.split("train").element_spec == (tf.TensorSpec((None,), tf.float32), tf.TensorSpec((), tf.string))
    assert (examples.version, examples.input, len(examples.checksum)) == ("2.1.1", "audio", 64)
