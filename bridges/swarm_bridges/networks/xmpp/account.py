"""The bridge: what the owner wants, as stanzas."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from socket import socket
from xml.etree.ElementTree import Element

from ... import api
from ...api import (
    Absent,
    Accepted,
    Actor,
    ActorSeen,
    BridgeError,
    CantTell,
    Capabilities,
    ClaimsSeen,
    Context,
    ConversationRef,
    ConversationSeen,
    Cursor,
    Found,
    Health,
    Interrupted,
    Level,
    LocalFile,
    MessageRef,
    NotSupported,
    Outcome,
    Outgoing,
    Refused,
    RemoteFile,
    Rendered,
    Repeat,
    State,
    Temporary,
    Unknown,
)
from . import claims as claiming
from . import files, opaque, stanzas
from .convert import room_reference, sender_id
from .places import address_of, ways
from .session import NOT_THERE, Session
from .stanzas import CHAT_STATES, HINTS, MARKERS, MAX_STANZA, bare, element, own_id

MAX_TEXT = 40_000
"""Bytes."""
LOOK_BACK = 5
"""Pages of an archive in which something sent is looked for."""
NO_SESSION = "not connected"


class Xmpp:
    """An account at an XMPP server: `api.Bridge` and all mixins but posts, marks, votes and webhooks."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._online = False
        self._upload: tuple[str, int] | None = None

    async def run(self, ctx: Context) -> None:
        """See `api.Bridge`."""
        await ctx.state(Health(State.CONNECTING))
        password = await ctx.secrets.get("password")
        if password is None:
            raise api.AuthExpired("there is no password")
        if self._session is None or self._session.stream.password != password.value.decode():
            self._session, self._upload = Session(ctx, password.value.decode()), None
        session = self._session
        line, direct_tls = await _connected(ctx)
        try:
            self._online = True
            await session.follow(ctx, line, direct_tls=direct_tls)
        except Interrupted:
            await session.stream.drop()
            raise  # the next run takes the session up again
        except BaseException:
            self._session = None
            await session.stream.close()
            raise
        finally:
            self._online = False

    def _now(self) -> Session:
        if self._session is None or not self._online:
            raise Temporary(NO_SESSION)
        return self._session

    async def capabilities(self, ctx: Context, conversation: ConversationRef | None) -> Capabilities:
        """See `api.Bridge`."""
        size = (await self._upload_service())[1] if self._online else 0
        stanza = MAX_STANZA if self._session is None else self._session.stream.max_stanza
        most, chat = min(stanzas.text_within(stanza), MAX_TEXT), conversation is None or conversation.private
        carries = opaque.within(stanza) if chat else 0
        full = [
            "text",
            "edit",
            "delete",
            "reply",
            "read",
            "typing",
            "claim",
            *(["opaque"] if carries else []),
        ]
        protect = self._protections(conversation)
        if locked := bool(protect and conversation and await self._answers_locked(conversation)):
            size = 0  # OMEMO has no place for files and reactions, which would leave unlocked
        else:
            full.append("reaction")
        return Capabilities(
            version=f"4 {size} {most} {carries} {len(protect)}{locked:d}",
            levels={**dict.fromkeys(full, Level.FULL), "file": Level.FULL if size else Level.REJECTED},
            max_text=most,
            text_unit="byte",
            media={"*/*": size} if size else {},
            max_files=1,
            repeat=Repeat.LOOKUP,
            echo="key",
            rewrites_text=False,
            protect=protect,
            opaque_bytes=carries,
            opaque_form="binary" if carries else "none",
        )

    def _protections(self, conversation: ConversationRef | None) -> tuple[str, ...]:
        on = self._session is not None and self._session.keys.on
        return ("omemo",) if on and conversation is not None and conversation.private else ()

    async def _answers_locked(self, conversation: ConversationRef) -> bool:
        """Whether the others write so in a conversation."""
        who, session = conversation.remote_id, self._session
        return session is not None and conversation.private and await session.keys.wanted(who)

    # --- sending ---

    async def send(self, ctx: Context, out: Outgoing) -> Outcome:
        """See `api.Bridge`."""
        session = self._now()
        refs = list(out.done_parts)
        lock = await _locks(session, out)
        for number in range(len(refs), len(out.parts)):
            children = await self._children(ctx, out.parts[number], lock)
            if out.reply_to is not None and number == 0:
                children.append(stanzas.answering(_reference(out.reply_to)))
            try:
                refs.append(await self._say(session, out.conversation, own_id(out.intent, number), children))
            except Interrupted as e:
                return Unknown(str(e), tuple(refs))
            except Temporary:
                if len(refs) == len(out.done_parts):
                    raise
                return Unknown(NO_SESSION, tuple(refs))
        return Accepted(tuple(refs))

    async def send_opaque(self, ctx: Context, out: Outgoing, blob: bytes) -> Outcome:
        """See `api.CarriesOpaque`. Not under OMEMO: the bytes are another node's own secret already."""
        session, name = self._now(), own_id(out.intent, 0)
        if out.protect or not out.conversation.private:
            raise NotSupported("bytes of a node go into direct chats, as they are")
        if len(blob) > opaque.within(session.stream.max_stanza):
            raise Refused("these bytes are more than the server takes")
        try:
            said = opaque.carrying(blob, out.parts[0].text)
            return Accepted((await self._say(session, out.conversation, name, said),))
        except Interrupted as e:
            return Unknown(str(e))

    async def edit(self, ctx: Context, target: MessageRef, out: Outgoing) -> Outcome:
        """See `api.Edits`."""
        name = own_id(out.intent, 0)
        children = await self._children(ctx, out.parts[0], await _locks(self._now(), out))
        children.append(stanzas.correcting(sender_id(target.remote_id)))
        return await self._act(target, name, children, revision=name)

    async def delete(self, ctx: Context, target: MessageRef, key: str) -> Outcome:
        """See `api.Deletes`."""
        return await self._act(target, own_id(key, 0), stanzas.taking_back(_reference(target)))

    async def react(self, ctx: Context, target: MessageRef, values: frozenset[str], key: str) -> Outcome:
        """See `api.Reacts`."""
        if await self._answers_locked(target.conversation):
            raise NotSupported("a reaction would leave unlocked: OMEMO has no place for it")
        return await self._act(target, own_id(key, 0), stanzas.reacting(_reference(target), values))

    async def _act(
        self, target: MessageRef, message_id: str, children: Iterable[Element], revision: str = "0"
    ) -> Outcome:
        try:
            await self._say(self._now(), target.conversation, message_id, children)
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((target,), revision)

    async def _say(
        self, session: Session, conversation: ConversationRef, message_id: str, children: Iterable[Element]
    ) -> MessageRef:
        archive_id = await session.say(conversation, message_id, children)
        return _sent_ref(session, conversation, message_id, archive_id)

    async def _children(self, ctx: Context, part: Rendered, lock: str) -> list[Element]:
        """What a part says; `lock` is for whom alone it is to be readable, if not empty."""
        if lock:
            if part.files:
                raise NotSupported("a file would lie on the server unlocked")
            async with self._now().keys.turn() as keys:
                made = await keys.locked(lock, part.text)
                await ctx.kv.put(keys.changes)
                await keys.stored()
            return [*made, *stanzas.asking_receipts()]
        urls = [await self._put_file(ctx, file) for file in part.files]
        return [*stanzas.said(part.text, urls), *stanzas.asking_receipts()]

    async def find_sent(self, ctx: Context, out: Outgoing) -> Found:
        """See `api.Reconciles`: in the archive, the newest first."""
        session = self._now()
        archive, other = _archive(session, out.conversation)
        names = {own_id(out.intent, n): n for n in range(len(out.parts))}
        found: dict[int, MessageRef] = dict(enumerate(out.done_parts))
        before = ""
        for _ in range(LOOK_BACK):
            page = await session.teller.archives.page(archive, api.Origin.HISTORY, before=before, other=other)
            for heard in page.messages:
                name = heard.stanza.get("id", "")
                if name in names:
                    ref = _sent_ref(session, out.conversation, name, heard.archive_id)
                    found[names[name]] = ref
            if len(found) == len(out.parts):
                return Accepted(tuple(ref for _, ref in sorted(found.items())))
            if page.complete:
                return Absent() if len(found) == len(out.done_parts) else CantTell()
            before = page.first
        return CantTell()

    # --- the past ---

    async def page(
        self, ctx: Context, conversation: ConversationRef, *, at: Cursor | None, limit: int
    ) -> api.Page:
        """See `api.Pages`. Its cursor is the oldest message's id, and the second up to which all was told."""
        session = self._now()
        archive, other = _archive(session, conversation)
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
        read = [element(MARKERS, "displayed", id=_reference(up_to)), element(HINTS, "store")]
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
        """See `api.Rooms`."""
        return await self._now().join(bare(address.strip().removeprefix("xmpp:").partition("?")[0]))

    async def leave(self, ctx: Context, conversation: ConversationRef) -> None:
        """See `api.Rooms`."""
        await self._now().leave(conversation.remote_id)

    # --- files ---

    async def fetch(self, ctx: Context, file: RemoteFile) -> AsyncIterator[bytes]:
        """See `api.Media`."""
        kind, _, rest = file.id.partition(" ")
        if kind == "avatar":
            yield await files.avatar(self._now().stream, *rest.split(" ", 1))
            return
        async with ctx.http.stream("GET", file.id) as answer:
            async for chunk in answer.chunks():
                yield chunk

    async def _put_file(self, ctx: Context, file: LocalFile) -> str:
        return await files.put(ctx, self._now().stream, file, *await self._upload_service())

    async def _upload_service(self) -> tuple[str, int]:
        if self._upload is None:
            self._upload = await files.service(self._now().stream)
        return self._upload


