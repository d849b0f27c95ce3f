"""Frontends: from one kind of input to a sequence of vectors and its mask."""

import keras

from keras_rnn_zoo.layers.masking import StepMask, TokenDropout


def token_frontend(*, vocabulary_size, embedding_dim, dropout, token_dropout):
    """Embeds token ids.

    Args:
        vocabulary_size: number of ids.
        embedding_dim: features of an embedding.
        dropout: share of embedding features dropped in training, the same ones for all steps of a sequence, so that
            the network cannot read them off a neighbouring step (Gal and Ghahramani 2016).
        token_dropout: share of tokens replaced by the unknown one in training.

    Returns:
        The input, int32 `(batch, time)`; the embeddings `(batch, time, embedding_dim)`; the mask `(batch, time)`.
    """
    ids = keras.Input((None,), dtype="int32", name="ids")
    mask = StepMask(name="mask")(ids)
    x = TokenDropout(token_dropout, name="token_dropout")(ids)
    x = keras.layers.Embedding(vocabulary_size, embedding_dim, name="embedding")(x)
    x = keras.layers.SpatialDropout1D(dropout, name="embedding_dropout")(x)
    return ids, x, mask
