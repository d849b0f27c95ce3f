"""Export of runs: one file per format, and the comparison of an export with its run before it is published."""
