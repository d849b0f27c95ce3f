"""Training: the plan of a run, fitting, checkpoints, and the settings that follow from the data."""
