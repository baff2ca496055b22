"""The owner's side of the suite for bridges: what stands where the node will.

A desk in memory, a journal as the contract has it, an outbox that looks for what it does not know, and a
supervisor that begins anew when a connection was lost.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from socket import SHUT_RDWR, socket
from types import TracebackType
from typing import Any, Protocol, Self

from bridge_desk import DeskInMemory
from bridge_evidence import kept

from swarm_bridges.api import (
    Absent,
    Accepted,
    AccountId,
    Batch,
    BridgeError,
    CantTell,
    ConversationRef,
    IntentId,
    Interrupted,
    LocalFile,
    Login,
    LoginDone,
    MessageGone,
    MessageRef,
    MessageSeen,
    Origin,
    Outcome,
    Outgoing,
    ReactionsNow,
    RemoteFile,
    Rendered,
    Step,
    Temporary,
)
from swarm_bridges.context import Clock, Context, LoginContext
from swarm_bridges.desk import LoginState
from swarm_bridges.text import from_plain, to_plain

ACCOUNT = AccountId("a1")
PATIENCE_S = 45.0


class Home(Protocol):
    """What of a network the owner needs."""

    conversation: ConversationRef
    answers: Mapping[str, str]
    """For the login."""

    def bridge(self) -> Any: ...
    def login(self) -> Login: ...
    async def entered(self, owner: Owner) -> None:
        """Wait until the owner's bridge is in the conversation."""


@dataclass
class Shown:
    """A message as the owner sees it."""

    ref: MessageRef
    author: str
    is_owner: bool
    text: str
    origin: Origin
    reply_to: MessageRef | None
    files: tuple[RemoteFile, ...]
    revisions: list[str]
    reactions: dict[str, frozenset[str]] = field(default_factory=dict)
    gone: bool = False


class Journal:
    """Batches as the contract has them read: by id, alias, revision; only authors change what they wrote."""

    def __init__(self, batches: list[Batch]) -> None:
        self.shown: dict[tuple[str, str], Shown] = {}
        self.refused = 0
        self._alias: dict[tuple[str, str], tuple[str, str]] = {}
        for batch in batches:
            for event in batch.events:
                if isinstance(event, MessageSeen):
                    self._seen(event)
                elif isinstance(event, MessageGone | ReactionsNow):
                    self._changed(event)

    def find(self, ref: MessageRef) -> Shown | None:
        key = ref.conversation.remote_id, ref.remote_id
        return self.shown.get(self._alias.get(key, key))

    def texts(self, conversation: ConversationRef) -> list[str]:
        return [s.text for s in self.shown.values() if s.ref.conversation == conversation and not s.gone]

    def _seen(self, event: MessageSeen) -> None:
        text = to_plain(event.body)
        known = self.find(event.ref)
        if known is None and event.revision == "0":
            key = event.ref.conversation.remote_id, event.ref.remote_id
            for alias in event.aliases:
                self._alias[event.ref.conversation.remote_id, alias] = key
            self.shown[key] = Shown(
                event.ref,
                event.actor.remote_id,
                event.actor.is_owner,
                text,
                event.origin,
                event.reply_to,
                event.files,
                ["0"],
            )
        elif known is None or known.author != event.actor.remote_id:
            self.refused += 1
        elif event.revision not in known.revisions:
            known.text = text
            known.revisions.append(event.revision)

    def _changed(self, event: MessageGone | ReactionsNow) -> None:
        known = self.find(event.target)
        if isinstance(event, ReactionsNow):
            if known is not None:
                known.reactions[event.actor.remote_id] = event.values
        elif known is None or (event.actor is not None and known.author != event.actor.remote_id):
            self.refused += 1
        else:
            known.gone = True


class Lines(DeskInMemory):
    """A desk whose connections can be cut."""

    def __init__(self) -> None:
        super().__init__()
        self.down = False
        self._lines: list[socket] = []

    async def connect(self, account: AccountId, host: str, port: int) -> socket:
        if self.down:
            raise Temporary("the line is down")
        line = await super().connect(account, host, port)
        self._lines.append(line.dup())
        return line

    def cut(self) -> None:
        for line in self._lines:
            with contextlib.suppress(OSError):  # the other side was faster
                line.shutdown(SHUT_RDWR)
            line.close()
        self._lines.clear()


