"""The commands and the program of docs/plotting.md run as they stand."""

import json
import re
from pathlib import Path

import pages
import pytest
from pages import commands_of, programs_of, text_of

import keras_rnn_zoo as zoo
from keras_rnn_zoo import registry

PAGE = text_of("plotting.md")
COMMANDS, PROGRAMS = commands_of(PAGE), programs_of(PAGE)
RUNS = {"plotting.md": [*COMMANDS, *PROGRAMS]}


def run(command):
    result = pages.run(command)
    return result.exit_code, result.stdout, result.stderr


@pytest.mark.slow
@pytest.mark.usefixtures("few_examples")
def test_the_commands_and_the_program_of_the_page_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    assert len(COMMANDS) == 5 and len(PROGRAMS) == 1
    train, every, scores, states, as_json = COMMANDS
    assert run(f"{train} --epochs 1")[0] == 0
    code, text, log = run(every)
    assert code == 0
    drawn = [Path(line).stem for line in text.splitlines()]
    assert len(drawn) == 12 and all((tmp_path / line).is_file() for line in text.splitlines())
    assert "No plot attention: it has no attention." in log
    assert sorted(drawn) == sorted(set(registry.plots.names()) - set(re.findall(r"No plot (\w+):", log)))
    drawing = (tmp_path / "saved_models/reviews/plots/confusion_matrix.svg").read_text()
    code, text, _ = run(scores)
    assert code == 0 and text.splitlines() == [
        f"saved_models/reviews/plots/{kind}.svg" for kind in ("confusion_matrix", "score_by_length")
    ]
    assert "reviews, test split" in drawing
    assert "reviews, validation split" in (tmp_path / text.splitlines()[0]).read_text()
    code, text, _ = run(states)
    assert code == 0 and ">moving<" in (tmp_path / text.splitlines()[0]).read_text()
    code, text, _ = run(as_json)
    document = json.loads(text)
    assert code == 0
    assert document == {
        "run": "reviews",
        "plots": {"learning_curves": "saved_models/reviews/plots/learning_curves.png"},
    }
    loaded = zoo.load("reviews")
    monkeypatch.setattr(zoo, "load", lambda name: loaded)
    known = {}
    exec(compile(PROGRAMS[0], "plotting.md", "exec"), known)
    assert known["figures"].keys() == {"roc", "calibration"}
    assert [path.name for path in known["paths"].values()] == ["learning_curves.svg"]
    code, text, error = run("zoo plot reviews hiden_states")
    assert (code, text) == (1, "") and "Did you mean 'hidden_states'?" in error


def test_the_table_of_the_page_has_every_kind_in_order():
    rows = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert rows == registry.plots.names()
    private = {entry.name for entry in registry.plots.entries() if entry.shows_inputs}
    sentence = re.search(r"Plots that show an input \((.*?)\)", PAGE, re.DOTALL)[1]
    assert set(re.findall(r"`(\w+)`", sentence)) == private


def test_the_pictures_of_the_page_are_small_and_name_no_machine():
    names = re.findall(r"!\[.*?\]\((img/.*?)\)", PAGE)
    assert names
    for name in names:
        content = (pages.DOCS / name).read_bytes()
        assert content.startswith(b"<?xml") and len(content) < 40_000 and b"/work" not in content
