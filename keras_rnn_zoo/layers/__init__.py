"""Keras layers shared by architectures and tasks. Importing this package loads Keras and registers the layers."""

from keras_rnn_zoo.layers import attention, audio, characters, decoder, frontends, masking
from keras_rnn_zoo.layers.min_rnn import MinGRU, MinLSTM
from keras_rnn_zoo.layers.recurrent import GRU, LSTM, SimpleRNN

__all__ = [
    "GRU",
    "LSTM",
    "MinGRU",
    "MinLSTM",
    "SimpleRNN",
    "attention",
    "audio",
    "characters",
    "decoder",
    "frontends",
    "masking",
]
