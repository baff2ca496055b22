"""A Prosody, and where it is asked for an ejabberd, for all tests of one process."""

from collections.abc import Iterator

import pytest
from xmpp_server import Ejabberd, Prosody, Server, started


@pytest.fixture(scope="session")
def prosody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Prosody, tmp_path_factory.mktemp("prosody"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def ejabberd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Ejabberd, tmp_path_factory.mktemp("ejabberd"))
    yield server
    server.stop()
