"""A node as the API asks for it (`api.node.Node`): what people want, turned into steps of the runner."""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

from swarm_protocol.content import Message, Reply, Text
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.meeting import InviteLink, LinkKind, RelayLink

from ..api.node import File, Found, LinkView, NodeView
from ..config import Config
from ..delivery.relay_role import RelayRole
from ..delivery.runner import Runner
from ..domain.views import (
    CarryView,
    ChatView,
    Check,
    ContactView,
    DeletionView,
    Event,
    Hit,
    InviteView,
    MessageState,
    MessageView,
    NodeState,
    Page,
    Problem,
    RelayView,
    SafetyView,
    StatusView,
)
from ..errors import Conflict, Locked, NotFound, NotReady, UsageError
from ..services import contacts, identity, meeting, messages, relays, views, ways
from ..services.node import Node, Options
from ..services.step import Step
from ..storage import integrity
from ..storage.home import Home
from ..storage.keystore import KeyStore
from ..storage.sealing import RootKey
from ..storage.shelves import (
    CONTACTS,
    IDEMPOTENCY,
    INVITES,
    MESSAGES,
    OUTBOX,
    PERSONAS,
    RELAYS,
    MessageRow,
)
from . import doctor, files, home, words
from .stores import Stores

T = TypeVar("T")
INVITE_S = 30.0
"""So long `invite` and `accept` wait for relays before they answer with what there is."""
ENDED = frozenset({"confirmed", "asked", "taken", "expired", "no-relay", "declined", "wrong-code"})


