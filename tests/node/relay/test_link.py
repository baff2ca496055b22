"""Links: whom they trust, what they tell, and what a person reads when one does not come about."""

from __future__ import annotations

import asyncio
import os
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web
from relay_world import served

from swarm_protocol.errors import UnexpectedMessage
from swarm_protocol.mailbox import Caller
from swarm_protocol.mailbox.limits import MAX_FRAME
from swarmnode.delivery import tls
from swarmnode.delivery.link import connect, split_address
from swarmnode.errors import Refused, StorageError, Unreachable, UsageError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def web_server(
    folder: Path,
    handler: Handler,
    change: Callable[[ssl.SSLContext], object] = bool,
) -> AsyncIterator[tuple[str, bytes]]:
    """Something on the web that is no relay: its address and pin."""
    pem = folder / "certificate.pem"
    pem.write_bytes(tls.make_certificate(os.urandom))
    context = tls.server_context(pem)
    change(context)
    app = web.Application()
    app.router.add_get("/", handler)
    runner = web.AppRunner(app, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    host, port = runner.addresses[0][:2]
    try:
        yield f"{host}:{port}", tls.pin_of(pem.read_bytes())
    finally:
        await runner.cleanup()


@asynccontextmanager
async def listening(talk: Talk) -> AsyncIterator[str]:
    async def guarded(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await talk(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(guarded, "127.0.0.1", 0)
    async with server:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_a_relay_greets(tmp_path: Path) -> None:
    async with served(tmp_path) as role, connect(role.address, role.pin) as link:
        assert len(Caller.greeted(await link.receive()).session.relay) == 32


async def test_another_pin_is_refused_before_anything_is_sent(tmp_path: Path) -> None:
    seen = []

    async def handler(request: web.Request) -> web.Response:
        seen.append(request)
        return web.Response()

    async with web_server(tmp_path, handler) as (address, pin):
        with pytest.raises(Refused, match="another certificate"):
            async with connect(address, bytes([pin[0] ^ 1]) + pin[1:]):
                pass
    assert not seen


async def test_an_older_tls_is_refused(tmp_path: Path) -> None:
    def older(context: ssl.SSLContext) -> None:
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2

    async with web_server(tmp_path, page, older) as (address, pin):
        with pytest.raises((Refused, Unreachable)):  # it depends on whether its alert arrives
            async with connect(address, pin):
                pass


async def test_a_relay_refuses_an_older_tls(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    async with served(tmp_path) as role:
        host, port = split_address(role.address)
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection(host, port, ssl=context)
        context.maximum_version = ssl.TLSVersion.TLSv1_3
        _, writer = await asyncio.open_connection(host, port, ssl=context)
        writer.close()


async def page(_: web.Request) -> web.Response:
    return web.Response(text="hello")


async def test_no_relay_is_refused(tmp_path: Path) -> None:
    async with web_server(tmp_path, page) as (address, pin):
        with pytest.raises(Refused, match="not a relay"):
            async with connect(address, pin):
                pass


@pytest.mark.parametrize("said", ["text", "too large"])
async def test_what_no_relay_says_is_refused(tmp_path: Path, said: str) -> None:
    async def chat(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await (ws.send_str("hello") if said == "text" else ws.send_bytes(bytes(MAX_FRAME + 1)))
        async for _ in ws:
            pass
        return ws

    async with web_server(tmp_path, chat) as (address, pin), connect(address, pin) as link:
        with pytest.raises(Refused):
            await link.receive()


async def test_the_largest_frame_passes_and_the_iteration_ends_with_the_link(tmp_path: Path) -> None:
    async def chat(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_bytes(bytes(MAX_FRAME))
        await ws.close()
        return ws

    async with web_server(tmp_path, chat) as (address, pin), connect(address, pin) as link:
        assert [len(frame) async for frame in link] == [MAX_FRAME]
        with pytest.raises(Unreachable):
            await link.send(b"too late")


async def test_somebody_who_greets_wrongly_is_no_relay(tmp_path: Path) -> None:
    async def chat(request: web.Request) -> web.WebSocketResponse:
        ws = web.WebSocketResponse()
        await ws.prepare(request)
        await ws.send_bytes(b"\xa3\x01\x18\x21\x02\x01\x03\xa0")
        await ws.close()
        return ws

    async with web_server(tmp_path, chat) as (address, pin), connect(address, pin) as link:
        with pytest.raises(UnexpectedMessage):
            Caller.greeted(await link.receive())


async def test_nobody_there_is_unreachable() -> None:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable):
            async with connect(f"127.0.0.1:{bound.getsockname()[1]}", bytes(32)):
                pass


async def test_who_does_not_answer_in_time_is_unreachable() -> None:
    async def silent(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(silent) as address:
        with pytest.raises(Unreachable, match="in time"):
            async with connect(address, bytes(32), timeout_s=0.1):
                pass


async def test_who_speaks_something_else_is_refused_or_unreachable() -> None:
    async def mail(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n" * 10)
        await writer.drain()

    async with listening(mail) as address:
        with pytest.raises((Refused, Unreachable)):
            async with connect(address, bytes(32)):
                pass


async def test_a_handshake_names_nobody() -> None:
    heard: list[bytes] = []

    async def listen(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        heard.append(await reader.read(4096))

    async with listening(listen) as address:
        with pytest.raises((Refused, Unreachable)):
            async with connect(address.replace("127.0.0.1", "localhost"), bytes(32)):
                pass
    (hello,) = heard
    assert hello[0] == 22
    assert hello[5] == 1, "a ClientHello"
    assert b"localhost" not in hello
    assert b"0.0.0.0" not in hello


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("relay.example:8471", "relay.example", 8471),
        ("192.0.2.1:1", "192.0.2.1", 1),
        ("[2001:db8::1]:65535", "2001:db8::1", 65535),
    ],
)
def test_addresses(text: str, host: str, port: int) -> None:
    assert split_address(text) == (host, port)


@pytest.mark.parametrize(
    "text",
    ["", "host", "host:", ":1", "host:0", "host:65536", "host:x", "::1:8471", "[]:1", "[host]:1", "host:²"],
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="HOST:PORT"):
        split_address(text)


def test_a_certificate_is_made_of_entropy_alone() -> None:
    one, other = (tls.make_certificate(lambda n, s=seed: bytes([s]) * n) for seed in (1, 2))
    assert tls.pin_of(one) != tls.pin_of(other)
    again = tls.make_certificate(lambda n: bytes([1]) * n)
    assert again.partition(b"-----BEGIN CERT")[0] == one.partition(b"-----BEGIN CERT")[0]


@pytest.mark.parametrize("damage", [b"", b"no certificate"])
def test_a_damaged_certificate_is_said_to_be_one(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "pem").write_bytes(damage)
    with pytest.raises(StorageError):
        tls.pin_of(damage)
    with pytest.raises(StorageError):
        tls.server_context(tmp_path / "pem")
