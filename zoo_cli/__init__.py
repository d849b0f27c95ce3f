"""The command line interface of Keras RNN Zoo, on top of the public API."""
