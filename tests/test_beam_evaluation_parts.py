"""Evaluation in parts that many workers answer: what needs no Apache Beam. With it: `make test-beam`."""

import gzip
import io

import numpy as np
import pytest
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo.beam.evaluation import (
    Evaluated,
    EvaluationJob,
    batches_of,
    in_order,
    number_of_parts,
    open_job,
    read_batches,
    write_batch,
)
from keras_rnn_zoo.datasets.examples import SplitPart
from keras_rnn_zoo.errors import DataError, OptionError, ZooError
from keras_rnn_zoo.inference.evaluate import open_split, score_of
from keras_rnn_zoo.inference.labeled_data import open_labeled
from keras_rnn_zoo.packages import is_installed
from keras_rnn_zoo.training.further_metrics import further_metrics
from keras_rnn_zoo.user_data import table as table_module
from zoo_cli.main import cli

PARTS = 2
BLOCK = 4
"""Rows of a block in these tests."""


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(table_module, "BLOCK_SIZE", BLOCK)


@pytest.fixture
def files(tmp_path):
    """A pattern of two files with 43 labeled rows in all: one row is invalid, and quoted texts contain line breaks."""
    for number, rows in enumerate((30, 13)):
        lines = ["text,label"]
        lines += [
            f'"a {"very " * (row % 4)}good\nfilm {number}.{row}",{"positive" if row % 3 else "negative"}'
            for row in range(rows)
        ]
        lines[7] += ",one field too many" if number else ""
        (tmp_path / f"part-{number}.csv").write_text("\n".join(lines) + "\n")
    return f"csv:{tmp_path}/part-*.csv"


def scored_in_parts(run, dataset=None, split=None, **options):
    """Returns the number of examples, the metrics and the report of an evaluation in parts, each by a worker."""
    data = open_split(run, dataset, split, None, options)
    further = bool(run.config.training.metrics)
    name = None if dataset is None else data.name
    job = EvaluationJob((str(run.path),), name, data.split, data.checksum, None, options, further)
    opened, batches = open_job(job), []
    for part in range(PARTS):
        file = io.BytesIO()
        for batch in batches_of(opened, job.split, SplitPart(part, PARTS)):
            write_batch(file, batch, outputs=further)
        file.seek(0)
        batches += read_batches(file)
    metrics = further_metrics(run.config.training.metrics, (), opened.loaded.task, opened.loaded.model)
    return score_of(opened.loaded.task, batches, metrics)


def check_equal(found, scorecard):
    examples, metrics, report = found
    assert examples == scorecard.examples
    assert metrics == pytest.approx(scorecard.metrics, abs=1e-5)
    assert list(metrics) == list(scorecard.metrics)
    assert report.keys() == scorecard.report.keys()
    assert report.get("confusion_matrix") == scorecard.report.get("confusion_matrix")


def test_parts_of_files_have_the_scores_of_the_whole(trained, files, small_blocks, caplog):
    scorecard = zoo.evaluate(trained, dataset=files, skip_bad_rows=True)
    assert scorecard.examples == 42
    caplog.clear()
    check_equal(scored_in_parts(trained, files, skip_bad_rows=True), scorecard)
    assert caplog.text.count("1 row cannot be used") == 1  # Of this process, not of each worker.


@pytest.mark.usefixtures("few_examples")
@pytest.mark.parametrize("dataset", ["addition", "adding", "tiny_shakespeare"])
def test_generated_texts_numbers_and_passages_have_the_same_scores_in_parts(dataset, small_run):
    """BLEU and chrF, errors of numbers, and perplexity are not means of those of parts."""
    run = small_run(dataset)
    check_equal(scored_in_parts(run), zoo.evaluate(run))


def test_metrics_of_keras_have_the_same_value_in_parts(trained_once, shrink, monkeypatch):
    shrink(monkeypatch)
    name = "sparse_top_k_categorical_accuracy"
    run = trained_once("with_metric", "many_to_one", epochs=1, units=4, embedding_dim=4, metrics=name)
    scorecard = zoo.evaluate(run, split="validation")
    assert name in scorecard.metrics
    check_equal(scored_in_parts(run, split="validation"), scorecard)


