"""The kinds of raw input: one file, one kind, and how it becomes tensors. The registry scans this folder."""
