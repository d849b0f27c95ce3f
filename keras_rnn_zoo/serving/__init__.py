"""Serves runs and exports over HTTP: `zoo serve`."""
