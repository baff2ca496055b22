"""Lists of people as timelines: over a stream and without one, and on both versions of snac2."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from bridge_owner import ACCOUNT, Journal, Lines, Owner, owner_of
from mastodon_fake import olga
from mastodon_network import MastodonNetwork
from mastodon_server import Snac

from swarm_bridges.api import (
    Batch,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Coverage,
    Event,
    Gone,
    MessageSeen,
    NotSupported,
    Origin,
)
from swarm_bridges.networks.mastodon.convert import HOME, NOTIFICATIONS, list_of
from swarm_bridges.networks.mastodon.fake import Network
from swarm_bridges.testing.network import PEER

HISTORY = 5000 if os.environ.get("SWARMNODE_SOAK") else 250


class Silent(Network):
    """It has no stream."""

    def routes(self) -> Any:
        return [route for route in super().routes() if not route.path.endswith("/streaming")]


def told(owner: Owner) -> list[Event]:
    return [event for batch in owner.desk.of(ACCOUNT).batches for event in batch.events]


async def shows(owner: Owner, place: ConversationRef, *texts: str) -> Journal:
    return await owner.until(lambda j: j.texts(place) == list(texts))


@pytest.mark.parametrize("kind", [Network, Silent])
async def test_a_list_that_is_entered_is_a_timeline_until_it_is_left(kind: type[Network]) -> None:
    network = kind()
    id_ = network.make_list("Friends", PEER)
    place = list_of(id_)
    async with olga(network) as (_, owner):
        first = network.say("before", room="r2")
        await owner.sees("before")
        assert owner.journal.texts(place) == []
        seen = await owner.bridge.join(owner.ctx, "list: friends ")
        assert (seen.conversation, seen.kind, seen.title) == (place, "list", "Friends")
        await shows(owner, place, "before")
        second = network.say("now", room="r2")
        await shows(owner, place, "before", "now")
        await owner.until(lambda j: "now" in j.texts(HOME))
        network.say("by a stranger", room="r2", who="u-mallory")
        network.edit(second, "now, edited")
        await shows(owner, place, "before", "now, edited")
        await shows(owner, HOME, "before", "now, edited", "by a stranger")
        network.take_back(first)
        await shows(owner, place, "now, edited")
        await shows(owner, HOME, "now, edited", "by a stranger")
        news = [e for e in told(owner) if isinstance(e, MessageSeen) and e.ref.conversation == place]
        assert [e.origin for e in news if e.revision == "0"] == [Origin.HISTORY, Origin.LIVE]
        await owner.bridge.leave(owner.ctx, place)
        assert [e.conversation for e in told(owner) if isinstance(e, ConversationGone)] == [place]
        network.say("later", room="r2")
        await owner.until(lambda j: "later" in j.texts(HOME))
        assert owner.journal.texts(place) == ["now, edited"]
        assert owner.runs == 1


async def test_an_exclusive_list_is_read_without_being_asked_for_and_stays_so() -> None:
    network, desk = Network(), Lines()
    network.say("old", room="r2")
    exclusive, usual = network.make_list("Quiet", PEER, exclusive=True), network.make_list("All", PEER)
    async with olga(network, desk) as (_, owner):
        await shows(owner, list_of(exclusive), "old")
        network.say("new", room="r2")
        await shows(owner, list_of(exclusive), "old", "new")
        await owner.bridge.leave(owner.ctx, list_of(exclusive))
        await owner.bridge.join(owner.ctx, f"list:{usual}")
        await shows(owner, list_of(usual), "old", "new")
    network.say("absent", room="r2")
    async with olga(network, desk) as (_, owner):
        await shows(owner, list_of(usual), "old", "new", "absent")
        (absent,) = [s for s in owner.journal.shown.values() if s.text == "absent"]
        assert absent.origin is Origin.CATCH_UP
        assert owner.journal.texts(list_of(exclusive)) == ["old", "new"]
        assert owner.journal.texts(HOME) == []


async def test_a_list_that_is_renamed_or_deleted_at_the_server_is_so_here() -> None:
    network = Silent()
    id_ = network.make_list("Quiet", PEER, exclusive=True)
    async with olga(network) as (_, owner):
        network.say("there", room="r2")
        await shows(owner, list_of(id_), "there")
        network.lists[id_]["title"] = "Quieter"
        await owner.until(
            lambda _: any(isinstance(e, ConversationSeen) and e.title == "Quieter" for e in told(owner))
        )
        del network.lists[id_]
        await owner.until(lambda _: any(isinstance(e, ConversationGone) for e in told(owner)))


async def test_in_a_list_one_answers_and_says_nothing_else() -> None:
    network = Network()
    place = list_of(network.make_list("Friends", PEER))
    async with olga(network) as (_, owner):
        await owner.bridge.join(owner.ctx, "list:Friends")
        asked = network.say("who comes?", room="r2")
        await owner.until(lambda j: "who comes?" in j.texts(place))
        shown = next(s for s in owner.journal.shown.values() if s.ref.conversation == place)
        owner.network.conversation = place
        with pytest.raises(NotSupported):
            await owner.bridge.send(owner.ctx, owner.outgoing("to all"))
        ref = await owner.say("I do", reply_to=shown.ref)
        assert ref.conversation == place
        said = network.messages[ref.remote_id]
        assert (said.text, said.more["reply_to"]) == ("I do", asked)
        assert network.asked[-1]["status"] == "@ada I do"
        await owner.until(lambda j: "I do" in j.texts(HOME))
        found = await owner.call("capabilities", place)
        assert {"text", "reply", "favourite"} <= set(found.levels)
        assert "post" not in found.levels
        for wrong in ("list:Foes", "list:"):
            with pytest.raises(Gone):
                await owner.bridge.join(owner.ctx, wrong)
        with pytest.raises(NotSupported):
            await owner.bridge.join(owner.ctx, "Friends")
        with pytest.raises(NotSupported):
            await owner.bridge.leave(owner.ctx, HOME)


@pytest.mark.parametrize("name", ["home", "list", "notifications"])
async def test_the_past_of_each_timeline_comes_in_pages_without_a_gap(name: str) -> None:
    network = Network()
    id_ = network.make_list("Friends", PEER)
    place = {"home": HOME, "list": list_of(id_), "notifications": NOTIFICATIONS}[name]
    network.record(HISTORY, room="r1" if name == "notifications" else "r2")
    async with olga(network) as (_, owner):
        pages: list[Batch] = []
        at = None
        while not pages or at is not None:
            page = await owner.call_page(place, at, 100)
            pages.insert(0, page.batch)
            at = page.next
        assert len(pages) > HISTORY // 40
        events = [event for batch in pages for event in batch.events]
        assert {event.origin for event in events} == {Origin.HISTORY}
        covered = [e for e in events if isinstance(e, Coverage)]
        assert (covered[0].since, covered[-1].until) == (None, None)
        assert [c.until for c in covered[:-1]] == [c.since for c in covered[1:]], "page joins page"
        ids = [e.ref.remote_id for e in events if isinstance(e, MessageSeen)]
        assert len(ids) == len(set(ids)) == (0 if name == "notifications" else HISTORY)


@asynccontextmanager
async def on(owners: Snac, friends: Snac) -> AsyncIterator[MastodonNetwork]:
    made = await MastodonNetwork.open(owners, friends)
    yield made
    await made.close()


@pytest.mark.parametrize("version", ["new", "old"])
async def test_lists_of_a_real_server(version: str, request: pytest.FixtureRequest) -> None:
    server: Snac = request.getfixturevalue(f"{version}_snac")
    async with on(server, request.getfixturevalue("far_snac")) as network:
        mine, friend = network.client(network.owner), network.client(network.friend)
        made = await mine.ask("POST", "/api/v1/lists", json={"title": "Friends"})
        members = {"account_ids[]": await mine.id_of(friend)}
        await mine.ask("POST", f"/api/v1/lists/{made['id']}/accounts", data=members)
        said = [f"line {n}" for n in range(3)]
        async with await owner_of(network) as owner:
            seen = await owner.bridge.join(owner.ctx, "list:Friends")
            for text in said:
                await friend.say(text)
            await friend.say(f"{mine.handle} between us", visibility="direct")
            await owner.until(
                lambda j: sorted(j.texts(seen.conversation)) == said and sorted(j.texts(HOME)) == said
            )
            await owner.sees("between us")
            assert "between us" not in owner.journal.texts(seen.conversation)
            found: list[Batch] = []
            at = None
            while not found or at is not None:
                page = await owner.call_page(seen.conversation, at, 2)
                found.insert(0, page.batch)
                at = page.next
            assert sorted(Journal(found).texts(seen.conversation)) == said
            await mine.ask("DELETE", f"/api/v1/lists/{made['id']}")
            await owner.until(lambda _: any(isinstance(e, ConversationGone) for e in told(owner)))
            assert not owner.ended.done()
