"""Fixtures that the tests of several file formats share."""

import pytest


@pytest.fixture(scope="module")
def as_csv(tmp_path_factory):
    """The rows of `columnar_files` in a CSV file."""
    from columnar_files import write_csv

    path = tmp_path_factory.mktemp("csv") / "a.csv"
    write_csv(path)
    return path
