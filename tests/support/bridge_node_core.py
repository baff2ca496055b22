"""The kit's port to a core (`swarm_bridges.testing.Core`) over the node's own: kit and node cannot disagree.

Everything that decides is the node's: the runner's transactions, its desk for bridges, accounts, journal,
outbox, the dispatcher of calls. The bridge runs in this process, as it does for authors. Time passes faster,
so that half a minute's wait is a second; what a bridge waits for by itself does not.

    async with node_core(module) as core: ...
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, ExitStack, asynccontextmanager, suppress
from types import ModuleType
from typing import Any, TypeVar, cast
from unittest.mock import patch

import msgspec
from bridge_core_world import START, empty

from swarm_bridges import api
from swarm_bridges.api import AccountId, ConversationRef, IntentId, LoginDone
from swarm_bridges.context import Clock
from swarm_bridges.desk import Caller, Fact, LoginState
from swarm_bridges.running import Running, package_of, running
from swarm_bridges.testing import LoginFailed
from swarm_bridges.testing.journal import Intent, Journal, Shown
from swarm_bridges.testing.network import Hook
from swarm_bridges.text import from_plain
from swarmnode.bridging.core import (
    accounts,
    calls,
    entries,
    files,
    health,
    intents,
    invitations,
    outbox,
    rooms,
    words,
)
from swarmnode.bridging.core.packed import texts
from swarmnode.bridging.core.writing import message_id
from swarmnode.bridging.host import dispatcher
from swarmnode.bridging.host.connect import Reach
from swarmnode.bridging.host.desk import NodeDesk
from swarmnode.bridging.host.dispatcher import Dispatcher
from swarmnode.delivery.runner import Runner
from swarmnode.domain.time import Instant
from swarmnode.errors import UsageError
from swarmnode.services.node import Node
from swarmnode.services.step import Step, Told
from swarmnode.storage.bridge_shelves import (
    ACCOUNTS,
    ACTORS,
    ALIASES,
    INTENTS,
    REACTIONS,
    REMOTE_MESSAGES,
    ROOMS,
    RemoteActor,
)
from swarmnode.storage.bridge_shelves import Intent as IntentRow
from swarmnode.storage.database import Database

T = TypeVar("T")
FASTER = 30.0
"""Seconds of the node's clock in one of ours."""
LOOK_S = 0.02
STATES = {
    **dict.fromkeys(("waiting", "ready"), "waiting"),
    **dict.fromkeys(("calling", "looking"), "calling"),
    **dict.fromkeys(("unknown", "asked"), "unknown"),
    "accepted": "accepted",
    **dict.fromkeys(("refused", "expired", "cancelled"), "refused"),
}
"""The node's states of an intent as the kit's."""


