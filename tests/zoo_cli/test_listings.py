"""`zoo runs`, `zoo show RUN`, `zoo datasets`, and the tables that Python gets of the same."""

import json
import shutil

import pytest
from pages import programs_of, text_of
from test_runs import make_run

import keras_rnn_zoo
from keras_rnn_zoo import registry
from keras_rnn_zoo.artifacts.run import STATE, unfinished_path
from keras_rnn_zoo.display.text_tables import Table, display_width, titled_table, wrapped
from keras_rnn_zoo.errors import UnknownNameError


@pytest.fixture
def several(copied, models_dir):
    """A trained run with an export, an interrupted one, a damaged one, and an unfinished training."""
    (copied.path / "1").mkdir()
    (copied.path / "onnx" / "2").mkdir(parents=True)
    shutil.copy(copied.path / "metrics.json", make_run(models_dir, "begun", finished=False).path)
    (make_run(models_dir, "spoiled").path / "config.json").write_text("{")
    shutil.move(make_run(models_dir, "later").path, unfinished_path(models_dir / "later"))
    (unfinished_path(models_dir / "later") / STATE).touch()
    return copied


def test_runs_are_listed_and_damaged_ones_as_such(zoo, several):
    rows = {row["run"]: row for row in json.loads(zoo("runs", "--json").stdout)}
    assert list(rows) == ["begun", "many_to_one", "spoiled", "later"]
    run = rows["many_to_one"]
    assert run["metric"] == "accuracy"
    assert run["value"] == several.metrics["accuracy"]
    assert (run["architecture"], run["dataset"], run["task"]) == ("many_to_one", "toy_reviews", "classification")
    assert run["exports"] == ["1", "onnx/2"]
    assert run["best_epoch"] <= run["epochs"] == several.config.epochs_trained
    assert {name: row["status"] for name, row in rows.items()} == {
        "begun": "interrupted",
        "many_to_one": "finished",
        "spoiled": "damaged",
        "later": "unfinished",
    }
    assert "config.json is damaged" in rows["spoiled"]["fault"]
    assert rows["spoiled"]["architecture"] is None
    shown = zoo("runs").stdout
    assert f"accuracy {run['value']:.4f}" in shown
    assert run["date"][:16].replace("T", " ") in shown
    assert "spoiled: The run's file" in shown


def test_runs_are_listed_with_the_options_in_which_those_of_a_dataset_differ(zoo, copied, models_dir):
    """A run of another dataset, and an option that older versions lack, make no difference."""
    config = copied.config
    make_run(models_dir, "others", seed=5)
    facts = {name: value for name, value in vars(config).items() if name != "run"}
    values = {name: value for name, value in config.options.items() if name != "cell"}
    wider = make_run(models_dir, "wider", **{**facts, "seed": 7, "options": {**values, "units": 999}})
    shutil.copy(copied.path / "metrics.json", wider.path)
    rows = {row["run"]: row for row in json.loads(zoo("runs", "--json").stdout)}
    assert rows["wider"]["fault"] == ""
    assert rows["wider"]["options"] == {"units": 999, "seed": 7}
    assert rows["many_to_one"]["options"] == {"units": config.options["units"], "seed": config.seed}
    assert "units=999, seed=7" in zoo("runs").stdout


def test_runs_are_listed_with_what_they_took(zoo, copied):
    (row,) = json.loads(zoo("runs", "--json").stdout)
    files = [path for path in copied.path.rglob("*") if path.is_file()]
    assert row["bytes"] == sum(path.stat().st_size for path in files) > 0
    assert row["processor_minutes"] == copied.config.cost.processor_minutes
    assert row["metrics"] == copied.metrics
    assert row["options"] == {}
    assert f"{row['bytes'] / 1e6:.1f} MB" in zoo("runs").stdout


@pytest.mark.parametrize("content", ["{}", '{"metrics": {"accuracy": "high"}, "examples": 3}', "[", '{"metrics": []}'])
def test_a_run_whose_metrics_are_damaged_is_listed_as_such(copied, content):
    (copied.path / "metrics.json").write_text(content)
    (row,) = keras_rnn_zoo.runs()
    assert row["status"] == "damaged"
    assert "metrics.json" in row["fault"]


def test_a_message_without_a_run_says_how_to_train_one(zoo):
    assert zoo("runs").stdout.endswith("zoo train NAME\n")
    assert json.loads(zoo("runs", "--json").stdout) == []


def test_a_run_is_shown_by_its_name_or_its_path(zoo, several, models_dir):
    shown = zoo("show", str(several.path)).stdout
    for fact in (
        "toy_reviews",
        "positive",
        f"the best was epoch {several.config.best_epoch}",
        "macro_f1",
        "model.keras",
    ):
        assert fact in shown
    document = json.loads(zoo("show", str(several.path), "--json").stdout)
    assert document["config"]["seed"] == 0
    assert document["metrics"]["metrics"] == several.metrics
    assert {file["file"]: file["bytes"] for file in document["files"]}["model.keras"] == (
        several.model_path.stat().st_size
    )
    assert "begun" in zoo("show", "begun").stdout
    result = zoo("show", "spoiled")
    assert result.exit_code == 1
    assert "config.json is damaged" in result.stderr
    result = zoo("show", "begun", "--dataset", "adding")
    assert result.exit_code == 2
    assert "are for architectures, not for runs" in result.stderr


