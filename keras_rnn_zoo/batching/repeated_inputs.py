"""Reading an input once that several consecutive examples have, such as an image with several captions."""

import itertools
from typing import Any

from keras_rnn_zoo.lazy import tf
from keras_rnn_zoo.tasks.task import Task


def read_once(examples: Any, task: Task) -> Any:
    """Returns a `tf.data.Dataset` of `(inputs, target)`, where `inputs` is what `task.read` returns for a raw input.

    Consecutive examples with the same raw input share one tensor of `inputs`, wherever they are stored.

    Args:
        examples: a `tf.data.Dataset` of `(raw, target)`, where `raw` is a string scalar; or of
            `(raw, target, is_needed)`, where the inputs of an example that is not needed may be those of another one.
        task: whose `read` makes tensors of raw inputs.
    """
    unconverted = tf.autograph.experimental.do_not_convert
    # Reading is traced once, and gives the shape of what stands in for an input that is not read again.
    read = tf.function(task.read, autograph=False).get_concrete_function(examples.element_spec[0])
    spec = read.structured_outputs
    nothing = tf.zeros([size or 0 for size in spec.shape], spec.dtype)

    def compare(previous: Any, example: Any) -> tuple[Any, Any]:
        raw, target, *needed = example
        was_read, before = previous
        is_known = tf.logical_and(was_read, tf.equal(raw, before))
        is_new = tf.logical_and(tf.logical_not(is_known), needed[0] if needed else True)
        return (tf.logical_or(is_known, is_new), raw), (is_new, raw, target)

    def read_new(is_new: Any, raw: Any, target: Any) -> tuple[Any, ...]:
        return is_new, tf.cond(is_new, lambda: read(raw), lambda: nothing), target

    def carry(before: Any, example: Any) -> tuple[Any, Any]:
        is_new, inputs, target = example
        inputs = tf.cond(is_new, lambda: inputs, lambda: before)
        return inputs, (inputs, target)

    compared = examples.scan((tf.constant(False), tf.constant("")), unconverted(compare))
    # Reading takes long, so it runs in parallel; comparing and carrying on cannot.
    tensors = compared.map(unconverted(read_new), num_parallel_calls=tf.data.AUTOTUNE, deterministic=True)
    return tensors.scan(nothing, unconverted(carry))


def share_of_new(examples: Any) -> float:
    """Returns the fraction of examples `(raw, target)` whose raw input differs from that of the previous one."""
    raws = [raw.numpy() for raw, _ in examples]
    new = sum(raw != previous for previous, raw in itertools.pairwise([None, *raws]))
    return float(new / max(len(raws), 1))
