"""The builder over its dummy files, and the real sentences where they are at hand."""

from collections import Counter

import pytest
import tensorflow as tf
from tensorflow_datasets.core.download.checksums import compute_url_info

from keras_rnn_zoo import registry
from keras_rnn_zoo.tfds_builders.small_parallel_enja import small_parallel_enja_dataset_builder_test as builder_test
from keras_rnn_zoo.tfds_builders.small_parallel_enja.small_parallel_enja_dataset_builder import Builder

ENTRY = registry.datasets.get("small_parallel_enja")
STEMS = {"train": "train", "validation": "dev", "test": "test"}
DOGS = {"ja": "犬 が 走 る 。", "en": "the dog runs ."}
RAIN = {"ja": "雨 だ 。", "en": "it 's raining ."}


class TestBuilder(builder_test.SmallParallelEnjaTest):
    """The test that stands beside the builder, as TFDS has it."""


@pytest.fixture(scope="module")
def raw(test_data):
    return test_data / "raw"


@pytest.fixture(scope="module")
def real(raw, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(tmp_path_factory.mktemp("prepared")))
        before = sorted(raw.rglob("*"))
        yield ENTRY.make(str(raw), 0)
        assert sorted(raw.rglob("*")) == before


def pairs(examples, split):
    found = []
    for raws, targets in (
        examples.split(split).batch(10_000).as_numpy_iterator()
    ):  # One at a time takes ten times longer.
        found += [(raw.decode(), target.decode()) for raw, target in zip(raws, targets, strict=True)]
    return found


@pytest.mark.parametrize(("source", "target"), [("ja", "en"), ("en", "ja")])
def test_the_source_language_is_raw_and_the_other_the_target(write_dummy, tmp_path, source, target):
    write_dummy(Builder, tmp_path, {"train": [DOGS], "validation": [RAIN], "test": [DOGS, RAIN]})
    examples = ENTRY.make(str(tmp_path), 0, source_language=source)
    assert pairs(examples, "train") == [(DOGS[source], DOGS[target])]
    assert pairs(examples, "validation") == [(RAIN[source], RAIN[target])]
    assert sorted(pairs(examples, "test")) == sorted((row[source], row[target]) for row in (DOGS, RAIN))
    assert examples.split("train").element_spec == (tf.TensorSpec((), tf.string), tf.TensorSpec((), tf.string))
    assert (examples.version, examples.input, len(examples.checksum)) == ("1.0.0", "text", 64)


def test_japanese_is_translated_by_default():
    option = ENTRY.options["source_language"]
    assert (option.default, option.choices) == ("ja", ("ja", "en"))


def test_the_checksums_are_those_of_the_real_files(raw):
    assert len(Builder.url_infos) == 6
    for url, info in Builder.url_infos.items():
        assert url.endswith(f"/{info.filename}")
        assert compute_url_info(raw / "small_parallel_enja" / info.filename) == info


@pytest.mark.slow
def test_every_real_pair_is_there_once(real, raw):
    for split, stem in STEMS.items():
        lines = [
            (raw / "small_parallel_enja" / f"{stem}.{language}").read_text(encoding="utf-8").split("\n")[:-1]
            for language in ("ja", "en")
        ]
        assert len(lines[0]) == {"train": 50_000, "validation": 500, "test": 500}[split]
        assert Counter(pairs(real, split)) == Counter(zip(*lines, strict=True))


@pytest.mark.slow
def test_no_real_pair_is_in_two_splits_and_the_order_is_fixed(real):
    splits = {split: pairs(real, split) for split in STEMS}
    assert sum(len(set(part)) for part in splits.values()) == len({pair for part in splits.values() for pair in part})
    assert pairs(real, "train") == splits["train"]