def test_an_architecture_comes_before_a_run_of_its_name(zoo, several):
    shown = zoo("show", "many_to_one").stdout
    assert "Options for toy_reviews" in shown
    assert shown.endswith(f"There is also a run of this name:\n  zoo show {several.path}\n")
    assert "options" in keras_rnn_zoo.show("many_to_one")
    assert "metrics" in keras_rnn_zoo.show(several.path)
    with pytest.raises(UnknownNameError, match=r'^lru is a cell, which architectures have: cell="lru"'):
        keras_rnn_zoo.show("lru")
    with pytest.raises(UnknownNameError, match=r"no architecture named 'begin', and no run in .*Did you mean 'begun'"):
        keras_rnn_zoo.show("begin")


def test_options_of_other_kinds_of_input_are_not_listed(zoo):
    shown = [keras_rnn_zoo.show("many_to_one", dataset)["options"] for dataset in ("toy_reviews", "sunspots")]
    of_texts, of_windows = ({row["option"] for row in rows} for rows in shown)
    assert not {"past_steps", "segment_length", "autoregression", "subsampling"} & of_texts
    assert {"past_steps", "segment_length", "autoregression"} <= of_windows
    assert {"units", "max_length", "vocabulary_size"} <= of_texts
    listed = json.loads(zoo("show", "many_to_one", "--json").stdout)["options"]
    assert {option["name"] for option in listed} == of_texts
    assert "segment_length" not in zoo("init", "many_to_one", "--output", "-").stdout


def test_tables_in_python_are_lists_of_dicts_and_shown_as_text_and_html(several):
    runs = keras_rnn_zoo.runs()
    assert isinstance(runs, list)
    assert "many_to_one" in repr(runs)
    assert "<td>many_to_one</td>" in runs._repr_html_()
    datasets = {entry["name"]: entry for entry in keras_rnn_zoo.datasets()}
    assert datasets["toy_reviews"]["embedded"]
    assert list(datasets) == registry.datasets.names()
    page = keras_rnn_zoo.show("ctc", "spoken_digit_strings")
    assert {row["option"]: row["default"] for row in page["options"]}["sample_rate"] == "8000"
    assert "Options for spoken_digit_strings" in repr(page)
    assert page._repr_html_().count("<table>") == 5
    # The subpackage that the function shares its name with stays one.
    assert keras_rnn_zoo.datasets.__path__


def test_html_of_a_table_escapes_what_it_shows():
    shown = Table([{"<b>": "<script>\x1b"}], "a & b")._repr_html_()
    assert "<script>" not in shown
    assert r"&lt;script&gt;\x1b" in shown
    assert "a &amp; b" in shown


TALL = [("short", "word " * 60), ("日本語" * 3, "日本語 " * 40), ("x" * 50, "y" * 300)]


@pytest.mark.parametrize("width", [60, 80, 200])
def test_a_table_fits_its_width(width):
    lines = titled_table("title", ("name", "text"), TALL[:2], width).splitlines()
    assert max(map(display_width, lines)) <= width
    assert all(line == line.rstrip() for line in lines)
    text = "".join(titled_table("title", ("name", "text"), TALL, width).split())
    assert text.count("y") == 300
    assert text.count("x") == 50 + 1  # And that of "text".
    assert text.count("日") == 3 + 40


def test_a_text_is_wrapped_at_its_spaces():
    assert wrapped("one two three", 8) == ["one two", "three"]
    assert wrapped("incomprehensible", 6) == ["incomp", "rehens", "ible"]
    assert wrapped("日本語", 4) == ["日本", "語"]


@pytest.mark.parametrize("args", [["show", "sync_many_to_many"], ["show", "ctc"], ["datasets"], ["runs"]])
def test_piped_output_has_lines_of_up_to_200_columns(zoo, several, args):
    assert all(display_width(line) <= 200 for line in zoo(*args).stdout.splitlines() if "spoiled: " not in line)


def test_datasets_lists_the_formats_of_files(zoo):
    shown = zoo("datasets").stdout
    for format in registry.file_formats.entries():
        assert format.address in shown


def test_the_program_about_tables_in_the_documentation_runs(trained, tmp_path, monkeypatch):
    (program,) = [program for program in programs_of(text_of("python.md")) if "zoo.runs()  #" in program]
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    shutil.copytree(trained.path, tmp_path / "saved_models" / "reviews")
    names = {"zoo": keras_rnn_zoo}
    exec(compile(program, "python.md", "exec"), names)
    assert names["best"]["run"] == "reviews"
