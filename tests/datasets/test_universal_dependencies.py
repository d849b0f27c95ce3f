"""The entry over dummy treebanks in the schema of TFDS's builder, and English Web Treebank where it is at hand."""

import socket
from collections import Counter

import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_rnn_zoo import registry
from keras_rnn_zoo.errors import DataError, OptionError

ENTRY = registry.datasets.get("universal_dependencies")
SENTENCES = [
    [("I", "PRON", "PRP"), ("don't", "_", "None"), ("do", "AUX", "VBP"), ("n't", "PART", "RB"), ("know", "VERB", "VB")],
    [("10 000", "NUM", "CD"), ("houses", "NOUN", "NNS")],
    [("Ja", "INTJ", "UH")],
]
OTHERS = ("lemmas", "feats", "head", "deprel", "deps", "misc")


def as_example(sentence):
    tokens, upos, xpos = map(list, zip(*sentence, strict=True))
    return {
        **{name: ["_"] * len(tokens) for name in OTHERS},
        **{"idx": "1", "text": " ".join(tokens), "tokens": tokens, "upos": upos, "xpos": xpos},
    }


@pytest.fixture(scope="module")
def data_dir(write_dummy, tmp_path_factory):
    """A folder with three treebanks: a whole one, one without dev split and one with a test split alone."""
    folder = tmp_path_factory.mktemp("prepared")
    rows = list(map(as_example, SENTENCES))
    splits = {"train": rows, "dev": rows[:2], "test": rows[1:]}
    written = write_dummy(ENTRY.make.__name__, folder, splits, "en_ewt")
    assert written.parent == folder / ENTRY.location
    write_dummy(ENTRY.make.__name__, folder, {"train": rows * 10, "test": rows}, "kk_ktb")
    write_dummy(ENTRY.make.__name__, folder, {"test": rows}, "en_pud")
    return str(folder)


def pairs(examples, split):
    return [(raw.decode(), target.decode()) for raw, target in examples.split(split).as_numpy_iterator()]


def test_tokens_and_tags_are_joined_by_spaces(data_dir):
    examples = ENTRY.make(data_dir, 0)
    expected = [
        ("I don't do n't know", "PRON _ AUX PART VERB"),
        ("10\N{NO-BREAK SPACE}000 houses", "NUM NOUN"),
        ("Ja", "INTJ"),
    ]
    assert sorted(pairs(examples, "train")) == sorted(expected)
    assert sorted(pairs(examples, "validation")) == sorted(expected[:2])
    assert sorted(pairs(examples, "test")) == sorted(expected[1:])
    assert examples.split("train").element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.string))


def test_the_universal_tags_are_all_of_them_and_the_own_ones_those_of_the_treebank(data_dir):
    universal, own = ENTRY.make(data_dir, 0), ENTRY.make(data_dir, 0, tags="xpos")
    names = "ADJ ADP ADV AUX CCONJ DET INTJ NOUN NUM PART PRON PROPN PUNCT SCONJ SYM VERB X _"
    assert " ".join(universal.classes) == names
    assert " ".join(own.classes) == "CD NNS PRP RB UH VB VBP _"
    assert ("I don't do n't know", "PRP _ VBP RB VB") in pairs(own, "train")
    assert (own.version, own.input, len(own.checksum)) == ("1.0.1", "text", 64)


def test_a_treebank_without_dev_split_has_a_tenth_of_train_as_validation(data_dir):
    examples = ENTRY.make(data_dir, 0, config="kk_ktb")
    train, validation = pairs(examples, "train"), pairs(examples, "validation")
    assert (len(train), len(validation), len(pairs(examples, "test"))) == (27, 3, 3)
    assert set(Counter(train + validation).values()) == {10}


def test_a_treebank_with_only_a_test_split_is_refused(data_dir):
    with pytest.raises(DataError, match=r"'en_pud' has no train split; it has test\. Choose another"):
        ENTRY.make(data_dir, 0, config="en_pud")


@pytest.mark.parametrize(
    ("config", "hint"),
    [("en_ewd", "Did you mean 'en_ewt'"), ("ja", "'ja_gsd'"), ("../mnist", "received '../mnist'. All treebanks")],
)
def test_an_unknown_treebank_is_refused_without_the_network(config, hint, monkeypatch):
    def forbidden(*_args, **_kwargs):
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", forbidden)
    monkeypatch.setattr(socket, "getaddrinfo", forbidden)
    with pytest.raises(OptionError, match=r"one of TFDS's \d+ treebanks") as error:
        ENTRY.make("nowhere", 0, config=config)
    assert hint in str(error.value)
    assert len(str(error.value)) < 400


@pytest.fixture(scope="module")
def real(tfds_dir):
    return ENTRY.make(str(tfds_dir), 0)


@pytest.mark.slow
def test_the_real_sentences_have_as_many_tags_as_tokens(real):
    words = Counter()
    counts = {}
    for split in ("train", "validation", "test"):
        part = pairs(real, split)
        counts[split] = len(part)
        for raw, target in part:
            words.update(zip(raw.split(" "), target.split(" "), strict=True))
    assert counts == {"train": 12_544, "validation": 2001, "test": 2077}
    assert {tag for _, tag in words} == set(real.classes)
    assert Counter({tag: count for (word, tag), count in words.items() if word == "the"}).most_common(1)[0][0] == "DET"
    assert {tag for word, tag in words if word == "don't"} == {"_"}


def test_the_real_tokens_are_those_of_tfds(real, tfds_dir):
    builder = tfds.builder_from_directory(tfds_dir / ENTRY.location / real.version)
    names = builder.info.features["upos"].feature.names
    for (raw, target), example in zip(pairs(real, "test"), tfds.as_numpy(builder.as_dataset("test")), strict=True):
        assert raw.split(" ") == [token.decode() for token in example["tokens"]]
        assert target.split(" ") == [names[tag] for tag in example["upos"]]


@pytest.mark.slow
def test_the_real_treebanks_own_tags(tfds_dir):
    examples = ENTRY.make(str(tfds_dir), 0, tags="xpos")
    assert len(examples.classes) == 50
    assert "None" not in examples.classes
    assert {"NN", "VBZ", "-LRB-", "_"} < set(examples.classes)
