"""Adam with one fused update op per variable."""

from typing import Any

import keras
import tensorflow as tf

from keras_rnn_zoo.frameworks.keras_internals import OptimizerHooks


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class Adam(OptimizerHooks, keras.optimizers.Adam):
    """`keras.optimizers.Adam` (Kingma and Ba 2014, "Adam: A Method for Stochastic Optimization"), faster on TensorFlow.

    Arguments, config, state and results (up to rounding) are the same. Keras computes an update with ten ops, each of
    which reads and writes the whole variable. For the embedding of a large vocabulary, that takes longer than the loop
    of a recurrent layer.
    """

    def update_step(self, gradient: Any, variable: Any, learning_rate: Any) -> None:
        """Updates a variable; arguments as in `keras.optimizers.Optimizer.update_step`."""
        if not (isinstance(gradient, tf.Tensor) and isinstance(variable, tf.Variable)) or self.amsgrad:
            super().update_step(gradient, variable, learning_rate)
            return
        index = self.variable_index(variable)
        step = tf.cast(self.iterations.value + 1, variable.dtype)
        beta_1, beta_2, rate, epsilon = (
            tf.cast(value, variable.dtype) for value in (self.beta_1, self.beta_2, learning_rate, self.epsilon)
        )
        tf.raw_ops.ResourceApplyAdam(
            var=variable.handle,
            m=self._momentums[index].value.handle,
            v=self._velocities[index].value.handle,
            beta1_power=beta_1**step,
            beta2_power=beta_2**step,
            lr=rate,
            beta1=beta_1,
            beta2=beta_2,
            epsilon=epsilon,
            grad=tf.cast(gradient, variable.dtype),
        )

    def clip_gradients(self, grads: Any) -> Any:
        """Returns the gradients clipped by their global norm; the gradients of embeddings stay sparse until then."""
        # The gradient of an embedding has only the rows of the words in the batch. Keras sums the rows of repeated
        # words twice: for the norm, and again for the update.
        if keras.backend.backend() != "tensorflow" or not self.global_clipnorm:
            return super().clip_gradients(grads)
        clipped, _ = tf.clip_by_global_norm(grads, self.global_clipnorm)
        return [tf.convert_to_tensor(grad) if isinstance(grad, tf.IndexedSlices) else grad for grad in clipped]

    def apply_updates(self, grads: Any, trainable_variables: Any, learning_rate: Any) -> None:
        """Updates all variables."""
        # On TensorFlow, Keras first sums the gradients of all replicas in a `custom_gradient`, even for one replica.
        # For that, TensorFlow would keep the graph of each training alive until the process ends.
        if keras.backend.backend() != "tensorflow" or tf.distribute.has_strategy():
            super().apply_updates(grads, trainable_variables, learning_rate)
            return
        for gradient, variable in zip(grads, trainable_variables, strict=True):
            variable = variable.value if isinstance(variable, keras.Variable) else variable
            self.update_step(gradient, variable, learning_rate)
