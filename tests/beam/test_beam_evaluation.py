"""`zoo evaluate --engine beam`: the scores are those of `zoo evaluate`, whatever runner has the workers."""

import shutil

import pytest
from click.testing import CliRunner

pytest.importorskip("apache_beam", reason="apache_beam is installed in its own environment: make test-beam")

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, OptionError, RunError, ZooError
from zoo_cli.main import cli

WORKERS = ("--direct_running_mode=multi_processing", "--direct_num_workers=2")
ROWS = 700


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The pattern of two labeled files; a row of the second cannot be used."""
    folder = tmp_path_factory.mktemp("labeled")
    words = ("not", "dull", "superb", "boring", "the", "story")
    for number in range(2):
        with open(folder / f"part-{number}.csv", "w") as file:
            file.write("text,label\n" + "not this,one,field too many\n" * number)
            for row in range(number, ROWS, 2):
                text = " ".join(words[(row * 7 + place * row) % 6] for place in range(1 + row % 9))
                file.write(f'"{text}",{"positive" if row % 3 else "negative"}\n')
    return f"csv:{folder}/part-*.csv"


@pytest.fixture(scope="module")
def expected(trained, files):
    scorecard = zoo.evaluate(trained, dataset=files, skip_bad_rows=True)
    assert scorecard.examples == ROWS
    return scorecard


def check_equal(found, expected):
    assert found.as_json().keys() == expected.as_json().keys()
    for name in ("run", "dataset", "split", "examples"):
        assert getattr(found, name) == getattr(expected, name)
    assert found.metrics == pytest.approx(expected.metrics, abs=1e-5)
    assert found.report == expected.report


def test_two_workers_give_the_scores_of_one_process(trained, files, expected):
    found = zoo.evaluate(trained, dataset=files, skip_bad_rows=True, engine="beam", runner=WORKERS)
    check_equal(found, expected)


def test_a_cluster_of_dask_gives_the_same_scores(trained, files, expected, tmp_path):
    pytest.importorskip("distributed", reason="dask[distributed] is installed by make test-beam")
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True) as cluster:
        runner = ["--runner=DaskRunner", f"--dask_client_address={cluster.scheduler_address}"]
        runner.append(f"--temp_location={tmp_path / 'shared'}")
        check_equal(zoo.evaluate(trained, dataset=files, skip_bad_rows=True, engine="beam", runner=runner), expected)
    assert list((tmp_path / "shared").iterdir()) == []


def test_an_ensemble_of_runs_that_generate_texts_has_the_same_bleu(small_run):
    run = small_run("addition")
    check_equal(zoo.evaluate([run, run], engine="beam"), zoo.evaluate([run, run]))


def test_the_command_prints_the_same(trained, files, tmp_path):
    table = tmp_path / "one.csv"
    table.write_text("text,label\n" + "a superb story,positive\nnot dull,positive\na boring story,negative\n" * 30)
    command = ["evaluate", str(trained.path), "--dataset", f"csv:{table}", "--quiet"]
    plain, beam = (CliRunner().invoke(cli, [*command, *more]) for more in ([], ["--engine", "beam"]))
    assert (plain.exit_code, beam.exit_code) == (0, 0), beam.output
    assert beam.stdout == plain.stdout
    assert "90 examples" in plain.stdout


def test_an_error_of_a_worker_is_reported(trained, files, tmp_path, monkeypatch):
    """The run is whole when the evaluation begins, and damaged when a worker loads it."""
    from keras_rnn_zoo.beam import evaluation_pipeline

    run = zoo.Run(shutil.copytree(trained.path, tmp_path / trained.name))
    begin = evaluation_pipeline.run_evaluation

    def damaged(*arguments):
        (run.path / "model.keras").write_bytes(b"damaged")
        return begin(*arguments)

    monkeypatch.setattr(evaluation_pipeline, "run_evaluation", damaged)
    with pytest.raises(RunError, match=r"model\.keras"):
        zoo.evaluate(run, dataset=files, skip_bad_rows=True, engine="beam")


@pytest.mark.parametrize(
    ("settings", "kind", "message"),
    [
        ({}, DataError, "3 fields, but the header has 2"),
        ({"dataset": "csv:nothing-*.csv"}, DataError, "No file matches"),
        ({"dataset": "csv:gs://bucket/part-*.csv"}, DataError, "by their paths; received the address 'csv:gs://bucket"),
        ({"dataset": (["good"], ["positive"])}, DataError, "not data in memory; received the type tuple"),
        ({"skip_bad_rows": True, "split": "tests"}, DataError, "no split 'tests'"),
        ({"runner": ["--runer=DirectRunner"]}, OptionError, "no option --runer. Did you mean --runner"),
        ({"runner": ["--runner=DaskRunner"]}, OptionError, "such as --temp_location=/shared/tmp"),
        ({"skip_bad_rows": True, "runner": ["--runner=NoRunner", "--temp_location=tmp"]}, ZooError, "NoRunner"),
    ],
)
def test_what_cannot_be_done_is_refused(settings, kind, message, trained, files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(kind, match=message):
        zoo.evaluate(trained, engine="beam", **{"dataset": files, **settings})
    assert list(tmp_path.glob("*/*")) == []