class Power:
    """The runner, until the power fails: then nothing is written or read by what ran before."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.failed = asyncio.Event()

    async def do(self, wish: Callable[[Step, Node], T]) -> T:
        self._on()
        return await self._runner.do(wish)

    async def look(self, reading: Callable[[Step, Node], T]) -> T:
        self._on()
        return await self._runner.look(reading)

    def news(self) -> AbstractAsyncContextManager[asyncio.Queue[Told]]:
        return self._runner.news()

    def _on(self) -> None:
        if self.failed.is_set():
            raise api.Gone("the power has failed")


class Desk(NodeDesk):
    """The node's. The power may fail at the kit's points: then nothing that a bridge awaits returns."""

    def __init__(self, power: Power) -> None:
        self.health: list[api.Health] = []
        self.passed: list[api.Fleeting] = []
        self.brought: dict[api.MessageRef, api.OpaqueSeen] = {}
        """Bytes of nodes in batches that were taken; what becomes of them is for other tests."""
        self.lines: list[object] = []
        self.fail_at = ""
        self.power = power
        self.watch = health.Watch()
        reach = Reach(("any",))
        super().__init__(
            power,
            self.watch,
            lambda _: reach,
            loopback=True,
            on_fleeting=lambda _, item: self.passed.append(item),
        )

    async def _point(self, point: str) -> None:
        if point == self.fail_at:
            self.fail_at = ""
            self.power.failed.set()
        if self.power.failed.is_set():
            await asyncio.get_running_loop().create_future()

    async def ingest(self, account: AccountId, batch: api.Batch) -> None:
        await self._point("ingest.before")
        await super().ingest(account, batch)
        for event in batch.events:
            if isinstance(event, api.OpaqueSeen):
                self.brought.setdefault(event.ref, event)
        await self._point("ingest.after")

    async def kv_put(self, account: AccountId, values: Mapping[str, bytes | None]) -> None:
        await self._point("kv.before")
        await super().kv_put(account, values)
        await self._point("kv.after")

    async def secrets_put(self, account: AccountId, values: Mapping[str, bytes], expect: int) -> int:
        await self._point("secrets.before")
        generation = await super().secrets_put(account, values, expect)
        await self._point("secrets.after")
        return generation

    async def state(self, account: AccountId, health: api.Health) -> None:
        self.health.append(health)
        await super().state(account, health)

    def log(self, account: AccountId, level: str, event: str, facts: Mapping[str, Fact]) -> None:
        self.lines.append((level, event, facts))
        super().log(account, level, event, facts)


class NodeCore:
    """See `swarm_bridges.testing.Core`; of one account."""

    def __init__(
        self, runner: Runner, desk: Desk, bridges: Running, package: str, tasks: asyncio.TaskGroup
    ) -> None:
        self.desk = desk
        self._runner, self._bridges, self._package, self._tasks = runner, bridges, package, tasks
        self._life: list[asyncio.Task[None]] = []
        self._ends: list[Exception | None] = []
        self._errors: dict[str, str] = {}
        self._files: dict[str, bytes] = {}

    async def _do(self, wish: Callable[[Step], T]) -> T:
        return await self._runner.do(lambda step, _: wish(step))

    def _look(self, reading: Callable[[Step], T]) -> T:
        with self._runner.database.read() as tx:
            return reading(Step(tx, clock(), os.urandom))

    # --- logging in

    async def log_in(self, answers: Mapping[str, str], *, again: AccountId | None = None) -> AccountId:
        """See `Core`."""
        known = None if again is None else self._look(lambda step: accounts.get(step, again))
        about = LoginState(why="add") if known is None else _again(known)
        flow = AccountId("login")
        turn = await self._bridges.login(flow, "begin", about, answers={})
        while not isinstance(step := turn.outcome, LoginDone):
            assert step is not None
            missing = [f for f in step.fields if not f.optional and not f.default and f.name not in answers]
            if step.error or missing:
                raise LoginFailed(step)
            about = msgspec.structs.replace(about, scratch=turn.scratch)
            verb = "tick" if step.kind == "show_and_wait" else "submit"
            given = {f.name: answers.get(f.name, f.default) for f in step.fields}
            turn = await self._bridges.login(flow, verb, about, step=step.id, answers=given)
        return await self._do(lambda step: self._logged_in(step, turn.outcome))

    def _logged_in(self, step: Step, done: Any) -> AccountId:
        row = ACCOUNTS.one(step.tx, package=self._package, remote_id=done.network_account_id)
        if row is None:
            return accounts.add(step, self._package, done)
        accounts.relogin(step, row.account, done)
        return AccountId(row.account)

    # --- keeping it running

    async def start(self, account: AccountId) -> None:
        """See `Core`."""
        await self.stop(account)
        self.desk.power.failed.clear()
        await self._do(calls.started)
        own = Dispatcher(self.desk.power, account, cast("Caller", self), wall=lambda: clock().wall_s)
        known = await self._started(account)
        self._life = [
            self._tasks.create_task(work) for work in (self._keep(known.account), own.run(), _hurried(own))
        ]

    async def _started(self, account: AccountId) -> accounts.Account:
        known = self._look(lambda step: accounts.get(step, account))
        await self._bridges.start(account, known.owner, known.settings)
        return known

    async def stop(self, account: AccountId) -> None:
        """See `Core`."""
        for task in self._life:
            task.cancel()
        if self._life:
            await asyncio.wait(self._life)
        self._life.clear()
        await self._bridges.stop(account)

    async def crash(self, account: AccountId) -> None:
        """See `Core`."""
        self.desk.power.failed.set()
        await self.start(account)

    async def crash_at(self, account: AccountId, point: str, doing: Callable[[], object]) -> None:
        """See `Core`. Raises TimeoutError if the point is not passed."""
        self.desk.fail_at = point
        doing()
        async with asyncio.timeout(30):
            await self.desk.power.failed.wait()
        await self.start(account)

    async def _keep(self, account: AccountId) -> None:
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    ended = await self._bridges.ended(account)
            except TimeoutError:
                await self._bridges.wake(account)
                continue
            self._ends.append(ended)
            await self._do(lambda step, e=ended: health.ended(step, self.desk.watch, account, e))  # type: ignore[misc]
            if isinstance(ended, api.AuthExpired | api.Conflict):
                return
            await asyncio.sleep(LOOK_S)
            again = self._tasks.create_task(self._started(account))
            await asyncio.shield(again)  # a start must not be cancelled half-way

    # --- sending

    async def say(
        self, account: AccountId, conversation: ConversationRef, text: str, **more: Any
    ) -> IntentId:
        """See `Core`."""
        await self._known(account)

        def write(step: Step) -> IntentId:
            room = rooms.of(step, accounts.find(step, account).id, conversation)
            said = dict(more)
            if (to := said.pop("reply_to", None)) is not None:
                row = entries.find(step, room.id, to.remote_id, to.part)
                assert row is not None, "what is answered is there"
                said["reply_to"] = message_id(row)
            kept = [files.with_bytes(file, self._files[file.id]) for file in said.pop("files", ())]
            saying = outbox.Saying(text, files=files.put(step, kept), **said)
            sent = outbox.send(step, rooms.chat_id(room.id), saying)
            intent = INTENTS.get(step.tx, outbox.find(step, sent).intent_id)
            assert intent is not None
            return IntentId(intent.intent)

        try:
            return await self._do(write)
        except UsageError as e:
            raise api.NotSupported(str(e)) from None

    async def _known(self, account: AccountId) -> None:
        """Wait until the dispatcher has asked what can be done, as it does when a network tells of a room."""
        with suppress(TimeoutError):
            await self._until(lambda step: not accounts.unasked(step, account), 2)

    async def capabilities(self, account: AccountId, conversation: ConversationRef) -> api.Capabilities:
        """See `Core`."""

        def known(step: Step) -> api.Capabilities | None:
            row = accounts.find(step, account)
            room = rooms.of(step, row.id, conversation)
            return None if room.abilities is None else accounts.capabilities(step, row, room.abilities)

        found = await self._until(known, 30)
        assert found is not None
        return found

    async def _until(self, look: Callable[[Step], T], seconds: float) -> T:
        """The first answer that says something. Raises TimeoutError."""
        end = time.monotonic() + seconds
        while not (found := await self._do(look)):
            if time.monotonic() > end:
                raise TimeoutError
            await asyncio.sleep(LOOK_S)
        return found

    async def call(self, account: AccountId, verb: str, **arguments: Any) -> Any:
        """See `Core`, and `swarm_bridges.desk.Caller`: what the dispatcher calls as well."""
        try:
            return await self._bridges.call(account, verb, **arguments)
        except Exception as e:
            if isinstance(out := arguments.get("out"), api.Outgoing):
                self._errors[out.intent] = type(e).__name__
            raise

    async def fetch(self, account: AccountId, file: api.RemoteFile) -> bytes:
        """See `Core`."""
        return b"".join([piece async for piece in self._bridges.fetch(account, file)])

    def webhook(self, account: AccountId) -> Hook:
        """See `Core`."""

        async def hook(request: api.RawRequest) -> api.RawAnswer:
            async with asyncio.timeout(1):  # after a power failure nothing would answer
                answer: api.RawAnswer = await self.call(account, "webhook", request=request)
                if answer.batch is not None:
                    await self.desk.ingest(account, answer.batch)
            return answer

        return hook

    # --- looking

    def ends(self, account: AccountId) -> Sequence[Exception | None]:
        """See `Core`."""
        del account
        return self._ends

    def health(self, account: AccountId) -> Sequence[api.Health]:
        """See `Core`."""
        del account
        return self.desk.health

    def fleeting(self, account: AccountId) -> Sequence[api.Fleeting]:
        """See `Core`."""
        del account
        return self.desk.passed

    def logged(self) -> str:
        """See `Core`."""
        return repr(self.desk.lines)

    def keep(self, name: str, content: bytes, media_type: str) -> api.LocalFile:
        """See `Core`."""
        id_ = f"file{len(self._files)}"
        self._files[id_] = content
        return api.LocalFile(id=id_, name=name, media_type=media_type, size_bytes=len(content))

    def intent(self, account: AccountId, intent: IntentId) -> Intent:
        """See `Core`."""
        return self.journal(account).intents[intent]

    def state(self, account: AccountId) -> str:
        """See `Core`."""
        held = self._look(lambda step: accounts.get(step, account)).held
        return {"auth": "needs_owner", "conflict": "held"}.get(held, "running" if self._life else "stopped")

    def journal(self, account: AccountId) -> Journal:
        """See `Core`."""
        return self._look(lambda step: self._journal(step, accounts.find(step, account).id))

    def _journal(self, step: Step, account_id: int) -> Journal:
        """The tables as the kit's journal has them. It shows what the network has named."""
        found = Journal(opaque=list(self.desk.brought.values()))
        people = {row.id: row for row in ACTORS.all(step.tx, account_id=account_id)}
        for row in people.values():
            who = api.Actor(row.remote_id, row.owner)
            found.people[row.remote_id] = api.ActorSeen(actor=who, name=row.name, handle=row.handle)
        for room in ROOMS.all(step.tx, account_id=account_id):
            ref = rooms.ref(room)
            given = invitations.of(room)
            about = api.ConversationSeen(conversation=ref, kind=room.kind, title=room.title, invitation=given)
            found.conversations[ref] = about
            if room.gone and given is None:
                found.gone.add(ref)
            for shown in _shown(step, room.id, people):
                found.messages[shown.event.ref] = shown
                for alias in shown.event.aliases:
                    found.aliases[ref, alias] = shown.event.ref
        for intent in INTENTS.all(step.tx, account_id=account_id):
            made = self._intent(step, intent)
            found.intents[made.out.intent] = made
        return found

    def _intent(self, step: Step, row: IntentRow) -> Intent:
        sent = (entries.ref(step, part) for part in intents.parts(step, row))
        part = api.Rendered(from_plain(""), f"intent {row.intent}")
        room = rooms.ref(rooms.get(step, row.conversation_id))
        id_ = IntentId(row.intent)
        out = api.Outgoing(intent=id_, key=id_, attempt=row.attempts, conversation=room, parts=(part,))
        refs = tuple(ref for ref in sent if ref is not None)
        return Intent(out, STATES[row.state], refs, self._errors.get(id_, ""), row.attempts)


