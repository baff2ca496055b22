"""What the owner says, as posts; and looking for those of which nobody knows whether they arrived."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from ...api import (
    Absent,
    Accepted,
    CantTell,
    Context,
    ConversationRef,
    Found,
    Gone,
    Interrupted,
    Limited,
    LocalFile,
    MessageRef,
    NotSupported,
    Outcome,
    Outgoing,
    Refused,
    Rendered,
    Reply,
    Temporary,
    Unknown,
)
from ...text import to_plain
from .convert import (
    DIRECT,
    HOME,
    LIST,
    VISIBILITIES,
    at,
    body_of,
    conversation_of,
    kind_of,
    revision_of,
)
from .model import Media, Status, convert
from .reader import PAGE
from .session import Session
from .words import addressed, plain_of, same_words

THEIR_NAMES = {ours: theirs for theirs, ours in VISIBILITIES.items()}
SENT = "sent {}"
"""What is kept of an intent while it is under way: the newest post of before."""
NOTHING = b"-"
UPLOAD_S = 60
"""How often a server is asked, once a second, whether it has worked on a file."""
FULLEST = 5
"""Pages of the timeline in which something sent is looked for."""


class Outbox:
    """Sends for an account."""

    def __init__(self, ctx: Context, session: Session) -> None:
        self._ctx, self._session, self._client = ctx, session, session.client

    # --- saying ---

    async def send(self, out: Outgoing) -> Outcome:
        """See `api.Bridge.send`. Each part but the first answers the one before."""
        if out.protect:
            raise NotSupported(f"{out.protect} is not there")
        if kind_of(out.conversation) == LIST and out.reply_to is None:
            raise NotSupported("a list is read: one can answer there, and posts go to Home")
        refs, revision = list(out.done_parts), "0"
        await self._mark(out)
        for number in range(len(refs), len(out.parts)):
            try:
                status = await self._say(out, number, refs[-1] if refs else None)
            except Interrupted as e:
                return Unknown(str(e), tuple(refs))
            except Refused:
                if not refs:
                    await self._keep(out, refs)
                raise
            except (Temporary, Limited) as e:
                if len(refs) == len(out.done_parts):
                    raise
                return Unknown(str(e), tuple(refs))
            refs.append(self._ref(out.conversation, status))
            revision = revision_of(status)
        await self._keep(out, refs)
        return Accepted(tuple(refs), revision if len(out.parts) == 1 else "0")

    async def _say(self, out: Outgoing, number: int, before: MessageRef | None) -> Status:
        part = out.parts[number]
        answered = before or out.reply_to
        said = await self._said(out, part, await self._parent(answered))
        if answered is not None:
            said["in_reply_to_id"] = self._session.server.long(answered.remote_id)
        if not number and out.poll is not None:
            said["poll"] = self._poll(out)
        if part.files:
            said["media_ids"] = [
                await self._upload(file, f"{out.key}-{number}-{n}") for n, file in enumerate(part.files)
            ]
        reply = await self._client.act("POST", "/api/v1/statuses", json=said, key=f"{out.key}-{number}")
        return self._made(reply)

    async def _said(self, out: Outgoing, part: Rendered, parent: Status | None) -> dict[str, Any]:
        """The words of a post, and for whom they are."""
        text = plain_of(part.body, self._session.handles) or part.text
        said: dict[str, Any] = {"status": addressed(text, await self._named(out.conversation, parent))}
        if kind_of(out.conversation) == DIRECT:
            said["visibility"] = DIRECT
        elif out.visibility or parent is not None:
            wanted = THEIR_NAMES.get(out.visibility, out.visibility)
            said["visibility"] = wanted or (parent.visibility if parent is not None else "public")
        if out.title:
            said["spoiler_text"] = out.title
        if out.sensitive or out.title:
            said["sensitive"] = True
        if out.language:
            said["language"] = out.language
        return said

    async def _named(self, conversation: ConversationRef, parent: Status | None) -> list[str]:
        """Who is addressed: those of a conversation, and in public whoever is answered."""
        if kind_of(conversation) == DIRECT:
            return await self._session.members(conversation)
        return [at(parent.account)] if parent is not None and parent.account.id != self._session.me.id else []

    async def _parent(self, ref: MessageRef | None) -> Status | None:
        """The post that is answered in public."""
        if ref is None or _stands(ref.conversation) != HOME:
            return None
        return self._status(await self._client.get(f"/api/v1/statuses/{self._long(ref)}"))

    def _poll(self, out: Outgoing) -> Mapping[str, Any]:
        assert out.poll is not None
        if not self._session.server.makes_polls:
            raise NotSupported("this server makes no polls over its interface")
        closes = out.poll.closes_at
        left = 86_400 if closes is None else max(300, int(closes - self._ctx.clock.now()))
        options = [option.text for option in out.poll.options]
        return {"options": options, "expires_in": left, "multiple": out.poll.multiple}

    async def _upload(self, file: LocalFile, name: str) -> str:
        """Put a file there; gives its id. Under a name of its own: snac2 keeps equal names but once."""
        suffix = file.name.rpartition(".")[2] if "." in file.name else "bin"
        files = [("file", msgspec.structs.replace(file, name=f"{name}.{suffix}"))]
        form = {"description": file.description} if file.description else None
        try:
            reply = await self._client.act("POST", "/api/v2/media", form=form, files=files, repeatable=True)
        except Gone:  # servers older than 3.1.3
            reply = await self._client.act("POST", "/api/v1/media", form=form, files=files, repeatable=True)
        media = self._media(reply.json())
        for _ in range(UPLOAD_S):
            if reply.status not in {202, 206}:
                return media.id
            await self._ctx.pause(1.0)
            reply = await self._client.act("GET", f"/api/v1/media/{media.id}")
        raise Temporary("the server is still working on a file")

    # --- changing ---

    async def edit(self, target: MessageRef, out: Outgoing) -> Outcome:
        """See `api.Edits`."""
        said = await self._said(out, msgspec.structs.replace(out.parts[0], files=()), None)
        said.pop("visibility", None)
        said.setdefault("spoiler_text", "")
        path = f"/api/v1/statuses/{self._long(target)}"
        stands = self._status(await self._client.get(path))
        if kept := [media.id for media in stands.media_attachments]:
            said["media_ids"] = kept  # Mastodon takes away the files that an edit does not name
        try:
            reply = await self._client.act("PUT", path, json=said, key=out.key)
            return Accepted((target,), revision_of(self._made(reply)))
        except Interrupted as e:
            return Unknown(str(e))

    # --- looking ---

    async def _mark(self, out: Outgoing) -> None:
        """Note what is the newest post before the first attempt, where keys are not known again."""
        name = SENT.format(out.intent)
        if self._session.server.keyed or await self._ctx.kv.get(name) is not None:
            return
        page = await self._client.get("/api/v1/timelines/home", limit=1)
        newest = self._session.server.short(self._status(page[0]).id).encode() if page else NOTHING
        await self._ctx.kv.put({name: newest})

    async def _keep(self, out: Outgoing, refs: list[MessageRef]) -> None:
        """Note what became of it, if anything: who is told of it may die before that is stored, and ask."""
        if self._session.server.keyed:
            return
        said = self._session.said.note(out.intent, refs) if refs else {}
        await self._ctx.kv.put({SENT.format(out.intent): None, **said})

    async def find_sent(self, out: Outgoing) -> Found:
        """See `api.Reconciles`: a post of the owner's with these words, newer than the mark.

        Two other posts with the same words in the same conversation, sent from another client meanwhile,
        would be taken for it.
        """
        if ids := self._session.said.became(out.intent):
            return Accepted(tuple(MessageRef(out.conversation, id_) for id_ in ids))
        kept = await self._ctx.kv.get(SENT.format(out.intent))
        if kept is None:  # nothing is said before there is a mark
            return CantTell() if out.done_parts else Absent()
        wanted = [to_plain(part.body) or part.text for part in out.parts]
        found: dict[int, MessageRef] = dict(enumerate(out.done_parts))
        own, whole = await self._newer_than(kept.decode())
        for status in own:  # oldest first: the first of equal parts is found first
            if conversation_of(status, self._session.view) != _stands(out.conversation):
                continue
            if (ref := self._ref(out.conversation, status)) in found.values():
                continue
            text = to_plain(body_of(status, self._session.view, ref.conversation))
            number = next((n for n, w in enumerate(wanted) if n not in found and same_words(w, text)), None)
            if number is not None:
                found[number] = ref
        if len(found) == len(out.parts):
            refs = [ref for _, ref in sorted(found.items())]
            await self._keep(out, refs)
            return Accepted(tuple(refs))
        return Absent() if whole and len(found) == len(out.done_parts) else CantTell()

    async def _newer_than(self, mark: str) -> tuple[list[Status], bool]:
        """The owner's posts above a mark, oldest first, and whether these are all."""
        found: list[Status] = []
        before = ""
        for _ in range(FULLEST):
            page = await self._client.get("/api/v1/timelines/home", limit=PAGE, max_id=before)
            for raw in page if isinstance(page, list) else []:
                status = self._status(raw)
                if self._session.server.short(status.id) == mark:
                    return found[::-1], True
                if status.account.id == self._session.me.id and status.reblog is None:
                    found.append(status)
                before = status.id
            if len(page) < PAGE:
                return found[::-1], True
        return found[::-1], False

    # --- small things ---

    def _ref(self, conversation: ConversationRef, status: Status) -> MessageRef:
        ref = MessageRef(conversation, self._session.server.short(status.id))
        self._session.places[ref.remote_id] = _stands(conversation)
        return ref

    def _long(self, ref: MessageRef) -> str:
        return self._session.server.long(ref.remote_id)

    def _status(self, raw: Any) -> Status:
        try:
            return convert(raw, Status)
        except msgspec.ValidationError:
            raise Temporary("the server answered something else than a post") from None

    def _made(self, reply: Reply) -> Status:
        """The post that the server made. If it says something else, it may have made it all the same."""
        try:
            return self._status(reply.json())
        except Temporary as e:
            raise Interrupted(str(e)) from None

    def _media(self, raw: Any) -> Media:
        try:
            return convert(raw, Media)
        except msgspec.ValidationError:
            raise Temporary("the server answered something else than a file") from None


def _stands(conversation: ConversationRef) -> ConversationRef:
    """Where the server has what is said in a conversation: answers to posts of a list are public ones."""
    return HOME if kind_of(conversation) == LIST else conversation
