"""OMEMO where a line is lost in between, and where another's server does not say whose keys are which."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import omemo as library
import pytest
from bridge_owner import Lines, Owner, log_in
from xmpp_faults import attribute
from xmpp_network import Hurried, XmppNetwork
from xmpp_omemo import omemo_network, owner_with_keys, secret, seen
from xmpp_proxy import Line, StanzaProxy, Unencrypted
from xmpp_server import Server, started

from swarm_bridges.api import AccountId, Batch, BridgeError, LoginDone, Temporary
from swarm_bridges.networks.xmpp import omemo_library
from swarm_bridges.text import to_plain

pytestmark = pytest.mark.filterwarnings("ignore:Accessing plugins through:DeprecationWarning")


class Busy(Lines):
    """A desk that stores nothing for a while."""

    def __init__(self) -> None:
        super().__init__()
        self.free, self.asked = asyncio.Event(), asyncio.Event()
        self.free.set()

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        self.asked.set()
        await self.free.wait()
        await super().ingest(account, batch)


async def test_what_waits_when_the_line_is_lost_is_opened_over_the_next_one(prosody: Server) -> None:
    """Who has sent it can be asked for then; before it would be told as something without keys, for good."""
    async with omemo_network(prosody, room=False) as network:
        desk, me = Busy(), network.answers["address"]
        friend = await secret(network, network._friend, "desk")
        async with asyncio.timeout(100), await owner_with_keys(network, desk) as owner:
            desk.free.clear()
            desk.asked.clear()
            await friend.say_locked(me, "one")
            await desk.asked.wait()
            phone = await secret(network, network._friend, "phone")
            await phone.say_locked(me, "two, from a new phone")
            await phone.get_roster()  # so the server has it,
            await owner.call_page(network.conversation, None, 1)  # and so the bridge
            desk.cut()
            with pytest.raises(BridgeError):
                await owner.call_page(network.conversation, None, 1)
            desk.free.set()
            await owner.sees("two, from a new phone")
            assert [e.unreadable for e in seen(owner)] == ["", ""]
            assert owner.runs == 2


class Secretive:
    """A server of others that does not answer who asks for keys, while `silent`, or is not `there`.

    Until `opens`, the owner's own does not let anybody in.
    """

    def __init__(self) -> None:
        self.silent, self.there = False, True
        self.asked = 0
        self.opens, self.knocked = asyncio.Event(), asyncio.Event()
        self.opens.set()

    async def up(self, line: Line, stanza: bytes) -> None:
        if not self.opens.is_set():
            self.knocked.set()
            await self.opens.wait()
        keys = b"axolotl" in stanza and b" to=" in stanza and stanza.startswith(b"<iq")
        if not keys or (self.there and not self.silent):
            await line.to_server(stanza)
            return
        self.asked += 1
        if not self.there:
            named = {name: attribute(stanza, name) for name in ("id", "to")}
            await line.tell(NOT_FOUND.format(**named))

    async def down(self, line: Line, stanza: bytes) -> None:
        await line.to_client(stanza)


NOT_FOUND = """<iq type='error' id='{id}' from='{to}'><error type='cancel'><remote-server-not-found
 xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"""


@pytest.fixture(scope="module")
def unencrypted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    server = started(Unencrypted, tmp_path_factory.mktemp("unencrypted"))
    yield server
    server.stop()


@pytest.fixture
async def network(unencrypted: Server) -> AsyncIterator[XmppNetwork]:
    async with omemo_network(unencrypted, room=False) as made:
        yield made


@asynccontextmanager
async def behind(
    network: XmppNetwork, watch: Secretive, clock: Hurried, *, omemo: str = "yes"
) -> AsyncIterator[Owner]:
    """The owner, whose line leads past somebody who watches it."""
    async with StanzaProxy(network.server, watch) as proxy:
        answers = {**network.answers, "omemo": omemo, "port": str(proxy.port)}
        done = await log_in(network, Lines(), answers)
        assert isinstance(done, LoginDone)
        async with Owner(network, done, clock=clock) as owner:
            yield owner


async def test_a_server_that_keeps_its_keys_to_itself_holds_up_nobody(
    network: XmppNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    me, clock, watch = network.answers["address"], Hurried(), Secretive()
    friend = await secret(network, network._friend, "desk")
    async with asyncio.timeout(100):
        async with behind(network, watch, clock) as owner:
            await friend.say_locked(me, "from a desk that is known")
            await owner.sees("from a desk that is known")
            phone = await secret(network, network._friend, "phone")
            watch.silent = True
            clock.ahead_s += omemo_library.EACH_S
            with monkeypatch.context() as hurry:
                hurry.setattr(omemo_library, "WAITING_S", 1.0)
                await phone.say_locked(me, "from a phone that nobody knows")
                await owner.until(lambda _: len(seen(owner)) == 2)
                await phone.say_locked(me, "nor yet")
                await owner.until(lambda _: len(seen(owner)) == 3)
            await friend.say_locked(me, "from the desk again")
            await owner.sees("from the desk again")
            assert [e.unreadable for e in seen(owner)] == ["", "no_keys", "no_keys", ""]
            assert watch.asked == 1
            watch.silent = False
            clock.ahead_s += omemo_library.EACH_S
            await phone.say_locked(me, "and now")
            await owner.sees("and now")
            assert owner.runs == 1
        assert to_plain(seen(owner)[-1].body) == "and now"


async def test_first_words_wait_while_nobody_knows_whether_they_could_be_read_encrypted(
    network: XmppNetwork, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, watch = Hurried(), Secretive()
    friend = await secret(network, network._friend, "desk")
    async with asyncio.timeout(100), behind(network, watch, clock, omemo="first") as owner:
        watch.silent = True
        with monkeypatch.context() as hurry:
            hurry.setattr(omemo_library, "WAITING_S", 1.0)
            for _ in range(2):
                with pytest.raises(Temporary):
                    await owner.bridge.send(owner.ctx, owner.outgoing("not in the clear"))
        watch.silent = False
        clock.ahead_s += omemo_library.EACH_S
        await owner.say("only for you")
        await friend.hears("only for you")
        assert not [m for m in friend.heard if "clear" in str(m["body"])]


async def test_whose_server_is_not_reached_is_not_one_without_keys(network: XmppNetwork) -> None:
    watch, friend = Secretive(), await secret(network, network._friend, "desk")
    async with asyncio.timeout(100), behind(network, watch, Hurried()) as owner:
        await friend.say_locked(network.answers["address"], "hello")
        await owner.sees("hello")
        watch.there = False
        await owner.say("hello yourself")
        await friend.hears("hello yourself")
        assert watch.asked == 1
        assert seen(owner, notices=True) == []


async def test_a_room_that_cannot_be_asked_now_is_closed_as_before(unencrypted: Server) -> None:
    """What is said while a line is made anew is said later, and not refused for good."""
    async with omemo_network(unencrypted, room=True) as network:
        watch, friend = Secretive(), await secret(network, network._friend)
        await friend.found(network._room, "friend", [network.answers["address"]])
        async with asyncio.timeout(100), behind(network, watch, Hurried()) as owner:
            await owner.say("among us", protect="omemo")
            await friend.hears("among us")
            watch.opens.clear()
            owner.desk.cut()
            await watch.knocked.wait()
            with pytest.raises(Temporary):
                await owner.bridge.send(owner.ctx, owner.outgoing("too early", protect="omemo"))
            watch.opens.set()
            await owner.say("and later", protect="omemo")
            await friend.hears("and later")


async def test_an_account_that_is_stopped_while_its_keys_are_made_ready_stops(
    prosody: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library takes a cancelling at that moment for its own; the session went on for good."""
    shutdown = library.SessionManager.shutdown

    async def stopped_meanwhile(manager: library.SessionManager) -> None:
        asyncio.get_running_loop().call_soon(running.cancel)
        await shutdown(manager)

    async with omemo_network(prosody, room=False) as network, asyncio.timeout(60):
        owner = await owner_with_keys(network)
        monkeypatch.setattr(library.SessionManager, "shutdown", stopped_meanwhile)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(owner.bridge.run(owner.ctx))
        assert running.cancelled()
        owner.desk.cut()
        await owner.ctx.close()
