"""Uses of a trained model: loading, prediction and evaluation."""
