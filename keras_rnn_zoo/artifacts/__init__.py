"""The files of runs and exports: reading, writing, locking, and checking them before anything is loaded."""