def _shown(step: Step, room_id: int, people: Mapping[int, RemoteActor]) -> Iterator[Shown]:
    rows = REMOTE_MESSAGES.all(step.tx, conversation_id=room_id)
    for number, row in enumerate(sorted(rows, key=lambda row: (row.place, row.rank))):
        ref, content = entries.ref(step, row), words.of(step, row)
        if ref is None or content is None or row.actor_id is None:
            continue
        event = api.MessageSeen(
            ref=ref,
            actor=api.Actor(people[row.actor_id].remote_id, row.mine),
            body=content.body,
            revision=row.revision,
            order=f"{number:09}",
            aliases=tuple(alias.alias for alias in ALIASES.all(step.tx, message_id=row.id)),
            reply_to=content.reply_to,
            files=content.files,
            poll=content.poll,
        )
        intent = None if row.intent_id is None else INTENTS.get(step.tx, row.intent_id)
        mine, counts = entries.marks(row)
        yield Shown(
            event,
            None if intent is None else IntentId(intent.intent),
            {
                people[one.actor_id].remote_id: frozenset(texts(one.symbols))
                for one in REACTIONS.all(step.tx, message_id=row.id)
            },
            api.MarksNow(target=ref, mine=mine, counts=counts),
        )


def _again(known: accounts.Account) -> LoginState:
    return LoginState(why="reauth", account=known.owner, settings=known.settings)


