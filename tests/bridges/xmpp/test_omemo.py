"""OMEMO with an ordinary client that has it, over a real Prosody; the long form is over ejabberd too."""

import asyncio
import itertools
import os
from collections.abc import AsyncIterator
from typing import Any

import omemo
import pytest
from bridge_owner import ACCOUNT, Lines, Owner, log_in
from xmpp_network import XmppNetwork
from xmpp_omemo import noticed, omemo_network, owner_with_keys, secret, seen

from swarm_bridges.api import (
    AccountId,
    Batch,
    ConversationSeen,
    LocalFile,
    LoginDone,
    MessageSeen,
    NotSupported,
    Refused,
    Temporary,
)
from swarm_bridges.networks.xmpp.omemo_stanzas import bundle_node
from swarm_bridges.text import to_plain

# slixmpp-omemo reaches slixmpp's plugins as it was done before 1.17.
pytestmark = pytest.mark.filterwarnings("ignore:Accessing plugins through:DeprecationWarning")


SERVERS = ["prosody", "ejabberd"] if os.environ.get("SWARMNODE_SOAK") else ["prosody"]


@pytest.fixture(params=SERVERS)
async def network(request: pytest.FixtureRequest) -> AsyncIterator[XmppNetwork]:
    async with omemo_network(request.getfixturevalue(request.param), room=False) as made:
        yield made


async def test_what_comes_locked_is_read_and_answered_locked(network: XmppNetwork) -> None:
    friend = await secret(network, network._friend, "desk")
    me = network.answers["address"]
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        can = await owner.call("capabilities", network.conversation)
        assert can.protect == ("omemo",)
        asked = await friend.say_locked(me, "where is the key?")
        shown = await owner.sees("where is the key?")
        (event,) = seen(owner)
        assert (event.foreign_crypto, event.unreadable, event.actor.is_owner) == ("omemo", "", False)
        ref = await owner.say("under the \N{POTTED PLANT}", reply_to=shown.ref)
        assert await friend.hears("under the \N{POTTED PLANT}") == ref.remote_id
        await friend.say_locked(me, "where is the spare key?", replaces=asked)
        await owner.sees("where is the spare key?")
        await owner.accepted("edit", ref, owner.outgoing("at Ada's"))
        await friend.hears("at Ada's")
        in_the_clear = [str(m["body"]) for m in friend.heard if m["body"]]
        assert not [body for body in in_the_clear if "under" in body or "Ada" in body]
        assert owner.journal.refused == 0
        page = await owner.call_page(network.conversation, None, 50)
        told = [to_plain(e.body) for e in page.batch.events if isinstance(e, MessageSeen)]
        assert told == ["", ""], "the owner's own alone: what was locked for the node is told once"
        assert owner.runs == 1


async def test_what_has_no_place_in_it_is_refused_and_not_sent_unlocked(network: XmppNetwork) -> None:
    friend = await secret(network, network._friend, "desk")
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        await friend.say_locked(network.answers["address"], "between us")
        shown = await owner.sees("between us")
        can = await owner.call("capabilities", network.conversation)
        assert "reaction" not in can.levels
        assert can.transport_privacy == "e2e"
        with pytest.raises(NotSupported):
            await owner.bridge.react(owner.ctx, shown.ref, frozenset({"👍"}), "react-1")
        owner.desk.of(ACCOUNT).files["f"] = b"secret"
        file = LocalFile(id="f", name="f.txt", media_type="text/plain", size_bytes=6)
        with pytest.raises(NotSupported):
            await owner.bridge.send(owner.ctx, owner.outgoing("see this", files=(file,)))