def rows_in_parts(examples, split, number):
    return [
        [raw.decode() for raw, _ in examples.part(split, SplitPart(place, number)).as_numpy_iterator()]
        for place in range(number)
    ]


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize("number", [1, 3, 50])
def test_the_parts_of_files_together_have_each_row_once(zipped, number, trained, files, tmp_path, small_blocks):
    if zipped:
        for path in tmp_path.glob("part-*.csv"):
            path.with_suffix(".csv.gz").write_bytes(gzip.compress(path.read_bytes()))
            path.unlink()
        files += ".gz"
    examples = open_labeled(trained.config, files, {"skip_bad_rows": True}, None).examples
    whole = [raw.decode() for raw, _ in examples.split("all").as_numpy_iterator()]
    parts = rows_in_parts(examples, "all", number)
    assert sorted(row for part in parts for row in part) == sorted(whole)
    assert len(whole) == 42
    if number == 3:
        assert min(map(len, parts)) >= 12


def test_the_parts_of_a_split_that_was_drawn_have_its_rows(files, small_blocks):
    examples = zoo.registry.find_dataset(files, ("classification",)).make(None, 0, skip_bad_rows=True)
    for split in ("train", "validation", "test"):
        whole = [raw.decode() for raw, _ in examples.split(split).as_numpy_iterator()]
        parts = rows_in_parts(examples, split, 3)
        assert sorted(row for part in parts for row in part) == sorted(whole)
        assert whole


def test_parts_of_data_without_blocks_are_examples_of_the_whole(trained):
    examples = open_labeled(trained.config, None, {}, None).examples
    parts = rows_in_parts(examples, "test", 7)
    assert sorted(row for part in parts for row in part) == sorted(
        raw.decode() for raw, _ in examples.split("test").as_numpy_iterator()
    )
    assert {len(part) for part in parts} == {71, 72}


def test_data_that_changes_meanwhile_is_noticed(trained, files, tmp_path):
    data = open_split(trained, files, None, None, {"skip_bad_rows": True})
    with open(tmp_path / "part-0.csv", "a") as file:
        file.write("good,positive\n")
    job = EvaluationJob((str(trained.path),), data.name, "all", data.checksum, None, {"skip_bad_rows": True})
    with pytest.raises(DataError, match="not the same for every worker, or has changed"):
        open_job(job)


def test_batches_are_read_as_they_were_written(loaded):
    from keras_rnn_zoo.inference.evaluate import Answered

    texts = np.array(["é\0".encode(), b""], object)
    predictions = {
        "text": texts,
        "steps": np.arange(6, dtype="int32").reshape(2, 3),
        "none": np.zeros([2, 0], "float32"),
    }
    batch = Answered(None, np.ones([2], "int64"), texts[::-1], np.ones([2, 4], "float32"), 0.1, 7, predictions, None)
    file = io.BytesIO()
    for outputs in (True, False):
        write_batch(file, batch, outputs=outputs)
    file.seek(0)
    first, second = read_batches(file)
    assert (first.loss, first.weight, second.targets, second.logits) == (0.1, 7, None, None)
    assert first.logits.tolist() == [[1.0] * 4] * 2
    for name, values in predictions.items():
        assert first.predictions[name].dtype == values.dtype
        assert first.predictions[name].tolist() == values.tolist()
    assert second.references.tolist() == [b"", "é\0".encode()]


@pytest.mark.parametrize(("examples", "parts"), [(1, 1), (64, 1), (65, 2), (5_000, 16), (2**20, 16), (2**20 + 1, 17)])
def test_the_number_of_parts(examples, parts):
    assert number_of_parts(examples) == parts


def test_a_missing_part_is_noticed():
    found = {part: Evaluated(part, f"{part}", 5) for part in (2, 0)}
    with pytest.raises(ZooError, match="lost the answers to part 1"):
        in_order(found, 3)
    found[1] = Evaluated(1, "1", 5)
    assert [part.part for part in in_order(found, 3)] == [0, 1, 2]


def test_the_engine_and_what_goes_with_it(trained):
    for settings, message in (
        ({"engine": "spark"}, "expects 'beam'; received 'spark'"),
        ({"runner": ["--x"]}, "the option runner requires it"),
    ):
        with pytest.raises(OptionError, match=message):
            zoo.evaluate(trained, **settings)


@pytest.mark.skipif(is_installed("apache_beam"), reason="apache_beam is installed, so nothing is missing")
def test_a_missing_beam_is_reported_before_anything_is_read():
    with pytest.raises(ZooError, match=r"keras-rnn-zoo\[beam\]"):
        zoo.evaluate("no such run", engine="beam")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "other"], "unexpected extra argument (other)"),
        (["run", "--", "--runner=DaskRunner"], "options of a runner require --engine beam"),
        (["run", "--engine", "flink"], "'flink' is not 'beam'"),
    ],
)
def test_arguments_of_the_command_that_do_not_go_together(arguments, message):
    result = CliRunner().invoke(cli, ["evaluate", *arguments])
    assert result.exit_code == 2
    assert message in result.stderr
