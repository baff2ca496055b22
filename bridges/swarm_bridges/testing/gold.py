"""Checks of the third tier: it tells the past, carries files, and changes with its network."""

from __future__ import annotations

import re

from ..api import (
    Actor,
    Capabilities,
    ClaimsSeen,
    ConversationRef,
    Cursor,
    Gone,
    IntentId,
    Invitation,
    Level,
    Moves,
    Notice,
    NotSupported,
    Outgoing,
    Page,
    Refused,
    Rendered,
    State,
)
from ..notices import title_of
from ..sentences import read
from ..text import from_plain
from .journal import Journal
from .network import OWNER, PEER
from .world import Tier, World, check, require

HISTORY = 230
CLAIMS = tuple(f"swarm:1:{letter * 43}" for letter in "AB")


@check(Tier.GOLD, "the past can be told page by page, whole and once, while new things arrive at once")
async def history(world: World) -> None:
    """The past can be told page by page, whole and once, while new things arrive at once."""
    world.network.record(HISTORY, room="r2")
    room = world.network.conversation("r2")
    seen: list[str] = []
    at: Cursor | None = None
    for number in range(HISTORY):
        page: Page = await world.core.call(world.account, "page", conversation=room, at=at, limit=50)
        for event in page.batch.events:
            require(event.origin.value == "history", "something of the past is told as news")
        journal = Journal().applied(page.batch)
        seen += [shown.text for shown in journal.timeline(room)]
        ordered = any(shown.event.order for shown in journal.timeline(room))
        require(journal.coverage or not ordered, "what a page covers is not told")
        world.network.say(f"live {number}")
        await world.arrives(f"live {number}")
        if (at := page.next) is None:
            break
    require(sorted(seen) == sorted(f"old words {n}" for n in range(HISTORY)), f"{len(seen)} of {HISTORY}")


@check(Tier.GOLD, "files go both ways", "file")
async def files(world: World) -> None:
    """Files go both ways."""
    content = bytes(range(256)) * 400
    world.network.say_file("cat.png", content)
    shown = await world.arrives("a file")
    require(len(shown.event.files) == 1, "the file is not told of")
    require(await world.core.fetch(world.account, shown.event.files[0]) == content, "it has other bytes")
    require(shown.event.files[0].name == world.network.file_name("cat.png"), "it has another name")
    file = world.core.keep("dog.png", content[::-1], "image/png")
    await world.comes_to(await world.core.say(world.account, world.room, "mine", files=[file]), "accepted")
    require(content[::-1] in world.network.files.values(), "the network has not got it")
    await world.settled()
    require(len((await world.arrives("mine")).event.files) == 1, "the echo lacks the file")


@check(Tier.GOLD, "what a room takes may change, and is known at once", "text")
async def changing_limits(world: World) -> None:
    """What a room takes may change, and is known at once."""
    world.network.set_limits(max_text=20)
    await world.settled()
    found: Capabilities = await world.core.call(world.account, "capabilities", conversation=world.room)
    require(found.max_text == 20, "the new limit is not known")
    require(found.version != world.capabilities.version, "the version is that of before")
    id_ = await world.core.say(world.account, world.room, "words that fit into twenty no more")
    await world.comes_to(id_, "accepted")


@check(Tier.GOLD, "ids that an older version wrote are found again")
async def older_ids(world: World) -> None:
    """Ids that an older version wrote are found again."""
    if world.subject.manifest.id_format > 1:
        bridge = world.subject.module.Bridge()
        require(isinstance(bridge, Moves), "its ids have changed, and it knows no aliases")
        found = await world.core.call(world.account, "aliases", remote_id="m000001")
        require(isinstance(found, tuple) and found, "it knows no alias of an id")
        require("m000001" not in found, "an id is its own alias")


