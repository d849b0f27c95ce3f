"""What a user brings: rows of files, checked, split and turned into a dataset."""
