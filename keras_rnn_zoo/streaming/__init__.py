"""Answers while the input is still coming in: models, and whole predictions, as steps with explicit states."""
