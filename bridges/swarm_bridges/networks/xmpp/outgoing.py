"""What the owner says, changes and takes back, as stanzas; and looking for it afterwards."""

from __future__ import annotations

from collections.abc import Iterable
from xml.etree.ElementTree import Element

from ...api import (
    Absent,
    Accepted,
    CantTell,
    Context,
    ConversationRef,
    Found,
    Interrupted,
    MessageRef,
    NotSupported,
    Origin,
    Outcome,
    Outgoing,
    Refused,
    Rendered,
    Unknown,
)
from ...parts import part_by_part
from . import opaque, stanzas
from .convert import room_reference, sender_id
from .keys import OMEMO
from .session import Session
from .stanzas import own_id

LOOK_BACK = 5
"""Pages of an archive in which something sent is looked for."""


class Outbox:
    """For one call, in a session."""

    def __init__(self, ctx: Context, session: Session) -> None:
        self._ctx, self._session = ctx, session

    async def send(self, out: Outgoing) -> Outcome:
        """See `api.Bridge`."""
        lock = await self._is_to_lock(out)

        async def say(number: int) -> MessageRef:
            children = await self._children(out.conversation, out.parts[number], lock=lock)
            if out.reply_to is not None and number == 0:
                children.append(stanzas.answering(reference(out.reply_to)))
            return await self._say(out.conversation, own_id(out.intent, number), children)

        return await part_by_part(out, say)

    async def send_opaque(self, out: Outgoing, blob: bytes) -> Outcome:
        """See `api.CarriesOpaque`. Not under OMEMO: the bytes are another node's own secret already."""
        if out.protect or not out.conversation.private:
            raise NotSupported("bytes of a node go into direct chats, as they are")
        if len(blob) > opaque.within(self._session.stream.max_stanza):
            raise Refused("these bytes are more than the server takes")
        try:
            said = opaque.carrying(blob, out.parts[0].text)
            return Accepted((await self._say(out.conversation, own_id(out.intent, 0), said),))
        except Interrupted as e:
            return Unknown(str(e))

    async def edit(self, target: MessageRef, out: Outgoing) -> Outcome:
        """See `api.Edits`."""
        name = own_id(out.intent, 0)
        children = await self._children(out.conversation, out.parts[0], lock=await self._is_to_lock(out))
        children.append(stanzas.correcting(sender_id(target.remote_id)))
        return await self._act(target, name, children, revision=name)

    async def delete(self, target: MessageRef, key: str) -> Outcome:
        """See `api.Deletes`."""
        return await self._act(target, own_id(key, 0), stanzas.taking_back(reference(target)))

    async def react(self, target: MessageRef, values: frozenset[str], key: str) -> Outcome:
        """See `api.Reacts`."""
        if await self._session.keys.wanted(target.conversation):
            raise NotSupported("a reaction would leave unlocked: OMEMO has no place for it")
        return await self._act(target, own_id(key, 0), stanzas.reacting(reference(target), values))

    async def find_sent(self, out: Outgoing) -> Found:
        """See `api.Reconciles`: in the archive, the newest first."""
        archive, other = self._session.archive_of(out.conversation)
        names = {own_id(out.intent, n): n for n in range(len(out.parts))}
        found: dict[int, MessageRef] = dict(enumerate(out.done_parts))
        before = ""
        for _ in range(LOOK_BACK):
            page = await self._session.teller.archives.page(
                archive, Origin.HISTORY, before=before, other=other
            )
            for heard in page.messages:
                name = heard.stanza.get("id", "")
                if name in names:
                    found[names[name]] = self._sent_ref(out.conversation, name, heard.archive_id)
            if len(found) == len(out.parts):
                return Accepted(tuple(ref for _, ref in sorted(found.items())))
            if page.complete:
                return Absent() if len(found) == len(out.done_parts) else CantTell()
            before = page.first
        return CantTell()

    async def _is_to_lock(self, out: Outgoing) -> bool:
        """Whether only those are to read it who are there. Raises NotSupported where that cannot be had."""
        if out.protect and (out.protect != OMEMO or not self._session.can_lock(out.conversation)):
            raise NotSupported(f"{out.protect} is not there")
        return bool(out.protect) or await self._session.is_to_lock(out.conversation)

    async def _children(self, where: ConversationRef, part: Rendered, *, lock: bool) -> list[Element]:
        """What a part says."""
        uploads = self._session.uploads
        if not lock:
            said = stanzas.said(part.text, [await uploads.put(self._ctx, file) for file in part.files])
        elif not part.files:
            said = await self._session.locked(where, part.text)
        elif (
            part.text or len(part.files) > 1
        ):  # other clients take an address for a file where it stands alone
            raise NotSupported("with OMEMO a file goes alone: send the text before it or behind it")
        else:
            said = await self._session.locked(where, await uploads.put_sealed(self._ctx, part.files[0]))
        return [*said, *stanzas.asking_receipts()]

    async def _act(
        self, target: MessageRef, message_id: str, children: Iterable[Element], revision: str = "0"
    ) -> Outcome:
        try:
            await self._say(target.conversation, message_id, children)
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,), revision)

    async def _say(
        self, conversation: ConversationRef, message_id: str, children: Iterable[Element]
    ) -> MessageRef:
        archive_id = await self._session.say(conversation, message_id, children)
        return self._sent_ref(conversation, message_id, archive_id)

    def _sent_ref(self, conversation: ConversationRef, message_id: str, archive_id: str) -> MessageRef:
        if conversation.private:
            return MessageRef(conversation, message_id)
        room = conversation.remote_id
        return MessageRef(conversation, self._session.room_message(room, archive_id, message_id))


def reference(target: MessageRef) -> str:
    """By which id others know a message."""
    remote_id = target.remote_id
    return remote_id if target.conversation.private else room_reference(remote_id)
