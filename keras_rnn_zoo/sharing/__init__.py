"""Sharing of runs: archives, and repositories on the Hugging Face Hub."""
