"""Keras layers that the architectures and tasks share. Importing this package loads Keras, and registers the layers."""

from keras_rnn_zoo.layers import attention, audio, characters, decoder, frontends, masking

__all__ = ["attention", "audio", "characters", "decoder", "frontends", "masking"]
