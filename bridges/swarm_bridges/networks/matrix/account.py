"""The bridge: one account at one homeserver."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from urllib.parse import quote

import msgspec

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
    Gone,
    Health,
    Invitation,
    Level,
    MessageRef,
    Outcome,
    Outgoing,
    Page,
    Refused,
    RemoteFile,
    Repeat,
    State,
    Step,
)
from . import past
from .claims import has_place, publish, read
from .client import path
from .convert import MAX_OPAQUE
from .media import MAX_CLOSED, MXC, Media
from .model import ENCRYPTED, MEGOLM, MESSAGE, REACTION, text, texts
from .outgoing import Outbox
from .reader import Reader
from .rooms import Room, local_part
from .session import Session

WAIT_S = 30.0
"""So long the server waits for something to tell."""
MAX_TEXT = 10_000
"""Bytes. An event has at most 64 KiB, and an edit holds a text four times: plain and as HTML, each twice."""
SAYING = ("text", "edit", "reply", "thread", "file", "poll", "opaque")
"""What one needs to be allowed to speak for."""
ANYWHERE = ("delete", "read", "typing", "invite")


def _allowed(room: Room | None, owner: str) -> tuple[bool, bool]:
    """Whether the owner may speak in a room, and react. In one that the owner is not in nobody knows."""
    if room is None or room.membership != "join":
        return True, True
    return room.may(owner, ENCRYPTED if room.encrypted else MESSAGE), room.may(owner, REACTION)


class Matrix:
    """An account: `api.Bridge` with edits, deletions, reactions, receipts, typing, people, rooms, files."""

    wait_s = WAIT_S

    def __init__(self) -> None:
        self._session: Session | None = None
        self._opening = asyncio.Lock()
        """So that what is called meanwhile knows what the reader knows."""
        self._turn = asyncio.Lock()
        self._media = Media()
        self._proves: bool | None = None

    async def run(self, ctx: Context) -> None:
        """See `api.Bridge`."""
        await ctx.state(Health(State.CONNECTING))
        since = (await ctx.cursor() or b"").decode()  # first: to be told twice does no harm
        async with self._opening:
            session = self._session = await Session.open(ctx, self._turn)
        await Reader(ctx, session, since).follow(self.wait_s)

    async def _now(self, ctx: Context) -> Session:
        async with self._opening:
            if self._session is None:
                self._session = await Session.open(ctx, self._turn)
            return self._session

    async def capabilities(self, ctx: Context, conversation: ConversationRef | None) -> Capabilities:
        """See `api.Bridge`."""
        session = await self._now(ctx)
        most = await self._media.most(session)
        if self._proves is None:
            self._proves = await has_place(session.client)
        room = None if conversation is None else session.rooms.get(conversation.remote_id)
        sealed = room is not None and room.encrypted
        speaks, reacts = _allowed(room, session.owner)
        can = (*(SAYING if speaks else ()), *(("reaction",) if reacts else ()), *ANYWHERE)
        signs = (sealed, "sealed"), (not speaks, "silent"), (not reacts, "still"), (self._proves, "proves")
        return Capabilities(
            version=" ".join(["3", str(most), *(sign for on, sign in signs if on)]),
            levels=dict.fromkeys((*can, "claim") if self._proves else can, Level.FULL),
            max_text=MAX_TEXT,
            text_unit="byte",
            media={"*/*": min(most, MAX_CLOSED) if sealed else most},
            max_files=1,
            repeat=Repeat.LOOKUP,
            echo="key",
            rewrites_text=False,
            opaque_bytes=MAX_OPAQUE,
            opaque_form="binary",
            transport_privacy="e2e" if sealed else "operator_reads",
            protect=(MEGOLM,) if sealed else (),
        )

    # --- saying ---

    async def _outbox(self, ctx: Context) -> Outbox:
        return Outbox(await self._now(ctx), self._media)

    async def send(self, ctx: Context, out: Outgoing) -> Outcome:
        """See `api.Bridge`."""
        return await (await self._outbox(ctx)).send(out)

    async def edit(self, ctx: Context, target: MessageRef, out: Outgoing) -> Outcome:
        """See `api.Edits`."""
        return await (await self._outbox(ctx)).edit(target, out)

    async def delete(self, ctx: Context, target: MessageRef, key: str) -> Outcome:
        """See `api.Deletes`."""
        return await (await self._outbox(ctx)).delete(target, key)

    async def react(self, ctx: Context, target: MessageRef, values: frozenset[str], key: str) -> Outcome:
        """See `api.Reacts`."""
        return await (await self._outbox(ctx)).react(target, values, key)

    async def vote(self, ctx: Context, target: MessageRef, options: frozenset[str], key: str) -> Outcome:
        """See `api.Votes`."""
        return await (await self._outbox(ctx)).vote(target, options, key)

    async def send_opaque(self, ctx: Context, out: Outgoing, blob: bytes) -> Outcome:
        """See `api.CarriesOpaque`."""
        return await (await self._outbox(ctx)).send_opaque(out, blob)

    async def find_sent(self, ctx: Context, out: Outgoing) -> Found:
        """See `api.Reconciles`."""
        return await past.find_sent(await self._now(ctx), out)

    # --- the past, small signs ---

    async def page(
        self, ctx: Context, conversation: ConversationRef, *, at: Cursor | None, limit: int
    ) -> Page:
        """See `api.Pages`."""
        return await past.page(await self._now(ctx), conversation, at, limit)

    async def mark_read(self, ctx: Context, up_to: MessageRef) -> None:
        """See `api.Receipts`: for others, and for the owner's other clients."""
        session, room = await self._now(ctx), up_to.conversation.remote_id
        said = {"m.fully_read": up_to.remote_id, "m.read": up_to.remote_id}
        await session.client.post(path("rooms", room, "read_markers"), said, again=True)

    async def typing(self, ctx: Context, conversation: ConversationRef, *, on: bool) -> None:
        """See `api.Typing`."""
        session = await self._now(ctx)
        said = {"typing": True, "timeout": 30_000} if on else {"typing": False}
        await session.client.put(path("rooms", conversation.remote_id, "typing", session.owner), said)

    # --- files ---

    async def fetch(self, ctx: Context, file: RemoteFile) -> AsyncIterator[bytes]:
        """See `api.Media`. What was closed is checked whole before any of it is handed on."""
        async for chunk in self._media.fetch(await self._now(ctx), file):
            yield chunk

    # --- claims ---

    async def publish_claims(self, ctx: Context, claims: tuple[str, ...]) -> None:
        """See `api.Proves`."""
        session = await self._now(ctx)
        await publish(session.client, session.owner, claims)

    async def read_claims(self, ctx: Context, who: Actor) -> ClaimsSeen:
        """See `api.Proves`."""
        return await read((await self._now(ctx)).client, who)

    # --- the owner's other devices ---

    async def settle(self, ctx: Context, matter: str, step: str, answers: Mapping[str, str]) -> Step | None:
        """See `api.Settles`: comparing them with this one."""
        return await (await self._now(ctx)).machine.settle(matter, step)

    async def dismiss(self, ctx: Context, matter: str) -> None:
        """See `api.Settles`."""
        await (await self._now(ctx)).machine.dismiss(matter)

    # --- people and rooms ---

    async def resolve(self, ctx: Context, handle: str) -> ActorSeen | None:
        """See `api.People`: `@ada:example.org`, or `ada` of the own server."""
        session = await self._now(ctx)
        user = handle.strip()
        if not user or any(c.isspace() for c in user):
            return None
        if ":" not in user:
            user = f"{user}:{session.owner.partition(':')[2]}"
        user = "@" + user.removeprefix("@")
        try:
            told = await session.client.get(path("profile", user))
        except (Gone, Refused):
            return None
        avatar = text(told, "avatar_url")
        return ActorSeen(
            actor=Actor(user, is_owner=user == session.owner),
            name=text(told, "displayname") or local_part(user),
            handle=user,
            avatar=RemoteFile(id=avatar, media_type="image/*") if avatar.startswith(MXC) else None,
        )

    async def contacts(self, ctx: Context) -> tuple[ActorSeen, ...]:
        """See `api.People`: those with whom the owner has direct conversations."""
        session, found = await self._now(ctx), dict[str, ActorSeen]()
        for room in session.rooms.all():
            for who, person in room.people.items():
                if room.direct and who != session.owner:
                    name = person.name or local_part(who)
                    found[who] = ActorSeen(actor=Actor(who), name=name, handle=who)
        return tuple(found.values())

    async def open_direct(self, ctx: Context, who: Actor) -> ConversationSeen:
        """See `api.People`: the one that is there, else a new room to which they are invited."""
        session, user = await self._now(ctx), who.remote_id
        direct = await self._directs(session)
        for room_id in direct.get(user, ()):
            if session.rooms.get(room_id).membership == "join":
                return self._direct(session, room_id)
        made = await session.client.post(
            "/createRoom", {"invite": [user], "is_direct": True, "preset": "trusted_private_chat"}
        )
        room_id = text(made, "room_id")
        await self._put_direct(session, {**direct, user: (*direct.get(user, ()), room_id)})
        return self._direct(session, room_id)

    def _direct(self, session: Session, room_id: str) -> ConversationSeen:
        return msgspec.structs.replace(session.rooms.show(room_id), kind="direct")

    async def _directs(self, session: Session) -> dict[str, tuple[str, ...]]:
        """Rooms by the person with whom they are (1.11, 11.23)."""
        try:
            told = await session.client.get(path("user", session.owner, "account_data", "m.direct"))
        except Gone:
            return {}
        return {who: texts(rooms) for who, rooms in told.items()}

    async def _put_direct(self, session: Session, direct: dict[str, tuple[str, ...]]) -> None:
        await session.client.put(path("user", session.owner, "account_data", "m.direct"), direct)

    async def join(self, ctx: Context, address: str) -> ConversationSeen:
        """See `api.Rooms`: `#garden:example.org`, or a room's id."""
        session = await self._now(ctx)
        name = address.strip()
        before = session.rooms.get(name)
        via = "?via=" + quote(server) if (server := before.inviter.partition(":")[2]) else ""
        told = await session.client.post(path("join", name) + via, {}, again=True)
        room_id = text(told, "room_id") or name
        if before.membership == "invite" and before.direct:
            others = [who for who in before.people if who != session.owner]
            direct = await self._directs(session)
            if len(others) == 1 and room_id not in direct.get(others[0], ()):
                await self._put_direct(session, {**direct, others[0]: (*direct.get(others[0], ()), room_id)})
        shown = session.rooms.show(room_id)
        title = shown.title if before.membership else None
        return msgspec.structs.replace(shown, invitation=None, title=title)

    async def leave(self, ctx: Context, conversation: ConversationRef) -> None:
        """See `api.Rooms`."""
        session = await self._now(ctx)
        await session.client.post(path("rooms", conversation.remote_id, "leave"), {}, again=True)

    async def accept(
        self, ctx: Context, conversation: ConversationRef, invitation: Invitation
    ) -> ConversationSeen:
        """See `api.Invited`. Into a public room one would come without, so it is looked whether it stands."""
        if not (await self._now(ctx)).rooms.knows(conversation.remote_id):
            raise Gone("this invitation no longer stands")
        return await self.join(ctx, conversation.remote_id)

    async def decline(self, ctx: Context, conversation: ConversationRef, invitation: Invitation) -> None:
        """See `api.Invited`. Of a room in which one is not, the server says that it is forbidden."""
        try:
            await self.leave(ctx, conversation)
        except Refused:  # the successor of a room, for example: nobody has asked but what the old one said
            (await self._now(ctx)).rooms.drop(conversation.remote_id)
