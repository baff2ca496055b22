"""A test double of the node, in memory: it keeps what it is told, notes what it is asked, and can fail.

It stands for `swarmnode.api.node.Node` where a test wants faults and edges at will. What a real node does is
shown elsewhere, with real nodes.
"""

# ruff: noqa: ASYNC240, S105  # small files of a test; a passphrase of nobody

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from double_book import DoubleBook
from double_posts import DoublePosts
from double_proofs import DoubleProofs
from double_waiting import DoubleWaiting

from swarmnode.api.node import File, LinkView, Node, NodeView, Retried, SettingView, Words
from swarmnode.domain.bridge_views import (
    AbilitiesView,
    AccountView,
    FieldView,
    LoginView,
    MatterView,
    NetworkView,
    PushAnswer,
    Pushed,
    SettlingView,
    StepView,
)
from swarmnode.domain.views import (
    AttachmentView,
    CarryView,
    ChatView,
    Check,
    ContactView,
    Event,
    Found,
    Hit,
    InviteView,
    MessageState,
    MessageView,
    NodeState,
    Page,
    RelayView,
    SafetyView,
    StatusView,
)
from swarmnode.errors import AccessDenied, Conflict, Locked, NotFound, NotReady, UsageError

NOW = 1_800_000_000
WORDS = tuple(f"word{i}" for i in range(1, 25))
ANA = ContactView("c" * 32, "Ana", "confirmed", "aa" * 32, "d" * 32)
ANTON = ContactView("ce" * 16, "Anton", "request", "bb" * 32, "de" * 16, note="hello")
RELAY = RelayView("r1", "relay.example:8471", "up", 2, 250)
INVITE = InviteView("i1", "one-time", "created", "inviter", NOW + 7 * 86400, link="swarm:1i#secret")
RECEIPTS = SettingView(
    "privacy.receipts", "true", "true", "true or false", kind="truth", change="at-once", by="nobody"
)
PIGEONS = NetworkView("pigeon", "Pigeons", "1.0.0", "By air")
COO = AccountView("ac" * 8, "pigeon", "Pigeons", "ada@loft", "connected", "", NOW, "", "", "connected")
FORM = StepView(
    "who",
    "form",
    "Who are you?",
    fields=(FieldView("name", "text", "Name", default="ada"), FieldView("password", "secret", "Password")),
)
WAIT = StepView("wait", "show_and_wait", "Look up", show={"code": "42-42"}, poll_every_s=0.01)


