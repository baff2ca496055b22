"""What is XMPP's own: sessions, hostile stanzas, what stands around messages. Against Prosody."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from bridge_owner import ACCOUNT, Lines, Owner, log_in, owner_of
from slixmpp.jid import JID
from xmpp_network import XmppNetwork
from xmpp_server import Server

from swarm_bridges.api import (
    AccountId,
    ActorSeen,
    Batch,
    BridgeError,
    Conflict,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Event,
    Gone,
    Health,
    Interrupted,
    LoginDone,
    ReceiptMoved,
    State,
    Step,
    Temporary,
)


@pytest.fixture
async def direct(prosody: Server) -> AsyncIterator[XmppNetwork]:
    made = XmppNetwork(prosody, room=False)
    yield made
    await made.close()


@pytest.fixture
async def room(prosody: Server) -> AsyncIterator[XmppNetwork]:
    made = XmppNetwork(prosody, room=True)
    yield made
    await made.close()


def told(owner: Owner) -> list[Event]:
    return [event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events]


async def until(owner: Owner, kind: type[Event], wanted: Any = lambda _: True) -> Any:
    """The first event like this."""

    def find() -> Event | None:
        return next((e for e in told(owner) if isinstance(e, kind) and wanted(e)), None)

    await owner.until(lambda _: find() is not None)
    return find()


class Forgetful(Lines):
    """A desk whose commits fail from some time on, as when the disk is full."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False
        self.asked = asyncio.Event()

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        if self.fails:
            self.asked.set()
            raise Interrupted("the disk is full")
        await super().ingest(account, batch)


async def test_a_short_cut_is_one_session(direct: XmppNetwork) -> None:
    peer = await direct.peer()
    async with await owner_of(direct) as owner:
        await owner.say("one")
        owner.desk.cut()
        await owner.say("two")
        await peer.say("three")
        await owner.sees("three")
        states = [health.state for health in owner.desk.of(ACCOUNT).health]
        assert states.count(State.CATCHING_UP) == 1
        assert owner.runs == 2
        assert await peer.archive() == ["one", "two", "three"]


async def test_in_another_session_nobody_looks_into_rooms_before_they_are_entered(room: XmppNetwork) -> None:
    """The rooms may be gone, with what was said there: to look would show that it was not."""
    async with await owner_of(room) as owner:
        out, looked = owner.outgoing("said"), list[type]()
        await owner.call("send", out)

        def meanwhile(_: object) -> None:
            looking = owner.bridge.find_sent(owner.ctx, out)
            try:
                looking.send(None)
            except BridgeError as e:
                looked.append(type(e))
            else:
                looked.append(type(None))

        owner.bridge._session.stream.add_event_handler("session_start", meanwhile)
        await asyncio.to_thread(lambda: room.stop(kill=True))
        await asyncio.to_thread(room.start)
        await owner.say("last")
        assert looked == [Temporary]


async def test_what_was_not_committed_is_not_acknowledged(direct: XmppNetwork) -> None:
    peer, desk = await direct.peer(), Forgetful()
    async with await owner_of(direct, desk=desk) as owner:
        await peer.say("one")
        await owner.sees("one")
        desk.fails = True
        await peer.say("two")
        async with asyncio.timeout(30):
            await desk.asked.wait()
        desk.fails = False
        await owner.sees("two")
        assert owner.journal.texts(direct.conversation) == ["one", "two"]


async def test_a_second_node_is_a_conflict(direct: XmppNetwork) -> None:
    async with await owner_of(direct) as first, await owner_of(direct):
        async with asyncio.timeout(30):
            assert isinstance(await first.ended, Conflict)


async def test_a_login_does_not_disturb_the_session(direct: XmppNetwork) -> None:
    async with await owner_of(direct) as owner:
        assert isinstance(await log_in(direct, Lines(), direct.answers), LoginDone)
        assert not owner.ended.done()
        assert owner.runs == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"address": "nobody"}, "address"),
        ({"port": "many"}, "port"),
        ({"port": "1"}, "did not work"),
        ({"certificate": "none"}, "certificate"),
        ({"certificate": ""}, "certificate"),
    ],
)
async def test_a_login_says_what_is_wrong(direct: XmppNetwork, change: dict[str, str], words: str) -> None:
    step = await log_in(direct, Lines(), {**direct.answers, **change})
    assert isinstance(step, Step)
    assert words in step.error.lower()


