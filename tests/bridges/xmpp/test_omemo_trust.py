"""Comparing keys of OMEMO, and what follows from it, with ordinary clients over a real Prosody."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import omemo
import pytest
from bridge_owner import ACCOUNT, Lines, Owner
from xmpp_network import XmppNetwork
from xmpp_omemo import SecretPeer, noticed, omemo_network, owner_with_keys, secret, seen
from xmpp_server import Server

from swarm_bridges.api import Gone, Matter, Step
from swarm_bridges.networks.xmpp.fingerprints import Shown, answered, asking, asking_who, matters
from swarm_bridges.networks.xmpp.omemo_readers import Change, left_out, unconfirmed
from swarm_bridges.text import to_plain

# slixmpp-omemo reaches slixmpp's plugins as it was done before 1.17.
pytestmark = pytest.mark.filterwarnings("ignore:Accessing plugins through:DeprecationWarning")


@pytest.fixture
async def network(prosody: Server) -> AsyncIterator[XmppNetwork]:
    async with omemo_network(prosody, room=False) as made:
        yield made


async def key_of(client: SecretPeer) -> str:
    """As its program shows it."""
    own, _ = await (await client.omemo.get_session_manager()).get_own_device_information()
    return " ".join(omemo.SessionManager.format_identity_key(own.identity_key))


async def pressing(owner: Owner, count: int) -> list[Matter]:
    account = owner.desk.of(ACCOUNT)
    await owner.until(lambda _: len([m for m in account.matters if m.pressing]) == count)
    return [matter for matter in account.matters if matter.pressing]


async def say_of(owner: Owner, who: str, key: str, trust: str) -> None:
    """Look at somebody's keys, and say something of one of them."""
    shown: Step = await owner.call("settle", "omemo", "who", {"who": who})
    (field,) = (field for field in shown.fields if field.label == key)
    assert await owner.call("settle", "omemo", shown.id, {field.name: trust}) is None


def protected(owner: Owner, text: str) -> str:
    return next(e.foreign_crypto for e in seen(owner) if to_plain(e.body) == text)


async def test_a_new_device_of_somebody_who_was_confirmed_has_to_be_confirmed_too(
    network: XmppNetwork,
) -> None:
    friend, me, desk = await secret(network, network._friend), network.answers["address"], Lines()
    who = network.conversation.remote_id
    async with asyncio.timeout(100):
        async with await owner_with_keys(network, desk) as owner:
            await friend.say_locked(me, "hello")
            await owner.sees("hello")
            shown: Step = await owner.call("settle", "omemo", "", {})
            assert (who, who) in shown.fields[0].options
            assert len(shown.show["code"].split()) == 8
            shown = await owner.call("settle", "omemo", "who", {"who": who})
            assert [(f.label, f.default) for f in shown.fields] == [(await key_of(friend), "blind")]
            await say_of(owner, who, await key_of(friend), "confirmed")
            assert await pressing(owner, 0) == []
            await owner.say("hello yourself")

            phone = await secret(network, network._friend, "phone")
            await phone.say_locked(me, "from my new phone")
            await owner.sees("from my new phone")
            assert (protected(owner, "hello"), protected(owner, "from my new phone")) == ("omemo", "")
            (matter,) = await pressing(owner, 1)
            assert matter.title == f"{who} has a device that you have not confirmed."
            (told,) = noticed(owner)
            assert "that you have not confirmed" in told
            assert await key_of(phone) in told
            ref = await owner.say("for the desk alone")
            await friend.hears("for the desk alone")
            assert len(noticed(owner)) == 1
        desk.of(ACCOUNT).matters = ()
        async with await owner_with_keys(network, desk) as owner:  # what was decided, and what was not, stays
            (matter,) = await pressing(owner, 1)
            shown = await owner.call("settle", matter.id, "", {})
            trusts = {field.label: (field.name, field.default) for field in shown.fields}
            name, trust = trusts[await key_of(phone)]
            assert (trust, trusts[await key_of(friend)][1]) == ("blind", "confirmed")
            assert await owner.call("settle", matter.id, "devices", {name: "confirmed"}) is None
            assert await pressing(owner, 0) == []
            await owner.say("for both")
            await phone.hears("for both")
            assert "for the desk alone" not in {text for _, text in phone.opened}
            assert ref.remote_id not in {id_ for id_, _ in phone.opened}
            await phone.say_locked(me, "now I am known")
            await owner.sees("now I am known")
            assert protected(owner, "now I am known") == "omemo"
            assert len(noticed(owner)) == 1
            with pytest.raises(Gone):
                await owner.call("settle", matter.id, "", {})


async def test_a_device_that_is_not_theirs_reads_nothing_and_is_not_read(network: XmppNetwork) -> None:
    friend, me = await secret(network, network._friend), network.answers["address"]
    stranger = await secret(network, network._friend, "phone")
    who = network.conversation.remote_id
    async with asyncio.timeout(100), await owner_with_keys(network) as owner:
        await stranger.say_locked(me, "it is me")
        await owner.sees("it is me")
        await friend.say_locked(me, "no, it is me")
        await owner.sees("no, it is me")
        await say_of(owner, who, await key_of(stranger), "refused")
        await owner.say("between us")
        await friend.hears("between us")
        await stranger.say_locked(me, "what did you say?")
        await owner.until(lambda _: any(e.unreadable for e in seen(owner)))
        assert "what did you say?" not in {to_plain(e.body) for e in seen(owner)}
        await friend.say_locked(me, "are you there?")
        await owner.sees("are you there?")
        assert "between us" not in {text for _, text in stranger.opened}
        await say_of(owner, who, await key_of(stranger), "blind")
        await owner.say("for all")
        await stranger.hears("for all")


# --- alone ---


def test_what_is_said_of_a_key_counts_for_that_key_alone() -> None:
    first, second = Shown(1, "aa bb", "blind"), Shown(2, "cc dd", "confirmed")
    one, two = (field.name for field in asking("ada@x", [first, second]).fields)
    assert answered([first, second], {one: "confirmed", two: "confirmed"}) == {1: "confirmed"}
    assert answered([first, second], {one: "odd", two: "refused", "d3-ee": "confirmed"}) == {2: "refused"}
    assert answered([Shown(1, "ee ff", "blind")], {one: "confirmed"}) == {}
    assert asking_who([], "aa").fields == ()
    assert asking_who(["ben@x", "ada@x"], "aa").fields[0].default == "ada@x"
    (pressing_one, everybody) = matters(["ada@x"])
    assert (pressing_one.pressing, everybody.pressing) == (True, False)


def test_devices_that_are_left_out_are_told_once() -> None:
    known = {"ada@x": [1]}
    assert left_out({"ada@x": [1]}, known, "ada@x", {1, 2}) == [Change("unconfirmed", "ada@x", (2,))]
    assert known == {"ada@x": [1, 2]}
    assert left_out(known, known, "ada@x", {2}) == []
    assert unconfirmed([Change("new", "ada@x", (2,))]) == [Change("unconfirmed", "ada@x", (2,))]
