"""The command line of Keras RNN Zoo. It knows the public API alone."""
