"""The same recurrent network with our layers, Keras's and PyTorch's; each framework is imported on first use."""

import os
from typing import Any

from timing import MissingPeerError

UNITS, FEATURES = 64, 128
"""Sizes of the two bidirectional layers and of their input."""

TORCH_NAMES = {"lstm": "LSTM", "gru": "GRU", "simple_rnn": "RNN"}


def use_keras_layers() -> None:
    """Makes `zoo.build` use Keras's own recurrent layers in this process."""
    import keras

    from keras_rnn_zoo import registry

    classes = {"lstm": keras.layers.LSTM, "gru": keras.layers.GRU, "simple_rnn": keras.layers.SimpleRNN}
    for name, layer in classes.items():
        vars(registry.cells.get(name))["layer"] = layer  # As if the entry had returned it.


def layer_class(cell: str, layers: str) -> Any:
    """Returns our recurrent layer, or Keras's if `layers` is `"keras"`."""
    from keras_rnn_zoo import registry

    if layers == "keras":
        use_keras_layers()
    if cell not in registry.cells.names():
        raise MissingPeerError(f"there is no cell {cell}")
    return registry.cells.get(cell).layer


def two_layers(cell: str, layers: str) -> Any:
    """Returns a model of two bidirectional layers over `(batch, time, 128)`, a maximum over time and one output."""
    import keras

    make = layer_class(cell, layers)
    keras.utils.set_random_seed(0)
    inputs = x = keras.Input((None, FEATURES))
    for _ in range(2):
        x = keras.layers.Bidirectional(make(UNITS, return_sequences=True))(x)
    return keras.Model(inputs, keras.layers.Dense(1)(keras.ops.max(x, axis=1)))


def torch_with_all_cores() -> Any:
    """Returns the `torch` module, configured to use all cores available to this process."""
    import torch

    torch.set_num_threads(cores())
    torch.manual_seed(0)
    return torch


def torch_layers(cell: str) -> Any:
    """Returns PyTorch's two bidirectional layers."""
    torch = torch_with_all_cores()
    return getattr(torch.nn, TORCH_NAMES[cell])(FEATURES, UNITS, 2, bidirectional=True, batch_first=True)


def cores() -> int:
    """Returns the number of cores available to this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def recurrent_flop(cell: str, batch: int, time: int, features: int = FEATURES, units: int = UNITS) -> int:
    """Returns the floating-point operations of a training step's matrix products in two bidirectional layers.

    A product of `(m, k)` by `(k, n)` takes `2 m k n`. Each step in a direction multiplies inputs and state by a kernel
    for all gates. The gradient takes two products for each of them: one for the operand, one for the weights.
    """
    gates = {"lstm": 4, "gru": 3, "simple_rnn": 1}[cell]
    forward = 0
    for read in (features, 2 * units):
        forward += 2 * (2 * batch * time * (read + units) * gates * units)  # Both directions.
    return 3 * forward


def matrix_product(size: int = 1024, repeats: int = 10) -> Any:
    """Returns a function that runs `repeats` products of square float32 matrices and returns GFLOP/s."""
    import time

    import tensorflow as tf

    a = tf.random.normal((size, size))

    @tf.function
    def products(a: Any) -> Any:
        b = a
        for _ in range(repeats):
            b = tf.matmul(a, b) * 1e-2
        return b

    def work() -> float:
        start = time.perf_counter()
        products(a).numpy()
        return repeats * 2 * size**3 / (time.perf_counter() - start) / 1e9

    return work
