"""The README's commands and programs run as they stand."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^\$ (zoo .+)$", README, re.MULTILINE)
PROGRAMS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
NEEDS_DATA = "--dataset imdb_reviews"


def run(command, folder, **kwargs):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    del environment["ZOO_MODELS_DIR"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False, **kwargs)
    assert done.returncode == 0, f"{command}\n{done.stderr}"
    return done.stdout


def test_the_readmes_commands_and_programs_run(tmp_path):
    """In one folder and in order, as a reader would; what needs a download is left to the slow test below."""
    assert COMMANDS
    assert "@@" not in README
    assert len(PROGRAMS) == 2
    for command in COMMANDS:
        if NEEDS_DATA not in command:
            run(command, tmp_path, shell=True)
    for program in PROGRAMS:
        run([sys.executable, "-c", program], tmp_path)


def test_the_two_commands_of_its_top_are_what_ci_runs():
    top = re.search(r"```sh\n(.*?)```", README, re.DOTALL).group(1)
    commands = [line.split("#")[0].strip() for line in top.strip().splitlines()]
    assert commands == ["make demo", "make test"]
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert [line for line in script if line.startswith("make")] == commands


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_the_main_job_on_real_reviews(tmp_path, tfds_dir):
    (command,) = [command for command in COMMANDS if NEEDS_DATA in command]
    output = run(f"{command} --data-dir {tfds_dir}", tmp_path, shell=True)
    assert float(re.search(r"accuracy (0\.\d+)", output).group(1)) >= 0.89
