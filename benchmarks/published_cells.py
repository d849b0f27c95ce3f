"""Compares cells with published code: outputs, and gradients of their inputs, for the same weights.

The published code runs in an environment of its own. That of some cells is a package, that of others a repository:

    pip install torch flax einops jaxtyping typeguard==2.13.3 triton transformers xlstm fla-core sru ncps
    git clone https://github.com/state-spaces/mamba
    git clone https://github.com/google-deepmind/recurrentgemma
    git clone https://github.com/Sunnydreamrain/IndRNN_pytorch
    git clone https://github.com/NicolasZucchet/minimal-LRU
    python benchmarks/published_cells.py --python PYTHON mlstm slstm deltanet sru cfc mamba=mamba rglru=recurrentgemma
    python benchmarks/published_cells.py --python PYTHON indrnn=IndRNN_pytorch lru=minimal-LRU

The authors of `lru` published no code; minimal-LRU is by others.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import Any

import click
import numpy as np

BATCH, TIME, UNITS = 3, 50, 32
IN_PACKAGES = {"mlstm": "MLSTM", "slstm": "SLSTM", "deltanet": "DeltaNet", "sru": "SRU", "cfc": "CfC"}
"""The layers of the cells whose code is in a package."""
IN_REPOSITORIES = {"mamba": "Mamba", "rglru": "RGLRU", "indrnn": "IndRNN", "lru": "LRU"}
LAYERS = {**IN_PACKAGES, **IN_REPOSITORIES}
PROGRAM = Path(__file__).parent / "published_cells_peers.py"


def ours(layer_name: str) -> dict[str, np.ndarray]:
    """Returns the inputs, the weights by name, the outputs and the gradients of a layer of the zoo."""
    import tensorflow as tf

    import keras_rnn_zoo as zoo

    layer = getattr(zoo.layers, layer_name)(UNITS, return_sequences=True)
    draw = np.random.Generator(np.random.PCG64(0))
    x, weight = (draw.standard_normal((BATCH, TIME, UNITS)).astype("float32") for _ in range(2))
    layer.build(x.shape)
    for variable in layer.trainable_variables:  # Biases start as zero, which would hide a mistake.
        variable.assign_add(0.1 * draw.standard_normal(variable.shape))
    inputs = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        outputs = layer(inputs, training=True)
        total = tf.reduce_sum(outputs * weight)
    weights = {f"weight_{variable.name}": variable.numpy() for variable in layer.trainable_variables}
    gradient = tape.gradient(total, inputs)
    return {"x": x, "weight": weight, "outputs": outputs.numpy(), "gradient": gradient.numpy(), **weights}


def differences(cell: str, code: Path, python: str) -> tuple[float, float]:
    """Returns the largest differences of outputs and of gradients, each relative to the largest value."""
    mine = ours(LAYERS[cell])
    with tempfile.TemporaryDirectory() as folder:
        question, answer = (str(Path(folder) / name) for name in ("question.npz", "answer.npz"))
        arrays: dict[str, Any] = {name: value for name, value in mine.items() if name not in ("outputs", "gradient")}
        np.savez(question, **arrays)
        subprocess.run([python, str(PROGRAM), cell, str(code), question, answer], check=True)
        with np.load(answer) as theirs:
            found = [
                float(np.max(np.abs(theirs[name] - mine[name])) / np.max(np.abs(mine[name])))
                for name in ("outputs", "gradient")
            ]
    return found[0], found[1]


@click.command()
@click.argument("cells", nargs=-1, required=True, metavar="CELL[=FOLDER]...")
@click.option("--python", required=True, help="The Python of the environment of the published code.")
def main(cells: tuple[str, ...], python: str) -> None:
    """Compare each CELL with its published code, in FOLDER where it is not a package."""
    click.echo("| cell | largest difference of the outputs | of the gradients of the inputs |\n|---|---|---|")
    for pair in cells:
        cell, _, folder = pair.partition("=")
        if cell not in IN_PACKAGES and not (cell in IN_REPOSITORIES and Path(folder).is_dir()):
            raise click.BadParameter(
                f"{pair!r}: expected {', '.join(IN_PACKAGES)}, or CELL=FOLDER with one of {', '.join(IN_REPOSITORIES)}."
            )
        outputs, gradients = differences(cell, Path(folder).absolute(), python)
        click.echo(f"| `{cell}` | {outputs:.1e} | {gradients:.1e} |")


if __name__ == "__main__":
    main()
