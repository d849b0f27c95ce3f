"""A user's own files: rows are read, checked, split and turned into a dataset."""
