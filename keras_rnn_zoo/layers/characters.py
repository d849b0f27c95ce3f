"""Words read by their characters."""

import keras
from keras import ops

from keras_rnn_zoo.layers.masking import StepMask
from keras_rnn_zoo.layers.recurrent import CELLS


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class CharacterReader(keras.layers.Layer):
    """Reads each word by its characters, both ways: ids `(batch, words, characters)` to `(batch, words, 2 * units)`.

    Ling et al. 2015, "Finding Function in FileFormat: Compositional Character Models for Open Vocabulary Word
    Representation": so a word that training never showed has a vector that tells of its ending and its capitals.

    Args:
        vocabulary_size: number of ids of characters; 0 is padding.
        units: features of the state, for each direction.
        embedding_dim: features of a character's embedding.
    """

    def __init__(self, vocabulary_size, units, embedding_dim=32, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.units, self.embedding_dim = vocabulary_size, units, embedding_dim
        self.mask = StepMask(name="mask")
        dtype = self.dtype_policy
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, dtype=dtype, name="embedding")
        self.reader = keras.layers.Bidirectional(CELLS["lstm"](units, dtype=dtype), dtype=dtype, name="reader")

    def build(self, input_shape):
        self.embedding.build((None, None))
        self.reader.build((None, None, self.embedding_dim))

    def call(self, ids):
        batch, words, characters = ops.shape(ids)
        flat = ops.reshape(ids, (-1, characters))
        spelt = self.reader(self.embedding(flat), mask=self.mask(flat))
        return ops.reshape(spelt, (batch, words, 2 * self.units))

    def compute_output_spec(self, ids):
        return keras.KerasTensor((*ids.shape[:2], 2 * self.units), dtype=self.compute_dtype)

    def get_config(self):
        sizes = {"vocabulary_size": self.vocabulary_size, "units": self.units, "embedding_dim": self.embedding_dim}
        return {**super().get_config(), **sizes}
