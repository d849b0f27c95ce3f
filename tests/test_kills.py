"""Commands that are killed at random moments; `kills.py` kills them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = Path(__file__).with_name("kills.py")


def kill(entry, folder, *counts):
    command = [sys.executable, str(KILLS), entry, "--folder", str(folder), *counts]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["faults"] == []
    return found


@pytest.mark.slow
def test_a_training_that_is_killed_resumes_to_the_same_run(tmp_path):
    assert kill("digits", tmp_path, "--trainings", "3")["kills"]["training"] == 3


@pytest.mark.slow
@pytest.mark.parametrize("entry", ["digits", "toy_reviews", "slots"])
def test_killed_trainings_evaluations_and_exports_lose_nothing(entry, tmp_path):
    found = kill(entry, tmp_path, "--trainings", "20", "--evaluations", "10", "--exports", "10")
    assert found["resumed"] > 0
    assert sum(found["kills"].values()) >= 34  # Of three entries, more than 100.
