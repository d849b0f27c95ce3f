"""The entry over dummy sentences in the schema of TFDS's builder."""

import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

from keras_rnn_zoo import registry
from keras_rnn_zoo.datasets.ted_multi_translate import LANGUAGES
from keras_rnn_zoo.errors import OptionError

ENTRY = registry.datasets.get("ted_multi_translate")
SPLITS = {
    "train": [
        {"en": "Thank you .", "ja": "ありがとう", "de": "Danke ."},
        {"en": "Good evening .", "fr": "Bonsoir ."},
        {"ja": "こんばんは", "fr": "Bonsoir ."},
        {"en": "See you .", "ja": "またね"},
    ],
    "validation": [{"en": "Yes .", "ja": "はい", "zh-cn": "是"}],
    "test": [{"en": "No .", "ja": "いいえ"}, {"en": "Perhaps .", "de": "Vielleicht ."}],
}


@pytest.fixture(scope="module")
def data_dir(write_dummy, tmp_path_factory):
    folder = tmp_path_factory.mktemp("prepared")
    rows = {
        name: [{"translations": texts, "talk_name": f"talk_{number}"} for number, texts in enumerate(part)]
        for name, part in SPLITS.items()
    }
    assert write_dummy("ted_multi_translate", folder, rows).parent == folder / ENTRY.location
    return str(folder)


def pairs(examples, split):
    return [(raw.decode(), target.decode()) for raw, target in examples.splits[split]().as_numpy_iterator()]


@pytest.mark.parametrize(
    ("options", "source", "target"),
    [
        ({}, "ja", "en"),
        ({"source_language": "en", "target_language": "ja"}, "en", "ja"),
        ({"source_language": "de"}, "de", "en"),
        ({"target_language": "zh-cn"}, "ja", "zh-cn"),
    ],
)
def test_the_pairs_are_the_sentences_that_exist_in_both_languages(data_dir, options, source, target):
    examples = ENTRY.make(data_dir, 0, **options)
    for split, part in SPLITS.items():
        expected = [(row[source], row[target]) for row in part if source in row and target in row]
        assert sorted(pairs(examples, split)) == sorted(expected)
    assert examples.splits["train"]().element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.string))
    assert (examples.version, examples.input, len(examples.checksum)) == ("1.1.0", "text", 64)


def test_the_languages_are_those_of_the_builder(tmp_path):
    features = tfds.builder(ENTRY.location, data_dir=tmp_path).info.features
    assert features["translations"].languages == list(LANGUAGES)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source_language": "jp"}, r"'source_language' expects .*; received 'jp'.*Known names: ar, az, "),
        ({"target_language": "zh_cn"}, r"'target_language' expects .*; received 'zh_cn'\. Did you mean 'zh-cn'"),
        ({"source_language": "en"}, r"must differ; received 'en' for both\."),
    ],
)
def test_an_impossible_pair_is_refused_before_any_download(options, message):
    with pytest.raises(OptionError, match=message):
        ENTRY.make("nowhere", 0, **options)
