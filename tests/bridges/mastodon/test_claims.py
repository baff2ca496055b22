"""Claims in profiles of two real servers: published, seen from the other one, noticed, withdrawn."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any, cast

import pytest
from bridge_owner import ACCOUNT, Owner, owner_of
from mastodon_network import MastodonNetwork
from mastodon_peer import MastodonPeer
from mastodon_server import Snac

from swarm_bridges.api import Actor, ClaimsSeen, Clock, Context, Gone, Http, IdentityMoved, Refused
from swarm_bridges.networks.mastodon.client import Client
from swarm_bridges.networks.mastodon.convert import claims_of
from swarm_bridges.networks.mastodon.lists import Lists
from swarm_bridges.networks.mastodon.model import Account, convert
from swarm_bridges.networks.mastodon.said import Said
from swarm_bridges.networks.mastodon.session import Session
from swarm_bridges.networks.mastodon.votes import Votes
from swarm_bridges.testing import new_world
from swarm_bridges.testing.network import OWNER
from swarm_bridges.testing.world import Subject

ONE, TWO = (f"swarm:1:{letter * 42}A" for letter in "xY")
UPDATE = "/api/v1/accounts/update_credentials"


@pytest.fixture
async def network(new_snac: Snac, far_snac: Snac) -> AsyncIterator[MastodonNetwork]:
    made = await MastodonNetwork.open(new_snac, far_snac)
    yield made
    await made.close()


@pytest.fixture(params=["new_snac", "old_snac"])
async def either(request: pytest.FixtureRequest, far_snac: Snac) -> AsyncIterator[MastodonNetwork]:
    """The owner's server is of either version."""
    made = await MastodonNetwork.open(request.getfixturevalue(request.param), far_snac)
    yield made
    await made.close()


async def fields(who: MastodonPeer) -> dict[str, str]:
    """Somebody's own fields."""
    told = await who.ask("GET", "/api/v1/accounts/verify_credentials")
    return {field["name"]: field["value"] for field in told.get("fields", ())}


async def describe(who: MastodonPeer, **lines: str) -> None:
    """An ordinary client changes the fields of a profile."""
    form = [
        (f"fields_attributes[{n}][{part}]", text)
        for n, line in enumerate(lines.items())
        for part, text in zip(("name", "value"), line, strict=True)
    ]
    await who.ask("PATCH", UPDATE, data=form)


async def seen_at(owner: Owner, who: Actor, claims: tuple[str, ...]) -> ClaimsSeen:
    """What an account claims, once that is known: servers tell each other, and snac2 itself, in its queue.

    While it writes an account down, it has none.
    """
    async with asyncio.timeout(60):
        while True:
            with suppress(Gone):
                found: ClaimsSeen = await owner.call("read_claims", who)
                if sorted(found.claims) == sorted(claims):
                    return found
            await asyncio.sleep(0.1)


async def test_claims_stand_beside_other_fields_and_go_without_them(either: MastodonNetwork) -> None:
    network = either
    me = network.client(network.owner)
    await describe(me, web="https://example.org/", colour="green")
    async with await owner_of(network) as owner:
        for claims in ((ONE,), (ONE, TWO), (TWO,), (TWO,), ()):
            await owner.call("publish_claims", claims)
            there = await fields(me)
            assert {name: there[name] for name in ("web", "colour")} == {
                "web": "https://example.org/",
                "colour": "green",
            }
            assert sorted(value for value in there.values() if value.startswith("swarm:")) == sorted(claims)
            own = await seen_at(owner, Actor("", is_owner=True), claims)
            assert own.handle == f"{network.owner.server.base}/{network.owner.name}"


async def test_the_only_field_is_withdrawn_too(either: MastodonNetwork) -> None:
    network = either
    me = network.client(network.owner)
    async with await owner_of(network) as owner:
        await owner.call("publish_claims", (ONE,))
        assert ONE in (await fields(me)).values()
        await owner.call("publish_claims", ())
        assert not any((await fields(me)).values())


async def test_what_somebody_on_another_server_claims_is_seen_and_noticed(network: MastodonNetwork) -> None:
    me, friend = network.client(network.owner), network.client(network.friend)
    who = await me.id_of(friend)
    async with await owner_of(network) as owner:
        await describe(friend, swarm=ONE, colour="blue")
        found = await seen_at(owner, Actor(who), (ONE,))
        assert found.handle == f"{network.friend.server.base}/{network.friend.name}"
        assert found.whole
        assert found.authentic
        await friend.say(f"@{network.owner.name}@{network.owner.server.host} hello", visibility="direct")
        await owner.until(lambda _: any(ONE in event.claims for event in noticed(owner)))
        assert {event.actor.remote_id for event in noticed(owner)} == {who}
        await describe(friend, colour="blue")
        await seen_at(owner, Actor(who), ())
        with pytest.raises(Gone):
            await owner.call("read_claims", Actor("0" * 32))


def noticed(owner: Owner) -> list[ClaimsSeen]:
    """What was told in passing."""
    events = (event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events)
    return [event for event in events if isinstance(event, ClaimsSeen)]


@pytest.mark.parametrize(
    ("value", "claims"),
    [
        (f"<p>{ONE}</p>", (ONE,)),
        (f'<span class="h-card">{ONE}</span><br/>{TWO}', (ONE, TWO)),
        (f'<a href="x">{ONE[:20]}</a>', ()),
        ("&lt;p&gt;" + ONE, (ONE,)),
        ("swarm:1:" + "<" * 200_000, ()),
    ],
)
def test_claims_are_found_in_what_servers_make_of_a_field(value: str, claims: tuple[str, ...]) -> None:
    told: dict[str, Any] = {"id": "1", "url": "u", "fields": [{"name": "n", "value": value}, None, {}]}
    assert claims_of(convert(told, Account), Actor("1")).claims == claims


def test_a_server_that_does_not_tell_the_fields_says_nothing_of_them() -> None:
    client = Client(cast("Http", None), cast("Clock", None), "https://example.org")
    session = Session(
        client, Account(id="me"), cast("Lists", None), Votes(cast("Context", None), {}), Said({})
    )
    field = {"name": "swarm", "value": ONE}

    def told(**more: object) -> list[tuple[str, ...]]:
        events = session.people([convert({"id": "1", "acct": "ada", **more}, Account)])
        return [event.claims for event in events if isinstance(event, ClaimsSeen)]

    assert told(fields=[]) == [], "nothing is no news at first"
    assert told(fields=[field]) == [(ONE,)]
    assert told() == told(fields=None) == told(fields=[field]) == []
    assert told(fields=[]) == [()]


def test_an_account_that_says_that_it_moved_is_not_believed_alone() -> None:
    """Anybody's server can say so of anybody's account; which one it is said to be now, is not asked."""
    client = Client(cast("Http", None), cast("Clock", None), "https://example.org")
    session = Session(
        client, Account(id="me"), cast("Lists", None), Votes(cast("Context", None), {}), Said({})
    )
    eve = {"id": "1", "acct": "eve", "moved": {"id": "2", "acct": "ada"}}
    told = session.people([convert(eve, Account)])
    assert IdentityMoved(old="1", new="2", proof="claimed") in told


async def test_a_profile_without_room_is_left_as_it_is() -> None:
    subject = Subject.of("swarm_bridges.networks.mastodon")
    async with new_world(subject) as world:
        full = [f"line {n}" for n in range(4)]
        world.network.profiles[OWNER] = list(full)
        error = await world.refused("publish_claims", claims=(ONE,))
        assert isinstance(error, Refused)
        assert "one has to be free" in str(error)
        assert world.network.profiles[OWNER] == full