class Owner:
    """`async with`: the bridge runs, and begins anew when a connection was lost; `ended` stops that."""

    def __init__(
        self, network: Home, done: LoginDone, desk: Lines | None = None, clock: Clock | None = None
    ) -> None:
        self.network, self.desk = network, desk or Lines()
        self.desk.of(ACCOUNT).secrets.update(done.secrets)
        self.bridge = network.bridge()
        self.ctx = Context(
            self.desk,
            ACCOUNT,
            owner=done.network_account_id,
            settings=done.settings,
            clock=clock or Clock(),
            random=os.urandom,
        )
        self.ended: asyncio.Future[BridgeError] = asyncio.get_running_loop().create_future()
        self.runs = 0
        self.asked: Callable[[Outgoing], Awaitable[bool]] | None = getattr(network, "asked", None)
        """What the owner answers whom a bridge could not tell whether something is there, if it may be so."""
        self.questions = set[IntentId]()
        """What was asked about so."""
        self._tasks = asyncio.TaskGroup()

    async def __aenter__(self) -> Self:
        await self._tasks.__aenter__()
        self._running = self._tasks.create_task(self._supervise())
        await self.network.entered(self)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self._running.cancel()
        try:
            await self._tasks.__aexit__(kind, error, where)
        finally:
            self.desk.cut()
            await self.ctx.close()

    async def _supervise(self) -> None:
        while not self.ended.done():
            self.runs += 1
            try:
                await self.bridge.run(self.ctx)
            except (Interrupted, Temporary):
                await asyncio.sleep(0.1)
            except BridgeError as e:
                self.ended.set_result(e)

    @property
    def journal(self) -> Journal:
        return Journal(self.desk.of(ACCOUNT).batches)

    async def until(self, wanted: Callable[[Journal], bool]) -> Journal:
        """The journal, when it is so."""
        account = self.desk.of(ACCOUNT)
        with kept(self, account):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    account.news.clear()
                    if wanted(journal := self.journal):
                        return journal
                    await account.news.wait()

    async def sees(self, text: str) -> Shown:
        journal = await self.until(lambda j: self._find(j, text) is not None)
        found = self._find(journal, text)
        assert found is not None
        return found

    def _find(self, journal: Journal, text: str) -> Shown | None:
        return next((s for s in journal.shown.values() if s.text == text and not s.gone), None)

    async def call(self, verb: str, *arguments: Any) -> Any:
        """Call the bridge, as soon as it is there."""
        while True:
            try:
                return await getattr(self.bridge, verb)(self.ctx, *arguments)
            except Temporary:
                await asyncio.sleep(0.1)

    async def call_page(self, conversation: ConversationRef, at: Any, limit: int) -> Any:
        """`Pages.page`."""
        return await self.bridge.page(self.ctx, conversation, at=at, limit=limit)

    def outgoing(self, text: str, **more: Any) -> Outgoing:
        files = more.pop("files", ())
        intent = IntentId(f"i{os.urandom(8).hex()}")
        part = Rendered(from_plain(text), text, files)
        return Outgoing(
            intent=intent,
            key=intent,
            attempt=1,
            conversation=self.network.conversation,
            parts=(part,),
            **more,
        )

    async def say(self, text: str, **more: Any) -> MessageRef:
        """Say it as the outbox does: the unknown is looked for, and sent again only if it is not there."""
        out = self.outgoing(text, **more)
        with kept(self, self.desk.of(ACCOUNT)):
            async with asyncio.timeout(PATIENCE_S):
                while True:
                    outcome = await self.call("send", out)
                    if not isinstance(outcome, Accepted):
                        outcome = await self._look(out)
                    if isinstance(outcome, Accepted):
                        return outcome.refs[0]

    async def _look(self, out: Outgoing) -> Any:
        while True:
            try:
                found = await self.call("find_sent", out)
            except Interrupted:
                continue
            if isinstance(found, CantTell) and self.asked is not None:
                self.questions.add(out.intent)
                if await self.asked(out):
                    continue
                return Absent()
            assert isinstance(found, Accepted | Absent), found
            return found

    async def send_file(self, name: str, data: bytes) -> MessageRef:
        self.desk.of(ACCOUNT).files[name] = data
        file = LocalFile(id=name, name=name, media_type="text/plain", size_bytes=len(data))
        return await self.say("", files=(file,))

    async def accepted(self, verb: str, *arguments: Any) -> None:
        outcome: Outcome = await self.call(verb, *arguments)
        assert isinstance(outcome, Accepted)


async def log_in(
    network: Home, desk: Lines, answers: Mapping[str, str], why: str = "add"
) -> Step | LoginDone:
    """One turn of the network's login."""
    ctx = LoginContext(desk, AccountId("flow"), LoginState(why=why), clock=Clock(), random=os.urandom)
    try:
        step = await network.login().begin(ctx)
        assert isinstance(step, Step)
        return await network.login().submit(ctx, step.id, answers)
    finally:
        await ctx.close()
        desk.cut()


async def owner_of(network: Home, **more: Any) -> Owner:
    """The owner, logged in."""
    done = await log_in(network, Lines(), network.answers)
    assert isinstance(done, LoginDone), done
    return Owner(network, done, **more)
