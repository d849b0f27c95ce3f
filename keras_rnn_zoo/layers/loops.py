"""TensorFlow's while loop, for values that keep their shapes, and access to steps of arrays in loops of XLA."""

import tensorflow as tf

from keras_rnn_zoo.frameworks.keras_internals import dynamic_slice, dynamic_update_slice


def while_loop(condition, body, variables):
    """Runs `tf.while_loop` on variables whose shapes never change.

    TensorFlow refuses a loop whose body returns a shape it knows less of than before: one sequence of unknown length,
    say, whose state `(1, units)` comes back as `(None, units)`, as slices of unknown length have no known size.

    Args:
        condition: takes the variables, and returns whether the loop continues.
        body: takes the variables, and returns new ones of the same structure and shapes.
        variables: a tuple of tensors, `tf.TensorArray`s, and lists or tuples of them.

    Returns:
        The variables after the last step.
    """

    def known_body(*values):
        after = body(*values)
        # The structures are compared by TensorFlow, whose message names what differs.
        for new, old in zip(tf.nest.flatten(after), tf.nest.flatten(variables), strict=False):
            if tf.is_tensor(new):
                new.set_shape(old.shape)
        return after

    return tf.while_loop(condition, known_body, variables)


def step_at(values, time):
    """Returns a step of an array, `(batch, time, ...)` to `(batch, ...)`, in a program of XLA."""
    batch, _, *sizes = tf.unstack(tf.shape(values))
    step = dynamic_slice(values, [0, time, *[0] * len(sizes)], [batch, 1, *sizes])
    return tf.ensure_shape(step, [None, 1, *values.shape[2:]])[:, 0]


def with_step(values, time, step):
    """Returns an array `(batch, time, ...)` with a step, `(batch, ...)`, written to it; XLA does so in place."""
    return dynamic_update_slice(values, step[:, None], tf.stack([0, time, *[0] * (len(values.shape) - 2)]))
