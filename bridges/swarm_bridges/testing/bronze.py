"""Checks of the first tier: it logs in, reads, writes, and can be stopped."""

from __future__ import annotations

import asyncio
from functools import partial

from ..api import (
    API_VERSION,
    IntentId,
    Level,
    MessageRef,
    Migrates,
    Outgoing,
    Refused,
    Rendered,
)
from .core import LoginFailed
from .network import OWNER, PEER, SECRETS
from .world import Tier, World, check, require

VERBS = {
    "edit": ("edit", ("target", "out")),
    "delete": ("delete", ("target", "key")),
    "reaction": ("react", ("target", "values", "key")),
    "read": ("mark_read", ("up_to",)),
    "typing": ("typing", ("conversation", "on")),
    "favourite": ("mark", ("target", "name", "on", "key")),
    "opaque": ("send_opaque", ("out", "blob")),
    "claim": ("publish_claims", ("claims",)),
    "post": ("post", ("out",)),
    "text": ("send", ("out",)),
}
"""The verb behind each feature, and its arguments."""


@check(Tier.BRONZE, "its manifest is whole, and fits this version of the contract")
async def manifest(world: World) -> None:
    """Its manifest is whole, and fits this version of the contract."""
    found = world.subject.manifest
    require(found.api.split(".")[0] == str(API_VERSION[0]), f"it was made for version {found.api}")
    require(found.style in {"stream", "poll", "webhook"}, f"there is no style {found.style}")
    require(found.id.isidentifier(), "its id is no plain name")
    takes_over = found.data_version == 1 or isinstance(world.subject.module.Bridge(), Migrates)
    require(takes_over, "its data_version has grown, and it has no migrate")
    require(found.style == "webhook" or not found.needs.webhook, "only webhook bridges need webhooks")


@check(Tier.BRONZE, "a wrong password is an answer of the login, which can be tried again")
async def wrong_password(world: World) -> None:
    """A wrong password is an answer of the login, which can be tried again."""
    try:
        await world.core.log_in(world.network.wrong_answers())
    except LoginFailed as e:
        require(e.step.error, f"the step {e.step.id} does not say what was wrong")
    else:
        require(False, "it logs in with a wrong password")


@check(Tier.BRONZE, "logging in twice is one account")
async def one_account(world: World) -> None:
    """Logging in twice is one account."""
    require(await world.core.log_in(world.network.answers()) == world.account, "a second login is another")


@check(Tier.BRONZE, "what others say arrives once, from whom, where")
async def receives(world: World) -> None:
    """What others say arrives once, from whom, where."""
    id_ = world.network.say("hello")
    shown = await world.arrives("hello")
    peer = world.network.actor_id(PEER, "r1")
    require(shown.event.actor.remote_id == peer, "the author is not the one of the network")
    require(not shown.mine, "it stands on the owner's side")
    require(shown.event.ref.remote_id == world.network.message_id(id_), "it has not the network's id")


@check(Tier.BRONZE, "what was said while it did not run arrives after the start, once")
async def catches_up(world: World) -> None:
    """What was said while it did not run arrives after the start, once."""
    await world.core.stop(world.account)
    for number in range(60):
        world.network.say(f"missed {number}")
    await world.core.start(world.account)
    for number in range(60):
        await world.arrives(f"missed {number}")
    told = [shown.text for shown in world.timeline() if shown.text.startswith("missed")]
    require(told == [f"missed {number}" for number in range(60)], "out of order")


@check(Tier.BRONZE, "what the owner says is on the network once, and shown once, on the right side", "text")
async def sends(world: World) -> None:
    """What the owner says is on the network once, and shown once, on the right side."""
    for text in ("one", "two"):
        shown = await world.sent(text)
        require(shown.mine, "it does not stand on the owner's side")
        require(shown.intent, "the echo does not lead back to what was sent")
    for _ in range(2):
        await world.comes_to(await world.core.say(world.account, world.room, "same"), "accepted")
    await world.settled()
    require(len(world.shown("same")) == 2, "two equal messages are not two")


