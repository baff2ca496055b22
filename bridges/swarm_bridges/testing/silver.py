"""Checks of the second tier: it stands what networks and machines do."""

from __future__ import annotations

import asyncio
from functools import partial

from ..api import Gone, IntentId, Limited, MessageRef, Outgoing, Refused, Rendered, Repeat
from ..text import from_plain, to_plain
from .network import OWNER, PEER
from .world import Tier, World, check, require

READ_FAULTS = (
    *((("status", status)) for status in (429, 500, 502, 503)),
    *((kind, 0) for kind in ("drop", "reset", "half", "garbage", "delay")),
)


@check(Tier.SILVER, "a login that has ended asks the owner; a new one keeps everything")
async def reauth(world: World) -> None:
    """A login that has ended asks the owner; a new one keeps everything."""
    world.network.say("before")
    await world.arrives("before")
    world.network.expire()
    if world.subject.manifest.style == "webhook" and world.has("text"):
        await world.core.say(world.account, world.room, "asks")  # it asks the network only when it has to
    await world.until(lambda: world.core.state(world.account) == "needs_owner", "the owner is asked")
    world.network.say("meanwhile")
    require(
        await world.core.log_in(world.network.answers(), again=world.account) == world.account,
        "another account",
    )
    await world.core.start(world.account)
    await world.arrives("meanwhile")
    await world.arrives("before")
    world.only_typed_errors()


@check(Tier.SILVER, "a crash in mid-send neither loses nor doubles", "text")
async def crash_in_send(world: World) -> None:
    """A crash in mid-send neither loses nor doubles."""
    for kind in ("delay", "delay_answer"):
        text = f"crashed {kind}"
        fault = world.network.faults.add(kind, on="act", value=0.3)
        id_ = await world.core.say(world.account, world.room, text)
        if kind == "delay":
            await world.until(partial(getattr, fault, "hits"), "it sends")
        else:
            await world.until(partial(has, world, text), "the network has it")
        await world.core.crash(world.account)
        await once(world, id_, text)
        await asyncio.sleep(0.3)
        await once(world, id_, text)  # the request of before the crash may have been slow
        world.network.faults.clear()


@check(Tier.SILVER, "whatever the network answers to reading, nothing is lost, nothing doubled")
async def faults_in_reading(world: World) -> None:
    """Whatever the network answers to reading, nothing is lost, nothing doubled."""
    for kind, status in READ_FAULTS:
        text = f"after {kind} {status}"
        world.network.faults.add(kind, on="read", times=2, status=status, value=0.05)
        world.network.cut()
        world.network.say(text)
        await world.arrives(text)
        world.network.faults.clear()
    world.only_typed_errors()


@check(
    Tier.SILVER,
    "what breaks while it sends loses nothing, doubles nothing, and shows nothing wrongly",
    "text",
)
async def faults_in_sending(world: World) -> None:
    """What breaks while it sends loses nothing, doubles nothing, and shows nothing wrongly."""
    faults = (("drop", 0), ("reset", 0), ("half", 0), ("garbage", 0), ("status", 500), ("status", 503))
    for kind, status in faults:
        text = f"sent through {kind} {status}"
        world.network.faults.add(kind, on="act", status=status)
        id_ = await world.core.say(world.account, world.room, text)
        await once(world, id_, text)
        world.network.faults.clear()


def has(world: World, text: str) -> int:
    """How often the network has a text."""
    return sum(message.text == text for message in world.network.said())


async def once(world: World, id_: IntentId, text: str) -> None:
    """Wait until an intent has come to its end; the network has it once, or nobody says that it does."""
    settled = {"accepted"} if world.capabilities.repeat is not Repeat.NONE else {"accepted", "unknown"}
    await world.comes_to(id_, *settled)
    await world.settled()
    count = has(world, text)
    state = world.core.intent(world.account, id_).state
    require(count == 1 or (state == "unknown" and not count), f"the network has “{text}” {count} times")
    require(len(world.shown(text)) == count, f"“{text}” is shown {len(world.shown(text))} times")


@check(Tier.SILVER, "what the network refuses is refused, and the owner learns it", "text")
async def refusals(world: World) -> None:
    """What the network refuses is refused, and the owner learns it."""
    for status in (400, 403, 404, 410):
        fault = world.network.faults.add("status", on="act", status=status)
        id_ = await world.core.say(world.account, world.room, f"refused {status}")
        await world.comes_to(id_, "refused")
        require(fault.hits == 1, f"after {status} it tried again")
        kind = Gone if status in {404, 410} else Refused
        require(
            world.core.intent(world.account, id_).error == kind.__name__, f"{status} is not {kind.__name__}"
        )


@check(Tier.SILVER, "it waits as long as the network asks", "text")
async def limits(world: World) -> None:
    """It waits as long as the network asks."""
    world.network.faults.add("status", on="act", status=429, value=7)
    part = Rendered(from_plain("limited"), "limited")
    out = Outgoing(intent=IntentId("i0"), key="k0", attempt=1, conversation=world.room, parts=(part,))
    error = await world.refused("send", out=out)
    require(isinstance(error, Limited), f"429 is {type(error).__name__}")
    require(getattr(error, "wait_s", None) == 7.0, "it does not hand on how long to wait")


@check(Tier.SILVER, "what the owner says elsewhere is shown once, on the owner's side", "text")
async def other_client(world: World) -> None:
    """What the owner says elsewhere is shown once, on the owner's side."""
    world.network.say("from my phone", who=OWNER)
    require((await world.arrives("from my phone")).mine, "it stands on the wrong side")
    async with asyncio.TaskGroup() as both:
        both.create_task(world.sent("from here"))
        world.network.say("at the same time", who=OWNER)
    require((await world.arrives("at the same time")).mine, "it stands on the wrong side")


