"""Training steps (forward, backward, Adam) of two bidirectional layers of 64 units over inputs of 128 features.

The gradient of the inputs is computed as well, as for an embedding below. Nothing is masked. The last rows are steps of
`ctc`, which are dominated by the loss.
"""

from collections.abc import Callable, Iterator
from typing import Any

import transcripts
from networks import FEATURES, cores, recurrent_flop, torch_layers, torch_with_all_cores, two_layers
from report import Mark, Row
from timing import Contestant, race

ABOUT = "a training step of two bidirectional layers of 64 over inputs of 128: forward, backward, Adam"

SETTINGS = [("lstm", 200, 32, 2.0, 1.5), ("lstm", 100, 128, 1.6, 2.0), ("gru", 200, 32, 1.5, 1.5)]
SETTINGS += [("gru", 100, 128, 1.5, 1.5)]
"""Cell, time, batch, and the targets compared to Keras and PyTorch."""


def keras_step(cell: str, layers: str, time: int, batch: int) -> Callable[[], float]:
    """Returns a function that runs a step with our layers or Keras's and returns the loss."""
    import keras
    import tensorflow as tf

    model = two_layers(cell, layers)
    optimizer = keras.optimizers.Adam()
    optimizer.build(model.trainable_variables)
    random = tf.random.Generator.from_seed(0)
    x, y = random.normal((batch, time, FEATURES)), random.normal((batch, 1))
    d_x = tf.Variable(tf.zeros_like(x))

    @tf.function(autograph=False)
    def step() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            loss = tf.reduce_mean((model(x, training=True) - y) ** 2)
        grad, *grads = tape.gradient(loss, [x, *model.trainable_variables])
        optimizer.apply(grads, model.trainable_variables)
        d_x.assign(grad)  # Otherwise it would not be computed.
        return loss

    return lambda: float(step())


def torch_step(cell: str, time: int, batch: int) -> Callable[[], float]:
    """Returns a function that runs a step in PyTorch and returns the loss."""
    torch = torch_with_all_cores()
    recurrent, dense = torch_layers(cell), torch.nn.Linear(FEATURES, 1)
    optimizer = torch.optim.Adam([*recurrent.parameters(), *dense.parameters()], eps=1e-7)  # Keras's epsilon.
    x, y = torch.randn(batch, time, FEATURES, requires_grad=True), torch.randn(batch, 1)

    def step() -> float:
        optimizer.zero_grad()
        x.grad = None
        loss = ((dense(recurrent(x)[0].max(1).values) - y) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def measure(rounds: int, python: str, quick: bool) -> Iterator[Row]:
    """Measures all settings; `python` is the interpreter with the peers installed."""
    for cell, time, batch, keras_mark, torch_mark in [("lstm", 12, 4, 0, 0)] if quick else SETTINGS:
        size = {"time": time, "batch": batch}
        done = race(
            {
                "ours": Contestant("steps:keras_step", cell=cell, layers="ours", **size),
                "keras": Contestant("steps:keras_step", cell=cell, layers="keras", **size),
                "torch": Contestant("steps:torch_step", python, cell=cell, **size),
                "limit": Contestant("networks:matrix_product"),
            },
            rounds,
            times=3,
        )
        name = f"step, {cell}, T={time} B={batch}"
        ours, theirs = ([1000 * value for value in done.seconds(who)] for who in ("ours", "keras"))
        note = ""
        if abs(done.values("ours")[0] - done.values("keras")[0]) > 1e-3 * abs(done.values("keras")[0]):
            note = f"{name}: the losses of ours and Keras's differ: {done.values('ours')[0]}, {done.values('keras')[0]}"
        yield Row(name, "ms", ours, f"keras.layers, {cell}", theirs, mark=Mark(keras_mark), note=note)
        theirs = [1000 * value for value in done.seconds("torch")]
        missing = done.missing.get("torch", "")
        yield Row(name, "ms", ours, f"torch.nn, {cell}", theirs, mark=Mark(torch_mark), missing=missing)
        flop = recurrent_flop(cell, batch, time)
        yield Row(
            f"recurrent FLOP/s of that step ({flop / 1e9:.2f} GFLOP)",
            "GFLOP/s",
            [flop / value / 1e9 for value in done.seconds("ours")],
            f"matrix product at 1,024, {cores()} cores",
            done.values("limit"),
            inverse=False,
            mark=Mark(0.65) if (cell, time, batch) == ("lstm", 200, 32) else None,
        )
    yield from transcripts.measure(rounds, python)
