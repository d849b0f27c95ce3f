"""The TFDS builder of small_parallel_enja."""
