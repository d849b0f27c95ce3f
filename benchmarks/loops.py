"""The loop of one LSTM layer: ours, TensorFlow's op, and PyTorch's, forward and with the gradient.

64 units over sequences of 168 steps of one feature, in batches of 32, as in forecasts: so short a step is mostly work
on the gates. `--peers` is a Python with PyTorch, whose LSTM is a kernel of oneDNN that can be switched off.

    taskset -c 0 python benchmarks/loops.py --peers build/peers/bin/python
"""

import argparse
import sys
from collections.abc import Callable
from typing import Any

from networks import UNITS, torch_with_all_cores
from report import shown
from timing import Contestant, race

TIME, BATCH = 168, 32


def tensorflow(way: str, gradient: bool) -> Callable[[], float]:
    """Returns a function that runs `scan`, our loop; `block`, TensorFlow's op; or the `products` with the state."""
    import tensorflow as tf

    from keras_rnn_zoo.layers.scan import scan
    from keras_rnn_zoo.layers.scan_cells import LSTMCell

    random = tf.random.Generator.from_seed(0)
    x, states = random.normal((BATCH, TIME, 1)), [tf.zeros((BATCH, UNITS)) for _ in range(2)]
    weights = [random.normal(shape) * 0.1 for shape in ((1, 4 * UNITS), (4 * UNITS,), (UNITS, 4 * UNITS))]

    def outputs() -> Any:
        if way == "scan":
            flags = {"backwards": False, "zero_masked": False, "training": True}
            return scan(LSTMCell, x, None, states, weights, **flags)[1]
        if way == "block":
            steps, none = tf.constant(TIME, tf.int64), tf.zeros(UNITS)
            peepholes = {"wci": none, "wcf": none, "wco": none}
            kernel, x_t = tf.concat([weights[0], weights[2]], axis=0), tf.transpose(x, [1, 0, 2])
            state = {"h_prev": states[0], "cs_prev": states[1]}
            return tf.raw_ops.BlockLSTM(seq_len_max=steps, x=x_t, w=kernel, b=weights[1], **state, **peepholes).h
        state = states[0]
        for _ in range(TIME):
            state = tf.matmul(state, weights[2])[:, :UNITS]
        return state

    @tf.function(autograph=False)
    def work() -> Any:
        with tf.GradientTape() as tape:
            tape.watch([x, *weights])
            found = outputs()
            total = tf.reduce_sum(found)
        grads = tape.gradient(total, [x, *weights], unconnected_gradients="zero") if gradient else [found]
        return tf.add_n([tf.reduce_max(grad) for grad in grads])

    return lambda: float(work())


def pytorch(onednn: bool, gradient: bool) -> Callable[[], float]:
    """Returns a function that runs PyTorch's layer, with or without oneDNN."""
    torch = torch_with_all_cores()
    torch.backends.mkldnn.enabled = onednn
    layer, x = torch.nn.LSTM(1, UNITS, batch_first=True), torch.randn(BATCH, TIME, 1, requires_grad=True)

    def work() -> float:
        if not gradient:
            with torch.no_grad():
                return float(layer(x)[0].max())
        layer.zero_grad()
        layer(x)[0].sum().backward()
        return float(layer.weight_hh_l0.grad.max())

    return work


LOOPS: dict[str, tuple[str, dict[str, Any]]] = {
    "Keras RNN Zoo, loops compiled by XLA": ("loops:tensorflow", {"way": "scan"}),
    "`BlockLSTM` and `BlockLSTMGrad` of TensorFlow": ("loops:tensorflow", {"way": "block"}),
    "PyTorch, oneDNN": ("loops:pytorch", {"onednn": True}),
    "PyTorch, without oneDNN": ("loops:pytorch", {"onednn": False}),
    "the products with the state alone, an op each": ("loops:tensorflow", {"way": "products"}),
}


def main() -> None:
    """Prints a table for docs/performance.md."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=sys.executable, help="Python with PyTorch")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    columns = []
    for gradient in (False, True):
        works = {
            name: Contestant(
                target, options.peers if "pytorch" in target else sys.executable, gradient=gradient, **settings
            )
            for name, (target, settings) in LOOPS.items()
        }
        done = race(works, options.rounds, times=20)
        ms = {name: shown([1000 * value for value in done.processor_seconds(name)], "") for name in LOOPS}
        columns.append(ms | done.missing)
    print("| loop | forward, processor ms | with gradient |\n|---|---|---|")
    for name in LOOPS:
        print(f"| {name} | {' | '.join(column[name] for column in columns)} |")


if __name__ == "__main__":
    main()
