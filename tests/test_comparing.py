"""Comparisons of runs: scores in parts, tests of differences, and what is shown."""

import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from click.testing import CliRunner
from pages import commands_of, programs_of, run_well, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo.comparison.significance import adjusted, difference_of
from keras_rnn_zoo.errors import DataError, OptionError
from keras_rnn_zoo.tasks._compared import mean_of, ratio_of
from zoo_cli.main import cli

PAGE = text_of("comparing.md")
COMMANDS = commands_of(PAGE.partition("## Experiment trackers")[0])
(PROGRAM,) = programs_of(PAGE)
RUNS = {"comparing.md": [*COMMANDS, PROGRAM]}


def alarms(pairs):
    return np.mean([difference_of(*pair).p < 0.05 for pair in pairs])


def test_mcnemar_raises_few_false_alarms(monkeypatch):
    """Pairs of models that are equally good, with errors that depend on how hard an example is."""
    monkeypatch.setattr("keras_rnn_zoo.comparison.significance.RESAMPLES", 9)  # Of the interval, which has no part.
    draw, pairs = np.random.default_rng(0), []
    for _ in range(400):
        easy = draw.uniform(0.6, 1, 300)
        pairs.append([mean_of("accuracy", draw.random(300) < easy) for _ in range(2)])
    assert 0.03 <= alarms(pairs) <= 0.07


