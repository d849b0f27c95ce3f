import pytest
from click.testing import CliRunner

from zoo_cli.main import cli


@pytest.fixture
def zoo():
    """Runs a command line and returns its result."""
    return lambda *args, **kwargs: CliRunner().invoke(cli, list(args), catch_exceptions=False, **kwargs)
