"""What uses a trained model: loading, prediction and evaluation."""
