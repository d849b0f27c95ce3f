"""Adam, each variable of which is updated by one op."""

from typing import Any

import keras
import tensorflow as tf


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class Adam(keras.optimizers.Adam):
    """`keras.optimizers.Adam` (Kingma and Ba 2014, "Adam: A Method for Stochastic Optimization"), faster on TensorFlow.

    The same arguments, config and state, and the same numbers up to rounding. Keras spells an update out in ten ops,
    each of which reads and writes a whole variable: for an embedding of many words that takes longer than the loop of a
    recurrent layer.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates a variable; arguments as of `keras.optimizers.Optimizer.update_step`."""
        if not (isinstance(gradient, tf.Tensor) and isinstance(variable, tf.Variable)) or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        number = self._get_variable_index(variable)
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        beta_1, beta_2, rate, epsilon = (
            tf.cast(value, variable.dtype) for value in (self.beta_1, self.beta_2, learning_rate, self.epsilon)
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[number].value.handle,
            v=self._velocities[number].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )

    def _clip_gradients(self, grads: Any) -> Any:
        # Of an embedding, the gradient is rows of the words that were met. Keras adds them up for the norm, the squares
        # of each, and once more for the update. The norm is the same without.
        if keras.backend.backend() != "tensorflow" or not self.global_clipnorm:
            return super()._clip_gradients(grads)
        clipped, _ = tf.clip_by_global_norm(grads, self.global_clipnorm)
        return [tf.convert_to_tensor(grad) if isinstance(grad, tf.IndexedSlices) else grad for grad in clipped]

    def _backend_update_step(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        # On TensorFlow, Keras first sums the gradients of all replicas by a `custom_gradient`, although there is one
        # replica: TensorFlow keeps the graph of each training for it until the process ends.
        if keras.backend.backend() != "tensorflow" or tf.distribute.has_strategy():
            super()._backend_update_step(grads, trainable_variables, learning_rate)
            return
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            variable = variable.value if isinstance(variable, keras.Variable) else variable
            self.update_step(gradient, variable, learning_rate)