@check(Tier.GOLD, "bytes for other nodes go both ways, unchanged", "opaque")
async def opaque(world: World) -> None:
    """Bytes for other nodes go both ways, unchanged."""
    can = await world.core.call(world.account, "capabilities", conversation=world.room)
    blob = (bytes(range(256)) * 8)[: can.opaque_bytes]
    require(bool(blob), "no room for bytes is said")
    world.network.say_opaque(blob)
    await world.until(lambda: world.core.journal(world.account).opaque, "bytes arrive")
    require(world.core.journal(world.account).opaque[0].blob == blob, "the bytes have changed")
    author = world.core.journal(world.account).opaque[0].actor.remote_id
    require(author == world.network.actor_id(PEER, "r1"), "it is not said from whom")
    part = Rendered(from_plain("not for people"), "not for people")
    out = Outgoing(intent=IntentId("o1"), key="o1", attempt=1, conversation=world.room, parts=(part,))
    await world.core.call(world.account, "send_opaque", out=out, blob=blob)
    await world.until(
        lambda: any(seen.actor.is_owner for seen in world.core.journal(world.account).opaque),
        "they come back",
    )
    require(all(seen.blob == blob for seen in world.core.journal(world.account).opaque), "they were changed")


@check(Tier.GOLD, "claims are published, read, withdrawn, and nothing beside them changes", "claim")
async def claims(world: World) -> None:
    """Claims are published, read, withdrawn, and nothing beside them changes."""
    one, two = CLAIMS
    beside = await world.network.beside_claims(OWNER)
    for texts in ((one,), (one, two), (two,), (two,), ()):
        await world.core.call(world.account, "publish_claims", claims=texts)
        require(
            set(await world.network.claimed(OWNER)) == set(texts), f"{len(texts)} published, others stand"
        )
        require(
            await world.network.beside_claims(OWNER) == beside, "what stood beside the claims has changed"
        )
    who = world.network.address(PEER)[1]
    if world.capabilities.levels["claim"] is Level.PARTIAL:
        error = await world.refused("read_claims", who=Actor(who))
        require(isinstance(error, NotSupported), "it cannot ask, and does not say so")
        await world.network.claim(PEER, one)
        await world.until(lambda: world.core.journal(world.account).claims.get(who), "the claim is noticed")
        require(world.core.journal(world.account).claims[who].claims == (one,), "it tells another claim")
        return
    for texts in ((one,), (one, two), ()):
        await world.network.claim(PEER, *texts)
        read: ClaimsSeen = await world.core.call(world.account, "read_claims", who=Actor(who))
        require(set(read.claims) == set(texts) and read.whole, f"{len(texts)} stand there, others are read")
        require(read.actor.remote_id == who, "it says that somebody else claims this")
    error = await world.refused("read_claims", who=Actor(world.network.nobody))
    require(isinstance(error, Gone), "of an account that is not there it does not say so")


@check(Tier.GOLD, "invitations are told, accepted and declined, and go when they are withdrawn", "invite")
async def invitations(world: World) -> None:
    """Invitations are told, accepted and declined, and go when they are withdrawn."""
    network, core, account = world.network, world.core, world.account

    def standing(where: ConversationRef) -> Invitation | None:
        journal = core.journal(account)
        seen = journal.conversations.get(where)
        return None if seen is None or where in journal.gone else seen.invitation

    async def invited() -> tuple[str, ConversationRef, Invitation]:
        room = await network.invite("come in")
        where = network.conversation(room)
        given: Invitation = await world.until(lambda: standing(where), "an invitation is told")
        require(given.by == Actor(network.inviter(room)), "it does not say who invites")
        require(given.words == "come in", "it does not say what they wrote")
        return room, where, given

    room, where, given = await invited()
    await core.crash(account)
    await world.settled()
    require(standing(where), "a restart has answered it")
    for _ in range(2):
        seen = await core.call(account, "accept", conversation=where, invitation=given)
        require(seen.conversation == where and seen.invitation is None, "it is accepted, and shown as before")
    await world.until(lambda: standing(where) is None, "that it was accepted is told")
    network.say("welcome", room=room)
    await world.until(
        lambda: [s for s in core.journal(account).timeline(where) if s.text == "welcome"], "words"
    )

    room, where, given = await invited()
    for _ in range(2):
        await core.call(account, "decline", conversation=where, invitation=given)
    require(await network.comes(room) == "out", "it was declined, and the network does not know")

    room, where, given = await invited()
    await network.withdraw(room)
    told = world.capabilities.levels["invite"] is Level.FULL
    if told:
        await world.until(lambda: standing(where) is None, "that it is withdrawn is told")
    error = await world.refused("accept", conversation=where, invitation=given)
    require(isinstance(error, Refused), "it is withdrawn, and accepting it fails in another way")
    require(told or isinstance(error, Gone), "that it is withdrawn is not told, not even when it is accepted")
    await core.call(account, "decline", conversation=where, invitation=given)
    require(await network.comes(room) == "out", "it was withdrawn, and the owner is in the room")


