"""The commands and the program of docs/cells.md run as they stand, but for small networks and one epoch."""

import pytest
from pages import commands_of, programs_of, run_well, text_of

PAGE = text_of("cells.md")
COMMANDS = commands_of(PAGE)
PROGRAMS = programs_of(PAGE)
RUNS = {"cells.md": [*COMMANDS, *PROGRAMS]}


def test_the_programs_run():
    layer, architecture = ({} for program in PROGRAMS)
    for program, names in zip(PROGRAMS, (layer, architecture), strict=True):
        exec(compile(program, "cells.md", "exec"), names)
    assert layer["vectors"].shape == (None, None, 16) and layer["model"].output_shape == (None, None, 2)
    cell = architecture["model"].get_layer("bidirectional_1").forward_layer.cell
    assert (cell.r_min, cell.r_max) == (0.9, 0.999)


@pytest.mark.slow  # Four trainings, of cells that other tests train.
@pytest.mark.usefixtures("few_examples")
def test_the_commands_run(tfds_dir):
    *embedded, prepared = COMMANDS
    assert len(embedded) == 3 and "sequential_mnist" in prepared
    for command in embedded:
        run_well(command, "--set", "units=4", "--epochs", "1")
    run_well(prepared, "--set", "units=4", "--epochs", "1", "--batch-size", "1000", "--data-dir", str(tfds_dir))
