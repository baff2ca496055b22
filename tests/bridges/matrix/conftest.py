"""A Synapse for all tests of one process."""

from collections.abc import Iterator

import pytest
from matrix_server import Synapse, started


@pytest.fixture(scope="session")
def synapse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Synapse]:
    server = started(tmp_path_factory.mktemp("synapse"))
    yield server
    server.stop()
