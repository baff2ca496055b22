"""The bridge: what the owner wants, as stanzas."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from urllib.parse import unquote
from xml.etree.ElementTree import Element

from ... import api
from ...api import (
    Actor,
    ActorSeen,
    Capabilities,
    ClaimsSeen,
    Context,
    ConversationRef,
    ConversationSeen,
    Cursor,
    Found,
    Health,
    Interrupted,
    Invitation,
    Level,
    MessageRef,
    Outcome,
    Outgoing,
    RemoteFile,
    Repeat,
    State,
    Step,
    Temporary,
)
from . import claims as claiming
from . import files, opaque, sealed_files, stanzas
from .keys import OMEMO
from .omemo_readers import NOTICE
from .outgoing import Outbox, reference
from .passwords import OF_ROOMS
from .places import Places
from .session import NO_SESSION, Session
from .stanzas import CHAT_STATES, HINTS, MARKERS, MAX_STANZA, bare, element

MAX_TEXT = 40_000
"""Bytes."""


class Xmpp:
    """An account at an XMPP server: `api.Bridge` and all mixins but posts, marks, votes and webhooks."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._places = Places()

    async def run(self, ctx: Context) -> None:
        """See `api.Bridge`."""
        await ctx.state(Health(State.CONNECTING))
        password = await ctx.secrets.get("password")
        if password is None:
            raise api.AuthExpired("there is no password")
        if self._session is None or self._session.stream.password != password.value.decode():
            self._session = Session(ctx, password.value.decode())
        session = self._session
        line, direct_tls = await self._places.connect(ctx)
        try:
            await session.follow(ctx, line, direct_tls=direct_tls)
        except BaseException as e:
            if isinstance(e, Temporary):
                self._places.doubt()
            if isinstance(e, Interrupted) and session.begun:
                await session.stream.drop()  # the next run takes the session up again
            else:
                self._session = None
                await session.stream.close()
            raise

    def _now(self) -> Session:
        if self._session is None or not self._session.there:
            raise Temporary(NO_SESSION)
        return self._session

    async def capabilities(self, ctx: Context, conversation: ConversationRef | None) -> Capabilities:
        """See `api.Bridge`."""
        session = self._session
        size = await session.uploads.most() if session is not None and session.there else 0
        stanza = MAX_STANZA if session is None else session.stream.max_stanza
        most, chat = min(stanzas.text_within(stanza), MAX_TEXT), conversation is None or conversation.private
        carries = opaque.within(stanza) if chat else 0
        can_lock = session is not None and conversation is not None and session.can_lock(conversation)
        locked = session is not None and conversation is not None and await session.keys.wanted(conversation)
        if locked:
            size = min(max(size - sealed_files.TAG, 0), sealed_files.MOST_SEALED)
        full = [
            *("text", "edit", "delete", "reply", "read", "typing", "claim"),
            *(["opaque"] if carries else []),
            *([] if locked else ["reaction"]),  # OMEMO has no place for them: they would leave unlocked
        ]
        return Capabilities(
            version=f"5 {size} {most} {carries} {can_lock:d}{locked:d}",
            levels={
                **dict.fromkeys(full, Level.FULL),
                "file": Level.FULL if size else Level.REJECTED,
                "invite": Level.PARTIAL,
            },
            max_text=most,
            text_unit="byte",
            media={"*/*": size} if size else {},
            max_files=1,
            repeat=Repeat.LOOKUP,
            echo="key",
            rewrites_text=False,
            transport_privacy="e2e" if locked else "operator_reads",
            protect=(OMEMO,) if can_lock else (),
            opaque_bytes=carries,
            opaque_form="binary" if carries else "none",
        )

    # --- sending ---

    def _outbox(self, ctx: Context) -> Outbox:
        return Outbox(ctx, self._now())

    async def send(self, ctx: Context, out: Outgoing) -> Outcome:
        """See `api.Bridge`."""
        return await self._outbox(ctx).send(out)

    async def send_opaque(self, ctx: Context, out: Outgoing, blob: bytes) -> Outcome:
        """See `api.CarriesOpaque`."""
        return await self._outbox(ctx).send_opaque(out, blob)

    async def edit(self, ctx: Context, target: MessageRef, out: Outgoing) -> Outcome:
        """See `api.Edits`."""
        return await self._outbox(ctx).edit(target, out)

    async def delete(self, ctx: Context, target: MessageRef, key: str) -> Outcome:
        """See `api.Deletes`."""
        return await self._outbox(ctx).delete(target, key)

    async def react(self, ctx: Context, target: MessageRef, values: frozenset[str], key: str) -> Outcome:
        """See `api.Reacts`."""
        return await self._outbox(ctx).react(target, values, key)

    async def find_sent(self, ctx: Context, out: Outgoing) -> Found:
        """See `api.Reconciles`."""
        return await self._outbox(ctx).find_sent(out)

    # --- the past ---

    async def page(
        self, ctx: Context, conversation: ConversationRef, *, at: Cursor | None, limit: int
    ) -> api.Page:
        """See `api.Pages`. Its cursor is the oldest message's id, and the second up to which all was told."""
        session = self._now()
        archive, other = session.archive_of(conversation)
        before, _, until = (at or b"").decode().rpartition(" ")
        found = await session.teller.archives.page(
            archive, api.Origin.HISTORY, before=before, limit=min(limit, 100), other=other
        )
        told = session.teller.told(found.messages)
        oldest = found.messages[0].time if found.messages else None
        if found.complete or oldest is None:
            covered = api.Coverage(conversation=conversation, until=until or None, origin=api.Origin.HISTORY)
            return api.Page(api.Batch((*told, covered)), None)
        since = str(int(oldest) + 1)  # of what was said in the same second some may lie on the next page
        covered = api.Coverage(
            conversation=conversation, since=since, until=until or None, origin=api.Origin.HISTORY
        )
        return api.Page(api.Batch((*told, covered)), Cursor(f"{found.first} {since}".encode()))

    # --- small signs ---

    async def mark_read(self, ctx: Context, up_to: MessageRef) -> None:
        """See `api.Receipts`."""
        if up_to.remote_id.startswith(NOTICE):
            return  # nobody else knows of it
        read = [element(MARKERS, "displayed", id=reference(up_to)), element(HINTS, "store")]
        self._put(up_to.conversation, read)

    async def typing(self, ctx: Context, conversation: ConversationRef, *, on: bool) -> None:
        """See `api.Typing`."""
        state = element(CHAT_STATES, "composing" if on else "paused")
        self._put(conversation, [state, element(HINTS, "no-store")])

    def _put(self, conversation: ConversationRef, children: Iterable[Element]) -> None:
        session = self._now()
        kind = "chat" if conversation.private else "groupchat"
        session.put(stanzas.message(conversation.remote_id, kind, session.stream.new_id(), children))

    # --- people and rooms ---

    async def resolve(self, ctx: Context, handle: str) -> ActorSeen | None:
        """See `api.People`: an address; whether anybody is there shows when something is sent."""
        jid = bare(handle.strip().removeprefix("xmpp:"))
        local, at, host = jid.partition("@")
        if not local or not at or not host or any(c.isspace() for c in jid):
            return None
        return self._now().names.seen(Actor(jid, is_owner=jid == ctx.owner))

    async def contacts(self, ctx: Context) -> tuple[ActorSeen, ...]:
        """See `api.People`."""
        names = self._now().names
        return tuple(names.seen(Actor(jid)) for jid in sorted(names.contacts))

    async def open_direct(self, ctx: Context, who: Actor) -> ConversationSeen:
        """See `api.People`."""
        conversation = ConversationRef(who.remote_id, private=True)
        name = self._now().names.seen(who).name
        return ConversationSeen(conversation=conversation, kind="direct", title=name, members=(who,))

    async def publish_claims(self, ctx: Context, claims: tuple[str, ...]) -> None:
        """See `api.Proves`."""
        await claiming.say(self._now().stream, claims)

    async def read_claims(self, ctx: Context, who: Actor) -> ClaimsSeen:
        """See `api.Proves`."""
        return await claiming.read(self._now().stream, who)

    async def join(self, ctx: Context, address: str) -> ConversationSeen:
        """See `api.Rooms`: `garden@rooms.example.org`, or `xmpp:garden@rooms.example.org?join;password=…`."""
        room, _, asked = address.strip().removeprefix("xmpp:").partition("?")
        given = dict(part.partition("=")[::2] for part in asked.split(";"))
        return await self._now().join(bare(room), unquote(given.get("password", "")))

    async def leave(self, ctx: Context, conversation: ConversationRef) -> None:
        """See `api.Rooms`."""
        await self._now().leave(conversation.remote_id)

    async def accept(
        self, ctx: Context, conversation: ConversationRef, invitation: Invitation
    ) -> ConversationSeen:
        """See `api.Invited`."""
        return await self._now().accept(conversation.remote_id, invitation.ticket)

    async def decline(self, ctx: Context, conversation: ConversationRef, invitation: Invitation) -> None:
        """See `api.Invited`. Of two ways to invite one has a word for this."""
        await self._now().decline(conversation.remote_id, invitation.ticket)

    # --- what is to be settled with the owner ---

    async def settle(self, ctx: Context, matter: str, step: str, answers: Mapping[str, str]) -> Step | None:
        """See `api.Settles`: passwords of rooms, and whose keys are whose."""
        session = self._now()
        if matter.startswith(OF_ROOMS):
            return await session.passwords.settle(matter, step, answers)
        return await session.keys.settle(matter, step, answers)

    async def dismiss(self, ctx: Context, matter: str) -> None:
        """See `api.Settles`."""
        session = self._now()
        await (session.passwords if matter.startswith(OF_ROOMS) else session.keys).dismiss(matter)

    # --- files ---

    async def fetch(self, ctx: Context, file: RemoteFile) -> AsyncIterator[bytes]:
        """See `api.Media`."""
        async for piece in files.fetched(ctx, self._now().stream, file):
            yield piece
