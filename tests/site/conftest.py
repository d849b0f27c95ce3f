"""The modules that build the site, which are in docs/_site/ and no part of the package."""

import importlib
import sys
from pathlib import Path

import pytest

SITE = Path(__file__).parents[2] / "docs" / "_site"


@pytest.fixture(scope="session")
def site():
    """Imports a module that builds the site, by its name."""
    sys.path.insert(0, str(SITE))
    yield importlib.import_module
    sys.path.remove(str(SITE))
