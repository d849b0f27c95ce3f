"""A training step of `ctc` with our CTC loss and with Keras's, and the loss and its gradient alone.

Inputs are series of 240 steps of 3 numbers, like strokes of a pen; transcripts have 30 characters out of 82.
"""

import functools
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from networks import torch_with_all_cores
from report import Mark, Row
from timing import Contestant, race

FRAMES, LABELS, CLASSES, BATCH = 240, 30, 83, 32


def _labels(random: np.random.Generator) -> np.ndarray:
    return random.integers(1, CLASSES, (BATCH, LABELS)).astype("int32")


def _logits(random: np.random.Generator) -> np.ndarray:
    return random.normal(size=(BATCH, FRAMES, CLASSES)).astype("float32")


def _losses(of: str) -> Any:
    """Returns the CTC loss, `ours` or that of `keras`."""
    import keras

    from keras_rnn_zoo.layers import steps

    if of == "keras":
        steps.ctc_losses = lambda labels, logits, real: keras.losses.ctc(labels, logits)
    return steps.TranscriptLoss()


def loss(of: str) -> Callable[[], float]:
    """Returns a function that computes the loss of a batch of logits and its gradient, and returns the loss."""
    import tensorflow as tf

    random = np.random.default_rng(0)
    labels, logits, losses = _labels(random), tf.constant(_logits(random)), _losses(of)
    gradient = tf.Variable(tf.zeros_like(logits))

    @tf.function(autograph=False)
    def work() -> Any:
        with tf.GradientTape() as tape:
            tape.watch(logits)
            found = losses(labels, logits)
        gradient.assign(tape.gradient(found, logits))
        return found

    return lambda: float(work())


def torch_loss() -> Callable[[], float]:
    """Returns the same function for PyTorch."""
    torch = torch_with_all_cores()
    random = np.random.default_rng(0)
    labels, logits = torch.from_numpy(_labels(random)).long(), torch.from_numpy(_logits(random)).requires_grad_()
    lengths = [torch.full((BATCH,), length) for length in (FRAMES, LABELS)]

    def work() -> float:
        logits.grad = None
        frames = logits.log_softmax(2).transpose(0, 1)
        found = torch.nn.functional.ctc_loss(frames, labels, *lengths, reduction="none").mean()
        found.backward()
        return found.item()

    return work


def step(of: str) -> Callable[[], float]:
    """Returns a function that runs a training step of `ctc` with default options and returns the loss."""
    import keras
    import tensorflow as tf

    import keras_rnn_zoo as zoo
    from keras_rnn_zoo.layers.steps import TranscriptAccuracy
    from keras_rnn_zoo.training.adam import Adam

    keras.utils.set_random_seed(0)
    model = zoo.build("ctc", input="series", features=3, num_classes=CLASSES)
    metrics = [TranscriptAccuracy(name="accuracy")]
    model.compile(optimizer=Adam(global_clipnorm=1.0), loss=_losses(of), metrics=metrics, jit_compile=False)
    random = np.random.default_rng(0)
    labels, series = tf.constant(_labels(random)), tf.constant(random.normal(size=(BATCH, FRAMES, 3)), tf.float32)
    return lambda: float(model.train_on_batch(series, labels)[0])


def measure(rounds: int, python: str) -> Iterator[Row]:
    """Measures the step, then the loss alone; `python` is the interpreter with the peers installed."""
    size = f"T={FRAMES}, {LABELS} of {CLASSES - 1} characters, B={BATCH}"
    done = race({of: Contestant("transcripts:step", of=of) for of in ("ours", "keras")}, rounds)
    yield _row(f"step, ctc, {size}", done, "keras", "the same with keras.losses.CTC", Mark(5))
    contestants = {of: Contestant("transcripts:loss", of=of) for of in ("ours", "keras")}
    done = race({**contestants, "torch": Contestant("transcripts:torch_loss", python)}, rounds)
    row = functools.partial(_row, f"loss of transcripts and its gradient, {size}", done)
    yield row("keras", "keras.losses.CTC", Mark(5))
    yield row("torch", "torch.nn.CTCLoss", Mark(1))


def _row(name: str, done: Any, who: str, peer: str, mark: Mark) -> Row:
    ours, theirs = ([1000 * value for value in done.seconds(one)] for one in ("ours", who))
    note = ""
    if theirs and abs(done.values("ours")[0] - done.values(who)[0]) > 1e-3 * abs(done.values(who)[0]):
        note = f"{name}: the losses of ours and {peer} differ: {done.values('ours')[0]}, {done.values(who)[0]}"
    return Row(name, "ms", ours, peer, theirs, mark=mark, note=note, missing=done.missing.get(who, ""))
