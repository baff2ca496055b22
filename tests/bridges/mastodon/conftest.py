"""A snac2 of each version, for all tests of one process."""

from collections.abc import Iterator

import pytest
from mastodon_server import Snac, started


@pytest.fixture(scope="session")
def new_snac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snac]:
    server = started("new", tmp_path_factory.mktemp("new"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def far_snac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snac]:
    """The friend's server: another of the new version."""
    server = started("new", tmp_path_factory.mktemp("far"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def old_snac(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snac]:
    server = started("old", tmp_path_factory.mktemp("old"))
    yield server
    server.stop()
