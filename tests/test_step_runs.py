"""Runs that answer every step, and regression with several targets: from training to files of predictions."""

import csv
import json

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

import keras_rnn_zoo as zoo
from keras_rnn_zoo.errors import DataError, OptionError
from zoo_cli.main import cli

SMALL = {"units": 6, "epochs": 2, "batch_size": 8, "verbose": 0}
COLUMNS = "id=recording,order=t,input=ax+ay,target=hot+loud"


def rows_of(count=24, seed=0):
    """Returns a table of recordings whose rows follow one another, with two classes at once and two numbers."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        for t in range(int(random.integers(4, 10))):
            ax, ay = random.normal(size=2).round(3).tolist()
            rows.append(
                {"recording": f"r{number}", "t": t, "ax": ax, "ay": ay, "hot": int(ax > 0), "loud": int(ay > 0)}
            )
    return rows


def write(path, rows):
    with open(path, "w", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("steps")


@pytest.fixture(scope="module")
def chords(folder):
    """A run on a table with several classes at once, which reads in one direction."""
    write(folder / "log.csv", rows_of())
    options = {"columns": COLUMNS, "bidirectional": False, "models_dir": str(folder), "run": "chords"}
    return zoo.train("sync_many_to_many", dataset=f"csv:{folder / 'log.csv'}", **options, **SMALL)


def test_a_run_on_a_table_is_evaluated_again_and_on_other_data(chords, folder):
    assert set(chords.metrics) == {"loss", "accuracy", "macro_f1", "f1"}
    assert zoo.evaluate(chords).metrics == pytest.approx(chords.metrics, abs=1e-6)
    other = write(folder / "other.csv", rows_of(5, seed=1))
    from_file = zoo.evaluate(chords, dataset=f"csv:{other}")
    assert from_file.split == "all" and from_file.examples == 5
    assert zoo.evaluate(chords, dataset=pd.read_csv(other)).metrics == pytest.approx(from_file.metrics, abs=1e-6)
    other_way = COLUMNS.replace("hot+loud", "loud+hot")
    assert zoo.evaluate(chords, dataset=f"csv:{other}", columns=other_way).metrics == pytest.approx(from_file.metrics)
    with pytest.raises(DataError, match="the targets 'hot', 't', but the run was trained on 'hot', 'loud'"):
        write(folder / "bits.csv", [{**row, "t": row["t"] % 2} for row in rows_of(5)])
        zoo.evaluate(chords, dataset=f"csv:{folder / 'bits.csv'}", columns="id=recording,input=ax+ay,target=hot+t")
    assert chords.config.task.classes == ("hot", "loud") and chords.config.task.options == {"multilabel": True}


def test_a_run_on_a_registered_dataset_is_evaluated_on_a_table_with_its_classes(folder, monkeypatch):
    monkeypatch.setattr("keras_rnn_zoo.datasets.toy_machine.SIZES", {"train": 12, "validation": 4, "test": 4})
    options = {"models_dir": str(folder), "run": "machines", "units": 4, "epochs": 1, "verbose": 0}
    run = zoo.train("sync_many_to_many", dataset="toy_machine", **options)
    rows = [{"id": "a", "t": t, "x": t / 9, "y": 1, "z": 2, "state": ("normal", "leak")[t > 4]} for t in range(9)]
    write(folder / "states.csv", rows)
    scores = zoo.evaluate(run, dataset=f"csv:{folder / 'states.csv'}", columns="input=x+y+z,target=state")
    assert scores.report["confusion_matrix"]["labels"] == list(run.config.task.classes)
    assert sum(scores.report["confusion_matrix"]["rows"][run.config.task.classes.index("normal")]) == 5
    write(folder / "unknown.csv", [{**row, "state": "worn"} for row in rows])
    with pytest.raises(DataError, match="the label is not one of the 4 seen in training"):
        zoo.evaluate(run, dataset=f"csv:{folder / 'unknown.csv'}", columns="input=x+y+z,target=state")


def test_a_step_depends_only_on_the_steps_up_to_it(chords):
    series = np.random.default_rng(0).normal(size=(9, 2)).astype("float32")
    whole, part = (one["probabilities"] for one in zoo.predict(chords, [series, series[:4]]))
    np.testing.assert_allclose(whole[:4], part, atol=1e-6)


def test_predictions_are_written_in_the_rows_of_their_steps(chords, folder):
    rows = rows_of(4, seed=2)
    unlabeled = [{name: row[name] for name in ("recording", "t", "ax", "ay")} for row in rows]
    shuffled = write(folder / "new.csv", unlabeled[::-1])
    counts = zoo.predict_file(chords, str(shuffled), str(folder / "out.csv"), probabilities=True)
    assert counts == {"predicted": 4, "skipped": 0}
    with open(folder / "out.csv", newline="") as file:
        written = list(csv.DictReader(file))
    assert len(written) == len(rows)
    bad = write(folder / "bad.csv", [*unlabeled, *({**unlabeled[0], "ax": "much", "t": 100 + n} for n in range(7))])
    counts = zoo.predict_file(chords, str(bad), str(folder / "good.csv"), skip_bad_rows=True)
    assert counts == {"predicted": 4, "skipped": 7}
    names = ["predicted_label", "predicted_probability", "predicted_probability_hot", "predicted_probability_loud"]
    assert list(written[0]) == ["recording", "t", "ax", "ay", *names]
    first = [row for row in rows if row["recording"] == "r0"]
    expected = zoo.predict(chords, [[[row["ax"], row["ay"]] for row in first]])[0]
    got = [row for row in written if row["recording"] == "r0"]
    assert [row["t"] for row in got] == [str(row["t"]) for row in first]
    assert [row["predicted_label"] for row in got] == expected["labels"]
    found = [[float(row[name]) for name in names[2:]] for row in got]
    np.testing.assert_allclose(found, expected["probabilities"], atol=1e-5)
    zoo.predict_file(chords, str(shuffled), str(folder / "out.npz"))
    with np.load(folder / "out.npz") as arrays:
        assert arrays["predicted_probabilities"].shape == (len(rows), 2)
        assert arrays["classes"].tolist() == ["hot", "loud"]
    zoo.predict_file(chords, str(shuffled), str(folder / "out.jsonl"))
    lines = [json.loads(line) for line in (folder / "out.jsonl").read_text().splitlines()]
    assert set(lines[0]["predicted_probabilities"]) == {"hot", "loud"} and lines[0]["recording"] == "r3"


def test_rows_of_a_table_in_memory_are_predicted_like_those_of_a_file(chords, folder):
    rows = [{name: row[name] for name in ("recording", "t", "ax", "ay")} for row in rows_of(4, seed=2)][::-1]
    rows[3]["ax"], rows[4]["ay"] = float("nan"), ""
    zoo.predict_file(chords, str(write(folder / "memory.csv", rows)), str(folder / "memory.jsonl"))
    written = [json.loads(line) for line in (folder / "memory.jsonl").read_text().splitlines()]
    for table in (rows, pd.DataFrame(rows), {name: [row[name] for row in rows] for name in rows[0]}):
        found = chords.predict(table)
        assert [list(row) for row in found] == [list(row) for row in written]
        assert [row["t"] for row in found] == [int(row["t"]) for row in written]
        assert [row["predicted_label"] for row in found] == [row["predicted_label"] for row in written]
        for row, other in zip(found, written, strict=True):
            assert row["predicted_probabilities"] == pytest.approx(other["predicted_probabilities"], abs=1e-5)
    renamed = [{"recording": "a", "t": 0, "x": 1, "y": 2}]
    assert len(chords.predict(renamed, columns={"input": "x+y"})) == 1
    for table, message in (
        (renamed, "no column 'ax'"),
        ([{**rows[0], "ax": "much"}], r"row 0, column 'ax': a number is expected.*\('much'\)"),
    ):
        with pytest.raises(DataError, match=message):
            chords.predict(table)


def test_series_in_arrays_get_a_row_for_each_step(chords, folder):
    series = [np.ones((steps, 2), "float32") for steps in (3, 2)]
    np.savez(folder / "new.npz", x=np.concatenate(series), lengths=[3, 2])
    zoo.predict_file(chords, f"npz:{folder / 'new.npz'}", str(folder / "arrays.csv"))
    with open(folder / "arrays.csv", newline="") as file:
        places = [(row["index"], row["step"]) for row in csv.DictReader(file)]
    assert places == [("0", "0"), ("0", "1"), ("0", "2"), ("1", "0"), ("1", "1")]


def test_a_row_that_cannot_be_read_is_named(chords, folder):
    (folder / "bad.csv").write_text("recording,t,ax,ay\na,0,1,2\na,1,much,2\n")
    with pytest.raises(DataError, match="line 3, column 'ax': a number is expected"):
        zoo.predict_file(chords, str(folder / "bad.csv"), str(folder / "out.csv"))
    (folder / "one.csv").write_text("recording,t,ax\na,0,1\n")
    with pytest.raises(DataError, match="no column 'ay'"):
        zoo.predict_file(chords, str(folder / "one.csv"), str(folder / "out.csv"))


def test_the_command_predicts_and_shows_a_run(chords, folder):
    place = ["--models-dir", str(folder)]
    done = CliRunner().invoke(cli, ["predict", "chords", "[[1, 2], [3, -4]]", "--json", *place])
    assert done.exit_code == 0, done.output
    (answer,) = json.loads(done.stdout)
    assert len(answer["labels"]) == len(answer["probabilities"]) == answer["lengths"] == 2
    shown = CliRunner().invoke(cli, ["show", str(chords.path)])
    assert shown.exit_code == 0 and "sync_many_to_many" in shown.output


@pytest.mark.parametrize("format", ["tflite", "onnx"])
def test_the_model_is_exported_for_other_programs(chords, format):
    pytest.importorskip({"tflite": "ai_edge_litert", "onnx": "onnxruntime"}[format])
    facts = json.loads((zoo.export(chords, format=format) / "export.json").read_text())
    assert facts["check"]["difference"] < 1e-4


@pytest.fixture(scope="module")
def numbers(folder):
    """A run of `many_to_one` that predicts two numbers of a series in arrays."""
    random = np.random.default_rng(0)
    x = random.normal(size=(40, 5, 2)).astype("float32")
    y = np.stack([x.sum(axis=(1, 2)), 1000 * x.mean(axis=(1, 2))], axis=1)
    np.savez(folder / "two.npz", x=x, y=y, target_names=["sum", "mean"])
    return zoo.train("many_to_one", dataset=f"npz:{folder / 'two.npz'}", models_dir=str(folder), run="two", **SMALL)


def test_several_numbers_are_predicted_in_their_units(numbers, folder):
    assert numbers.config.task.options == {"target_names": "sum+mean"}
    document = json.loads((numbers.path / "metrics.json").read_text())
    assert set(document["per_target"]) == {"sum", "mean"}
    assert numbers.metrics["mae"] == pytest.approx(np.mean([m["mae"] for m in document["per_target"].values()]))
    assert zoo.evaluate(numbers).metrics == pytest.approx(numbers.metrics)
    answer = zoo.predict(numbers, [np.zeros((5, 2))])[0]["value"]
    assert set(answer) == {"sum", "mean"}
    zoo.predict_file(numbers, f"npz:{folder / 'two.npz'}", str(folder / "two.csv"))
    with open(folder / "two.csv", newline="") as file:
        assert next(csv.DictReader(file)).keys() == {"index", "predicted_sum", "predicted_mean"}


def test_several_columns_of_a_table_and_arrays_in_memory_are_several_targets(folder):
    rows = [{"text": f"film {n}", "stars": n / 4, "minutes": 80 + n} for n in range(30)]
    write(folder / "films.csv", rows)
    columns = "text=text,value=stars+minutes"
    options = {"columns": columns, "models_dir": str(folder), "embedding_dim": 4, **SMALL}
    run = zoo.train("many_to_one", dataset=f"csv:{folder / 'films.csv'}", run="films", **options)
    write(folder / "more.csv", rows[:9])
    of_file = zoo.evaluate(run, dataset=f"csv:{folder / 'more.csv'}", columns=columns)
    assert of_file.examples == 9
    frame = zoo.evaluate(run, dataset=pd.DataFrame(rows[:9]), columns=columns)
    assert frame.metrics == pytest.approx(of_file.metrics)
    assert set(zoo.predict(run, ["film 3"])[0]["value"]) == {"stars", "minutes"}
    with pytest.raises(DataError, match=r"1 target in a row, but the run predicts 2 \(stars\+minutes\)"):
        zoo.evaluate(run, dataset=f"csv:{folder / 'more.csv'}", columns="text=text,value=stars")
    (folder / "bad.csv").write_text("text,stars,minutes\n" + "a film,1.5,90\n" * 12 + "a film,1.5,long\n")
    with pytest.raises(DataError, match="line 14, column 'minutes': a number is expected"):
        zoo.evaluate(run, dataset=f"csv:{folder / 'bad.csv'}", columns=columns)


def test_options_of_training_that_need_one_target_are_refused(folder):
    write(folder / "log2.csv", rows_of())
    for option in ({"class_weight": "balanced"}, {"metrics": "mean_absolute_error"}):
        with pytest.raises(OptionError, match=f"Option '{next(iter(option))}' applies"):
            zoo.train("sync_many_to_many", dataset=f"csv:{folder / 'log2.csv'}", columns=COLUMNS, **option)