@dataclass
class DoubleNode(DoubleBook, DoublePosts, DoubleProofs, DoubleWaiting):
    """A node in memory. `fail` is raised by the next call; `calls` holds what was called with what."""

    state: NodeState = NodeState.READY
    passphrase: str = "correct horse"
    first_shown: StepView = FORM
    name: str = "Me"
    fail: BaseException | None = None
    calls: list[tuple[str, tuple[Any, ...]]] = field(default_factory=list)
    people: dict[str, ContactView] = field(default_factory=lambda: {c.id: c for c in (ANA, ANTON)})
    said: list[MessageView] = field(default_factory=list)
    files: dict[str, Sequence[File]] = field(default_factory=dict)
    elsewhere: dict[str, AccountView] = field(default_factory=lambda: {COO.id: COO})
    drafts: dict[str, str] = field(default_factory=dict)
    keys: dict[str, str] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    first_event: int = 1
    shown: StatusView | None = None
    """The status, where a test says one."""
    more: asyncio.Condition = field(default_factory=asyncio.Condition)

    def _note(self, name: str, *arguments: object, always: bool = False) -> None:
        self.calls.append((name, arguments))
        if self.fail is not None:
            fail, self.fail = self.fail, None
            raise fail
        if always:
            return
        if self.state is NodeState.LOCKED:
            raise Locked("The store is locked.", hint="`swarmnode unlock`")
        if self.state is NodeState.EMPTY:
            raise NotReady("There is no persona.", hint="`swarmnode init`")

    async def status(self, language: str = "en") -> StatusView:
        self._note("status", language, always=True)
        if self.shown is not None:
            return self.shown
        name = self.name if self.state is NodeState.READY else ""
        return StatusView(
            self.state, "0", ("node",), name, relays=(RELAY,), contacts=len(self.people), unread=1
        )

    async def doctor(self, language: str = "en") -> tuple[Check, ...]:
        self._note("doctor", language, always=True)
        return (
            Check("disk", ok=True, detail="12 GiB"),
            Check("backup", ok=True, detail="none", hint="Make one."),
            Check("clock", ok=False, detail="off", hint="Set it."),
        )

    async def retry(self) -> Retried:
        self._note("retry")
        return Retried(2, 1)

    async def settings(self) -> tuple[SettingView, ...]:
        self._note("settings")
        return (RECEIPTS,)

    async def change_setting(self, name: str, value: str | None) -> SettingView:
        self._note("change_setting", name, value)
        return replace(RECEIPTS, value=value or "true", by="owner" if value else "nobody")

    async def nodes(self) -> tuple[NodeView, ...]:
        self._note("nodes")
        return (NodeView("n1", "laptop", this=True, priority=1, active=True),)

    async def trace(self, peer: str) -> AsyncIterator[str]:
        self._note("trace", peer)
        for line in ("-> SEND #0", "<- RECEIPT \x1b[31m#0"):
            yield line

    async def create(
        self, name: str, passphrase: str | None, key_file: Path | None, words: Sequence[str] | None
    ) -> tuple[str, ...]:
        self._note("create", name, passphrase, key_file, words, always=True)
        if self.state is not NodeState.EMPTY:
            raise Conflict("There is a persona already.")
        self.state, self.name = NodeState.READY, name
        return tuple(words or WORDS)

    async def check_words(self, words: Mapping[int, str]) -> bool:
        self._note("check_words", words)
        return all(WORDS[place - 1 : place] == (word,) for place, word in words.items())

    async def take_backup(self, pieces: AsyncIterator[bytes]) -> int:
        data = b"".join([piece async for piece in pieces])
        self._note("take_backup", data, always=True)
        return len(data)

    async def restore(
        self, words: Sequence[str], backup: Path | None, passphrase: str | None, *, uploaded: bool = False
    ) -> StatusView:
        self._note("restore", tuple(words), "uploaded" if uploaded else backup, passphrase, always=True)
        self.state = NodeState.READY
        return await self.status()

    async def unlock(self, passphrase: str) -> None:
        self._note("unlock", passphrase, always=True)
        if self.state is not NodeState.LOCKED:
            return
        if passphrase != self.passphrase:
            raise AccessDenied("This is not the passphrase.")
        self.state = NodeState.READY

    async def lock(self) -> None:
        self._note("lock")
        self.state = NodeState.LOCKED

    async def rename_self(self, name: str) -> None:
        self._note("rename_self", name)
        self.name = name

    async def relay_tickets(self, count: int) -> tuple[str, ...]:
        self._note("relay_tickets", count)
        return tuple(f"swarm:1r#{i}" for i in range(count))

    async def relay_use(self, link: str) -> RelayView:
        self._note("relay_use", link)
        return RELAY

    async def relays(self) -> tuple[RelayView, ...]:
        self._note("relays")
        return (RELAY,)

    async def relay_remove(self, relay: str) -> None:
        self._note("relay_remove", relay)

    async def invite(self, kind: str, label: str, note: str) -> InviteView:
        self._note("invite", kind, label, note)
        if kind == "code":
            return replace(INVITE, kind=kind, link="", code="7-crossover-clockwork", note=note)
        return replace(INVITE, kind=kind, note=note)

    async def invites(self) -> tuple[InviteView, ...]:
        self._note("invites")
        return (INVITE,)

    async def revoke_invite(self, invite: str) -> None:
        self._note("revoke_invite", invite)

    async def accept(self, text: str, note: str) -> InviteView:
        self._note("accept", text, note)
        return replace(INVITE, role="joiner", state="requested", link="", note=note)

    async def inspect_link(self, text: str) -> LinkView:
        self._note("inspect_link", text)
        if not text.startswith("swarm:"):
            raise UsageError("This is no link.")
        return LinkView("one-time", ("relay.example:8471",), NOW + 60)

    async def contacts(self) -> tuple[ContactView, ...]:
        self._note("contacts")
        return tuple(self.people.values())

    async def contact(self, contact: str) -> ContactView:
        self._note("contact", contact)
        if contact not in self.people:
            raise NotFound("There is no such contact.")
        return self.people[contact]

    def _change(self, contact: str, **changes: Any) -> ContactView:
        if contact not in self.people:
            raise NotFound("There is no such contact.")
        self.people[contact] = replace(self.people[contact], **changes)
        return self.people[contact]

    async def rename(self, contact: str, name: str) -> ContactView:
        self._note("rename", contact, name)
        return self._change(contact, name=name)

    async def answer_request(self, contact: str, *, accept: bool) -> ContactView:
        self._note("answer_request", contact, accept)
        return self._change(contact, standing="confirmed" if accept else "blocked")

    async def safety(self, contact: str) -> SafetyView:
        self._note("safety", contact)
        return SafetyView(WORDS[:8], ("12345",) * 6, "swarm:1v#qr", verified=False, seen="0123.4")

    async def verify(self, contact: str, qr: str | None, seen: str | None = None) -> ContactView:
        self._note("verify", contact, qr, seen)
        if qr not in {None, "swarm:1v#qr"}:
            raise Conflict("This code is somebody else's.")
        return self._change(contact, standing="verified")

    async def settle_alert(self, contact: str, *, trust: bool) -> ContactView:
        self._note("settle_alert", contact, trust)
        return self._change(contact, standing="verified" if trust else "blocked")

    async def block(self, contact: str, *, on: bool) -> ContactView:
        self._note("block", contact, on)
        return self._change(contact, standing="blocked" if on else "confirmed")

    async def remove_contact(self, contact: str) -> None:
        self._note("remove_contact", contact)
        del self.people[contact]

    def _chat(self, contact: ContactView) -> ChatView:
        last = next((m for m in reversed(self.said) if m.chat == contact.chat), None)
        text, at = (last.text, last.wall_s) if last else ("", 0)
        return ChatView(contact.chat, contact.name, contact.id, 0, contact.standing, text, at)

    async def chats(self) -> tuple[ChatView, ...]:
        self._note("chats")
        return tuple(map(self._chat, self.people.values()))

    async def chat(self, chat: str) -> ChatView:
        self._note("chat", chat)
        for contact in self.people.values():
            if contact.chat == chat:
                return self._chat(contact)
        raise NotFound("There is no such conversation.")

    async def messages(
        self, chat: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> Page:
        self._note("messages", chat, before, after, around, limit)
        items = [m for m in self.said if m.chat == chat]
        end = int(before) if before else len(items)
        start = max(end - limit, 0)
        return Page(tuple(items[start:end]), prev=str(start) if start else "")

    async def message(self, message: str) -> MessageView:
        self._note("message", message)
        for found in self.said:
            if found.id == message:
                return found
        raise NotFound("There is no such message.")

    async def messages_like(self, prefix: str) -> tuple[str, ...]:
        self._note("messages_like", prefix)
        return tuple(m.id for m in self.said if m.id.startswith(prefix))[:3]

    async def send(self, chat: str, what: Words, *, send_at: int = 0, key: str) -> MessageView:
        self._note("send", chat, what.text, what.reply_to, what.expire_s, key)
        await self.chat(chat)
        if key in self.keys:
            return await self.message(self.keys[key])
        view = self.hear(chat, what.text, mine=True)
        files = tuple(AttachmentView(f.name, f.media_type, len(f.data)) for f in what.attachments)
        view = replace(view, reply_to=what.reply_to, expires_in_s=what.expire_s, attachments=files)
        if send_at:
            view = replace(view, state=MessageState.SCHEDULED, send_at=send_at)
        self.said[-1], self.keys[key], self.files[view.id] = view, view.id, what.attachments
        return view

    def hear(self, chat: str, text: str, *, mine: bool = False) -> MessageView:
        """Somebody says something."""
        number = len(self.said)
        state = MessageState.QUEUED if mine else MessageState.RECEIVED
        view = MessageView(
            id=f"{number:08x}" + "f" * 24,
            chat=chat,
            author="me" if mine else ANA.id,
            author_name=self.name if mine else ANA.name,
            mine=mine,
            kind="text",
            text=text,
            wall_s=NOW + number,
            state=state,
        )
        self.said.append(view)
        return view

    async def _alter(self, message: str, **changes: Any) -> MessageView:
        view = replace(await self.message(message), **changes)
        self.said = [view if m.id == message else m for m in self.said]
        return view

    async def edit(self, message: str, text: str) -> MessageView:
        self._note("edit", message, text)
        return await self._alter(message, text=text, edited=True)

    async def react(self, message: str, symbol: str) -> MessageView:
        self._note("react", message, symbol)
        return await self._alter(message, reactions=(("me", symbol),) if symbol else ())

    async def resend(self, message: str) -> MessageView:
        self._note("resend", message)
        return await self._alter(message, state=MessageState.QUEUED)

    async def cancel(self, message: str) -> MessageView:
        self._note("cancel", message)
        raise Conflict("It has left already.", hint="Delete it everywhere instead.")

    async def wait_delivered(self, message: str, timeout_s: float) -> MessageView:
        self._note("wait_delivered", message, timeout_s)
        view = await self.message(message)
        if view.text == "never":
            await asyncio.sleep(min(timeout_s, 0.01))
            return view
        return await self._alter(message, state=MessageState.DELIVERED)

    async def attachment(self, message: str, index: int) -> File:
        self._note("attachment", message, index)
        files = self.files.get(message, ())
        if index >= len(files):
            raise NotFound("There is no such attachment.")
        return files[index]

    async def mark_read(self, chat: str, up_to: str) -> ChatView:
        self._note("mark_read", chat, up_to)
        return await self.chat(chat)

    async def set_timer(self, chat: str, seconds: int) -> ChatView:
        self._note("set_timer", chat, seconds)
        return replace(await self.chat(chat), timer_s=seconds)

    async def draft(self, chat: str) -> str:
        self._note("draft", chat)
        return self.drafts.get(chat, "")

    async def set_draft(self, chat: str, text: str, *, instead: str | None = None) -> None:  # noqa: ARG002
        self._note("set_draft", chat, text)
        self.drafts[chat] = text

    async def search(self, text: str, *, chat: str = "", limit: int = 20, cursor: str = "") -> Found:
        self._note("search", text, chat, limit, cursor)
        hits = tuple(Hit(m, m.text.replace(text, f"\x02{text}\x03")) for m in self.said if text in m.text)
        return Found(hits[:limit], "", "all messages here")

    async def networks(self, language: str = "en") -> tuple[NetworkView, ...]:
        self._note("networks", language)
        return (PIGEONS,)

    async def reload_network(self, network: str) -> NetworkView:
        self._note("reload_network", network)
        return replace(PIGEONS, version="1.1.0")

    async def accounts(self, language: str = "en") -> tuple[AccountView, ...]:
        self._note("accounts", language)
        return tuple(self.elsewhere.values())

    async def account(self, account: str, language: str = "en") -> AccountView:
        self._note("account", account, language)
        if account not in self.elsewhere:
            raise NotFound("There is no such account.")
        return self.elsewhere[account]

    async def _put(self, account: str, **changes: Any) -> AccountView:
        self.elsewhere[account] = replace(await self.account(account), **changes)
        return self.elsewhere[account]

    async def pause_account(self, account: str, language: str = "en") -> AccountView:
        self._note("pause_account", account, language)
        return await self._put(account, paused=True, says="It rests.")

    async def resume_account(self, account: str, language: str = "en") -> AccountView:
        self._note("resume_account", account, language)
        return await self._put(account, paused=False, says="It runs.")

    async def remove_account(self, account: str) -> None:
        self._note("remove_account", account)
        del self.elsewhere[account]

    async def begin_login(
        self, network: str, account: str, why: str, *, at_home: bool = False, language: str = "en"
    ) -> LoginView:
        """Two steps: a form, then something to wait for, which has happened when it is looked at."""
        self._note("begin_login", network, account, why, at_home, language)
        return LoginView("l1", "pigeon", "t1", FORM)

    async def login(self, login: str, language: str = "en") -> LoginView:
        self._note("login", login, language)
        return LoginView("l1", "pigeon", "t1", FORM)

    async def answer_login(
        self, login: str, turn: str, answers: Mapping[str, str], language: str = "en"
    ) -> LoginView:
        self._note("answer_login", login, turn, dict(answers), language)
        if answers["password"] != self.passphrase:
            return LoginView("l1", "pigeon", turn + "x", replace(FORM, error="The password is wrong."))
        return LoginView("l1", "pigeon", "t9", WAIT)

    async def tick_login(self, login: str, language: str = "en") -> LoginView:
        self._note("tick_login", login, language)
        return LoginView("l1", "pigeon", account=COO.id)

    async def end_login(self, login: str) -> None:
        self._note("end_login", login)

    async def settle(
        self, account: str, matter: str, step: str, answers: Mapping[str, str], language: str = "en"
    ) -> SettlingView:
        """A form, then something to wait for, then it is settled."""
        self._note("settle", account, matter, step, dict(answers), language)
        return SettlingView({"": self.first_shown, FORM.id: WAIT}.get(step))

    def settles(self, *matters: MatterView, shows: StepView = FORM) -> None:
        """There is something to settle."""
        self.elsewhere[COO.id] = replace(self.elsewhere[COO.id], matters=matters)
        self.first_shown = shows

    async def dismiss(self, account: str, matter: str) -> None:
        self._note("dismiss", account, matter)

    async def open_chat(
        self, account: str, address: str, *, room: bool = False, language: str = "en"
    ) -> ChatView:
        self._note("open_chat", account, address, room, language)
        return ChatView("b7", address, "", 0, "", network="pigeon", account=account)

    async def pushed(self, account: str, request: Pushed) -> PushAnswer:
        self._note("pushed", account, request)
        if account not in self.elsewhere:
            raise NotFound("There is nothing here.")
        return PushAnswer(202, request.body[::-1])

    async def abilities(self, chat: str) -> AbilitiesView:
        self._note("abilities", chat)
        return AbilitiesView({"text": "full"}, max_text=500)

    async def mark(self, message: str, name: str, *, on: bool) -> MessageView:
        self._note("mark", message, name, on)
        return await self._alter(message, marks=(name,) if on else ())

    async def vote(self, message: str, choices: Sequence[str]) -> MessageView:
        self._note("vote", message, tuple(choices))
        return await self._alter(message, doing=("vote",))

    async def join_chat(self, chat: str) -> ChatView:
        self._note("join_chat", chat)
        return ChatView(chat, "garden", "", 0, "", network="pigeon")

    async def leave_chat(self, chat: str) -> ChatView:
        self._note("leave_chat", chat)
        return ChatView(chat, "garden", "", 0, "", network="pigeon")

    async def typing(self, chat: str, *, on: bool) -> None:
        self._note("typing", chat, on)

    async def confirm(self, message: str) -> MessageView:
        self._note("confirm", message)
        return await self._alter(message, state=MessageState.SENT)

    async def timeline(self, *, before: str = "", limit: int = 50) -> Page:
        self._note("timeline", before, limit)
        return Page(tuple(replace(m, network="pigeon", title="A post") for m in self.said), "1", "2")

    async def carry_out(self, path: Path, contact: str) -> CarryView:
        self._note("carry_out", path, contact)
        path.write_bytes(b"bundle")
        return CarryView(2, 6)

    async def carry_in(self, path: Path) -> CarryView:
        self._note("carry_in", path)
        return CarryView(2, len(path.read_bytes()), new=1, foreign=1)

    async def backup(self, path: Path) -> int:
        self._note("backup", path)
        return path.write_bytes(b"sealed")

    async def backup_file(self) -> File:
        self._note("backup_file")
        return File("swarmnode.backup", "application/octet-stream", b"sealed")

    async def export_file(self) -> File:
        self._note("export_file")
        return File("swarmnode.jsonl", "application/jsonl", b"{}")

    async def export(self, path: Path) -> int:
        self._note("export", path)
        return path.write_bytes(b"{}")

    async def wipe(self, confirm: str) -> None:
        self._note("wipe", confirm, always=True)
        if confirm != self.name:
            raise UsageError("That is not the persona's name.")
        self.state = NodeState.EMPTY

    async def happen(self, type_: str, **data: str | int | bool) -> None:
        """Something happens."""
        async with self.more:
            self.log.append(Event(self.first_event + len(self.log), type_, data))
            self.more.notify_all()

    async def events(self, after: int | None) -> AsyncIterator[Event]:
        self._note("events", after)
        at = self.first_event + len(self.log) if after is None else after + 1
        if at < self.first_event:
            yield Event(self.first_event + len(self.log) - 1, "resync")
            at = self.first_event + len(self.log)
        while True:
            async with self.more:
                while at >= self.first_event + len(self.log):
                    await self.more.wait()
            yield self.log[at - self.first_event]
            at += 1


def as_node(node: DoubleNode) -> Node:
    """The type checker compares the double with the port here."""
    return node
