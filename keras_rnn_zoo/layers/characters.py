"""Word vectors from characters."""

import keras
from keras import ops

from keras_rnn_zoo import registry
from keras_rnn_zoo.layers.masking import StepMask


@keras.saving.register_keras_serializable("keras_rnn_zoo")
class CharacterReader(keras.layers.Layer):
    """Encodes words by a bidirectional LSTM over their characters (Ling et al. 2015).

    Character ids, int32 `(batch, words, characters)`, become vectors `(batch, words, 2 * units)`. Even a word that does
    not occur in the training data gets a vector that reflects its ending and capitalization ("Finding Function in Form:
    Compositional Character Models for Open Vocabulary Word Representation").

    Args:
        vocabulary_size: number of character ids; 0 is padding.
        units: size of the state, per direction.
        embedding_dim: size of a character's embedding.

    Example:
        >>> tuple(CharacterReader(100, units=16)(keras.ops.ones((2, 5, 7), "int32")).shape)
        (2, 5, 32)
    """

    def __init__(self, vocabulary_size, units, embedding_dim=32, **kwargs):
        super().__init__(**kwargs)
        self.vocabulary_size, self.units, self.embedding_dim = vocabulary_size, units, embedding_dim
        self.mask = StepMask(name="mask")
        dtype = self.dtype_policy
        self.embedding = keras.layers.Embedding(vocabulary_size, embedding_dim, dtype=dtype, name="embedding")
        self.reader = keras.layers.Bidirectional(
            registry.cells.get("lstm").layer(units, dtype=dtype), dtype=dtype, name="reader"
        )

    def build(self, input_shape):
        self.embedding.build((None, None))
        self.reader.build((None, None, self.embedding_dim))

    def call(self, ids):
        batch, words, characters = ops.shape(ids)
        flat = ops.reshape(ids, (-1, characters))
        vectors = self.reader(self.embedding(flat), mask=self.mask(flat))  # (batch * words, 2 * units)
        return ops.reshape(vectors, (batch, words, 2 * self.units))

    def compute_output_spec(self, ids):
        return keras.KerasTensor((*ids.shape[:2], 2 * self.units), dtype=self.compute_dtype)

    def get_config(self):
        sizes = {"vocabulary_size": self.vocabulary_size, "units": self.units, "embedding_dim": self.embedding_dim}
        return {**super().get_config(), **sizes}