@check(Tier.SILVER, "what the network tells twice is there once")
async def duplicates(world: World) -> None:
    """What the network tells twice is there once."""
    world.network.duplicate = True
    for number in range(5):
        world.network.say(f"twice {number}")
    for number in range(5):
        await world.arrives(f"twice {number}")
    await world.settled()


@check(Tier.SILVER, "what the network tells in the wrong order ends right", "edit")
async def reordered(world: World) -> None:
    """What the network tells in the wrong order ends right."""
    await world.core.stop(world.account)
    id_ = world.network.say("as it was")
    world.network.edit(id_, "as it is")
    world.network.swap_last()
    gone = world.network.say("taken back")
    world.network.take_back(gone)
    world.network.swap_last()
    await world.core.start(world.account)
    await world.arrives("as it is")
    await world.settled()
    require(not world.shown("as it was"), "the older text won")
    require(not world.shown("taken back"), "what is gone is shown")


@check(Tier.SILVER, "edits go both ways", "edit")
async def edits(world: World) -> None:
    """Edits go both ways."""
    world.network.edit(world.network.say("thier"), "their")
    await world.arrives("their")
    require(not world.shown("thier"), "an edit is a second message")
    mine = await world.sent("mnie")
    target = mine.event.ref
    out = Outgoing(
        intent=IntentId("e1"), key="e1", attempt=1, conversation=world.room,
        parts=(Rendered(from_plain("mine"), "mine"),),
    )  # fmt: skip
    for _ in range(2):
        await world.core.call(world.account, "edit", target=target, out=out)
    await world.arrives("mine")
    require(
        [m.text for m in world.network.said() if m.id == target.remote_id] == ["mine"], "it is not edited"
    )


@check(Tier.SILVER, "deletions go both ways, and only by those who may", "delete")
async def deletions(world: World) -> None:
    """Deletions go both ways, and only by those who may."""
    id_ = world.network.say("mistake")
    await world.arrives("mistake")
    world.network.change("gone", id=id_, room="r1", by="u-mallory")
    await world.settled()
    require(world.shown("mistake"), "a stranger's deletion counts: who deletes is not told")
    world.network.take_back(id_)
    await world.until(lambda: not world.shown("mistake"), "a deletion arrives")
    mine = await world.sent("oops")
    for _ in range(2):
        await world.core.call(world.account, "delete", target=mine.event.ref, key="d1")
    require(all(m.text != "oops" for m in world.network.said()), "the network still has it")
    await world.until(lambda: not world.shown("oops"), "the owner's own deletion arrives")


@check(Tier.SILVER, "reactions go both ways, as sets", "reaction")
async def reactions(world: World) -> None:
    """Reactions go both ways, as sets."""
    id_ = world.network.say("react to this")
    await world.arrives("react to this")

    def seen(who: str) -> frozenset[str]:
        actor = world.network.actor_id(who, "r1")
        return world.shown("react to this")[0].reactions.get(actor, frozenset())

    world.network.react(id_, ["👍", "🎉"])
    await world.until(lambda: seen(PEER) == {"👍", "🎉"}, "reactions arrive")
    world.network.react(id_, [])
    await world.until(lambda: not seen(PEER), "reactions are taken back")
    target = MessageRef(world.room, world.network.message_id(id_))
    for _ in range(2):
        await world.core.call(world.account, "react", target=target, values=frozenset({"👍"}), key="r1")
    require(world.network.messages[id_].reactions[OWNER] == ("👍",), "the network has not the wanted set")
    await world.until(lambda: seen(OWNER) == {"👍"}, "the owner's own reaction arrives")


@check(Tier.SILVER, "answers lead to what they answer, both ways", "reply")
async def replies(world: World) -> None:
    """Answers lead to what they answer, both ways."""
    id_ = world.network.say("question")
    question = (await world.arrives("question")).event.ref
    world.network.say("answer", reply_to=id_)
    answered = (await world.arrives("answer")).event.reply_to
    journal = world.core.journal(world.account)
    require(answered is not None and journal.known(answered) == question, "the answer leads nowhere")
    await world.comes_to(
        await world.core.say(world.account, world.room, "mine", reply_to=question), "accepted"
    )
    await world.settled()
    require(world.network.said()[-2].more.get("reply_to") == id_, "the network does not know what it answers")
    require(to_plain((await world.arrives("mine")).event.body) == "mine", "the question stands in the answer")


@check(Tier.SILVER, "it is told what was read, both ways", "read")
async def receipts(world: World) -> None:
    """It is told what was read, both ways."""
    id_ = world.network.say("read this")
    ref = (await world.arrives("read this")).event.ref

    def read(who: str) -> MessageRef | None:
        journal = world.core.journal(world.account)
        return journal.read.get((world.room, world.network.actor_id(who, "r1")))

    world.network.read(id_)
    await world.until(lambda: read(PEER) == ref, "a receipt arrives")
    await world.core.call(world.account, "mark_read", up_to=ref)
    await world.until(lambda: read(OWNER) == ref, "what the owner has read comes back")


@check(Tier.SILVER, "typing is seen, both ways, and stored nowhere", "typing")
async def typing(world: World) -> None:
    """Typing is seen, both ways, and stored nowhere."""
    world.network.type()
    await world.until(lambda: world.core.fleeting(world.account), "typing is seen")
    before = len(world.network.log)
    await world.core.call(world.account, "typing", conversation=world.room, on=True)
    await world.until(lambda: len(world.network.log) > before, "the network knows it too")
