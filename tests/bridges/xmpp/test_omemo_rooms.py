"""OMEMO in rooms with ordinary clients that have it, over Prosody; the long form is over ejabberd too."""

import asyncio
import os
from collections.abc import AsyncIterator

import pytest
from bridge_owner import Lines
from xmpp_network import XmppNetwork
from xmpp_omemo import SecretPeer, noticed, omemo_network, owner_with_keys, secret, seen

from swarm_bridges.api import Accepted, MessageSeen, NotSupported, Refused
from swarm_bridges.text import to_plain

# slixmpp-omemo reaches slixmpp's plugins as it was done before 1.17.
pytestmark = pytest.mark.filterwarnings("ignore:Accessing plugins through:DeprecationWarning")

SERVERS = ["prosody", "ejabberd"] if os.environ.get("SWARMNODE_SOAK") else ["prosody"]


@pytest.fixture(params=SERVERS)
async def network(request: pytest.FixtureRequest) -> AsyncIterator[XmppNetwork]:
    async with omemo_network(request.getfixturevalue(request.param), room=True) as made:
        yield made


@pytest.fixture
async def friend(network: XmppNetwork) -> SecretPeer:
    """She has made the room, in which the owner is a member."""
    made = await secret(network, network._friend)
    await made.found(network._room, "friend", [network.answers["address"]])
    return made


def everybody(network: XmppNetwork, *more: str) -> list[str]:
    return [network.answers["address"], network._jid(network._friend), *more]


async def tell(network: XmppNetwork, who: SecretPeer, text: str, *more: str, replaces: str = "") -> str:
    """Somebody says something locked to all members."""
    readers = everybody(network, *more)
    return await who.say_locked(network._room, text, replaces=replaces, readers=readers, kind="groupchat")


async def test_a_closed_room_is_read_and_answered_locked(network: XmppNetwork, friend: SecretPeer) -> None:
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        can = await owner.call("capabilities", network.conversation)
        assert (can.protect, can.transport_privacy) == (("omemo",), "operator_reads")
        await owner.say("for all servers to read")
        asked = await tell(network, friend, "where is the key?")
        shown = await owner.sees("where is the key?")
        assert seen(owner)[-1].foreign_crypto == "omemo"
        can = await owner.call("capabilities", network.conversation)
        assert (can.transport_privacy, "reaction" in can.levels) == ("e2e", False)
        ref = await owner.say("under the \N{POTTED PLANT}", reply_to=shown.ref)
        id_ = await friend.hears("under the \N{POTTED PLANT}")
        assert ref.remote_id.endswith(f" {id_}")
        await tell(network, friend, "where is the spare key?", replaces=asked)
        await owner.sees("where is the spare key?")
        await owner.accepted("edit", ref, owner.outgoing("at Ada's"))
        await friend.hears("at Ada's")
        assert owner.journal.refused == 0
        await owner.accepted("delete", ref, "gone-1")
        await friend.until(lambda m: m["retract"]["id"] == ref.remote_id.partition(" ")[0])
        with pytest.raises(NotSupported):
            await owner.bridge.react(owner.ctx, shown.ref, frozenset({"👍"}), "react-1")
        in_the_clear = [str(m["body"]) for m in friend.heard if m["body"]]
        assert not [body for body in in_the_clear if "under" in body or "Ada" in body]
        own = [e for e in seen(owner) if e.actor.is_owner]
        assert {to_plain(e.body) for e in own} == {"for all servers to read"}, "its own words need no echo"
        assert (noticed(owner), owner.runs) == ([], 1)
        page = await owner.call_page(network.conversation, None, 50)
        again = [e for e in page.batch.events if isinstance(e, MessageSeen)]
        assert all(e.actor.is_owner for e in again), "what was locked for the node is told once"
        assert next(to_plain(e.body) for e in again) == "for all servers to read"


async def test_all_members_read_it_and_nobody_else(network: XmppNetwork, friend: SecretPeer) -> None:
    """Also who is away. Who cannot read it, comes later or goes, is told of in words."""
    away, later = (f"{name}{network._owner}" for name in ("away", "later"))
    poor = f"poor{network._owner}@localhost"
    jid = {name: network._jid(name) for name in (away, later)}
    absent = await secret(network, away)
    for who in (jid[away], poor):
        await friend.affiliate(network._room, who)
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        ref = await owner.say("for members", protect="omemo")
        await friend.hears("for members")
        assert noticed(owner) == [f"{poor} has no device with OMEMO, and cannot read what is written here."]
        guest = await secret(network, later)
        await friend.affiliate(network._room, jid[later])
        await guest.enter(network._room, "later")
        assert guest.opened == [], "what was said before is not for her"
        assert set(guest.closed) == {ref.remote_id.rpartition(" ")[2]}
        await owner.say("for the new one too", protect="omemo")
        await guest.hears("for the new one too")
        assert noticed(owner)[1:] == [f"{jid[later]} can read what is written here from now on."]
        await friend.affiliate(network._room, jid[later], "none")
        await owner.say("without her", protect="omemo")
        await friend.hears("without her")
        (left,) = noticed(owner)[2:]
        assert left.startswith(f"{jid[later]} is no longer in this room")
        await absent.enter(network._room, "away")
        assert {text for _, text in absent.opened} == {"for members", "for the new one too", "without her"}


