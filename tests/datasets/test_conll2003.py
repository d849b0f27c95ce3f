"""The entry over dummy sentences in the schema of TFDS's builder."""

import pytest
import tensorflow as tf

from keras_rnn_zoo import registry

ENTRY = registry.datasets.get("conll2003")
SENTENCES = [
    ("EU rejects German call", "B-ORG O B-MISC O"),
    ("Peter Blackburn", "B-PER I-PER"),
    ("BRUSSELS 1996-08-22", "B-LOC O"),
    ("Rice", "O"),
]


def as_example(tokens, ner):
    count = len(tokens)
    return {"tokens": tokens, "pos": ["NN"] * count, "chunks": ["B-NP"] * count, "ner": ner}


@pytest.fixture(scope="module")
def examples(write_dummy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    rows = [as_example(text.split(), tags.split()) for text, tags in SENTENCES]
    empty = as_example([], [])
    splits = {"train": [*rows, empty], "dev": [rows[1], empty], "test": [rows[2], empty]}
    assert write_dummy("conll2003", folder, splits).parent == folder / ENTRY.location
    return ENTRY.make(str(folder), 0)


def pairs(examples, split):
    return [(raw.decode(), target.decode()) for raw, target in examples.split(split).as_numpy_iterator()]


def test_the_sentences_have_their_tags_and_none_is_empty(examples):
    assert sorted(pairs(examples, "train")) == sorted(SENTENCES)
    assert pairs(examples, "validation") == [SENTENCES[1]]
    assert pairs(examples, "test") == [SENTENCES[2]]


def test_the_tags_are_named_from_outside_in(examples):
    assert " ".join(examples.classes) == "O B-LOC B-MISC B-ORG B-PER I-LOC I-MISC I-ORG I-PER"


def test_element_spec_and_version(examples):
    assert examples.split("train").element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.string))
    assert (examples.version, examples.input, len(examples.checksum)) == ("1.0.0", "text", 64)
