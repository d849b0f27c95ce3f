"""From raw examples to batches of tensors: preprocessing, shuffling, caching, length bucketing."""
