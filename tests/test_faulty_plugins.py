"""Plugins that fail, clash or are incomplete: they are named, and nothing else breaks."""

import json
import sys

import pytest
from plugin_files import zoo


def plugin(folder, name, code):
    """Writes a plugin as an installed package has it: its module, and its entry point."""
    (folder / f"{name}.py").write_text(code)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[keras_rnn_zoo.plugins]\n{name} = {name}\n")


GOOD = '''
from keras_rnn_zoo import registry

@registry.dataset(task="classification", model_options={{"input": "text"}})
def {name}(data_dir, seed):
    """Nothing."""
'''


def test_a_plugin_that_fails_is_named_and_does_not_stop_the_rest(tmp_path):
    plugin(tmp_path, "broken_plugin", GOOD.format(name="half") + "import no_such_module\n")
    plugin(tmp_path, "sound_plugin", GOOD.format(name="plugged"))
    done = zoo(sys.executable, "list", "--json", path=[tmp_path])
    assert done.returncode == 0
    (row,) = [row for row in json.loads(done.stdout) if row["name"] == "many_to_one"]
    assert "plugged" in row["datasets"]
    assert "half" not in row["datasets"]
    for word in ("'broken_plugin' (broken_plugin, of broken_plugin)", "ModuleNotFoundError", "no_such_module"):
        assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_is_taken_leaves_the_plugin_out_and_names_both(tmp_path):
    plugin(tmp_path, "greedy_plugin", GOOD.format(name="toy_reviews"))
    done = zoo(sys.executable, "show", "many_to_one", path=[tmp_path])
    assert done.returncode == 0, done.stderr
    assert "Skipped the plugin 'greedy_plugin'" in done.stderr
    assert (
        "keras_rnn_zoo.datasets.toy_reviews.toy_reviews has it, and greedy_plugin.toy_reviews uses it again"
        in done.stderr
    )
    assert "Traceback" not in done.stderr


ALONE = '''
from typing import Literal
from keras_rnn_zoo import registry

@registry.architecture(tasks=("{task}",), default_dataset="toy_reviews")
def zigzag(*, {option}):
    """Reads to and fro.

    Args:
        input: kind of input.
    """
'''


@pytest.mark.parametrize(
    ("task", "option", "datasets", "warning"),
    [
        ("classification", 'input: Literal["text"] = "text"', ["toy_reviews", "imdb_reviews"], ""),
        ("juggling", 'input: Literal["text"] = "text"', [], ""),
        (
            "classification",
            "depth: int = 1",
            None,
            "option 'depth' needs a default, a type and a line",
        ),
        (
            "classification",
            "input: str = 'text'",
            None,
            "'zigzag' needs `tasks` and an option `input`",
        ),
    ],
    ids=["fits the zoo's data", "fits no data", "an option without a meaning", "no kind of input"],
)
def test_a_plugin_with_an_architecture_alone_never_breaks_the_list(tmp_path, task, option, datasets, warning):
    plugin(tmp_path, "lone_plugin", ALONE.format(task=task, option=option))
    done = zoo(sys.executable, "list", "--json", path=[tmp_path])
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert len(rows) == (7 if datasets is not None else 6)
    if datasets is not None:
        assert rows["zigzag"]["datasets"] == datasets
        assert rows["zigzag"]["default_dataset"] == (datasets or [None])[0]
    assert warning in done.stderr
    assert "Traceback" not in done.stderr
    shown = zoo(sys.executable, "list", path=[tmp_path])
    assert shown.returncode == 0, shown.stderr


FACTS = """
from typing import Literal
from keras_rnn_zoo import registry

print("hello")

@registry.{kind}({facts})
def zigzag(*, input: Literal["text"] = "text"):
    \"\"\"Reads to and fro.

    Args:
        input: kind of input.
    \"\"\"
"""


@pytest.mark.parametrize(
    ("kind", "facts", "message"),
    [
        ("architecture", 'tasks=("classification",), order="last"', "The `order` of 'zigzag'"),
        ("architecture", 'tasks="classification"', "The architecture 'zigzag' needs `tasks`"),
        ("architecture", 'tasks=("classification",), aliases="zz"', "The aliases of 'zigzag' must be a tuple"),
        (
            "dataset",
            'task="classification", model_options={"input": "text"}, defaults=None',
            "The dataset 'zigzag' needs",
        ),
        ("dataset", 'task="classification", model_options={"input": 3}', "The dataset 'zigzag' needs"),
        (
            "dataset",
            'task="classification", model_options={"input": "text"}, defaults={"epochs": object}',
            "The default of 'epochs' of the dataset 'zigzag'",
        ),
    ],
)
def test_a_plugin_with_wrong_facts_is_left_out(tmp_path, kind, facts, message):
    plugin(tmp_path, "wrong_plugin", FACTS.format(kind=kind, facts=facts))
    done = zoo(sys.executable, "list", "--json", path=[tmp_path])
    assert done.returncode == 0, done.stderr
    assert "zigzag" not in done.stdout
    assert len(json.loads(done.stdout)) == 6  # What the plugin prints is not among it.
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_plugin_that_fails_takes_no_other_with_it(tmp_path):
    plugin(tmp_path, "sound_plugin", GOOD.format(name="plugged"))
    plugin(tmp_path, "a_plugin", "import sound_plugin\n1 / 0\n")
    done = zoo(sys.executable, "list", "--json", path=[tmp_path])
    assert "Skipped the plugin 'a_plugin'" in done.stderr
    assert "plugged" in done.stdout


COMMAND = """
import click
from keras_rnn_zoo import registry

@registry.command()
@click.command("{name}")
def command():
    \"\"\"{line}\"\"\"
    click.echo("here")
"""


def test_a_command_with_the_name_of_one_of_the_zoo_is_left_out_with_a_warning(tmp_path):
    plugin(tmp_path, "taking_plugin", COMMAND.format(name="show", line="Show nothing."))
    done = zoo(sys.executable, "--help", path=[tmp_path])
    assert done.returncode == 0
    assert "Show nothing" not in done.stdout
    assert "The command 'show' of taking_plugin is ignored" in done.stderr


def test_a_broken_command_is_left_out_with_a_warning(tmp_path):
    plugin(tmp_path, "broken_plugin", COMMAND.format(name="broken", line=""))
    plugin(tmp_path, "sound_plugin", COMMAND.format(name="sound", line="Print here."))
    done = zoo(sys.executable, "--help", path=[tmp_path])
    assert done.returncode == 0
    assert "broken" not in done.stdout
    assert "The command 'broken' needs a docstring" in done.stderr
    assert zoo(sys.executable, "sound", path=[tmp_path]).stdout == "here\n"
