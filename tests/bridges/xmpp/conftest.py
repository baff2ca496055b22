"""A Prosody for all tests of one process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from xmpp_server import Prosody, Server

RESUME_S = 2


def started(server: type[Server], folder: Path) -> Server:
    """A server that runs; where it is not installed, the test is skipped, or fails in CI."""
    if missing := server.missing():
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(missing)
    made = server(folder / "server", {}, RESUME_S)
    made.start()
    return made


@pytest.fixture(scope="session")
def prosody(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Prosody, tmp_path_factory.mktemp("prosody"))
    yield server
    server.stop()