async def test_who_is_not_there_gets_nothing(direct: XmppNetwork) -> None:
    async with await owner_of(direct) as owner:
        direct.conversation = ConversationRef("nobody@localhost", private=True)
        with pytest.raises(Gone):
            await owner.say("anybody?")


async def test_receipts_and_reading_go_both_ways(direct: XmppNetwork) -> None:
    peer = await direct.peer()
    async with await owner_of(direct) as owner:
        ref = await owner.say("did you get this?")
        await peer.sees("did you get this?")
        got = await until(owner, ReceiptMoved)
        assert (got.up_to, got.read) == (ref, False)
        peer.client.plugin["xep_0333"].send_marker(mto=JID(peer.jid), id=ref.remote_id, marker="displayed")
        await until(owner, ReceiptMoved, lambda e: e.read and e.up_to == ref)
        await peer.say("yes")
        shown = await owner.sees("yes")
        await owner.call("mark_read", shown.ref)
        await peer.client.until(lambda m: m["displayed"]["id"] == shown.ref.remote_id)


async def test_typing_goes_both_ways(direct: XmppNetwork) -> None:
    peer = await direct.peer()
    async with await owner_of(direct) as owner:
        await owner.bridge.typing(owner.ctx, direct.conversation, on=True)
        await peer.client.until(lambda m: m["chat_state"] == "composing")
        state = peer.client.make_message(mto=peer.jid, mtype="chat")
        state["chat_state"] = "composing"
        state.send()
        await peer.say("done")
        await owner.sees("done")
        assert [item.value for item in owner.desk.of(ACCOUNT).passing][:1] == ["on"]


async def test_names_come_from_the_address_book_and_pictures_from_their_owners(direct: XmppNetwork) -> None:
    other = await direct.other_client()
    other.client.update_roster(JID(other.jid), name="My friend")
    async with await owner_of(direct) as owner:
        friend = direct.conversation.remote_id
        seen = await until(owner, ActorSeen, lambda e: e.actor.remote_id == friend and e.name == "My friend")
        assert seen.handle == friend
        assert [c.name for c in await owner.call("contacts")] == ["My friend"]
        picture = b"\x89PNG not much of a picture"
        plugin = other.client.plugin["xep_0084"]
        await plugin.publish_avatar(picture)
        name = plugin.generate_id(picture)
        info: Any = {"id": name, "type": "image/png", "bytes": str(len(picture))}
        await plugin.publish_avatar_metadata(items=info)
        own = await until(owner, ActorSeen, lambda e: e.avatar is not None)
        assert own.actor.is_owner
        assert b"".join([c async for c in owner.bridge.fetch(owner.ctx, own.avatar)]) == picture


async def test_rooms_of_the_owners_other_clients_are_entered_and_left(room: XmppNetwork) -> None:
    peer = await room.peer()
    async with await owner_of(room):
        pass  # went in, and left a bookmark
    await peer.say("are you there?")
    done = await log_in(room, Lines(), room.answers)
    assert isinstance(done, LoginDone)
    owner = Owner(room, done)
    room.enter = False
    async with owner:
        await until(owner, ConversationSeen, lambda e: e.conversation == room.conversation)
        await owner.sees("are you there?")
        await owner.say("again")
        await peer.sees("again")
        await owner.call("leave", room.conversation)
        await until(owner, ConversationGone, lambda e: e.conversation == room.conversation)


async def test_nobody_changes_what_others_wrote(room: XmppNetwork) -> None:
    peer, mallory = await room.peer(), await room.stranger()
    async with await owner_of(room) as owner:
        await peer.say("I like cake")
        shown = await owner.sees("I like cake")
        await mallory.edit("I like cake", "I like mud")
        await mallory.delete("I like cake")
        await mallory.say("ha")
        await owner.sees("ha")
        journal = owner.journal
        assert journal.texts(room.conversation) == ["I like cake", "ha"]
        found = journal.find(shown.ref)
        assert found is not None
        assert not found.gone