@check(Tier.GOLD, "it says how it goes, in order, from connecting to connected")
async def health(world: World) -> None:
    """It says how it goes, in order, from connecting to connected."""
    said = [health.state for health in world.core.health(world.account)]
    require(said and said[0] is State.CONNECTING, "it does not begin with connecting")
    await world.until(
        lambda: world.core.health(world.account)[-1].state is State.CONNECTED, "it says that it is connected"
    )
    bridges_own = {State.CONNECTING, State.CATCHING_UP, State.CONNECTED, State.DEGRADED}
    require(set(said) <= bridges_own, "it says what only the node can know")


@check(Tier.GOLD, "conversations and people have names, and one can write to somebody first")
async def names(world: World) -> None:
    """Conversations and people have names, and one can write to somebody first."""
    journal = world.core.journal(world.account)
    title = journal.conversations[world.room].title or ""
    require(title_of(title) == world.network.rooms["r1"].title, "the room has no title")
    name = world.network.people[PEER]
    require(journal.people[world.network.actor_id(PEER, "r1")].name == name, "Ada has no name")
    handle, who = world.network.address(PEER)
    found = await world.core.call(world.account, "resolve", handle=handle)
    require(found is not None and found.actor.remote_id == who, "Ada is not found")
    direct = await world.core.call(world.account, "open_direct", who=Actor(who))
    require(direct.kind == "direct", "the conversation with Ada is not direct")
    titles = [seen.title.says for seen in journal.conversations.values() if isinstance(seen.title, Notice)]
    for path in world.subject.folder.glob("texts.*.toml"):
        says = read(path.suffixes[0][1:], [world.subject.folder])
        require(all(says.knows(title) for title in titles), f"{path.name} lacks a title")


@check(Tier.GOLD, "votes, favourites, boosts and bookmarks arrive", "poll", "favourite", "boost", "bookmark")
async def votes_and_marks(world: World) -> None:
    """Votes, favourites, boosts and bookmarks arrive."""
    poll = {"options": [{"id": "a", "text": "yes"}, {"id": "b", "text": "no"}]}
    world.network.say("vote", poll=poll)
    event = (await world.arrives("vote")).event
    require(event.poll is not None, "the poll is not told")
    assert event.poll is not None
    ref, choice = event.ref, event.poll.options[0].id
    await world.core.call(world.account, "vote", target=ref, options=frozenset({choice}), key="v")

    def voted() -> bool:
        shown = world.shown("vote")[0].event.poll
        return shown is not None and shown.mine == {choice}

    await world.until(voted, "the vote comes back")
    for name in ("favourite", "boost", "bookmark"):
        await world.core.call(world.account, "mark", target=ref, name=name, on=True, key=name)
    await world.core.call(world.account, "mark", target=ref, name="boost", on=False, key="off")

    def marked() -> bool:
        marks = world.shown("vote")[0].marks
        return marks is not None and marks.mine == {"favourite", "bookmark"}

    await world.until(marked, "the marks come back")


@check(Tier.GOLD, "its README.md names its features, its secrets and what the owner fills in")
async def documents(world: World) -> None:
    """Its README.md names its features, its secrets and what the owner fills in."""
    page = world.subject.folder / "README.md"
    require(page.exists(), "there is no README.md in its package")
    text = page.read_text("utf-8")
    fields = set(world.network.answers())
    for name in (*world.capabilities.levels, *world.subject.manifest.secrets, *fields):
        require(re.search(rf"`{re.escape(name)}`", text), f"`{name}` is not described")
