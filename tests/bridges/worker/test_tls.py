"""TLS over sockets that the node connected."""

import asyncio
import contextlib
import os
import ssl
from pathlib import Path
from socket import socket, socketpair

import pytest

from swarm_bridges.tls import encrypted
from swarmnode.delivery.tls import make_certificate, server_context


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> ssl.SSLContext:
    pem: Path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem.write_bytes(make_certificate(os.urandom))
    return server_context(pem)


@pytest.fixture
def anybody() -> ssl.SSLContext:
    tls = ssl.create_default_context()
    tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    return tls


async def other_side(there: socket, tls: ssl.SSLContext, says: bytes = b"") -> None:
    """Shake hands, say something, and end with no farewell."""
    loop = asyncio.get_running_loop()
    with contextlib.suppress(OSError):
        transport, _ = await loop.connect_accepted_socket(asyncio.Protocol, there, ssl=tls)
        transport.write(says)
        await asyncio.sleep(0.01)
        transport.abort()


async def test_words_arrive(served: ssl.SSLContext, anybody: ssl.SSLContext) -> None:
    here, there = socketpair()
    reader = asyncio.StreamReader()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other_side(there, served, b"good morning"))
        transport, _ = await encrypted(here, lambda: asyncio.StreamReaderProtocol(reader), anybody, "here")
        assert await reader.readexactly(12) == b"good morning"
        transport.abort()


async def test_whom_nobody_vouches_for_is_refused(served: ssl.SSLContext) -> None:
    here, there = socketpair()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(other_side(there, served))
        with pytest.raises(ssl.SSLCertVerificationError):
            await encrypted(here, asyncio.Protocol, ssl.create_default_context(), "here")
    assert here.fileno() == -1


async def test_given_up_at_any_moment_it_is_closed_at_once(
    served: ssl.SSLContext, anybody: ssl.SSLContext
) -> None:
    done, turns = False, 0
    while not done:
        turns += 1
        here, there = socketpair()
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(other_side(there, served))
            opening = tasks.create_task(encrypted(here, asyncio.Protocol, anybody, "here"))
            for _ in range(turns):
                await asyncio.sleep(0)
            if done := opening.done():
                opening.result()[0].abort()
            opening.cancel()
            await asyncio.wait({opening})
            await asyncio.sleep(0)
            assert here.fileno() == -1, turns
    assert turns > 4
