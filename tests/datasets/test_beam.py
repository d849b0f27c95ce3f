"""Datasets that TFDS prepares with Apache Beam."""

import re
import sys
from pathlib import Path

import pytest
from pages import DOCS, text_of

from keras_rnn_zoo.datasets import _prepared as prepared
from keras_rnn_zoo.errors import DataError


@pytest.fixture(scope="module")
def beamed():
    """A builder that makes its examples in a pipeline of Beam, as large datasets of TFDS do."""
    import tensorflow_datasets as tfds

    class Beamed(tfds.core.GeneratorBasedBuilder):
        pkg_dir_path = Path(__file__).parent
        VERSION = tfds.core.Version("1.0.0")
        name = "beamed"

        def _info(self):
            features = tfds.features.FeaturesDict({"text": tfds.features.Text()})
            return tfds.core.DatasetInfo(builder=self, features=features)

        def _split_generators(self, dl_manager):
            return {"train": self._generate_examples()}

        def _generate_examples(self):
            beam = tfds.core.lazy_imports.apache_beam
            return beam.Create([(number, {"text": f"text {number}"}) for number in range(20)])

    return Beamed


def test_a_dataset_that_needs_beam_says_so(beamed, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "apache_beam", None)
    with pytest.raises(DataError, match=r"'beamed' is not on disk.*with Apache Beam") as caught:
        prepared.open_prepared("beamed", tmp_path, beamed)
    message = str(caught.value)
    assert 'separate environment with pip install "keras-rnn-zoo[beam]"' in message
    # The command for a clone is that of the page.
    (command,) = re.findall(r'pip install --constraint \S+ "\.\[beam\]"', message)
    assert f"beam/bin/{command}" in text_of("beam.md")
    assert (DOCS.parent / "constraints" / "beam.txt").is_file()


def test_beam_gets_options_of_its_own(beamed, tmp_path, monkeypatch):
    pytest.importorskip("apache_beam", reason="the extra beam is not installed")
    monkeypatch.setattr(sys, "argv", ["zoo", "train", "many_to_one", "--runner", "reviews"])
    builder = prepared.open_prepared("beamed", tmp_path, beamed)
    assert builder.info.splits["train"].num_examples == 20
