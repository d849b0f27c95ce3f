"""The commands and programs of README.md and docs/commandline.md run as they stand, on less data, for fewer epochs."""

import configparser
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import keras
import numpy as np
import pytest
from click.testing import CliRunner
from pages import commands_of, programs_of
from processes import run_command

from keras_rnn_zoo import registry
from keras_rnn_zoo.exporting import check as checking
from zoo_cli.main import cli

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
START, PAGE = ((ROOT / "docs" / name).read_text() for name in ("index.md", "commandline.md"))
COMMANDS = commands_of(README + PAGE)
PROGRAMS = programs_of(README)
MAKE = commands_of(README, "make")
RUNS = {"README.md": [*COMMANDS, *PROGRAMS, *MAKE], "commandline.md": COMMANDS}
FILMS = {"fine": "5", "dull": "1"}
NEEDS_DATA = "--dataset imdb_reviews"


@pytest.mark.usefixtures("few_examples")
def test_the_commands_and_programs_run(tmp_path, monkeypatch):
    """In one folder and in order, as a reader would; what needs a download is left to the slow test below."""
    assert len(COMMANDS) > 20
    assert "@@" not in README
    assert len(PROGRAMS) == 1
    monkeypatch.setattr(checking, "subprocess", SimpleNamespace(run=run_command))
    fit = keras.Model.fit
    monkeypatch.setattr(keras.Model, "fit", lambda *a, epochs, **k: fit(*a, epochs=min(epochs, 2), **k))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ZOO_MODELS_DIR")
    reviews = [f"a {word} film number {number},{stars}" for number in range(40) for word, stars in FILMS.items()]
    (tmp_path / "reviews.csv").write_text("\n".join(["review,stars", *reviews]) + "\n")
    (tmp_path / "new.csv").write_text("review\na fine film\na dull film\n")
    sales = [f"{np.datetime64('2024-01-01') + day},{day % 7},{day % 2}" for day in range(220)]
    (tmp_path / "sales.csv").write_text("\n".join(["day,sales,promotion", *sales]) + "\n")
    future = [f"{np.datetime64('2024-01-01') + day},,1" for day in range(220, 234)]
    (tmp_path / "history.csv").write_text("\n".join(["day,sales,promotion", *sales[100:], *future]) + "\n")
    steps = [f"m{n // 5},{n % 5},{n % 7},{n % 4},{'fault' if n % 3 else 'ok'}" for n in range(100)]
    (tmp_path / "machines.csv").write_text("\n".join(["machine,t,load,heat,state", *steps]) + "\n")
    for command in COMMANDS:
        if NEEDS_DATA not in command:
            result = CliRunner().invoke(cli, shlex.split(command)[1:], catch_exceptions=False)
            assert result.exit_code == 0, f"{command}\n{result.stderr}"
    for program in PROGRAMS:
        exec(compile(program, "README.md", "exec"), {})


def test_its_table_names_every_architecture_and_dataset():
    rows = [line for line in README.splitlines() if line.startswith("| `")]
    for name in registry.list_architectures():
        (row,) = [row for row in rows if row.startswith(f"| `{name}`")]
        for dataset in registry.datasets_of(registry.architectures.get(name)):
            assert f"`{dataset.name}`" in row


def test_the_extras_that_are_named_exist():
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    extras = dict(settings["options.extras_require"])
    named = {name for row in re.findall(r"^\| (`.+?) \| [^|]+ \|$", START, re.MULTILINE) for name in row.split(", ")}
    assert {"audio", "onnx", "tflite"} <= {name.strip("`") for name in named} & extras.keys()
    for group in re.findall(r"pip install \S*?\[([a-z,-]+)\]", (README + START).replace("tensorflow[and-cuda]", "")):
        assert set(group.split(",")) <= extras.keys()


def test_its_two_make_commands_are_what_ci_runs():
    assert MAKE == ["make demo", "make test"]
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    beside = "make --jobs=2 --output-sync lint wheel DEPENDENCIES=.venv"
    assert [line for line in script if line.startswith("make")] == [MAKE[0], beside, MAKE[1]]


def test_every_picture_of_the_documentation_is_shown():
    pages = "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    pages = re.sub("<!--.*?-->", "", pages, flags=re.DOTALL)
    assert {f"img/{picture.name}" for picture in (ROOT / "docs" / "img").iterdir()} == set(
        re.findall(r"!\[[^\]]+\]\((img/[^)]+)\)", pages)
    )


@pytest.mark.slow
def test_the_main_job_on_real_reviews(tmp_path, tfds_dir):
    (command,) = [command for command in COMMANDS if NEEDS_DATA in command]
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    del environment["ZOO_MODELS_DIR"]
    done = subprocess.run(
        f"{command} --data-dir {tfds_dir}",
        shell=True,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert float(re.search(r"accuracy (0\.\d+)", done.stdout).group(1)) >= 0.89


def test_the_table_of_promises_names_modules_and_tests_that_exist():
    page = (ROOT / "docs" / "security.md").read_text()
    rows = re.findall(r"^\| (?!promise|---)(.+?) \| (.+) \| (.+) \|$", page, re.MULTILINE)
    assert len(rows) > 20
    for promise, modules, tests in rows:
        for column, folder in ((modules, "keras_rnn_zoo"), (tests, "tests")):
            names = re.findall(r"`([\w/]+\.py)`", column)
            assert names, promise
            for name in names:
                assert (ROOT / folder / name).exists() or (ROOT / name).exists(), f"{promise}: {name}"


def test_links_between_the_pages_of_the_repository_lead_somewhere():
    """Those to generated pages are checked when the site is built."""
    generated = re.compile(r"(?:docs/|\.\./)*reference/\w+\.md")
    for page in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")):
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", page.read_text(), flags=re.DOTALL)
        for link in re.findall(r"\[[^]]*\]\((?!https?:|#)([^)#]+)", prose):
            assert (page.parent / link).exists() or generated.fullmatch(link), f"{page.name}: {link}"
