"""Postfix and Dovecot for all tests of one process."""

from collections.abc import AsyncIterator, Iterator

import pytest
from mail_network import MailNetwork
from mail_server import MailServer, started


@pytest.fixture(scope="session")
def mail_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    server = started(tmp_path_factory.mktemp("mail"))
    yield server
    server.close()


@pytest.fixture
async def network(mail_server: MailServer) -> AsyncIterator[MailNetwork]:
    if not mail_server.runs():  # a test that failed left it so
        mail_server.stop()
        mail_server.start()
    made = MailNetwork(mail_server)
    yield made
    await made.close()