def test_permutations_raise_few_false_alarms(monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.comparison.significance.RESAMPLES", 299)
    draw, pairs = np.random.default_rng(0), []
    for _ in range(400):
        lengths = draw.integers(3, 12, 100)
        pairs.append([ratio_of("cer", draw.binomial(lengths, 0.2), lengths) for _ in range(2)])
    assert 0.03 <= alarms(pairs) <= 0.07


def test_a_difference_is_found_with_its_interval():
    draw = np.random.default_rng(0)
    worse, better = (mean_of("accuracy", draw.random(500) < share) for share in (0.8, 0.9))
    found = difference_of(worse, better)
    assert found.test == "McNemar"
    assert found.p < 0.01
    spread = 1.96 * np.std(better.values - worse.values) / np.sqrt(500)
    assert (found.low, found.high) == pytest.approx((found.value - spread, found.value + spread), abs=0.005)
    assert found.value == pytest.approx(better.values.mean() - worse.values.mean())
    assert difference_of(better, worse).value == pytest.approx(-found.value)
    assert difference_of(worse, worse)[:4] == (0.0, 0.0, 0.0, 1.0)


def test_mcnemar_agrees_with_the_literature():
    """Fagerland et al. 2013, table 1: 1 and 7 discordant pairs have the mid-p value 0.0391."""
    first, second = np.repeat([1, 0, 1, 0], [1, 7, 59, 6]), np.repeat([0, 1, 1, 0], [1, 7, 59, 6])
    assert difference_of(mean_of("accuracy", first), mean_of("accuracy", second)).p == pytest.approx(0.0391, abs=5e-5)


def test_p_values_are_adjusted_as_by_holm():
    assert adjusted([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert adjusted([0.5]) == [0.5]


def made(module, name, **attributes):
    """Returns a task as far as its scores need it."""
    task = object.__new__(getattr(__import__(f"keras_rnn_zoo.tasks.{module}", fromlist=[name]), name))
    task.__dict__.update(attributes)
    return task


SCORED = {
    "spans": (
        made("tagging", "Tagging", classes=("O", "B-X", "I-X")),
        {"tags": [[b"B-X", b"I-X", b"O"], [b"O", b"B-X"], [b"B-X"]]},
        [b"B-X I-X O", b"B-X B-X", b"B-X O"],
        "f1",
    ),
    "tags": (
        made("tagging", "Tagging", classes=("A", "B")),
        {"tags": [[b"A", b"B"], [b"A"]]},
        [b"A A", b"A B"],
        "accuracy",
    ),
    "transcripts": (made("transcription", "Transcription"), {"text": [b"12", b"1234"]}, [b"123", b"1243"], "cer"),
    "captions": (
        made("captioning", "Captioning", bleu_tokenize="13a", target_ids=SimpleNamespace(tokens="pieces")),
        {"text": [b"a big red square here", b"a blue circle on top of it"]},
        [[b"a big red square", b"one big red square here"], [b"a blue circle on top", b""]],
        "bleu",
    ),
    "steps": (
        made("step_classification", "StepClassification", classes=("a", "b"), multilabel=False),
        {"classes": [np.array([0, 1, 1]), np.array([1, 0, 0])], "lengths": [3, 1]},
        [np.array([0, 1, 0]), np.array([1, 0])],
        "accuracy",
    ),
}


@pytest.mark.parametrize("case", SCORED)
def test_a_score_is_the_total_of_its_parts(case):
    task, predictions, references, metric = SCORED[case]
    parts = task.score_parts(predictions, references)
    assert parts.metric == metric
    assert len(parts.values) == len(references)
    scores, _ = task.score(predictions, references, 0.0)
    assert parts.total(parts.values.sum(axis=0)) == pytest.approx(scores[metric])
    assert parts.total(np.stack([parts.values.sum(axis=0)] * 3)).shape == (3,)


@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize("name", ["toy_reviews", "addition", "adding"])
def test_small_runs_are_compared_by_their_metric_or_loss(small_run, name):
    from keras_rnn_zoo.comparison.compare import _parts
    from keras_rnn_zoo.plotting.subject import Subject

    run = small_run(name)
    parts = _parts(Subject(run, split="validation"))
    measured = zoo.evaluate(run, split="validation")
    assert parts.total(parts.values.sum(axis=0)) == pytest.approx(measured[parts.metric], rel=0.02)


def test_what_cannot_be_compared_is_refused(small_run):
    run = small_run("toy_reviews")
    with pytest.raises(OptionError, match="a list of two or more runs"):
        zoo.compare([run])
    with pytest.raises(OptionError, match="a list of two or more runs"):
        zoo.compare("small_toy_reviews")
    with pytest.raises(OptionError, match="a name of its own"):
        zoo.compare([run, run])
    with pytest.raises(DataError, match="small_digits has the dataset digits, but small_toy_reviews has toy_reviews"):
        zoo.compare([run, small_run("digits")])


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_the_commands_and_the_program_of_the_page_run(tmp_path, monkeypatch):
    """In one folder and in order, as a reader would."""
    pytest.importorskip("matplotlib", reason="the extra `plots` is not installed")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    assert len(COMMANDS) == 4
    for command in COMMANDS:
        result = run_well(command, *(("--set", "epochs=1") if command.startswith("zoo train ") else ()))
    assert ("first" in result.output and "differ" in result.output) or "than" in result.output
    assert Path("curves.svg").read_bytes().startswith(b"<?xml")
    exec(PROGRAM, names := {})
    found = names["found"]
    assert [row["option"] for row in found.options] == ["seed", "units"]
    for run in ("first", "second"):
        metrics = {row["metric"]: row[run] for row in found.metrics}
        assert metrics["accuracy"] == pytest.approx(zoo.Run.find(run).metrics["accuracy"])
    assert found.tests[0]["difference"] == pytest.approx(
        zoo.Run.find("second").metrics["accuracy"] - zoo.Run.find("first").metrics["accuracy"]
    )
    assert len(found.differing) == min(found.disagreements, 20)
    for row in found.differing:
        assert row["first"].partition(" ")[0] != row["second"].partition(" ")[0]
    assert found.as_json()["tests"] == list(found.tests)


@pytest.mark.usefixtures("few_examples")
def test_runs_named_like_columns_hide_none(small_run, tmp_path):
    names = ["metric", "option", "example", "input", "truth"]
    path = small_run("toy_reviews").path
    for name in names:
        shutil.copytree(path, tmp_path / name)
    found = zoo.compare([tmp_path / name for name in names], split="validation")
    assert found.metrics.columns == ["metric", *(f"run {name}" for name in names)]
    assert "accuracy" in [row["metric"] for row in found.metrics]
    assert len({found.metrics[0][f"run {name}"] for name in names}) == 1


@pytest.mark.parametrize("file", ["curves.pdf", "curves", ""])
def test_the_file_of_curves_is_checked_before_the_runs_are_measured(file):
    done = CliRunner().invoke(cli, ["compare", "no_run", "none", "--plot", file])
    assert done.exit_code == 1
    assert "Plots have no format" in done.output