async def _hurried(own: Dispatcher) -> None:
    """Have the dispatcher look often: by its own clock seconds have passed."""
    while True:
        await asyncio.sleep(LOOK_S)
        own.told(Told(0, "bridge.time", {}))


_BEGAN = time.monotonic()


def clock() -> Instant:
    """The node's clock, which is faster than ours."""
    passed = (time.monotonic() - _BEGAN) * FASTER
    return Instant(START + int(passed), passed)


@asynccontextmanager
async def node_core(module: ModuleType) -> AsyncIterator[NodeCore]:
    """A node's core that keeps the bridge of a package, as long as the block lasts.

    Raises:
        WrongShape: the package is no bridge.
    """
    database = Database.memory(entropy=os.urandom, disk=empty().copy())
    runner = Runner(database, entropy=os.urandom, now=clock)
    with ExitStack() as patches:
        for name, value in (
            ("QUIET_S", LOOK_S),
            ("LEAST_PAUSE_S", LOOK_S),
            ("IDLE_PAUSE_S", LOOK_S),
            ("DRAIN_S", 0.2),
            ("RETRY_S", 0.2),
            ("ASK_AGAIN_S", 0.2),
        ):
            patches.enter_context(patch.object(dispatcher, name, value))
        async with runner.running():
            desk = Desk(Power(runner))
            async with (
                running(package_of(module), desk, clock=Clock(), random=os.urandom) as bridges,
                asyncio.TaskGroup() as tasks,
            ):
                core = NodeCore(runner, desk, bridges, module.__name__, tasks)
                try:
                    yield core
                finally:
                    for account in core._look(accounts.all_of):
                        await core.stop(account.account)
