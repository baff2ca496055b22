"""Servers that a domain names in its SRV records, from a real name server."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Mapping

import pytest
from bridge_owner import Lines, Owner, log_in
from dns_server import name_server
from ports import held_port
from xmpp_network import XmppNetwork
from xmpp_server import Server

from swarm_bridges.api import LoginDone, Step
from swarm_bridges.networks.xmpp import stream
from swarmnode.bridging.host.resolve import Resolver

CLIENT, DIRECT = "_xmpp-client._tcp.localhost", "_xmpps-client._tcp.localhost"


@pytest.fixture
async def network(prosody: Server) -> AsyncIterator[XmppNetwork]:
    made = XmppNetwork(prosody, room=False)
    made.answers = {name: said for name, said in made.answers.items() if name not in {"host", "port"}}
    yield made
    await made.close()


def asking(place: str) -> Lines:
    desk = Lines()
    desk.resolver = Resolver([place])
    return desk


async def found(network: XmppNetwork, place: str, answers: Mapping[str, str]) -> Mapping[str, str]:
    done = await log_in(network, asking(place), answers)
    assert isinstance(done, LoginDone), done
    return done.settings


async def test_the_domain_says_where_its_server_is(network: XmppNetwork, prosody: Server) -> None:
    records = (
        f"srv-host={CLIENT},localhost,{prosody.port},20,1",
        f"srv-host={DIRECT},localhost,{prosody.tls_port},10,1",
    )
    peer = await network.peer()
    with name_server(*records) as names:
        done = await log_in(network, asking(names.place), network.answers)
        assert isinstance(done, LoginDone)
        assert (done.settings["port"], done.settings["tls"]) == (str(prosody.tls_port), "direct")
        assert done.hosts == (f"localhost:{prosody.tls_port}",)
        async with Owner(network, done, asking(names.place)) as owner:
            await peer.say("found you")
            await owner.sees("found you")


async def test_one_that_is_down_is_passed_by_then_and_later(network: XmppNetwork, prosody: Server) -> None:
    records = (
        f"srv-host={DIRECT},localhost,{held_port()},1,1",
        f"srv-host={CLIENT},localhost,{prosody.port},2,1",
    )
    with name_server(*records) as names:
        done = await log_in(network, asking(names.place), network.answers)
        assert isinstance(done, LoginDone)
        assert (done.settings["port"], done.settings["tls"]) == (str(prosody.port), "later")
        async with Owner(network, done, asking(names.place)) as owner:
            owner.desk.cut()
            assert (await (await network.peer()).archive()) == []
        # The name service is silent later on: what was found before still stands.
        async with Owner(network, done, Lines()) as owner:
            assert owner.runs == 1


async def test_one_that_says_nothing_is_given_up_then_and_later(
    network: XmppNetwork, prosody: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[asyncio.StreamWriter] = []

    def silent(_: asyncio.StreamReader, line: asyncio.StreamWriter) -> None:
        lines.append(line)
        monkeypatch.setattr(stream, "SILENT_S", patience)  # the others have as long as ever

    patience = stream.SILENT_S
    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    records = (
        f"srv-host={DIRECT},localhost,{server.sockets[0].getsockname()[1]},1,1",
        f"srv-host={CLIENT},localhost,{prosody.port},2,1",
    )
    peer = await network.peer()
    with name_server(*records) as names:
        monkeypatch.setattr(stream, "SILENT_S", 0.5)
        done = await log_in(network, asking(names.place), network.answers)
        assert isinstance(done, LoginDone)
        assert done.settings["port"] == str(prosody.port)
        monkeypatch.setattr(stream, "SILENT_S", 0.5)
        async with Owner(network, done, asking(names.place)) as owner:
            await peer.say("found you")
            await owner.sees("found you")
            owner.desk.cut()
            await peer.say("and again")
            await owner.sees("and again")
            assert (owner.runs, len(lines)) == (3, 2), "it is not asked first again"
    server.close()
    for line in lines:
        line.close()


async def test_a_domain_without_a_server_says_so(network: XmppNetwork) -> None:
    with name_server(f"srv-host={CLIENT}") as names:
        step = await log_in(network, asking(names.place), network.answers)
        assert isinstance(step, Step)
        assert "has no XMPP server" in step.error


async def test_whom_the_name_service_names_has_to_be_the_domains(
    network: XmppNetwork, prosody: Server
) -> None:
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(prosody.authority, prosody.folder / "key.pem")
    other = await asyncio.start_server(lambda _, line: line.close(), "127.0.0.1", 0, ssl=tls)
    port = other.sockets[0].getsockname()[1]
    async with other:
        with name_server(f"srv-host=_xmpps-client._tcp.bank.test,localhost,{port},1,1") as names:
            answers = {**network.answers, "address": "ada@bank.test"}
            step = await log_in(network, asking(names.place), answers)
    assert isinstance(step, Step)
    assert "SSLCertVerificationError" in step.error


async def test_what_the_owner_types_is_not_asked_for(network: XmppNetwork, prosody: Server) -> None:
    with name_server(f"srv-host={CLIENT},localhost,{held_port()},1,1") as names:
        typed = {**network.answers, "host": "127.0.0.1", "port": str(prosody.port)}
        settings = await found(network, names.place, typed)
        assert (settings["host"], "found" in settings) == ("127.0.0.1", False)
