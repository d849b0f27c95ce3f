"""The kinds of plots: each file is one, found by `keras_rnn_zoo.registry`."""