async def test_the_owner_is_told_of_new_devices(network: XmppNetwork) -> None:
    """Those that are there at first are trusted; later ones too, but not in silence."""
    friend, me = await secret(network, network._friend, "desk"), network.answers["address"]
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        await friend.say_locked(me, "hello")
        await owner.sees("hello")
        await owner.say("hello yourself")
        assert noticed(owner) == []
        phone = await secret(network, network._friend, "phone")
        await phone.say_locked(me, "from my new phone")
        await owner.sees("from my new phone")
        (told,) = noticed(owner)
        assert f"{network.conversation.remote_id} has a new device" in told
        own, _ = await (await phone.omemo.get_session_manager()).get_own_device_information()
        shown = " ".join(omemo.SessionManager.format_identity_key(own.identity_key))
        assert shown in told, "so that they can be compared"
        mine = await secret(network, network._owner, "phone")
        values, own_devices = owner.desk.of(ACCOUNT).values, f"omemo/devices/{me}/list"
        while str(await mine.device()) not in values[own_devices].decode():  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await owner.say("and this on mine")
        await phone.hears("and this on mine")
        assert "Your account has a new device" in noticed(owner)[1]
        await owner.say("once")
        assert len(noticed(owner)) == 2


async def test_a_key_that_was_used_is_offered_to_nobody_else(network: XmppNetwork) -> None:
    """Whoever took it would write what cannot be opened. The other side hears that its first was."""
    friend, me = await secret(network, network._friend, "desk"), network.answers["address"]

    def brings_keys(stanza: Any) -> bool:
        return bool(friend.omemo.is_encrypted(stanza)) and not stanza["body"]

    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        node = bundle_node(int(owner.desk.of(ACCOUNT).values["omemo/own_device_id"]))
        offered = [await friend.published_keys(me, node)]
        for name in ("desk", "phone"):
            peer = friend if name == "desk" else await secret(network, network._friend, name)
            await peer.say_locked(me, f"from my {name}")
            await owner.sees(f"from my {name}")
            await peer.until(brings_keys)
            await owner.say(f"heard from your {name}")  # which waits until all is done that came of it
            offered.append(await friend.published_keys(me, node))
        assert {len(keys) for keys in offered} == {100}
        assert [len(a - b) for a, b in itertools.pairwise(offered)] == [1, 1]
        assert owner.desk.of(ACCOUNT).lines == []


async def test_who_cannot_read_it_gets_nothing(network: XmppNetwork) -> None:
    peer = await network.peer()
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        with pytest.raises(Refused):
            await owner.bridge.send(owner.ctx, owner.outgoing("for you alone", protect="omemo"))
        await owner.say("for everybody")
        await peer.sees("for everybody")
        assert peer.texts() == ["for everybody"]
    done = await log_in(network, Lines(), network.answers)
    assert isinstance(done, LoginDone)
    async with asyncio.timeout(100), Owner(network, done) as owner:
        assert (await owner.call("capabilities", network.conversation)).protect == ()
        with pytest.raises(NotSupported):
            await owner.bridge.send(owner.ctx, owner.outgoing("for you alone", protect="omemo"))


async def test_an_owner_who_wants_it_begins(network: XmppNetwork) -> None:
    """As soon as the other side could read it, and from then on for good."""
    peer, desk = await network.peer(), Lines()
    async with asyncio.timeout(100):
        async with await owner_with_keys(network, desk, omemo="first") as owner:
            await owner.say("you have no keys")
            await peer.sees("you have no keys")
        friend = await secret(network, network._friend, "phone")
        async with await owner_with_keys(network, desk, omemo="first") as owner:
            await owner.say("now you have")
            await friend.hears("now you have")
            told = [e for batch in desk.of(ACCOUNT).batches for e in batch.events]
            asked = [e.conversation for e in told if isinstance(e, ConversationSeen)]
            assert network.conversation in asked, "it is asked again what can be done there"
            assert (await owner.call("capabilities", network.conversation)).transport_privacy == "e2e"
        assert "now you have" not in peer.texts()
        async with await owner_with_keys(network, desk) as owner:
            await owner.say("nor later")
            await friend.hears("nor later")


