"""What the owner says, as events. Each is put under a key of its own, which the server knows again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ...api import (
    Accepted,
    Gone,
    Interrupted,
    MessageRef,
    NotSupported,
    Outcome,
    Outgoing,
    Refused,
    Unknown,
)
from ...parts import part_by_part
from . import polls
from .client import path
from .convert import MAX_OPAQUE, content_of, edited, key_of, opaque, related
from .media import Media
from .model import ANNOTATION, ENCRYPTED, MEGOLM, MESSAGE, REACTION, text
from .reactions import all_of
from .session import Session


class Outbox:
    """Sends for an account."""

    def __init__(self, session: Session, media: Media) -> None:
        self._session, self._client, self._media = session, session.client, media

    async def send(self, out: Outgoing) -> Outcome:
        """See `api.Bridge.send`."""
        return await part_by_part(out, lambda number: self._part(out, number))

    async def _part(self, out: Outgoing, number: int) -> MessageRef:
        part, room, where = out.parts[number], out.conversation.remote_id, dict[str, Any]()
        sealed = await self._sealed(room, out.protect)
        if part.files:
            where = await self._media.upload(self._session, part.files[0], sealed=sealed)
            if not sealed and (sealed := await self._sealed(room)):  # it has become so meanwhile
                where = await self._media.upload(self._session, part.files[0], sealed=True)
        kind, said = MESSAGE, content_of(part, where)
        if out.poll is not None and not number:
            kind, said = polls.start(part.text, out.poll)
        answered = out.reply_to.remote_id if out.reply_to is not None and not number else ""
        root = out.thread_root.remote_id if out.thread_root is not None else ""
        key = key_of(out.intent, number)
        return await self._put(room, kind, key, related(said, answered, root), sealed=sealed)

    async def edit(self, target: MessageRef, out: Outgoing) -> Outcome:
        """See `api.Edits`."""
        room, key = target.conversation.remote_id, f"{key_of(out.intent, 0)}.edit"
        sealed = await self._sealed(room, out.protect)
        said = edited(content_of(out.parts[0]), target.remote_id)
        try:
            ref = await self._put(room, MESSAGE, key, said, sealed=sealed)
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,), ref.remote_id)

    async def send_opaque(self, out: Outgoing, blob: bytes) -> Outcome:
        """See `api.CarriesOpaque`."""
        if len(blob) > MAX_OPAQUE:
            raise Refused("this is more than fits into one message")
        room = out.conversation.remote_id
        said = opaque(" ".join(part.text for part in out.parts), blob)
        sealed = await self._sealed(room, out.protect)
        try:
            return Accepted((await self._put(room, MESSAGE, key_of(out.intent, 0), said, sealed=sealed),))
        except Interrupted as e:
            return Unknown(str(e))

    async def vote(self, target: MessageRef, options: frozenset[str], key: str) -> Outcome:
        """See `api.Votes`."""
        room = target.conversation.remote_id
        if (found := await self._session.question(room, target.remote_id)) is None:
            raise Gone("there is no poll")
        kind, said = polls.answer(found[0].event.type, found[1], target.remote_id, options)
        try:
            await self._put(room, kind, f"{key}.vote", said, sealed=await self._sealed(room))
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,))

    async def delete(self, target: MessageRef, key: str) -> Outcome:
        """See `api.Deletes`."""
        try:
            await self._redact(target.conversation.remote_id, target.remote_id, f"{key}.gone")
        except Gone:
            pass
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,))

    async def react(self, target: MessageRef, values: frozenset[str], key: str) -> Outcome:
        """See `api.Reacts`: what is not wanted is taken back, what is missing is put."""
        room, there = target.conversation.remote_id, dict[str, str]()
        try:
            for event in await all_of(self._client, room, target.remote_id):
                if event.sender == self._session.owner:
                    there[text(event.relation, "key")] = event.event_id
            for value in sorted(there.keys() - values):
                await self._redact(room, there[value], f"{_short(key, there[value])}.gone")
            for value in sorted(values - there.keys()):
                about = {"rel_type": ANNOTATION, "event_id": target.remote_id, "key": value}
                await self._put(room, REACTION, _short(key, value), {"m.relates_to": about}, sealed=False)
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,))

    async def _sealed(self, room_id: str, protect: str = "") -> bool:
        """Whether what goes into a room is to be encrypted.

        A room that was not may have become so, and nobody has told us yet; so the server is asked each time.

        Raises:
            NotSupported: the owner wants it encrypted otherwise than it would be.
        """
        sealed = self._session.rooms.get(room_id).encrypted
        if not sealed:
            try:
                await self._client.get(path("rooms", room_id, "state", "m.room.encryption", ""))
                sealed = True
            except Gone:
                pass
        if protect and not (sealed and protect == MEGOLM):
            raise NotSupported(f"{protect} is not there")
        return sealed

    async def _put(
        self, room: str, kind: str, key: str, said: Mapping[str, Any], *, sealed: bool
    ) -> MessageRef:
        if sealed:
            kind, said = ENCRYPTED, await self._session.machine.closed(room, kind, said)
        told = await self._client.put(path("rooms", room, "send", kind, key), said, again=False)
        if not (event_id := text(told, "event_id")):
            raise Interrupted("the server does not say what it made of this")
        return MessageRef(self._session.rooms.get(room).ref, event_id)

    async def _redact(self, room: str, event_id: str, key: str) -> None:
        await self._client.put(path("rooms", room, "redact", event_id, key), {})


def _short(key: str, value: str) -> str:
    """A key for one of several things that one call does."""
    return f"{key}.{hashlib.blake2b(value.encode(errors='replace'), digest_size=8).hexdigest()}"