class LocalNode:
    """The node of one home, in whatever state it is."""

    def __init__(self, config: Config, place: Home, stores: Stores, *, role: RelayRole | None) -> None:
        self.config, self.place, self.stores, self.role = config, place, stores, role
        self._keys = KeyStore(place.files, entropy=os.urandom)
        self._root: RootKey | None = None
        self._runner: Runner | None = None
        self._open = AsyncExitStack()
        self._turn = asyncio.Lock()
        self._words: tuple[str, ...] = ()
        self._quarantine = ""

    # States

    @property
    def runner(self) -> Runner:
        """What runs the open store.

        Raises:
            Locked, NotReady: it is not open, or holds no persona.
        """
        if self._runner is None:
            if self._keys.exists():
                raise Locked("this node is locked", hint="Unlock it: `swarmnode unlock`.")
            raise NotReady("there is no persona yet", hint="Create one: `swarmnode init`, or on the page.")
        return self._runner

    async def start(self, passphrase: str | None) -> None:
        """Open the store if what is at hand opens it."""
        if not self._keys.exists():
            return
        root = await asyncio.to_thread(
            home.unlock, self._keys, passphrase=passphrase, keyring=self.config.storage.keyring
        )
        if root is not None:
            async with self._turn:
                await self._start(root)

    async def stop(self) -> None:
        """Close the store, with everything in it."""
        async with self._turn:
            await self._stop()

    async def _start(self, root: RootKey) -> None:
        keyring, privacy, link = self.config.storage.keyring, self.config.privacy, self.config.link
        database = await asyncio.to_thread(home.open_database, self.place, root, keyring=keyring)
        self._open.callback(database.close)
        runner = Runner(
            database,
            entropy=os.urandom,
            options=Options(
                receipts=privacy.receipts,
                forward=privacy.forward,
                direct=privacy.direct,
                lan=privacy.lan,
                words=tuple(words.wordlist()),
            ),
            on_disk_full=lambda: integrity.release_ballast(self.place),
        )
        await self._open.enter_async_context(runner.running())
        self._runner, self._root = runner, root
        if database.rolled_back:
            return
        await self.stores.opened(runner)
        if privacy.direct or privacy.lan:
            from ..delivery import doors  # noqa: PLC0415 - both are off for most, and take time to load

            beside = self.role is not None  # a relay in this process has the port
            await self._open.enter_async_context(
                doors.opened(
                    runner,
                    self.place.path,
                    direct=privacy.direct,
                    lan=privacy.lan,
                    host=link.host,
                    port=0 if beside else self.config.link_port,
                    public="" if beside else link.public,
                )
            )

    async def _stop(self) -> None:
        self._runner, self._root = None, None
        self.stores.closed()
        await self._open.aclose()

    async def _do(self, wish: Callable[[Step, Node], T]) -> T:
        return await self.runner.do(wish)

    async def _look(self, reading: Callable[[Step, Node], T]) -> T:
        return await self.runner.look(reading)

    # How it is, and whose

    async def status(self) -> StatusView:
        """See `api.node.Node`."""
        release = version("social-swarm-node")
        if self._runner is None:
            state = NodeState.LOCKED if self._keys.exists() else NodeState.EMPTY
            return StatusView(state, release)
        runner = self._runner

        def look(step: Step, node: Node) -> StatusView:
            row = next(iter(PERSONAS.all(step.tx)), None)
            if row is None:
                return StatusView(NodeState.EMPTY, release)
            quarantine = node.quarantine or ("rolled back" if runner.database.rolled_back else "")
            me = node.persona or identity.load(step)
            assert me is not None
            return StatusView(
                state=NodeState.QUARANTINE if quarantine else NodeState.READY,
                version=release,
                name=row.name,
                persona=me.chain.persona_id.hex(),
                relays=relays.all_of(step, node),
                contacts=CONTACTS.count(step.tx),
                unread=MESSAGES.count(step.tx, unread=True),
                waiting=len({item.message_id for item in OUTBOX.all(step.tx) if item.message_id is not None}),
                problems=_problems(step, node, quarantine, runner),
            )

        return await runner.look(look)

    async def doctor(self) -> tuple[Check, ...]:
        """See `api.node.Node`."""
        return await doctor.examine(self.place, self._runner, self.role, exists=self._keys.exists())

    async def nodes(self) -> tuple[NodeView, ...]:
        """See `api.node.Node`."""

        def look(_: Step, node: Node) -> tuple[NodeView, ...]:
            me = node.me
            return tuple(
                NodeView(
                    id=known.leaf_sig.hex()[:16],
                    label=f"node {known.added}",
                    this=known.leaf_sig == me.keys.leaf_sig.public,
                    priority=known.priority,
                    active=known.active,
                )
                for known in me.chain.state.nodes
            )

        return await self._look(look)

    async def trace(self, peer: str) -> AsyncIterator[str]:
        """See `api.node.Node`."""
        async with self.runner.traced() as lines:
            while True:
                line = await lines.get()
                if peer in line.about or not peer:
                    yield line.text

    async def create(
        self, name: str, passphrase: str | None, key_file: Path | None, words: Sequence[str] | None
    ) -> tuple[str, ...]:
        """See `api.node.Node`."""
        if "node" not in self.config.roles:
            raise NotReady(
                "this process is a relay alone", hint="Start a node with `swarmnode run --role node`."
            )
        async with self._turn:
            if self._keys.exists():
                raise Conflict("there is a persona already", hint="Another one needs another home.")
            keyring = self.config.storage.keyring
            root = await asyncio.to_thread(
                lambda: home.new_key(self._keys, passphrase=passphrase, key_file=key_file, keyring=keyring)
            )
            await self._start(root)
            said = await self.runner.do_with_engine(
                lambda step, engine: home.make_persona(step, engine, name, words)
            )
            self._words = said
            return said

    async def check_words(self, told: Mapping[int, str]) -> bool:
        """See `api.node.Node`."""
        if not self._words:
            raise NotReady(
                "the words are not here any more", hint="Only right after `create` they can be checked."
            )
        right = words.are(self._words, told)
        if right:
            self._words = ()

            def note(step: Step, _: Node) -> None:
                for row in PERSONAS.all(step.tx):
                    PERSONAS.change(step.tx, row.id, words_seen=True)

            await self._do(note)
        return right

    async def restore(self, said: Sequence[str], backup: Path | None, passphrase: str | None) -> StatusView:
        """See `api.node.Node`."""
        kit = words.kit_of(said)
        async with self._turn:
            if self._keys.exists():
                raise Conflict("there is a persona here already", hint="Restore into another home.")
            keyring = self.config.storage.keyring
            root = await asyncio.to_thread(
                lambda: home.new_key(self._keys, passphrase=passphrase, key_file=None, keyring=keyring)
            )
            await self._start(root)
            try:
                await files.restore(self.runner, kit, backup)
            except BaseException:
                await self._stop()
                self._keys.destroy()
                self.place.database.unlink(missing_ok=True)
                raise
        return await self.status()

    async def unlock(self, passphrase: str) -> None:
        """See `api.node.Node`."""
        async with self._turn:
            if self._runner is not None:
                return
            if not self._keys.exists():
                raise NotReady("there is nothing to unlock yet")
            root = await asyncio.to_thread(
                lambda: home.unlock(self._keys, passphrase=passphrase, keyring=False)
            )
            if root is None:
                raise NotReady(
                    "this home has no passphrase", hint="It opens by its key file or the key ring."
                )
            await self._start(root)

    async def lock(self) -> None:
        """See `api.node.Node`."""
        await self.stop()

    async def rename_self(self, name: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, node: identity.rename(step, node, name))

    # Relays

    async def relay_tickets(self, count: int) -> tuple[str, ...]:
        """See `api.node.Node`."""
        if self.role is None:
            raise NotReady("this process is no relay", hint="Start it with `swarmnode run --role relay`.")
        return tuple([(await self.role.tickets_link()).format() for _ in range(count)])

    async def relay_use(self, link: str) -> RelayView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: relays.use(step, node, link))

    async def relays(self) -> tuple[RelayView, ...]:
        """See `api.node.Node`."""
        return await self._look(relays.all_of)

    async def relay_remove(self, relay: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, node: relays.remove(step, node, int(relay) if relay.isdecimal() else 0))

    # People

    async def invite(self, kind: str, label: str, note: str) -> InviteView:
        """See `api.node.Node`."""

        def begin(step: Step, node: Node) -> InviteView:
            return meeting.invite(step, node, kind, label=label, note=note)

        return await self._invited(begin, lambda view: bool(view.link or view.code) or view.state in ENDED)

    async def accept(self, text: str, note: str) -> InviteView:
        """See `api.node.Node`."""

        def begin(step: Step, node: Node) -> InviteView:
            return meeting.accept(step, node, text, note=note or node.me.name)

        view = await self._invited(begin, lambda view: view.state in ENDED)
        if view.state == "taken":
            raise Conflict(
                "somebody else has opened this invite before", hint="Ask for a new one, over a better way."
            )
        if view.state == "wrong-code":
            raise NotFound(
                "these are not the words, and the code is used up now",
                hint="Ask for a new code, or for a link: `swarmnode invite`.",
            )
        if view.state == "expired" and view.kind == "code":
            raise NotFound(
                "no relay that you know has this code",
                hint="It may have ended; or you share no relay: then ask for a link, `swarmnode invite`.",
            )
        if view.state == "expired":
            raise NotFound("no relay has this invite any more", hint="Ask for a new one.")
        if view.state == "no-relay":
            raise NotReady("an answer needs a relay of yours", hint="Call `swarmnode relay use LINK` first.")
        return view

    async def _invited(
        self, begin: Callable[[Step, Node], InviteView], ready: Callable[[InviteView], bool]
    ) -> InviteView:
        """Begin something that relays have to answer, and wait a while for it."""
        async with self.runner.news() as news:
            view = await self._do(begin)
            try:
                async with asyncio.timeout(INVITE_S):
                    while not ready(view):
                        told = await news.get()
                        if told.type == "invite.changed" and told.data.get("invite") == view.id:
                            view = await self._invite(view.id)
            except TimeoutError:
                pass
        return view

    async def _invite(self, invite: str) -> InviteView:
        return await self._look(lambda step, _: meeting.view(step, invite))

    async def invites(self) -> tuple[InviteView, ...]:
        """See `api.node.Node`."""

        def look(step: Step, _: Node) -> tuple[InviteView, ...]:
            rows = [row for row in INVITES.all(step.tx) if row.role != "request"]
            open_first = sorted(rows, key=lambda row: (row.state in ENDED, -row.id))
            return tuple(map(meeting.view_of, open_first))

        return await self._look(look)

    async def revoke_invite(self, invite: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, node: meeting.revoke(step, node, invite))

    async def inspect_link(self, text: str) -> LinkView:
        """See `api.node.Node`."""
        try:
            link = InviteLink.parse(text)
        except RemoteProtocolError:
            try:
                relay = RelayLink.parse(text)
            except RemoteProtocolError as e:
                raise UsageError(
                    f"this is no link: {e}", hint="Copy the whole line, from `swarm:` on."
                ) from e
            return LinkView("relay", (relay.at.address,))
        kind = "address" if link.kind is LinkKind.ADDRESS else "one-time"
        addresses = tuple(at.address for at in link.fetch)
        return LinkView(kind, addresses, link.expires_at or 0, link.expired(home.now_s()))

    async def contacts(self) -> tuple[ContactView, ...]:
        """See `api.node.Node`."""
        return tuple(await self._look(lambda step, _: contacts.all_of(step)))

    async def contact(self, contact: str) -> ContactView:
        """See `api.node.Node`."""
        return await self._look(lambda step, _: contacts.get(step, contact))

    async def rename(self, contact: str, name: str) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, _: contacts.rename(step, contact, name))

    async def answer_request(self, contact: str, *, accept: bool) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: contacts.answer_request(step, node, contact, yes=accept))

    async def safety(self, contact: str) -> SafetyView:
        """See `api.node.Node`."""
        return await self._look(lambda step, node: contacts.safety(step, node, contact, words.wordlist()))

    async def verify(self, contact: str, qr: str | None) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: contacts.verify(step, node, contact, qr))

    async def settle_alert(self, contact: str, *, trust: bool) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: contacts.settle_alert(step, node, contact, trust=trust))

    async def block(self, contact: str, *, on: bool) -> ContactView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: contacts.block(step, node, contact, on=on))

    async def remove_contact(self, contact: str) -> None:
        """See `api.node.Node`."""
        await self.runner.do(lambda step, node: contacts.remove(step, node, contact), frees=True)

    # Conversations

    async def chats(self) -> tuple[ChatView, ...]:
        """See `api.node.Node`."""
        return tuple(await self._look(views.chats))

    async def chat(self, chat: str) -> ChatView:
        """See `api.node.Node`."""
        return await self._look(lambda step, node: views.chat(step, node, messages.find(step, chat)))

    async def messages(
        self, chat: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> Page:
        """See `api.node.Node`."""

        def look(step: Step, node: Node) -> Page:
            row = messages.find(step, chat)
            return views.page(step, node, row, before=before, after=after, around=around, limit=limit)

        return await self._look(look)

    async def message(self, message: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._look(
            lambda step, node: views.message(step, node, messages.message_row(step, message))
        )

    async def messages_like(self, prefix: str) -> tuple[str, ...]:
        """See `api.node.Node`."""
        return await self._look(lambda step, _: views.messages_like(step, prefix))

    async def send(
        self,
        chat: str,
        text: str,
        *,
        reply_to: str = "",
        attachments: Sequence[File] = (),
        expire_s: int | None = None,
        key: str,
    ) -> MessageView:
        """See `api.node.Node`."""
        asked = hashlib.sha256(repr((chat, text, reply_to, [f.name for f in attachments])).encode()).digest()
        name = f"send:{key}"

        def say(step: Step, node: Node) -> MessageView:
            before = IDEMPOTENCY.get(step.tx, name) if key else None
            if before is not None:
                if before.request_hash != asked:
                    raise Conflict("this key was used for another message", hint="Take a new one.")
                return views.message(step, node, messages.message_row(step, before.response.hex()))
            view = messages.send(
                step,
                node,
                chat,
                text,
                reply_to=reply_to,
                attachments=[(f.name, f.media_type, f.data) for f in attachments],
                expire_s=expire_s,
            )
            if key:
                IDEMPOTENCY.put(
                    step.tx,
                    key=name,
                    request_hash=asked,
                    status=200,
                    response=bytes.fromhex(view.id),
                    at=step.wall_s,
                )
            return view

        return await self._do(say)

    async def edit(self, message: str, text: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: messages.edit(step, node, message, text))

    async def react(self, message: str, symbol: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: messages.react(step, node, message, symbol))

    async def delete(self, targets: Sequence[str], *, everywhere: bool) -> DeletionView:
        """See `api.node.Node`."""
        return await self.runner.do(
            lambda step, node: messages.delete(step, node, targets, everywhere=everywhere), frees=True
        )

    async def resend(self, message: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: messages.resend(step, node, message))

    async def cancel(self, message: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: messages.cancel(step, node, message))

    async def wait_delivered(self, message: str, timeout_s: float) -> MessageView:
        """See `api.node.Node`."""
        waiting = {MessageState.QUEUED, MessageState.WAITING, MessageState.SENT}
        async with self.runner.news() as news:
            view = await self.message(message)
            try:
                async with asyncio.timeout(timeout_s):
                    while view.state in waiting and view.kind != "deleted":
                        told = await news.get()
                        if told.data.get("message") == message:
                            view = await self.message(message)
            except TimeoutError:
                pass
        return view

    async def attachment(self, message: str, index: int) -> File:
        """See `api.node.Node`."""

        def look(step: Step, _: Node) -> File:
            row: MessageRow = messages.message_row(step, message)
            data = None if row.body_id is None else step.tx.bodies.get(row.body_id)
            body = None if data is None else Message.decode(data).body
            if not isinstance(body, Text | Reply) or not 0 <= index < len(body.attachments):
                raise NotFound("there is no such file in this message")
            file = body.attachments[index]
            return File(file.name, file.media_type, file.data)

        return await self._look(look)

    async def mark_read(self, chat: str, up_to: str) -> ChatView:
        """See `api.node.Node`."""

        def mark(step: Step, node: Node) -> ChatView:
            messages.mark_read(step, node, chat, up_to)
            return views.chat(step, node, messages.find(step, chat))

        return await self._do(mark)

    async def set_timer(self, chat: str, seconds: int) -> ChatView:
        """See `api.node.Node`."""

        def put(step: Step, node: Node) -> ChatView:
            messages.set_timer(step, node, chat, seconds)
            return views.chat(step, node, messages.find(step, chat))

        return await self._do(put)

    async def draft(self, chat: str) -> str:
        """See `api.node.Node`."""
        return (await self.chat(chat)).draft

    async def set_draft(self, chat: str, text: str) -> None:
        """See `api.node.Node`."""
        await self._do(lambda step, _: messages.set_draft(step, chat, text))

    async def search(self, text: str, *, chat: str = "", limit: int = 20, cursor: str = "") -> Found:
        """See `api.node.Node`."""

        def look(step: Step, node: Node) -> tuple[list[Hit], str]:
            return views.search(step, node, text, chat=chat, limit=limit, cursor=cursor)

        hits, following = await self._look(look)
        return Found(tuple(hits), following, "all messages that are stored here and not deleted")

    # Files

    async def carry_out(self, path: Path, contact: str) -> CarryView:
        """See `api.node.Node`."""
        return await files.carry_out(self.runner, path, contact)

    async def carry_in(self, path: Path) -> CarryView:
        """See `api.node.Node`."""
        return await files.carry_in(self.runner, path)

    async def backup(self, path: Path) -> int:
        """See `api.node.Node`."""
        return await files.backup(self.runner, path)

    async def export(self, path: Path) -> int:
        """See `api.node.Node`."""
        return await files.export(self.runner, path)

    async def wipe(self, confirm: str) -> None:
        """See `api.node.Node`."""
        status = await self.status()
        if confirm != status.name:
            raise UsageError("the name does not match", hint="Give the persona's name to confirm.")
        self._keys.destroy()
        await self.stop()
        files.remove_all(self.place)

    # What happens

    async def events(self, after: int | None) -> AsyncIterator[Event]:
        """See `api.node.Node`."""
        async with self.runner.news() as news:
            last = 0
            if after is not None:
                old = self.runner.told_after(after)
                if old is None:
                    yield Event(after, "resync")
                for told in old or ():
                    last = told.id
                    yield Event(told.id, told.type, told.data)
            while True:
                told = await news.get()
                if told.id > last:
                    yield Event(told.id, told.type, told.data)


def _problems(step: Step, node: Node, quarantine: str, runner: Runner) -> tuple[Problem, ...]:
    found: list[Problem] = []
    if quarantine:
        found.append(Problem("quarantine", f"{quarantine}: this home can be read, not used"))
    if runner.problem is not None:
        found.append(Problem(runner.problem.code, runner.problem.hint or str(runner.problem)))
    found += [Problem("no-forwarding", text) for text in ways.stuck(node)]
    own = RELAYS.all(step.tx, own=True)
    if not own:
        found.append(
            Problem("no-relay", "no relay keeps messages while you are away: `swarmnode relay use LINK`")
        )
    elif len(own) == 1 and node.persona is not None:
        found.append(Problem("one-relay", "only one relay: if it dies, messages wait until there is another"))
    return tuple(found)
