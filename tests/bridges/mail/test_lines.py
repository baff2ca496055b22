"""Logging in, lines that break at any byte, and servers that are none."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
from bridge_owner import Lines, log_in, owner_of
from mail_network import MailNetwork
from mail_peer import text_of
from mail_server import MailServer

from swarm_bridges.api import Absent, Accepted, BridgeError, CantTell, LoginDone, Step, Unknown
from swarm_bridges.networks.mail import account
from swarm_bridges.networks.mail.imap import Imap
from swarm_bridges.networks.mail.line import Place
from swarm_bridges.networks.mail.smtp import Smtp
from swarm_bridges.testing.proxy import FaultProxy
from swarm_bridges.tls import trusting

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


# --- logging in ---


async def test_encryption_that_is_asked_for_is_as_good(network: MailNetwork, mail_server: MailServer) -> None:
    network.answers = {
        **network.answers,
        "imap_port": str(mail_server.imap),
        "imap_security": "starttls",
        "smtp_port": str(mail_server.smtp),
        "smtp_security": "starttls",
    }
    peer = await network.peer()
    async with await owner_of(network) as owner:
        await owner.say("one")
        await peer.sees("one")
        await peer.say("two")
        await owner.sees("two")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "nobody"}, "address"),
        ({"password": "wrong"}, "app password"),
        ({"imap_port": "many"}, "port"),
        ({"imap_port": "1"}, "did not work"),
        ({"smtp_port": "1"}, "did not work"),
        ({"smtp_security": "tls", "smtp_port": "{smtp}"}, "did not work"),
        ({"certificate": "none"}, "certificate"),
        ({"certificate": ""}, "certificate"),
    ],
)
async def test_a_login_says_what_is_wrong(
    network: MailNetwork, change: Mapping[str, str], words: str
) -> None:
    given = {name: text.replace("{smtp}", str(network.server.smtp)) for name, text in change.items()}
    step = await log_in(network, Lines(), {**network.answers, **given})
    assert isinstance(step, Step)
    assert words in step.error.lower()
    assert network.answers["password"] not in repr(step)


async def test_a_login_knows_the_folders_and_the_size(network: MailNetwork) -> None:
    done = await log_in(network, Lines(), network.answers)
    assert isinstance(done, LoginDone)
    found = [done.settings[name] for name in ("sent", "trash", "size")]
    assert found == ["Sent", "Trash", "33554432"]
    assert done.hosts == tuple(f"127.0.0.1:{network.answers[name]}" for name in ("imap_port", "smtp_port"))


# --- lines that break ---


async def test_a_line_that_breaks_while_sending_neither_loses_nor_doubles(
    network: MailNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    # This server delivers at once; from an ordinary one a copy is waited for longer.
    monkeypatch.setattr(account, "LOOK_S", 2.0)
    friend = network.program(network.friend_name)
    async with FaultProxy("127.0.0.1", network.server.smtps) as proxy:
        network.answers = {**network.answers, "smtp_port": str(proxy.address[1])}
        async with await owner_of(network) as owner:
            before = proxy.received
            await owner.say("whole")
            await owner.sees("whole")  # so copies are known to come
            size = proxy.received - before
            said = []
            for n, broken_at in enumerate((10, size // 2, size - 40, size - 5)):
                proxy.reset_after = proxy.received + broken_at
                said.append(f"broken {n}")
                await owner.say(said[-1])
            await friend.settled()
            assert sorted(text_of(m) for m in await friend.mails()) == [*said, "whole"]
            await owner.until(lambda j: {*said} <= set(j.texts(network.conversation)))
            assert sorted(owner.journal.texts(network.conversation)) == [*said, "whole"]
            # Once the end is on its way, nobody knows at this end what a network has swallowed before it.
            assert 1 <= len(owner.questions) <= 3


async def test_a_line_that_breaks_while_reading_loses_nothing(network: MailNetwork) -> None:
    peer = await network.peer()
    said = [f"line {n}" for n in range(8)]
    async with FaultProxy("127.0.0.1", int(network.answers["imap_port"])) as proxy:
        network.answers = {**network.answers, "imap_port": str(proxy.address[1])}
        async with await owner_of(network) as owner:
            for n, text in enumerate(said):
                proxy.reset_after = proxy.received + 1 + 90 * n
                await peer.say(text)
                await owner.sees(text)
            assert owner.journal.texts(network.conversation) == said
            assert owner.runs > 4


async def test_what_may_have_left_is_never_absent(
    network: MailNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(account, "LOOK_S", 1.0)
    friend = network.program(network.friend_name)
    async with FaultProxy("127.0.0.1", network.server.smtps) as proxy:
        network.answers = {**network.answers, "smtp_port": str(proxy.address[1])}
        async with await owner_of(network) as owner:
            before = proxy.received
            await owner.say("whole")
            size = proxy.received - before
            out = owner.outgoing("lost")
            assert isinstance(await owner.call("find_sent", out), Absent)  # at once: nothing of it has left
            proxy.reset_after = proxy.received + size - 5
            assert isinstance(await owner.call("send", out), Unknown)
            assert isinstance(await owner.call("find_sent", out), CantTell)
            assert isinstance(await owner.call("send", out), Accepted)  # the owner says: again
            await owner.sees("lost")
            assert isinstance(await owner.call("find_sent", out), Accepted)
            await friend.settled()
            assert [text_of(m) for m in await friend.mails()] == ["whole", "lost"]
            names = {str(m["Message-ID"]) for m in await friend.mails()}
            assert {name.split("~")[0] for name in names} >= {f"<{out.intent}"}


# --- servers that are none ---


@contextlib.asynccontextmanager
async def served(talk: Talk, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server for one line; gives its port, and waits in the end until the line is closed."""
    ended = asyncio.Event()

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            await talk(reader, writer)
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(whole, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield int(server.sockets[0].getsockname()[1])
        async with asyncio.timeout(45):
            await ended.wait()


@pytest.mark.parametrize("kind", ["imap", "smtp"])
@pytest.mark.parametrize("injected", [False, True], ids=["refused", "injected"])
async def test_nothing_is_said_in_the_clear(network: MailNetwork, kind: str, *, injected: bool) -> None:
    heard: list[bytes] = []
    hello, hello2 = (b"* OK hello\r\n", b"") if kind == "imap" else (b"220 hello\r\n", b"250 STARTTLS\r\n")
    agreed = b"s0 OK\r\n* PREAUTH\r\n" if kind == "imap" else b"220 go\r\n250 AUTH PLAIN\r\n"
    refused = b"s0 NO\r\n" if kind == "imap" else b"454 no\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(hello)
        if hello2:
            heard.append(await reader.readline())
            writer.write(hello2)
        heard.append(await reader.readline())
        writer.write(agreed if injected else refused)
        heard.append(await reader.read())

    async with served(talk) as port:
        answers = {**network.answers, f"{kind}_port": str(port), f"{kind}_security": "starttls"}
        step = await log_in(network, Lines(), answers)
    assert isinstance(step, Step)
    assert "did not work" in step.error
    assert network.answers["password"].encode() not in b"".join(heard)
    assert b"LOGIN" not in b"".join(heard).upper()


NOISE = [
    b"",
    b"\x00" * 100 + b"\r\n",
    b"* BYE [UNAVAILABLE] later\r\n",
    b"* OK hello\r\n* CAPABILITY IMAP4rev1 LOGINDISABLED\r\ns1 OK done\r\n",
    b"* OK hello\r\n* CAPABILITY IMAP4rev1\r\ns1 OK\r\ns2 BAD [x] no\r\n",
    b"* OK hello\r\n* X {999999999999999999999999}\r\n",
    b"* OK hello\r\n* X {9999999999}\r\nabc",
    b"* OK hello\r\n" + b"x" * (5 << 20),
    b"* OK hello\r\n" + b"* 1 EXISTS\r\n" * 20_500,
    b"220 hello\r\n250 x\r\n",
    b"220 hello\r\n250-AUTH PLAIN\r\n250 x\r\n421 later\r\n",
    b"220 hello\r\n" + b"250-x\r\n" * 500,
    b"999 hello\r\n",
]


@pytest.mark.parametrize("noise", NOISE, ids=range(len(NOISE)))
@pytest.mark.parametrize("kind", [Imap, Smtp])
async def test_whatever_a_server_says_is_an_error_of_the_contract(
    mail_server: MailServer, kind: type[Imap] | type[Smtp], noise: bytes
) -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(noise)
        await writer.drain()

    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(mail_server.folder / "cert.pem", mail_server.folder / "key.pem")
    async with served(talk, tls=tls) as port:
        line = socket.create_connection(("127.0.0.1", port))
        where, trust = Place("127.0.0.1", port, "tls"), trusting(mail_server.certificate)
        with pytest.raises(BridgeError):
            await kind.open(line, where, trust, "a", "b")