async def test_the_owners_other_client_is_read_and_reads(network: XmppNetwork) -> None:
    friend = await secret(network, network._friend, "desk")
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        phone = await secret(network, network._owner, "phone")
        await phone.say_locked(network.conversation.remote_id, "from my phone")
        shown = await owner.sees("from my phone")
        assert shown.is_owner
        await friend.hears("from my phone")
        await owner.say("from my node")  # the other side was written to so, and is so again
        await friend.hears("from my node")
        phone.say(network.conversation.remote_id, "in the clear")  # as an owner may decide
        await owner.sees("in the clear")
        await owner.say("as you like")
        await friend.until(lambda m: m["body"] == "as you like")


class Forgetful(Lines):
    """Stores nothing from some batch on, as where a disk is full."""

    full = False

    def __init__(self) -> None:
        super().__init__()
        self.refused = asyncio.Event()

    async def ingest(self, account: AccountId, batch: Batch) -> None:
        if self.full and batch.kv:
            self.refused.set()
            self.cut()
            raise Temporary("the disk is full")
        await super().ingest(account, batch)


async def test_keys_change_only_together_with_what_they_opened(network: XmppNetwork) -> None:
    """What was opened and not stored comes again, and is opened again; after a restart too."""
    friend, me, desk = await secret(network, network._friend, "desk"), network.answers["address"], Forgetful()
    async with asyncio.timeout(100):
        async with await owner_with_keys(network, desk) as owner:
            await friend.say_locked(me, "one")
            await owner.sees("one")
            desk.full = True
            await friend.say_locked(me, "two")
            await desk.refused.wait()
            assert "two" not in [to_plain(e.body) for e in seen(owner)]
            desk.full = False
            await owner.sees("two")
            desk.full = True
            desk.refused.clear()
            await friend.say_locked(me, "three")
            await desk.refused.wait()
        desk.full = False
        await friend.say_locked(me, "four")
        async with await owner_with_keys(network, desk) as owner:
            await owner.sees("four")
            await owner.say("all four")
            await friend.hears("all four")
            texts = owner.journal.texts(network.conversation)
            assert [t for t in texts if t] == ["one", "two", "three", "four"]
            first = {e.ref: e for e in reversed(seen(owner))}
            assert not [e for e in first.values() if e.unreadable], "what comes again is known, and stays"


OLD = "xmlns='eu.siacs.conversations.axolotl'"
SENDERS = ("1", "4000000000", "-1", "9" * 400, "x")
KEYS = ("", "<key rid='{}'>eA==</key>", "<key rid='{}' prekey='true'>AAAA</key>", "<key rid='{}'>?</key>")


async def test_hostile_keys_stop_nothing(network: XmppNetwork) -> None:
    friend = await secret(network, network._friend, "desk")
    me = network.answers["address"]
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        await friend.say_locked(me, "before")
        await owner.sees("before")
        values = owner.desk.of(ACCOUNT).values
        device = values["omemo/own_device_id"].decode()
        for sender in (*SENDERS, str(await friend.device())):
            for key in KEYS:
                header = f"<header sid='{sender}'>{key.format(device)}<iv>eA==</iv></header>"
                inner = f"<encrypted {OLD}>{header}<payload>eA==</payload></encrypted>"
                friend.raw(f"<message to='{me}' type='chat'>{inner}<body>nothing</body></message>")
        listed = "".join(f"<device id='{n}'/>" for n in ("x", "-5", "99999999999", *range(1, 200)))
        friend.raw(
            "<iq type='set' id='odd'><pubsub xmlns='http://jabber.org/protocol/pubsub'>"
            "<publish node='eu.siacs.conversations.axolotl.devicelist'><item id='current'>"
            f"<list {OLD}>{listed}</list></item></publish></pubsub></iq>"
        )
        await friend.say_locked(me, "after")
        await owner.sees("after")
        assert {e.unreadable for e in seen(owner) if not to_plain(e.body)} == {"no_keys"}
        assert owner.runs == 1
