"""Ensembles: several runs that predict as one."""

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo.inference.ensemble import _difference


@pytest.fixture(scope="module")
def loaded(small_run):
    return zoo.load(small_run("toy_reviews"))


def other(loaded, seed):
    """Returns a run like a loaded one, with weights of its own."""
    from keras_rnn_zoo.inference.load import LoadedRun

    again = zoo.load(loaded.run)
    random = np.random.default_rng(seed)
    for weight in again.model.trainable_weights:
        weight.assign(weight + 0.1 * random.normal(size=weight.shape))
    return LoadedRun(again.run, again.task, again.model)


def test_an_ensemble_predicts_the_mean_of_the_probabilities(loaded):
    second = other(loaded, 0)
    texts = ["a fine film", "dull", ""]
    rows = zip(zoo.predict([loaded, second], texts), loaded.predict(texts), second.predict(texts), strict=True)
    for mean, one, two in rows:
        for label, probability in mean["probabilities"].items():
            expected = (one["probabilities"][label] + two["probabilities"][label]) / 2
            assert probability == pytest.approx(expected, abs=1e-6)
    assert zoo.load([loaded, second]).name == f"{loaded.name},{loaded.name}"


def test_a_run_of_an_earlier_version_has_the_defaults_of_options_that_it_lacks(loaded):
    config = loaded.run.config
    reader = {name: value for name, value in config.task.reader.items() if name != "max_length"}
    earlier = replace(config, task=replace(config.task, reader=reader))
    assert _difference(earlier, config) == _difference(config, earlier) == ""
    vectors = replace(config, task=replace(config.task, reader={**config.task.reader, "vectors": "glove.txt"}))
    assert _difference(vectors, config) == ""
    shorter = replace(config, task=replace(config.task, reader={**config.task.reader, "max_length": 7}))
    assert _difference(shorter, earlier) == "max_length is 7 and 400"


@pytest.mark.parametrize("function", [zoo.pack, lambda run: zoo.push(run, "hf://jane/reviews"), zoo.inspect])
def test_an_ensemble_is_no_single_run(loaded, function):
    ensemble = zoo.load([loaded, loaded.run])
    more = ("a dull film",) if function is zoo.inspect else ()
    with pytest.raises(zoo.ZooError, match=r"The ensemble of the runs .* Name one of them"):
        function(ensemble, *more)
    if function is zoo.pack:
        with pytest.raises(zoo.ZooError, match="is not a single run"):
            zoo.train(from_run=ensemble)


def test_runs_that_differ_in_what_they_predict_are_no_ensemble(loaded, small_run):
    with pytest.raises(
        zoo.ZooError, match="cannot predict together: their tasks are 'classification' and 'translation'"
    ):
        zoo.load([loaded, small_run("addition")])
    with pytest.raises(zoo.ZooError, match="needs one run or more"):
        zoo.load([])
    from zoo_cli.main import cli

    answer = CliRunner().invoke(cli, ["predict", "toy_reviews,", "a film"])
    assert (answer.exit_code, "expected as RUN,RUN; received 'toy_reviews,'" in answer.output) == (1, True)
    answer = CliRunner().invoke(cli, ["show", "hf://jane/films"])
    assert (answer.exit_code, "Download it first" in answer.output) == (1, True)
    with pytest.raises(zoo.ZooError, match=r"Only `zoo predict` and `zoo evaluate` take several runs"):
        zoo.export("one,two")


def test_what_matters_only_in_training_may_differ(loaded):
    from keras_rnn_zoo.inference.ensemble import _difference

    config = loaded.run.config
    older = {name: value for name, value in config.task.reader.items() if name != "vectors"}
    for reader in (older, {**config.task.reader, "vectors": "glove.txt", "words_from_vectors": True}):
        assert not _difference(config, replace(config, task=replace(config.task, reader=reader)))


def test_the_same_run_twice_predicts_as_once(small_run):
    once = zoo.load(small_run("addition"))
    twice = zoo.load([once, once])
    inputs = [once.task.reader.dummy_input(number) for number in range(3)]
    for one, two in zip(once.predict(inputs), twice.predict(inputs), strict=True):
        assert one["text"] == two["text"]
        assert one["score"] == pytest.approx(two["score"], abs=1e-4)


def test_a_text_is_generated_by_the_mean_of_the_probabilities_of_each_token(small_run):
    from keras_rnn_zoo.layers.search import search_text

    one = zoo.load(small_run("addition"))
    two = other(one, 1)
    both = zoo.load([one, two])
    source = np.array([[4, 5, 6], [5, 4, 0]])
    found = search_text(both.model, source, max_length=3, beam_size=2, length_penalty=0.0)
    ids = np.asarray(found["ids"])[:, 0]
    target = np.concatenate([np.full((2, 1), 2), ids[:, :-1]], axis=1)
    logits = [np.array(loaded.model({"source": source, "target": target})) for loaded in (one, two)]
    for row in range(2):
        total = 0.0
        for step, token in enumerate(ids[row]):
            if token == 0:
                break
            probabilities = []
            for values in logits:
                exponentials = np.exp(values[row, step, 3:] - values[row, step].max())
                probabilities.append(exponentials[token - 3] / exponentials.sum())
            total += np.log(np.mean(probabilities))
        assert np.asarray(found["scores"])[row, 0] == pytest.approx(total, abs=0.02)


def test_an_ensemble_is_neither_exported_nor_streamed(loaded):
    ensemble = zoo.load([loaded, loaded])
    with pytest.raises(zoo.ZooError, match="cannot be exported"):
        zoo.export(ensemble)
    with pytest.raises(zoo.ZooError, match="Stream a single run"):
        zoo.stream(ensemble)


def test_runs_between_commas_are_an_ensemble(loaded):
    from zoo_cli.main import cli

    folder = ["--models-dir", str(loaded.run.path.parent)]
    result = CliRunner().invoke(cli, ["predict", "toy_reviews,toy_reviews", "a fine film", *folder])
    assert result.exit_code == 0, result.output
    assert "%" in result.output
    result = CliRunner().invoke(cli, ["predict", "toy_reviews,toy_reviews", "--input", "new.csv", *folder])
    assert result.exit_code == 2
    assert "single RUN" in result.output
