"""Keras layers that the architectures and tasks share. Importing this package loads Keras."""
