"""What there is, as tables: runs, datasets, and the facts about one architecture or run."""
