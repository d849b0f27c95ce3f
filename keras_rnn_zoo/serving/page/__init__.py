"""The page of `zoo serve`."""
