"""How series are thinned: the default by their length, what the user gives, and what a run keeps of it."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo.datasets.examples import Examples
from keras_rnn_zoo.errors import DataError, OptionError, TrainingInterrupted
from keras_rnn_zoo.exporting.formats import saved_model as exporting
from keras_rnn_zoo.readers.series import SeriesReader
from keras_rnn_zoo.tasks.classification import Classification
from keras_rnn_zoo.tasks.transcription import Transcription
from keras_rnn_zoo.training.subsampling import choose_subsampling
from zoo_cli.main import cli

RANDOM = np.random.default_rng(0)


def examples(rows, held_out=()):
    """Returns a data set of pairs of a number of steps and a target."""

    def split(rows):
        series = [(np.zeros((steps, 2), "float32"), target) for steps, target in rows]
        kind = tf.string if isinstance(rows[0][1], str) else tf.int64
        spec = (tf.TensorSpec([None, 2]), tf.TensorSpec([], kind))
        return lambda: tf.data.Dataset.from_generator(lambda: iter(series), output_signature=spec)

    splits = {"train": split(rows), "validation": split(held_out or rows), "test": split(rows[:1])}
    return Examples("1", "", "series", splits)


def chosen(rows, held_out=(), **reading):
    task = Transcription if isinstance(rows[0][1], str) else Classification
    return choose_subsampling(examples(rows, held_out), task(SeriesReader(**reading), ()))


@pytest.mark.parametrize(
    ("steps", "factor"),
    [(1, 1), (199, 1), (200, 2), (399, 2), (400, 4), (799, 4), (800, 8), (20_000, 8)],
)
def test_long_series_are_subsampled_to_about_a_hundred_steps(steps, factor):
    found, reason = chosen([(1, 0), (steps, 1), (steps, 0)])
    assert found == factor
    assert f"subsampling={factor}" in reason
    assert f"median is {steps}" in reason or f"median {steps:,} steps" in reason


def test_steps_that_are_not_read_do_not_count():
    assert chosen([(5000, 0)], max_steps=150)[0] == 1


def test_every_transcript_keeps_the_frames_that_it_needs():
    assert chosen([(800, "abc")] * 3)[0] == 8
    # 60 tokens and 10 blanks between equal ones need 70 frames of the 280 steps.
    tight = (280, "ab" * 25 + "a" * 10)
    found, reason = chosen([(800, "abc")] * 3 + [tight])
    assert found == 4
    assert reason == (
        "The series are long (median 800 steps), so convolutions shorten them: subsampling=4 keeps 200; a larger "
        "factor would leave too few frames for the transcripts. To read every step: --set subsampling=1."
    )
    assert chosen([(800, "abc")] * 3, [tight])[0] == 4  # Wherever it stands.
    assert chosen([(800, "abc")] * 3 + [(69, "ab" * 34)])[0] == 1


def test_the_median_transcript_keeps_twice_the_frames_that_it_needs():
    assert chosen([(800, "ab" * 100)])[0] == 2
    found, reason = chosen([(800, "ab" * 201)])
    assert found == 1
    assert reason == (
        "All steps of the series are read (subsampling=1): subsampling would leave too few frames for the transcripts."
    )


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("many_to_one", {"subsampling": 2}),
        ("many_to_many", {"subsampling": 2}),
        ("many_to_many", {"subsampling": 2, "input": "audio"}),
        ("ctc", {"subsampling": 4}),
        ("ctc", {"subsampling": 4, "input": "audio"}),
        ("one_to_one", {"subsampling": 2, "input": "series"}),
        ("sync_many_to_many", {"subsampling": 2, "input": "series"}),
        ("ctc", {"subsampling": 3, "input": "series"}),
    ],
)
def test_it_is_refused_where_nothing_can_be_subsampled(name, options):
    with pytest.raises(OptionError, match="subsampling"):
        zoo.build(name, **options)


def test_it_is_refused_before_anything_is_read():
    with pytest.raises(OptionError, match=r"applies only to series and audio input, but the input is text; received 2"):
        zoo.train("many_to_one", subsampling=2)


def test_without_data_nothing_is_subsampled():
    assert zoo.build("ctc", input="series")(np.zeros((1, 9, 2), "float32")).shape[1] == 9


@pytest.fixture(scope="module")
def strokes(tmp_path_factory):
    """The address of 30 series of 250 steps, features far from mean 0 and variance 1, with transcripts."""
    path = tmp_path_factory.mktemp("strokes") / "strokes.npz"
    texts = np.array(["ab" * (1 + number % 3) for number in range(30)])
    np.savez(path, x=RANDOM.normal([500, -3], [40, 0.01], (30, 250, 2)).astype("float32"), text=texts)
    return f"npz:{path}"


SMALL = {"units": 3, "epochs": 1, "verbose": 0}


def test_a_run_keeps_the_chosen_factor_and_predicts_the_same_everywhere(strokes, caplog, tmp_path):
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        run = zoo.train("ctc", dataset=strokes, **SMALL)
    assert caplog.text.count("subsampling=2 keeps 125") == 1
    assert run.config.options["subsampling"] == 2
    loaded = zoo.load(run)
    inputs = loaded.task.preprocess(*loaded.task.to_batch([np.full((7, 2), [500, -3], "float32")]))
    np.testing.assert_allclose(inputs, 0, atol=1)  # Scaled as the training split has it.
    assert loaded.model(inputs).shape[1] == 4
    series = [RANDOM.normal([500, -3], [40, 0.01], (steps, 2)).astype("float32") for steps in (250, 8, 1)]
    answers = loaded.predict(series)
    assert zoo.evaluate(run).metrics == pytest.approx(run.metrics, abs=1e-5)
    exporting.write_saved_model(
        loaded, {exporting.DEFAULT: exporting.all_endpoints(loaded)[exporting.DEFAULT]}, tmp_path
    )
    exported = tf.saved_model.load(str(tmp_path)).signatures["serving_default"]
    for raw, expected in zip(series, answers, strict=True):
        (alone,) = loaded.predict([raw])
        served = exported(series=tf.constant(raw[None]), lengths=tf.constant([len(raw)]))
        for answer in (alone, {name: value.numpy()[0] for name, value in served.items()}):
            assert answer["score"] == pytest.approx(expected["score"], abs=1e-4)


def test_a_factor_set_by_the_user_takes_precedence(strokes, caplog):
    with caplog.at_level(logging.INFO, "keras_rnn_zoo"):
        run = zoo.train("ctc", dataset=strokes, subsampling=1, **SMALL)
    assert run.config.options["subsampling"] == 1
    assert "subsampling" not in caplog.text
    with pytest.raises(DataError, match=r"needs 6 frames, for 6 tokens, but the input has only 1 with subsampling=8"):
        zoo.train("ctc", dataset=strokes, subsampling=8, max_steps=8, run="other", **SMALL)


def test_a_resumed_training_keeps_the_chosen_factor(strokes, monkeypatch):
    from keras_rnn_zoo.training import fit as fitting

    fit = fitting.fit

    def interrupted(*args, **kwargs):
        fit(*args, **kwargs)
        raise KeyboardInterrupt

    options = {**SMALL, "epochs": 2}
    monkeypatch.setattr(fitting, "fit", interrupted)
    with pytest.raises(TrainingInterrupted):
        zoo.train("ctc", dataset=strokes, **options)
    monkeypatch.setattr(fitting, "fit", fit)
    monkeypatch.setattr("keras_rnn_zoo.training.prepare.choose_subsampling", SimpleNamespace())  # Called, it fails.
    run = zoo.train("ctc", dataset=strokes, resume=True, verbose=0)
    assert run.config.options["subsampling"] == 2
    assert run.config.finished


def test_show_describes_the_default(strokes):
    for words in (["ctc", "--dataset", strokes], ["many_to_one", "--dataset", "adding"]):
        shown = CliRunner().invoke(cli, ["show", *words]).stdout
        (row,) = [line for line in shown.splitlines() if line.split()[:1] == ["subsampling"]]
        assert "one of 1, 2, 4, 8" in row
        assert ("1 or more" in row) == (words[0] == "ctc")
        assert "subsample the steps" in shown


@pytest.mark.parametrize("command", ["init", "show"])
def test_it_is_refused_for_texts(command):
    from click.testing import CliRunner

    from zoo_cli.main import cli

    done = CliRunner().invoke(cli, [command, "many_to_one", "--set", "subsampling=2"])
    assert done.exit_code == 1
    assert "Option 'subsampling' applies only to series and audio input, but the input is text" in done.stderr
