"""The entry over a dummy text in the schema of TFDS's builder, and the real ones where they are at hand."""

import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.tiny_shakespeare import cut

ENTRY = registry.datasets.get("tiny_shakespeare")


TEXT = "ab\n\ncdefghijk\nlm\nn"


@pytest.mark.parametrize("text", [TEXT, TEXT + "\n", "a", "\n\n\n"])
@pytest.mark.parametrize("length", [1, 2, 3, 4, 10, 11, 40])
def test_every_character_is_in_one_chunk(text, length):
    stretches = cut(text, length)
    assert "".join(stretches) == text
    assert {len(stretch) for stretch in stretches} <= set(range(1, length + 1))


def test_chunks_consist_of_as_many_whole_lines_as_fit():
    assert cut(TEXT, 10) == ["ab\n\n", "cdefghijk\n", "lm\nn"]
    assert cut(TEXT, 4) == ["ab\n\n", "cdef", "ghij", "k\n", "lm\nn"]


@pytest.fixture(scope="module")
def data_dir(write_dummy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    texts = {
        "train": "To be, or not to be.\n" * 30,
        "validation": "Exit Malvolio, pursued — by an été.\n" * 100,
        "test": "Exeunt.",
    }
    write_dummy("tiny_shakespeare", folder, {split: [{"text": text}] for split, text in texts.items()})
    return str(folder), texts


def stretches(examples, split):
    pairs = list(examples.split(split).as_numpy_iterator())
    assert all(raw == target for raw, target in pairs)
    return [raw.decode() for raw, _ in pairs]


@pytest.mark.parametrize(("options", "length"), [({}, 126), ({"chunk_length": 21}, 21)])
def test_chunks_of_train_have_the_given_length_and_others_2000(data_dir, options, length):
    folder, texts = data_dir
    examples = ENTRY.make(folder, 0, **options)
    found = {split: stretches(examples, split) for split in texts}
    assert {split: len(part[0]) for split, part in found.items()} == {"train": length, "validation": 1980, "test": 7}
    assert {split: "".join(part) for split, part in found.items()} == texts


def test_element_spec_and_version(data_dir):
    examples = ENTRY.make(data_dir[0], 0)
    assert examples.split("train").element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.string))
    assert (examples.version, examples.input, len(examples.checksum)) == ("1.0.0", "text", 64)


def test_the_real_texts_are_whole(tfds_dir):
    examples = ENTRY.make(str(tfds_dir), 0)
    builder = tfds.builder_from_directory(tfds_dir / ENTRY.location / examples.version)
    characters = {}
    for split in ("train", "validation", "test"):
        text = next(builder.as_dataset(split).as_numpy_iterator())["text"].decode()
        found = stretches(examples, split)
        assert "".join(found) == text
        assert all(stretch.endswith("\n") for stretch in found[:-1])
        characters[split] = len(text)
    assert characters == {"train": 1_003_854, "validation": 55_770, "test": 55_770}
    assert len(stretches(examples, "test")) == 29