async def _connected(ctx: Context) -> tuple[socket, bool]:
    """A line to the server, and whether it speaks TLS at once. Raises what the first place raised."""
    if ctx.settings.get("found") != "srv":
        host, port, direct_tls = address_of(ctx.owner, ctx.settings)
        return await ctx.connect(host, port), direct_tls
    first: BridgeError | None = None
    for way in await ways(ctx, ctx.owner, ctx.settings):
        host, port, direct_tls = address_of(ctx.owner, way)
        try:
            return await ctx.connect(host, port), direct_tls
        except (Temporary, Refused) as e:
            first = first or e
    assert first is not None
    raise first


async def _locks(session: Session, out: Outgoing) -> str:
    """With whom something is to be locked for: where that is asked for, and where the others do so."""
    who = out.conversation.remote_id
    if out.protect and (out.protect != "omemo" or not out.conversation.private or not session.keys.on):
        raise NotSupported(f"{out.protect} is not there")
    wanted = out.conversation.private and (out.protect or await session.keys.wanted(who))
    return who if wanted else ""


def _reference(target: MessageRef) -> str:
    remote_id = target.remote_id
    return remote_id if target.conversation.private else room_reference(remote_id)


def _archive(session: Session, conversation: ConversationRef) -> tuple[str, str]:
    """Which archive has a conversation, and with whom it is there. Raises Temporary outside of its room."""
    if conversation.private:
        return session.owner, conversation.remote_id
    if conversation.remote_id not in session.rooms.seats:
        raise Temporary(NOT_THERE)
    return conversation.remote_id, ""


def _sent_ref(
    session: Session, conversation: ConversationRef, message_id: str, archive_id: str
) -> MessageRef:
    if conversation.private:
        return MessageRef(conversation, message_id)
    return MessageRef(conversation, session.room_message(conversation.remote_id, archive_id, message_id))
