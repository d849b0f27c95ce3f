"""Where the package meets Keras and TensorFlow beyond their public interfaces."""
