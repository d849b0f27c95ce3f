"""What the docstrings of the public names say: each argument has a meaning, and the examples run."""

import doctest
import inspect

import keras
import numpy
import pytest
import tensorflow as tf

import keras_rnn_zoo as zoo
from keras_rnn_zoo import layers, registry
from keras_rnn_zoo.datasets._listing import datasets
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.inference.evaluate import Scorecard
from keras_rnn_zoo.layers import attention, audio, characters, crf, decoder, masking
from keras_rnn_zoo.layers.text import Tokenizer
from keras_rnn_zoo.training.settings import SETTINGS

PUBLIC = {**{name: getattr(zoo, name) for name in zoo.__all__}, "datasets": datasets}
FUNCTIONS = [public for public in PUBLIC.values() if inspect.isfunction(public)]
CATALOGS = (registry.architectures, registry.datasets, registry.tasks, registry.readers, registry.cells)
ENTRIES = [entry for catalog in CATALOGS for entry in catalog.entries()]


def names(items):
    return [getattr(item, "name", None) or item.__name__ for item in items]


def test_the_public_names_are_there_and_documented():
    assert set(zoo.__all__) <= set(dir(zoo))
    assert len(FUNCTIONS) == len(zoo.__all__) - 3  # The others are an error, the runs and the layers.
    assert issubclass(zoo.ZooError, Exception)
    for public in (zoo, zoo.ZooError, zoo.Run, zoo.layers, Scorecard, Examples):
        assert inspect.getdoc(public)
    with pytest.raises(AttributeError, match="has no attribute 'fly'"):
        _ = zoo.fly


@pytest.mark.parametrize("function", FUNCTIONS, ids=names(FUNCTIONS))
def test_each_argument_of_a_public_function_has_a_meaning(function):
    documented = inspect.getdoc(function)
    for name in inspect.signature(function).parameters:
        assert f"    {name}: " in documented or f"    **{name}: " in documented, name
    if function is not zoo.list_architectures:
        assert "Returns:" in documented or "Raises:" in documented


@pytest.mark.parametrize("entry", ENTRIES, ids=names(ENTRIES))
def test_the_summary_of_an_entry_is_a_sentence_and_each_option_has_a_meaning(entry):
    assert entry.summary.endswith((".", '"'))
    assert 20 < len(entry.summary) <= 120
    assert all(option.help.endswith((".", ";")) for option in entry.options.values())


def test_settings_of_a_training_are_arguments_of_train():
    assert set(SETTINGS) <= set(inspect.signature(zoo.train).parameters)
    assert all(option.help for option in SETTINGS.values())


LAYERS = [*(getattr(layers, name) for name in layers.__all__), attention.SequenceAttention]
LAYERS += [audio.LogMel, characters.CharacterReader, decoder.TextDecoder]
LAYERS += [crf.Crf, masking.AttentionPooling, Tokenizer]
EXAMPLES = [zoo.build, zoo.runs, zoo.show, datasets, *LAYERS]
EXAMPLES += [entry.make for entry in registry.architectures.entries()]


@pytest.mark.parametrize("function", EXAMPLES, ids=names(EXAMPLES))
def test_the_example_of_a_docstring_gives_what_it_says(function):
    known = {function.__name__: function, "numpy": numpy, "keras": keras, "tf": tf}
    (found,) = doctest.DocTestFinder(recurse=False).find(function, function.__name__, globs=known)
    assert found.examples
    assert doctest.DocTestRunner(verbose=False).run(found).failed == 0
