"""Data sets that TensorFlow Datasets (TFDS) lacks: builders in its own folder layout, imported only when used."""
