"""Entries of other packages, by the entry-point group `keras_rnn_zoo.plugins`."""

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from subprocess import PIPE

import pytest
from pages import blocks_of, commands_of, text_of
from plugin_files import ROOT, zoo

from keras_rnn_zoo import registry

PAGE = text_of("extending.md")
FILES = {
    match[1]: match[2] for block in blocks_of(PAGE) if (match := re.match(r"# (\S+\.\w+)\n(.*)", block.text, re.DOTALL))
}
COMMANDS = commands_of(PAGE)
INSTALL = "pip install ./zoo-orders"
RUNS = {"extending.md": [*(f"# {name}\n{content}" for name, content in FILES.items()), INSTALL, *COMMANDS]}


def write_package(folder):
    """Writes the files that docs/extending.md shows."""
    for name, content in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return list(FILES)


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The Python of a fresh environment, which sees what is installed in this one, with the plugin installed."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    script = "import sysconfig; print(sysconfig.get_path('purelib'))"
    site = Path(subprocess.run([python, "-c", script], capture_output=True, text=True, check=True).stdout.strip())
    parent = sysconfig.get_path("purelib")
    (site / "parent.pth").write_text(f"import site; site.addsitedir({parent!r})\n")
    assert "zoo_orders/__init__.py" in write_package(folder / "zoo-orders")
    install = [sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet", "--no-index", "--no-deps"]
    install += ["--no-build-isolation", "--disable-pip-version-check", str(folder / "zoo-orders")]
    done = subprocess.run(install, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return python


FILES_OF = {
    "task": {"multi_label.py"},
    "dataset": {"toy_orders.py"},
    "architecture": {"bag_of_words.py"},
    "cell": {"leaky.py"},
    "input kind": {"vector.py", "perceptron.py", "toy_rings.py"},
    "file format": {"orders_file.py"},
    "export format": {"keras_file.py"},
    "plot": {"weight_sizes.py"},
    "command": {"size.py"},
}
"""The files that each kind of entry takes in the package of docs/extending.md."""


MOST_FILES = {"input kind": 3}
"""Files that a kind of entry may take, where it is not one."""


def test_each_kind_of_entry_takes_the_documented_number_of_files(tmp_path):
    written = {Path(name).name for name in write_package(tmp_path) if Path(name).parts[0] == "zoo_orders"}
    assert written == {"__init__.py"}.union(*FILES_OF.values())
    for kind, files in FILES_OF.items():
        assert len(files) <= MOST_FILES.get(kind, 1)
        decorator = f"@registry.{'reader' if kind == 'input kind' else kind.replace(' ', '_')}("
        assert any(decorator in (tmp_path / "zoo_orders" / name).read_text() for name in files)


def test_an_installed_plugin_is_listed_after_the_entries_of_the_package(fresh):
    rows = json.loads(zoo(fresh, "list", "--json").stdout)
    assert [row["name"] for row in rows[-2:]] == ["bag_of_words", "perceptron"]
    assert rows[-2]["aliases"] == ["bag"]
    assert rows[-2]["datasets"] == ["toy_orders"]
    assert "most things in an order" in zoo(fresh, "show", "Bag").stdout


SESSION = """
import json, os, sys
from click.testing import CliRunner
from zoo_cli.main import cli

for line in sys.stdin:
    folder, args = json.loads(line)
    os.chdir(folder)
    os.environ["ZOO_MODELS_DIR"] = folder
    result = CliRunner().invoke(cli, args)
    print(json.dumps({"status": result.exit_code, "out": result.stdout, "err": result.stderr[-3000:]}), flush=True)
"""


@pytest.fixture(scope="module")
def session(fresh, tmp_path_factory):
    """A function that runs command lines in a folder, its models folder, and returns what each prints.

    One process of the fresh environment runs them all. Each must end with `status`; an error is returned as printed.
    """
    errors = tmp_path_factory.mktemp("session") / "errors.log"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with (
        open(errors, "w") as log,
        subprocess.Popen(
            [str(fresh), "-c", SESSION], stdin=PIPE, stdout=PIPE, stderr=log, text=True, env=environment
        ) as process,
    ):

        def run(folder, *lines, status=0):
            printed = []
            for line in lines:
                process.stdin.write(json.dumps([str(folder), shlex.split(line)]) + "\n")
                process.stdin.flush()
                found = next((out for out in process.stdout if out.startswith('{"status"')), None)
                assert found, errors.read_text()
                result = json.loads(found)
                assert result["status"] == status, f"zoo {line}: {result['err']}"
                assert "Traceback" not in result["err"]
                printed.append(result["err" if status else "out"])
            return printed

        yield run


@pytest.fixture(scope="module")
def orders(session, tmp_path_factory):
    """A folder with a run of the plugin's architecture, and what the commands printed."""
    folder = tmp_path_factory.mktemp("orders")
    lines = [
        "train bag --set most=2 --learning-rate 0.1 --epochs 8",
        "evaluate --json",
        "predict bag_of_words 'coffee and cake, please' --json",
        "size",
        "export bag_of_words --format keras",
    ]
    return folder, session(folder, *lines)


def test_a_task_a_dataset_and_an_architecture_train_predict_and_evaluate(orders):
    _, (_, measured, predicted, *_) = orders
    assert json.loads(measured)["metrics"]["exact_match"] > 0.9
    assert json.loads(predicted)[0]["labels"] == "cake coffee"


def test_a_command_is_listed_and_runs(session, orders):
    folder, (*_, size, _) = orders
    assert int(size.replace(",", "")) > 16 * 4
    listed, usage = session(folder, "--help", "size --help")
    assert re.search(r"pull .*\n(.*\n)?  size +Print the number of weights of a run\n", listed)
    assert "--offline" in usage


def test_a_plot_is_drawn_with_those_of_the_zoo_for_a_task_of_a_plugin(session, orders):
    folder, _ = orders
    (printed,) = session(folder, "plot bag_of_words --json")
    plots = json.loads(printed)["plots"]
    assert {"weight_sizes", "roc", "calibration", "score_by_class", "worst_examples"} <= plots.keys()
    assert list(plots)[-1] == "weight_sizes" and "confusion_matrix" not in plots
    assert all(Path(path).read_bytes().startswith(b"<?xml") for path in plots.values())
    assert "weight_sizes.svg" in (folder / "bag_of_words" / "README.md").read_text()


def test_an_export_format_is_offered_checked_and_written(session, orders):
    folder, (*_, path) = orders
    version = Path(path.splitlines()[0])
    assert version.parent == folder / "bag_of_words" / "keras"
    facts = json.loads((version / "export.json").read_text())
    assert facts["check"]["difference"] <= 1e-4
    assert "exported.keras" in facts["files"]
    usage, shown = session(folder, "export --help", "show bag")
    assert "keras]" in usage
    assert "for `keras.saving.load_model`" in shown


def test_a_file_format_and_the_files_of_a_task_train_and_are_predicted(session, tmp_path):
    things = ("cake", "coffee", "juice", "tea")
    rows = [(f"{one} {other}", f"a {one} and a {other}") for one in things for other in things if one != other] * 4
    (tmp_path / "old.orders").write_text("".join(f"{labels} | {order}\n" for labels, order in rows))
    (tmp_path / "old.csv").write_text("text,labels\n" + "".join(f"{order},{labels}\n" for labels, order in rows))
    (tmp_path / "new.orders").write_text("a tea and a cake\ntea | a coffee and a juice\n")
    (tmp_path / "new.csv").write_text("text\na tea and a cake\n")
    given = "--epochs 20 --batch-size 8 --learning-rate 0.1"
    _, written, _, tabled = session(
        tmp_path,
        f"train bag --run a --dataset orders:old.orders {given}",
        "predict a --input new.orders",
        f"train bag --run b --dataset csv:old.csv {given}",
        "predict b --input new.csv",
    )
    assert written == "cake tea | a tea and a cake\ncoffee juice | a coffee and a juice\n"
    assert tabled.splitlines()[1].startswith("a tea and a cake,cake tea")


def test_a_cell_is_chosen_in_every_architecture_and_exported(session, tmp_path):
    texts = [f"{word} {number}" for number in range(20) for word in ("good", "bad", "fine")]
    (tmp_path / "a.csv").write_text("text,label\n" + "".join(f"{text},{text[:3]}\n" for text in texts))
    (tmp_path / "b.csv").write_text("source,target\n" + "".join(f"{text},{text[::-1]}\n" for text in texts))
    small = "--set cell=leaky --set units=4 --set embedding_dim=4 --set max_length=8 --epochs 1"
    *_, predicted, _, translated = session(
        tmp_path,
        f"train many_to_one --dataset csv:a.csv {small}",
        "export many_to_one --format tflite",
        "export many_to_one",
        "predict many_to_one 'good 3' --json",
        f"train seq2seq --run seq --dataset csv:b.csv {small}",
        "predict seq 'good 3' --json",
    )
    assert json.loads(predicted)[0]["label"] in ("goo", "bad", "fin")
    assert isinstance(json.loads(translated)[0]["text"], str)
    (shown,) = session(tmp_path, "show ctc --json")
    (cell,) = [option for option in json.loads(shown)["options"] if option["name"] == "cell"]
    assert cell["choices"] == [*registry.cells.names(), "leaky"]
    (refused,) = session(tmp_path, "train many_to_one --set cell=leakey", status=1)
    assert f"expects one of {', '.join(cell['choices'])}; received 'leakey'" in refused


@pytest.mark.slow  # What the page trains, but for one epoch; the tests above train most of it.
def test_the_commands_of_the_page_run(session, tmp_path):
    things = ("cake", "coffee", "juice", "tea")
    rows = "".join(f"{one} {other} | a {one} and a {other}\n" for one in things for other in things if one != other)
    (tmp_path / "mine.orders").write_text(rows * 4)
    (tmp_path / "new.orders").write_text("a tea and a cake\n")
    assert len(COMMANDS) == 9
    for command in COMMANDS:
        small = " --epochs 1" if command.startswith("zoo train") else ""
        small += " --set units=4 --set embedding_dim=4" if "leaky" in command else ""
        session(tmp_path, f"{command.removeprefix('zoo ')}{small}")


def test_a_kind_of_input_is_trained_on_and_predicted(session, tmp_path):
    train, predicted = session(
        tmp_path, "train perceptron --epochs 30 --learning-rate 0.05", "predict perceptron '[0.1, 2]' --json"
    )
    assert 'zoo predict perceptron "[1.5, 0.2]"' in train
    assert json.loads(predicted)[0]["label"] == "outer"
    (refused,) = session(tmp_path, "predict perceptron two", status=1)
    assert "A list of 2 numbers is expected; received" in refused
