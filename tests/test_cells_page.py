"""The commands and the program of docs/cells.md run as they stand, but for small networks and one epoch."""

import pytest
from pages import commands_of, programs_of, run_well, text_of

PAGE = text_of("cells.md")
COMMANDS = commands_of(PAGE)
(PROGRAM,) = programs_of(PAGE)
RUNS = {"cells.md": [*COMMANDS, PROGRAM]}


def test_the_program_runs():
    exec(compile(PROGRAM, "cells.md", "exec"), names := {})
    assert names["vectors"].shape == (None, None, 16)


@pytest.mark.slow  # Two trainings, of cells that other tests train.
@pytest.mark.usefixtures("few_examples")
def test_the_commands_run():
    assert len(COMMANDS) == 2
    for command in COMMANDS:
        run_well(command, "--set", "units=4", "--epochs", "1")
