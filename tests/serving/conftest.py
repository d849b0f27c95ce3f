"""Fixtures of the tests in a browser. A module that uses `visit` has a fixture `url`, of the server to visit."""

import pytest


@pytest.fixture(scope="module")
def browser():
    from browsing import chromium

    with chromium() as started:
        yield started


@pytest.fixture
def visit(browser, url):
    from browsing import Visit

    started = Visit(browser, url)
    yield started
    started.close()