@check(Tier.BRONZE, "long texts arrive whole, in parts that fit", "text")
async def long_texts(world: World) -> None:
    """Long texts arrive whole, in parts that fit."""
    words = " ".join(f"word{number}" for number in range(300))
    await world.comes_to(await world.core.say(world.account, world.room, words), "accepted")
    await world.settled()
    said = " ".join(m.text for m in world.network.said() if m.author == OWNER)
    require(said == words, "the parts together are not the text")
    mine = " ".join(shown.text for shown in world.timeline() if shown.mine)
    require(mine == words, "what is shown is not what was sent")


@check(Tier.BRONZE, "after a crash in the middle everything is there once")
async def replays(world: World) -> None:
    """After a crash in the middle everything is there once."""
    for point in ("ingest.before", "ingest.after"):
        text = f"first {point}"
        await world.core.crash_at(world.account, point, partial(world.network.say, text))
        world.network.say(f"second {point}")
        await world.arrives(f"first {point}")
        await world.arrives(f"second {point}")


@check(Tier.BRONZE, "it stops at once, and leaves nothing running")
async def stops(world: World) -> None:
    """It stops at once, and leaves nothing running."""
    await world.core.stop(world.account)
    before = set(asyncio.all_tasks())
    await world.core.start(world.account)
    await world.settled()
    begin = asyncio.get_running_loop().time()
    await world.core.stop(world.account)
    require(asyncio.get_running_loop().time() - begin < 2, "it takes two seconds or more to stop")

    def left() -> bool:
        mine = (t for t in asyncio.all_tasks() - before if not t.done())
        return any(world.subject.package in repr(task.get_coro()) for task in mine)

    await world.until(lambda: not left(), "no task of the bridge runs any more")


@check(Tier.BRONZE, "no words of people and no secrets stand in what it logs or raises")
async def quiet(world: World) -> None:
    """No words of people and no secrets stand in what it logs or raises."""
    world.network.say("wordsofothers")
    await world.arrives("wordsofothers")
    odd = {"text": ["wordsofothers"], "rev": "?", "nonce": ""}
    world.network.change("message", room="r1", id="m0", by=PEER, **odd)
    if world.has("text"):
        await world.core.say(world.account, world.room, "wordsofowner")
    for fault in ("garbage", "half", "drop"):
        world.network.faults.add(fault)
    world.network.cut()
    await world.settled()
    said = world.core.logged() + repr(world.core.health(world.account))
    said += "".join(f"{ended!r}" for ended in world.core.ends(world.account))
    for word in ("wordsof", *SECRETS):
        require(word not in said, f"{word!r} is told")


@check(Tier.BRONZE, "what it does not declare, it refuses cleanly")
async def refuses(world: World) -> None:
    """What it does not declare, it refuses cleanly."""
    ref = MessageRef(world.room, world.network.say("target"))
    body = (await world.arrives("target")).event.body
    part = Rendered(body, "target")
    out = Outgoing(intent=IntentId("i0"), key="k", attempt=1, conversation=world.room, parts=(part,))
    everything = {
        "target": ref,
        "up_to": ref,
        "conversation": world.room,
        "out": out,
        "values": frozenset({"👍"}),
        "key": "k",
        "name": "favourite",
        "on": True,
        "blob": b"bytes",
        "claims": (),
    }
    for feature, (verb, names) in VERBS.items():
        if world.capabilities.levels.get(feature, Level.REJECTED) is Level.REJECTED:
            error = await world.refused(verb, **{name: everything[name] for name in names})
            require(isinstance(error, Refused), f"{verb} raises {type(error).__name__}")


@check(Tier.BRONZE, "hostile texts arrive as text, and harm nothing")
async def hostile_texts(world: World) -> None:
    """Hostile texts arrive as text, and harm nothing."""
    for text in (
        "<script>alert(1)</script>",
        "\x1b[31m\x00",
        "\u202e",
        "a" * 20_000,
        "[x](javascript:1)",
        "",
    ):
        world.network.say(text)
    world.network.say("html", html="<p>html</p><img src=x onerror=alert(1)><script>no</script>")
    await world.settled()
    world.only_typed_errors()
    require("<script>no" not in repr(world.timeline()), "a script came through")
    require(
        "\x1b" not in "".join(shown.text for shown in world.timeline()), "a control character came through"
    )
