"""TensorFlow's while loop, for values that keep their shapes."""

import tensorflow as tf


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
