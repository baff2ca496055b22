"""What goes wrong at a server and between: hostile and broken streams, forgers, servers that slow down."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping

import pytest
from bridge_owner import ACCOUNT, Lines, Owner, log_in, owner_of
from xmpp_network import Hurried, XmppNetwork
from xmpp_proxy import Line, StanzaProxy, Unencrypted
from xmpp_server import Prosody, Server, started

from swarm_bridges.api import ActorSeen, BridgeError, Limited, LoginDone, Refused
from swarm_bridges.context import Clock
from swarm_bridges.networks.xmpp import stream


class Slow(Prosody):
    """Takes 20 kB a second from each client (mod_limits), which it does by not reading."""

    options: Mapping[str, str] = {"limits": '{ c2s = { rate = "20kb/s" } }'}


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Slow, tmp_path_factory.mktemp("slow"))
    yield server
    server.stop()


@pytest.fixture(scope="module")
def unencrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Unencrypted, tmp_path_factory.mktemp("unencrypted"))
    yield server
    server.stop()


@pytest.fixture
async def network(unencrypted: Server) -> AsyncIterator[XmppNetwork]:
    made = XmppNetwork(unencrypted, room=False)
    yield made
    await made.close()


@pytest.fixture
async def direct(prosody: Server) -> AsyncIterator[XmppNetwork]:
    made = XmppNetwork(prosody, room=False)
    yield made
    await made.close()


async def behind(network: XmppNetwork, proxy: StanzaProxy, clock: Clock | None = None) -> Owner:
    """The owner, whose line leads through a proxy."""
    done = await log_in(network, Lines(), {**network.answers, "port": str(proxy.port)})
    assert isinstance(done, LoginDone), done
    assert done.settings["tls"] == "direct"
    return Owner(network, done, clock=clock)


DEEP = "<a>" * 3000 + "</a>" * 3000
ODD = (
    "<iq/>",
    "<iq type='get' id='1' from='{server}'><query xmlns='urn:nobody:knows'/></iq>",
    "<iq type='result' id='nobody-asked'/>",
    "<iq type='set' id='2'><query xmlns='jabber:iq:roster'><item/><item jid='@@'/></query></iq>",
    "<message/>",
    "<message from='@@//' to='x' type='chat' id='3'><body>x</body></message>",
    "<message from='{me}' type='groupchat'><body/></message>",
    f"<message from='{{other}}' type='chat'><x xmlns='urn:deep'>{DEEP}</x><body>deep</body></message>",
    (
        "<message from='{me}'><result xmlns='urn:xmpp:mam:2'><forwarded xmlns='urn:xmpp:forward:0'/></result>"
        "</message>"
    ),
    (
        "<message from='{other}'><delay xmlns='urn:xmpp:delay' stamp='9999-99-99T99:99:99Z'/><body>x</body>"
        "</message>"
    ),
    (
        "<message from='{me}' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'>"
        "<items node='urn:xmpp:bookmarks:1'><item id='@'><conference autojoin='1'/></item><retract/></items>"
        "</event></message>"
    ),
    "<presence/>",
    "<presence from='{other}/x' type='error'/>",
    (
        "<presence from='{other}/x'><x xmlns='http://jabber.org/protocol/muc#user'><status code='110'/></x>"
        "</presence>"
    ),
    "<nothing xmlns='urn:nobody:knows'/>",
    "<a xmlns='urn:xmpp:sm:3' h='123456'/>",
    "<resumed xmlns='urn:xmpp:sm:3' previd='x' h='0'/>",
)


async def test_odd_stanzas_of_a_server_stop_nothing(network: XmppNetwork) -> None:
    peer = await network.peer()
    async with StanzaProxy(network.server) as proxy, await behind(network, proxy) as owner:
        me, other = network.answers["address"], network.conversation.remote_id
        for n, stanza in enumerate(ODD):
            await proxy.tell(stanza.format(me=me, other=other, server=network.server.domain))
            await peer.say(f"after {n}")
            await owner.sees(f"after {n}")
        assert not owner.ended.done()
        assert not [line for line in owner.desk.of(ACCOUNT).lines if line[1] == "unreadable_stanza"]


BROKEN = [
    "\udcff\udcfe\x00<<<",
    "<message><unknown:prefix/></message>",
    "<!DOCTYPE x [<!ENTITY y 'z'>]>",
    "</stream:stream>",
]


async def test_a_stream_that_breaks_is_begun_anew_and_nothing_is_lost(network: XmppNetwork) -> None:
    peer = await network.peer()
    async with StanzaProxy(network.server) as proxy, await behind(network, proxy) as owner:
        for n, piece in enumerate(BROKEN):
            await proxy.tell(piece)
            await peer.say(f"after {n}")
            await owner.sees(f"after {n}")
            await owner.say(f"mine {n}")
            assert owner.runs == n + 2
        await proxy.tell("<message from='x'><body>never ends")
        await peer.say("after all")
        proxy.cut()
        await owner.sees("after all")
        said = [f"{what} {n}" for n in range(len(BROKEN)) for what in ("after", "mine")]
        assert sorted(await peer.archive()) == sorted([*said, "after all"])


async def test_a_line_that_has_died_in_silence_is_noticed(
    network: XmppNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, clock = await network.peer(), Hurried()
    async with StanzaProxy(network.server) as proxy, await behind(network, proxy, clock) as owner:
        proxy.lines[-1].deaf = True
        await peer.say("into the void")
        with monkeypatch.context() as hurry:
            hurry.setattr(stream, "ANSWER_S", 1.0)
            clock.hurry(owner)
            async with asyncio.timeout(45):
                while owner.runs < 2:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
        await owner.sees("into the void")
        assert owner.runs == 2


class Odd:
    """Answers each question for an archive with an error of its own."""

    def __init__(self, error: str) -> None:
        self._error = error

    async def up(self, line: Line, stanza: bytes) -> None:
        if b"urn:xmpp:mam:2" not in stanza:
            await line.to_server(stanza)
            return
        found = re.search(rb'\bid="([^"]*)"', stanza)
        assert found is not None
        await line.tell(f"<iq type='error' id='{found[1].decode()}'>{self._error}</iq>")

    async def down(self, line: Line, stanza: bytes) -> None:
        await line.to_client(stanza)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ("", Refused),
        (
            "<error type='wait'><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
            Limited,
        ),
    ],
)
async def test_an_error_that_nobody_knows_is_an_answer(
    network: XmppNetwork, error: str, kind: type[BridgeError]
) -> None:
    async with StanzaProxy(network.server) as proxy, await behind(network, proxy) as owner:
        proxy.watch = Odd(error)
        with pytest.raises(kind):
            await owner.call_page(network.conversation, None, 10)
        assert owner.runs == 1


async def test_nobody_else_changes_the_address_book(direct: XmppNetwork) -> None:
    peer = await direct.peer()
    async with await owner_of(direct) as owner:
        mine = f"{direct.answers['address']}/swarmnode"
        item = f"<item jid='{direct.conversation.remote_id}' name='The Bank' subscription='both'/>"
        peer.client.raw(
            f"<iq type='set' to='{mine}' id='f1'><query xmlns='jabber:iq:roster'>{item}</query></iq>"
        )
        await peer.say("I am the bank")
        await owner.sees("I am the bank")
        assert await owner.call("contacts") == ()
        events = [e for batch in owner.desk.of(ACCOUNT).batches for e in batch.events]
        assert not [e for e in events if isinstance(e, ActorSeen) and e.name == "The Bank"]


async def test_a_server_that_slows_one_down_gets_everything_once(slow: Server) -> None:
    network = XmppNetwork(slow, room=False)
    try:
        peer = await network.peer()
        async with await owner_of(network) as owner:
            texts = [f"{n} {'long ' * 1900}" for n in range(8)]
            async with asyncio.timeout(50), asyncio.TaskGroup() as tasks:
                for text in texts:
                    tasks.create_task(owner.say(text))
            assert sorted(await peer.archive()) == sorted(texts)
            assert owner.runs == 1
    finally:
        await network.close()
