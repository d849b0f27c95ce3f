"""Ensembles: several models that answer as one, by the mean of what they predict (Hansen and Salamon 1990)."""

import keras
from keras import ops

_MODELS = "models"
"""The name of the layer that holds the models of an ensemble."""


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class MeanOfModels(keras.layers.Layer):
    """The mean of the outputs of several models with the same inputs.

    Args:
        models: the models.
        logits: whether the outputs are logits. Then the mean is that of the probabilities, as a logarithm.

    Example:
        >>> inputs = keras.Input((3,))
        >>> models = [keras.Model(inputs, keras.layers.Dense(2)(inputs)) for _ in range(2)]
        >>> tuple(MeanOfModels(models, logits=True)(keras.ops.ones((5, 3))).shape)
        (5, 2)
    """

    def __init__(self, models, logits, **kwargs):
        super().__init__(**kwargs)
        self.models, self.logits = models, logits
        self.built = True  # So are the models.

    def call(self, inputs, training=False):
        outputs = [ops.cast(model(inputs, training=training), "float32") for model in self.models]
        return mean_logits(outputs) if self.logits else sum(outputs) / len(outputs)

    def get_config(self):
        models = [keras.saving.serialize_keras_object(model) for model in self.models]
        return {**super().get_config(), "models": models, "logits": self.logits}

    @classmethod
    def from_config(cls, config):
        models = [keras.saving.deserialize_keras_object(model) for model in config["models"]]
        return cls(**{**config, "models": models})


def ensemble_of(models, logits):
    """Returns the ensemble of trained models with the same inputs, a functional model; arguments as in `MeanOfModels`.

    `layers.search` generates text with it step by step, by the mean of the probabilities of the next token.
    """
    tensors = models[0].input
    inputs = keras.tree.map_structure(lambda x: keras.Input(x.shape[1:], dtype=x.dtype, name=x.name), tensors)
    return keras.Model(inputs, MeanOfModels(models, logits, name=_MODELS, dtype="float32")(inputs), name="ensemble")


def members_of(model):
    """Returns the models of an ensemble; for any other model, a list of that model alone."""
    layers = [layer for layer in model.layers if isinstance(layer, MeanOfModels)]
    return list(layers[0].models) if layers else [model]


def mean_logits(several):
    """Returns the logarithms of the mean probabilities of logits, each `(..., classes)`; a single one is unchanged."""
    if len(several) == 1:
        return several[0]
    logs = ops.stack([ops.log_softmax(logits, axis=-1) for logits in several])
    highest = ops.max(logs, axis=0)
    # Exactly 0 where all models are certain, by which frames of padding are recognized; see `BlankPadding`.
    return highest + ops.log(ops.mean(ops.exp(logs - highest), axis=0))
