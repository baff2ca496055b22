"""Each check is seen to fail: bridges with one mistake each, made from the demo network's."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import ModuleType
from typing import Any

import msgspec
import pytest

from swarm_bridges import api
from swarm_bridges.api import (
    Accepted,
    Batch,
    Capabilities,
    ConversationRef,
    MessageSeen,
    Outcome,
    Outgoing,
    Page,
)
from swarm_bridges.networks import demo
from swarm_bridges.testing import CHECKS, Subject
from swarm_bridges.testing.runner import run_checks

DEMO = Subject.of("swarm_bridges.networks.demo")


class Changed:
    """The context with something else in the place of one member."""

    def __init__(self, ctx: Any, **members: Any) -> None:
        self._ctx, self._members = ctx, members

    def __getattr__(self, name: str) -> Any:
        return self._members.get(name) or getattr(self._ctx, name)


class Rewrites(demo.Bridge):
    """Changes what it tells."""

    def event(self, event: Any) -> Any:
        return event

    async def run(self, ctx: Any) -> None:
        async def ingest(batch: Batch) -> None:
            events = tuple(self.event(event) for event in batch.events)
            await ctx.ingest(Batch(tuple(e for e in events if e is not None), batch.cursor_after))

        await super().run(Changed(ctx, ingest=ingest))


def rewriting(kind: Any, **members: Any) -> type:
    class Mistake(Rewrites):
        def event(self, event: Any) -> Any:
            changed: Any = event
            return msgspec.structs.replace(changed, **members) if isinstance(event, kind) else event

    return Mistake


class ForgetsSome(Rewrites):
    def event(self, event: Any) -> Any:
        missed = isinstance(event, MessageSeen) and event.origin is api.Origin.CATCH_UP
        return None if missed and event.order and event.order.endswith("7") else event


class LastOneCounts(Rewrites):
    count = 0

    def event(self, event: Any) -> Any:
        LastOneCounts.count += 1
        if isinstance(event, MessageSeen):
            return msgspec.structs.replace(event, revision=str(LastOneCounts.count))
        return event


class AcksFirst(demo.Bridge):
    async def run(self, ctx: Any) -> None:
        async def ingest(batch: Batch) -> None:
            if batch.cursor_after is not None:
                await ctx.ingest(Batch((), batch.cursor_after))
            await ctx.ingest(Batch(batch.events))

        await super().run(Changed(ctx, ingest=ingest))


class NewKeyEachTime(demo.Bridge):
    async def send(self, ctx: Any, out: Outgoing) -> Outcome:
        other = api.IntentId(f"{out.intent}-{out.attempt}")
        return await super().send(ctx, msgspec.structs.replace(out, intent=other))


class CallsEverythingSent(demo.Bridge):
    async def send(self, ctx: Any, out: Outgoing) -> Outcome:
        try:
            return await super().send(ctx, out)
        except api.BridgeError:
            return Accepted((api.MessageRef(out.conversation, f"made-up-{out.intent}"),))


class Impatient(demo.Bridge):
    async def send(self, ctx: Any, out: Outgoing) -> Outcome:
        for _ in range(3):
            try:
                return await super().send(ctx, out)
            except api.BridgeError:
                await asyncio.sleep(0)
        raise api.Temporary("tried three times")


class WrongId(demo.Bridge):
    async def send(self, ctx: Any, out: Outgoing) -> Outcome:
        await super().send(ctx, msgspec.structs.replace(out, intent=api.IntentId("x" + out.intent)))
        return Accepted((api.MessageRef(out.conversation, "other"),))


class Crashes(demo.Bridge):
    async def run(self, ctx: Any) -> None:
        try:
            await super().run(ctx)
        except api.BridgeError as e:
            raise ValueError("no JSON") from e


class TellsWords(demo.Bridge):
    async def _told(self, ctx: Any, changes: list[Any], at: int, origin: Any) -> None:
        for change in changes:
            if isinstance(change.get("text"), list):
                raise api.Temporary(f"strange: {change}")
        await super()._told(ctx, changes, at, origin)


class NeverStops(demo.Bridge):
    async def run(self, ctx: Any) -> None:
        while True:
            try:
                await super().run(ctx)
            except asyncio.CancelledError:
                await asyncio.sleep(2.5)
                raise


class Overlaps(demo.Bridge):
    async def page(self, ctx: Any, conversation: ConversationRef, *, at: Any, limit: int) -> Page:
        page = await super().page(ctx, conversation, at=at, limit=limit)
        return msgspec.structs.replace(page, batch=Batch(page.batch.events[1:]))


class OneCapability(demo.Bridge):
    async def capabilities(self, ctx: Any, conversation: ConversationRef | None) -> Capabilities:
        found = await super().capabilities(ctx, conversation)
        return msgspec.structs.replace(found, version="1", max_text=500)


class Boasts(demo.Bridge):
    async def capabilities(self, ctx: Any, conversation: ConversationRef | None) -> Capabilities:
        found = await super().capabilities(ctx, conversation)
        return msgspec.structs.replace(found, levels={"text": api.Level.FULL}, max_text=100_000)


class Toggles(demo.Bridge):
    async def react(self, ctx: Any, target: Any, values: frozenset[str], key: str) -> Outcome:
        self.on = not getattr(self, "on", False)
        return await super().react(ctx, target, values if self.on else frozenset(), key)


class TakesThePlace(demo.Bridge):
    async def publish_claims(self, ctx: Any, claims: tuple[str, ...]) -> None:
        await self._ask(ctx, "PUT", "/profile", json={"lines": list(claims)})


class Remembers(demo.Bridge):
    async def read_claims(self, ctx: Any, who: api.Actor) -> api.ClaimsSeen:
        self.first = getattr(self, "first", None) or await super().read_claims(ctx, who)
        return self.first


class DeclinesNothing(demo.Bridge):
    async def decline(self, ctx: Any, conversation: ConversationRef, invitation: api.Invitation) -> None:
        pass


class GoesInUnasked(demo.Bridge):
    async def accept(self, ctx: Any, conversation: ConversationRef, **_: Any) -> Any:  # type: ignore[override]
        return await self.join(ctx, conversation.remote_id)


class SaysStarting(demo.Bridge):
    async def run(self, ctx: Any) -> None:
        await ctx.state(api.Health(api.State.STARTING))
        await super().run(ctx)


class LogsInAnyhow(demo.Login):
    async def submit(self, ctx: Any, step: str, answers: Any) -> Any:
        turn = await super().submit(ctx, step, answers)
        if isinstance(turn, api.Step) and turn.error:
            raise api.Refused("wrong")
        return turn


class AnotherEachTime(demo.Login):
    async def submit(self, ctx: Any, step: str, answers: Any) -> Any:
        turn = await super().submit(ctx, step, answers)
        if isinstance(turn, api.LoginDone):
            return msgspec.structs.replace(turn, network_account_id=ctx.random(8).hex())
        return turn


STRANGER = api.Actor("u-stranger")
TEXT = api.MessageRef(ConversationRef("r1"), "m000001")

MISTAKES: list[tuple[str, type, type]] = [
    ("wrong_password", demo.Bridge, LogsInAnyhow),
    ("one_account", demo.Bridge, AnotherEachTime),
    ("receives", rewriting(MessageSeen, actor=STRANGER), demo.Login),
    ("catches_up", ForgetsSome, demo.Login),
    ("sends", WrongId, demo.Login),
    ("long_texts", Boasts, demo.Login),
    ("replays", AcksFirst, demo.Login),
    ("stops", NeverStops, demo.Login),
    ("quiet", TellsWords, demo.Login),
    ("refuses", Boasts, demo.Login),
    ("crash_in_send", NewKeyEachTime, demo.Login),
    ("faults_in_reading", Crashes, demo.Login),
    ("faults_in_sending", NewKeyEachTime, demo.Login),
    ("faults_in_sending", CallsEverythingSent, demo.Login),
    ("refusals", Impatient, demo.Login),
    ("limits", Impatient, demo.Login),
    ("other_client", rewriting(MessageSeen, actor=STRANGER), demo.Login),
    ("reordered", LastOneCounts, demo.Login),
    ("edits", rewriting(MessageSeen, revision="0"), demo.Login),
    ("deletions", rewriting(api.MessageGone, actor=None), demo.Login),
    ("reactions", Toggles, demo.Login),
    ("replies", rewriting(MessageSeen, reply_to=None), demo.Login),
    ("receipts", rewriting(api.ReceiptMoved, up_to=TEXT), demo.Login),
    ("history", Overlaps, demo.Login),
    ("files", rewriting(MessageSeen, files=()), demo.Login),
    ("changing_limits", OneCapability, demo.Login),
    ("opaque", rewriting(api.OpaqueSeen, blob=b""), demo.Login),
    ("claims", TakesThePlace, demo.Login),
    ("claims", Remembers, demo.Login),
    ("invitations", rewriting(api.ConversationSeen, invitation=None), demo.Login),
    ("invitations", DeclinesNothing, demo.Login),
    ("invitations", GoesInUnasked, demo.Login),
    ("health", SaysStarting, demo.Login),
    ("names", rewriting(api.ConversationSeen, title=""), demo.Login),
    ("votes_and_marks", rewriting(api.MarksNow, mine=frozenset()), demo.Login),
]


@pytest.mark.parametrize(
    ("name", "bridge", "login"),
    MISTAKES,
    ids=[f"{name}-{b.__name__}-{x.__name__}" for name, b, x in MISTAKES],
)
async def test_a_mistake_is_found(
    name: str, bridge: type, login: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("swarm_bridges.testing.world.PATIENCE_S", 1.0)
    module = ModuleType("mistaken")
    module.Bridge, module.Login = bridge, login  # type: ignore[attr-defined]
    (result,) = await run_checks(replace(DEMO, module=module), [CHECKS[name]])
    assert result.failure
    assert not result.missing


def test_every_check_is_seen_to_fail() -> None:
    elsewhere = {"manifest", "hostile_texts", "reauth", "duplicates", "typing", "older_ids", "documents"}
    assert (
        set(CHECKS) - {name for name, _, _ in MISTAKES} - {"injected", "typed", "narrow", "soak"} == elsewhere
    )