async def test_what_was_said_meanwhile_is_opened_from_the_archive(
    network: XmppNetwork, friend: SecretPeer
) -> None:
    desk = Lines()
    async with asyncio.timeout(100):
        async with await owner_with_keys(network, desk) as owner:
            await tell(network, friend, "one")
            await owner.sees("one")
        await tell(network, friend, "two")
        friend.plugin["xep_0045"].leave_muc(friend.plugin["xep_0045"].get_joined_rooms()[0], "friend")
        async with await owner_with_keys(network, desk) as owner:
            await owner.sees("two")
            await friend.plugin["xep_0045"].join_muc_wait(
                friend.make_presence(pto=network._room)["to"], "friend again", timeout=20
            )
            await owner.say("three")
            await friend.hears("three")
            await tell(network, friend, "four")
            await owner.sees("four")
            assert [t for t in owner.journal.texts(network.conversation) if t] == ["one", "two", "four"]
            first = {e.ref: e for e in reversed(seen(owner))}
            assert not [e for e in first.values() if e.unreadable], "what comes again is known, and stays"


async def test_a_hostile_member_changes_nothing(network: XmppNetwork, friend: SecretPeer) -> None:
    name, room = f"mallory{network._owner}", network._room
    mallory = await secret(network, name)
    await friend.affiliate(room, network._jid(name))
    await mallory.enter(room, "mallory")
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        await tell(network, friend, "between us", network._jid(name))
        await owner.sees("between us")
        told = next(str(m) for m in mallory.heard if "payload" in str(m))
        inside = told[told.index("<encrypted") : told.index("</encrypted>") + len("</encrypted>")]
        forged = "<x xmlns='http://jabber.org/protocol/muc#user'>{}</x>"
        hers = forged.format(f"<item jid='{network._jid(network._friend)}' affiliation='owner'/>")
        news = forged.format("<status code='104'/>")
        start = inside.index("<payload>")
        for n, said in enumerate(
            (
                inside,  # again, as if it were hers
                inside + hers,
                inside[:start] + "<payload>eA==</payload></encrypted>" + hers,
                inside[:start] + "</encrypted>",  # without what it says
                inside.replace("sid=", "old="),
                f"<body>in the clear</body>{news}",
            )
        ):
            mallory.raw(f"<message to='{room}' type='groupchat' id='odd-{n}'>{said}</message>")
        shown = await owner.sees("in the clear")
        assert not shown.is_owner
        assert seen(owner)[-1].foreign_crypto == ""
        texts = [to_plain(e.body) for e in seen(owner)]
        assert texts.count("between us") == 1, "not a second time, and not as Mallory's"
        assert set(texts) == {"between us", "in the clear", ""}
        await owner.say("still locked")
        await friend.hears("still locked")
        assert owner.runs == 1


async def test_nothing_is_locked_nor_said_in_the_clear_where_others_may_read(
    network: XmppNetwork, friend: SecretPeer
) -> None:
    """A room that stops being closed: what was promised is not broken in silence."""
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        await tell(network, friend, "between members")
        await owner.sees("between members")
        await friend.configure(network._room, membersonly=False)
        while (await owner.call("capabilities", network.conversation)).protect:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        with pytest.raises(Refused, match="others than its members"):
            await owner.bridge.send(owner.ctx, owner.outgoing("for members"))
        phone = await network.other_client()
        await phone.say("in the clear, then")  # as the owner may decide
        await owner.sees("in the clear, then")
        await owner.say("as you like")
        await friend.until(lambda m: m["body"] == "as you like")
        assert "for members" not in friend.bodies()
        await tell(network, friend, "locked, in an open room")
        await owner.sees("locked, in an open room")
        assert (await owner.call("capabilities", network.conversation)).transport_privacy == "operator_reads"
        assert isinstance(await owner.bridge.send(owner.ctx, owner.outgoing("open")), Accepted)
