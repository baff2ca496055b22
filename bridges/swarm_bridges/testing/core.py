"""What the kit asks of a core, and a small core for authors' tests.

`Core` is the port: what the checks drive and look at, whatever is behind. `SmallCore` is
one over `MemoryDesk`, with the bridge in this process. Its waits are short, so that a day of retries passes
in a second; otherwise it decides as a node does.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any, Protocol

import msgspec

from .. import api
from ..api import AccountId, ConversationRef, IntentId, LoginDone, Outgoing, Repeat, Step
from ..context import Clock
from ..desk import LoginState
from ..document import Document
from ..running import Running, package_of, running
from ..text import from_plain, split
from .desk import Account, MemoryDesk
from .journal import Intent, Journal
from .network import Hook

WAIT_S = 0.02
"""What a core waits before it tries again. A node waits longer, the longer the more often."""
ATTEMPTS = 20


class LoginFailed(Exception):
    """A login asked for something that the answers do not hold, or refused them. Holds the step."""

    def __init__(self, step: Step) -> None:
        super().__init__(f"login stopped at {step.id}: {step.error or 'no answer for it'}")
        self.step = step


class Core(Protocol):
    """What keeps a bridge, seen from the kit. An account is logged in before anything else."""

    async def log_in(self, answers: Mapping[str, str], *, again: AccountId | None = None) -> AccountId:
        """Log in with answers by field; `again` for an account that is there. Raises LoginFailed."""
        ...

    async def start(self, account: AccountId) -> None:
        """Run the account, and keep it running."""
        ...

    async def stop(self, account: AccountId) -> None:
        """Stop it cleanly."""
        ...

    async def crash(self, account: AccountId) -> None:
        """Have the power fail now, and start again."""
        ...

    async def crash_at(self, account: AccountId, point: str, doing: Callable[[], object]) -> None:
        """Have the power fail at a point (`desk.POINTS`) that `doing` leads to, and start again."""
        ...

    async def say(
        self, account: AccountId, conversation: ConversationRef, text: str, **more: Any
    ) -> IntentId:
        """Write an intent; it is sent in the background."""
        ...

    async def call(self, account: AccountId, verb: str, **arguments: Any) -> Any:
        """Call a verb of the bridge directly."""
        ...

    async def capabilities(self, account: AccountId, conversation: ConversationRef) -> api.Capabilities:
        """What can be done there; what was known before, where the network does not answer now."""
        ...

    def intent(self, account: AccountId, intent: IntentId) -> Intent:
        """How it stands with an intent."""
        ...

    def journal(self, account: AccountId) -> Journal:
        """What is known."""
        ...

    def state(self, account: AccountId) -> str:
        """`running`, `needs_owner`, `held` or `stopped`."""
        ...

    def ends(self, account: AccountId) -> Sequence[Exception | None]:
        """How `run` has ended, each time since the start."""
        ...

    def health(self, account: AccountId) -> Sequence[api.Health]:
        """What the bridge has said of itself."""
        ...

    def fleeting(self, account: AccountId) -> Sequence[api.Fleeting]:
        """What passed."""
        ...

    def logged(self) -> str:
        """All that was logged, as text."""
        ...

    def keep(self, name: str, content: bytes, media_type: str) -> api.LocalFile:
        """A file of the owner's that can be sent."""
        ...

    async def fetch(self, account: AccountId, file: api.RemoteFile) -> bytes:
        """The whole of a file of the network."""
        ...

    def webhook(self, account: AccountId) -> Hook:
        """Where a network pushes to: commits before it answers."""
        ...


