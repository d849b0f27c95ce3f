"""Readers, one file per kind of raw input: how it becomes tensors. The registry scans this folder."""