HOSTILE = [
    "<message to='{to}' type='chat' id=''><body>&#x202e;drawkcab</body></message>",
    "<message to='{to}' type='chat' id='{long}'><body>x</body><origin-id xmlns='urn:xmpp:sid:0'/></message>",
    "<message to='{to}' type='chat'><result xmlns='urn:xmpp:mam:2' queryid='x'/></message>",
    "<message to='{to}' type='chat'><sent xmlns='urn:xmpp:carbons:2'/></message>",
    "<message to='{to}' type='chat'><reactions xmlns='urn:xmpp:reactions:0' id='&#10;'/></message>",
    "<message to='{to}' type='headline'><event xmlns='http://jabber.org/protocol/pubsub#event'/></message>",
    "<message to='{to}' type='groupchat' id='g'><body>not in a room</body></message>",
    "<message to='{to}' type='chat'><body>{nested}</body><body>two</body></message>",
    "<presence to='{to}' type='unavailable'><x xmlns='http://jabber.org/protocol/muc#user'/></presence>",
    "<message to='{to}'><fallback xmlns='urn:xmpp:fallback:0'><body start='-1'/></fallback></message>",
]


async def test_hostile_stanzas_stop_nothing(direct: XmppNetwork) -> None:
    peer = await direct.peer()
    async with await owner_of(direct) as owner:
        for xml in HOSTILE:
            text = xml.format(to=peer.jid, long="i" * 5000, nested="&gt; " * 20_000)
            peer.client.raw(text)
        await peer.say("the end")
        await owner.sees("the end")
        assert owner.runs == 1
        assert not owner.ended.done()
        lines = owner.desk.of(ACCOUNT).lines
        assert not [line for line in lines if line[1] == "unreadable_stanza"]


async def test_characters_that_no_xml_holds_do_not_end_the_session(direct: XmppNetwork) -> None:
    peer = await direct.peer()
    async with await owner_of(direct) as owner:
        await owner.say("a\x00b\x1bc\ufffe \U0001f41d")
        await peer.sees("abc \U0001f41d")
        assert owner.runs == 1


async def test_a_server_without_encryption_is_refused(direct: XmppNetwork) -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(100)
        writer.write(
            b"<?xml version='1.0'?><stream:stream xmlns='jabber:client' from='localhost' version='1.0' "
            b"xmlns:stream='http://etherx.jabber.org/streams' id='1'><stream:features>"
            b"<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism>"
            b"<mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>"
        )
        heard.append(await reader.read())
        writer.close()

    heard: list[bytes] = []
    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server:
        port = str(server.sockets[0].getsockname()[1])
        step = await log_in(direct, Lines(), {**direct.answers, "port": port})
        assert isinstance(step, Step)
        assert "encryption" in step.error
    assert b"auth" not in b"".join(heard)


class Breaking(Lines):
    """A desk whose lines break at the moment when so many things were told it, states included."""

    left = 0

    def _count(self) -> None:
        self.left -= 1
        if self.left == 0:
            self.cut()

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        await super().ingest(account, batch)
        self._count()

    async def state(self, account: AccountId, health: Health) -> None:
        await super().state(account, health)
        self._count()


@pytest.mark.parametrize("moment", [3, 4, 5])
async def test_a_line_that_breaks_while_a_session_begins_holds_nothing_back(
    room: XmppNetwork, moment: int
) -> None:
    """What was not asked for then is asked for later."""
    peer, desk = await room.peer(), Breaking()
    async with asyncio.timeout(50):
        async with await owner_of(room, desk=desk) as owner:
            await peer.say("before")
            await owner.sees("before")
        await peer.say("away")
        room.enter, desk.left = False, moment
        async with await owner_of(room, desk=desk) as owner:
            await owner.sees("away")
            await peer.say("here again")
            await owner.sees("here again")
            assert owner.journal.texts(room.conversation) == ["before", "away", "here again"]
            assert owner.runs == 2