@dataclass(slots=True)
class _Life:
    """An account that is kept running."""

    task: asyncio.Task[None]
    sending: asyncio.Task[None]
    state: str = "running"
    ends: list[Exception | None] = field(default_factory=list)
    starting: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while it starts again, for a start must not be cancelled half-way."""


class SmallCore:
    """See `Core`."""

    def __init__(self, bridges: Running, desk: MemoryDesk, tasks: asyncio.TaskGroup) -> None:
        self.desk = desk
        self._bridges, self._tasks = bridges, tasks
        self._lives: dict[AccountId, _Life] = {}
        self._known: dict[tuple[AccountId, ConversationRef], api.Capabilities] = {}
        self._numbers = iter(range(1, 1_000_000))

    # --- logging in

    async def log_in(self, answers: Mapping[str, str], *, again: AccountId | None = None) -> AccountId:
        """See `Core`."""
        known = self.desk.accounts[again] if again is not None else Account()
        about = LoginState(
            why="add" if again is None else "reauth", account=known.owner, settings=known.settings
        )
        flow = AccountId("login")
        turn = await self._bridges.login(flow, "begin", about, answers={})
        for _ in range(ATTEMPTS):
            about = msgspec.structs.replace(about, scratch=turn.scratch)
            step = turn.outcome
            if isinstance(step, LoginDone):
                return self._logged_in(step, again)
            assert step is not None
            missing = [
                f.name for f in step.fields if not f.optional and not f.default and f.name not in answers
            ]
            if step.error or missing:
                await self._bridges.login(flow, "abort", about, answers={})
                raise LoginFailed(step)
            verb = "tick" if step.kind == "show_and_wait" else "submit"
            given = {f.name: answers.get(f.name, f.default) for f in step.fields}
            turn = await self._bridges.login(flow, verb, about, step=step.id, answers=given)
        raise api.Refused("a login without an end")

    def _logged_in(self, done: LoginDone, again: AccountId | None) -> AccountId:
        found = (id_ for id_, a in self.desk.accounts.items() if a.owner == done.network_account_id)
        account = next(found, AccountId(f"a{len(self.desk.accounts) + 1}"))
        if again is not None and account != again:
            raise api.Refused("this is another account")
        known = self.desk.accounts[account]
        known.owner, known.settings = done.network_account_id, dict(done.settings)
        known.secrets, known.generation = dict(done.secrets), known.generation + 1
        return account

    # --- keeping it running

    async def start(self, account: AccountId) -> None:
        """See `Core`."""
        await self.stop(account)
        self.desk.accounts[account].dead.clear()
        for intent in self.journal(account).intents.values():
            if intent.state == "calling":  # nobody knows what became of it
                intent.state = "unknown"
        known = self.desk.accounts[account]
        await self._bridges.start(account, known.owner, known.settings)
        keeping = self._tasks.create_task(self._keep(account))
        self._lives[account] = _Life(keeping, self._tasks.create_task(self._send_all(account)))

    async def stop(self, account: AccountId) -> None:
        """See `Core`."""
        if (life := self._lives.get(account)) is not None:
            async with life.starting:
                tasks = [life.task, life.sending]
                for task in tasks:
                    task.cancel()
            await asyncio.wait(tasks)
            life.state = "stopped"
        await self._bridges.stop(account)

    async def crash(self, account: AccountId) -> None:
        """See `Core`."""
        self.desk.accounts[account].dead.set()
        await self.start(account)

    async def crash_at(self, account: AccountId, point: str, doing: Callable[[], object]) -> None:
        """See `Core`. Raises TimeoutError if the point is not passed within half a minute."""
        self.desk.fail_at(point)
        doing()
        async with asyncio.timeout(30):
            await self.desk.accounts[account].dead.wait()
        await self.start(account)

    async def _keep(self, account: AccountId) -> None:
        """Start it again as its errors say, and wake it often: poll bridges would wait for minutes."""
        while True:
            try:
                async with asyncio.timeout(WAIT_S):
                    ended = await self._bridges.ended(account)
            except TimeoutError:
                await self._bridges.wake(account)
                continue
            life, known = self._lives[account], self.desk.accounts[account]
            life.ends.append(ended)
            if isinstance(ended, api.AuthExpired | api.Conflict):
                life.state = "needs_owner" if isinstance(ended, api.AuthExpired) else "held"
                return
            await asyncio.sleep(WAIT_S)
            async with life.starting:
                await self._bridges.start(account, known.owner, known.settings)

    # --- sending

    async def say(
        self, account: AccountId, conversation: ConversationRef, text: str, **more: Any
    ) -> IntentId:
        """See `Core`. `more` are further members of `Outgoing`."""
        return await self.say_document(account, conversation, from_plain(text), **more)

    async def say_document(
        self,
        account: AccountId,
        conversation: ConversationRef,
        body: Document,
        *,
        files: Sequence[api.LocalFile] = (),
        **more: Any,
    ) -> IntentId:
        """Write an intent with a document, split as the conversation's capabilities say."""
        capabilities = await self.capabilities(account, conversation)
        if capabilities.levels.get("text", api.Level.REJECTED) is api.Level.REJECTED:
            raise api.NotSupported("nothing can be said here")
        id_ = IntentId(f"i{next(self._numbers)}")
        parts = split(body, capabilities)
        parts = (msgspec.structs.replace(parts[0], files=tuple(files)), *parts[1:])
        out = Outgoing(
            intent=id_, key=f"key-{id_}", attempt=0, conversation=conversation, parts=parts, **more
        )
        self.journal(account).intents[id_] = Intent(out)
        return id_

    async def capabilities(self, account: AccountId, conversation: ConversationRef) -> api.Capabilities:
        """See `Core`."""
        key = (account, conversation)
        try:
            self._known[key] = await self.call(account, "capabilities", conversation=conversation)
        except api.BridgeError:
            if key not in self._known:
                raise
        return self._known[key]

    async def call(self, account: AccountId, verb: str, **arguments: Any) -> Any:
        """See `Core`."""
        return await self._bridges.call(account, verb, **arguments)

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

    async def _send_all(self, account: AccountId) -> None:
        """Bring each intent to its end, one after the other."""
        while True:
            ids = [i for i, x in self.journal(account).intents.items() if x.state in {"waiting", "unknown"}]
            if self.state(account) == "running":
                for id_ in ids:
                    await self._attempt(account, id_)
            await asyncio.sleep(WAIT_S / 4)

    async def _attempt(self, account: AccountId, id_: IntentId) -> None:
        intent = self.intent(account, id_)
        if intent.state == "unknown" and not await self._reconciled(account, id_):
            return
        intent = self.intent(account, id_)
        if intent.state != "waiting":
            return
        intent.state, intent.calls = "calling", intent.calls + 1
        out = msgspec.structs.replace(intent.out, attempt=intent.calls, done_parts=intent.refs)
        state, error, outcome = "unknown", "", None
        try:
            outcome = await self.call(account, "send", out=out)
        except (api.Refused, api.NotSupported) as e:
            state, error = "refused", type(e).__name__
        except (api.Limited, api.Temporary, api.AuthExpired) as e:
            state, error = ("waiting" if intent.calls < ATTEMPTS else "refused"), type(e).__name__
        except Exception as e:  # noqa: BLE001 - whatever it was, nobody knows what became of the bytes
            error = type(e).__name__
        intent = self.intent(account, id_)  # an echo may have come meanwhile
        intent.error = error
        if isinstance(outcome, api.Accepted):
            self.journal(account).accept(intent, outcome)
        elif intent.state == "calling":
            intent.state = state

    async def _reconciled(self, account: AccountId, id_: IntentId) -> bool:
        """Find out what became of an unknown one; whether it may go on."""
        intent = self.intent(account, id_)
        capabilities = await self.capabilities(account, intent.out.conversation)
        if capabilities.repeat is Repeat.KEYED:
            intent.state = "waiting"
        elif capabilities.repeat is Repeat.LOOKUP:
            try:
                found = await self.call(account, "find_sent", out=intent.out)
            except api.BridgeError:
                return False
            intent = self.intent(account, id_)
            if isinstance(found, api.Accepted):
                self.journal(account).accept(intent, found)
            elif isinstance(found, api.Absent):
                intent.state = "waiting"
        return True

    # --- looking

    def ends(self, account: AccountId) -> Sequence[Exception | None]:
        """See `Core`."""
        return self._lives[account].ends

    def health(self, account: AccountId) -> Sequence[api.Health]:
        """See `Core`."""
        return self.desk.accounts[account].health

    def fleeting(self, account: AccountId) -> Sequence[api.Fleeting]:
        """See `Core`."""
        return self.desk.accounts[account].fleeting

    def logged(self) -> str:
        """See `Core`."""
        return repr(self.desk.logged)

    def keep(self, name: str, content: bytes, media_type: str) -> api.LocalFile:
        """See `Core`."""
        id_ = f"file{len(self.desk.files)}"
        self.desk.files[id_] = content
        return api.LocalFile(id=id_, name=name, media_type=media_type, size_bytes=len(content))

    def intent(self, account: AccountId, intent: IntentId) -> Intent:
        """See `Core`."""
        return self.journal(account).intents[intent]

    def journal(self, account: AccountId) -> Journal:
        """See `Core`."""
        return self.desk.accounts[account].journal

    def state(self, account: AccountId) -> str:
        """See `Core`."""
        return self._lives[account].state if account in self._lives else "stopped"


@asynccontextmanager
async def small_core(module: ModuleType) -> AsyncIterator[SmallCore]:
    """A core that keeps the bridge of a package, as long as the block lasts.

    Raises:
        WrongShape: the package is no bridge.
    """
    desk = MemoryDesk()
    async with (
        running(package_of(module), desk, clock=Clock(), random=os.urandom) as bridges,
        asyncio.TaskGroup() as tasks,
    ):
        core = SmallCore(bridges, desk, tasks)
        try:
            yield core
        finally:
            for account in list(core._lives):
                await core.stop(account)
