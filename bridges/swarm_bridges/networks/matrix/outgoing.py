"""What the owner says, as events. Each is put under a key of its own, which the server knows again."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from ...api import (
    Accepted,
    Gone,
    Interrupted,
    Limited,
    LocalFile,
    MessageRef,
    NotSupported,
    Outcome,
    Outgoing,
    Refused,
    Temporary,
    Unknown,
)
from .client import path
from .convert import content_of, edited, key_of, related
from .model import ANNOTATION, ENCRYPTED, MEGOLM, MESSAGE, REACTION, text
from .reactions import all_of
from .session import Session


class Outbox:
    """Sends for an account."""

    def __init__(self, session: Session, max_file: int) -> None:
        self._session, self._client, self._max_file = session, session.client, max_file

    async def send(self, out: Outgoing) -> Outcome:
        """See `api.Bridge.send`."""
        refs = list(out.done_parts)
        sealed = await self._sealed(out.conversation.remote_id, out.protect)
        for number in range(len(refs), len(out.parts)):
            part = out.parts[number]
            if sealed and part.files:
                raise NotSupported("files cannot be encrypted here")
            try:
                uri = await self._upload(part.files[0]) if part.files else ""
                said = content_of(part, uri)
                answered = out.reply_to.remote_id if out.reply_to is not None and not number else ""
                root = out.thread_root.remote_id if out.thread_root is not None else ""
                said = related(said, answered, root)
                key = key_of(out.intent, number)
                refs.append(await self._put(out.conversation.remote_id, MESSAGE, key, said))
            except Interrupted as e:
                return Unknown(str(e), tuple(refs))
            except (Temporary, Limited) as e:
                if len(refs) == len(out.done_parts):
                    raise
                return Unknown(str(e), tuple(refs))
        return Accepted(tuple(refs))

    async def edit(self, target: MessageRef, out: Outgoing) -> Outcome:
        """See `api.Edits`."""
        room = target.conversation.remote_id
        await self._sealed(room, out.protect)
        said = edited(content_of(out.parts[0]), target.remote_id)
        try:
            ref = await self._put(room, MESSAGE, f"{key_of(out.intent, 0)}.edit", said)
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,), ref.remote_id)

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
                await self._put(room, REACTION, _short(key, value), {"m.relates_to": about})
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,))

    async def _sealed(self, room_id: str, protect: str = "") -> bool:
        """Whether what goes into a room is to be encrypted: the server is asked where that may be news.

        Raises:
            NotSupported: the owner wants it encrypted otherwise than it would be.
        """
        sealed = self._session.rooms.get(room_id).encrypted
        if not sealed and not (self._session.current and self._session.rooms.knows(room_id)):
            try:
                await self._client.get(path("rooms", room_id, "state", "m.room.encryption", ""))
                sealed = True
            except Gone:
                pass
        if protect and not (sealed and protect == MEGOLM):
            raise NotSupported(f"{protect} is not there")
        return sealed

    async def _put(self, room: str, kind: str, key: str, said: Mapping[str, Any]) -> MessageRef:
        if kind == MESSAGE and await self._sealed(room):
            kind, said = ENCRYPTED, await self._session.machine.closed(room, kind, said)
        told = await self._client.put(path("rooms", room, "send", kind, key), said, again=False)
        if not (event_id := text(told, "event_id")):
            raise Interrupted("the server does not say what it made of this")
        return MessageRef(self._session.rooms.get(room).ref, event_id)

    async def _redact(self, room: str, event_id: str, key: str) -> None:
        await self._client.put(path("rooms", room, "redact", event_id, key), {})

    async def _upload(self, file: LocalFile) -> str:
        if self._max_file and file.size_bytes > self._max_file:
            raise Refused("this file is larger than the server takes")
        data = await self._session.ctx.read(file)
        return await self._client.upload(file.name, file.media_type, data)


def _short(key: str, value: str) -> str:
    """A key for one of several things that one call does."""
    return f"{key}.{hashlib.blake2b(value.encode(errors='replace'), digest_size=8).hexdigest()}"
