"""The bridge: what the owner wants, as mails and flags."""

from __future__ import annotations

import asyncio
import base64
import quopri
import re
from collections.abc import AsyncIterator

import msgspec

from ... import api
from ...api import (
    Absent,
    Accepted,
    Actor,
    ActorSeen,
    CantTell,
    Capabilities,
    ClaimsSeen,
    Context,
    ConversationRef,
    ConversationSeen,
    Cursor,
    Found,
    Gone,
    Health,
    Interrupted,
    Level,
    MessageRef,
    NotSupported,
    Outcome,
    Outgoing,
    Refused,
    RemoteFile,
    Repeat,
    State,
    Temporary,
    Unknown,
)
from ...parts import part_by_part
from . import autocrypt, names, threads, words
from . import claims as claiming
from .compose import Letter, for_node
from .convert import BOOKMARK, MAX_OPAQUE, Mail, Place
from .headers import ADDRESS
from .keys import KeyRing
from .reading import heads
from .sealed import MAX_SEALED
from .sealed import part as part_inside
from .sending import hand_in, password_of, subject, unsealed, written
from .session import Session
from .settings import Settings, settings_of
from .threads import Audience, by_folder

MAX_TEXT = 100_000
"""Graphemes."""
LOOK_S = 15.0
"""How long to wait for the copy of something sent."""
CHUNK = 256 << 10
MAX_FILE = 64 << 20
"""Bytes of a file whose encoding has to be undone as a whole."""
NO_SESSION = "not connected"
OPENPGP = "openpgp"


class Mailbox:
    """An account at a mail provider: `api.Bridge`, and what of the mixins mail has."""

    def __init__(self) -> None:
        self._session: Session | None = None
        self._ready = asyncio.Event()

    async def run(self, ctx: Context) -> None:
        """See `api.Bridge`."""
        await ctx.state(Health(State.CONNECTING))
        self._session = Session(
            ctx, settings_of(ctx.owner, ctx.settings), await password_of(ctx), await _key(ctx)
        )
        await self._session.follow(self._ready)

    def _now(self) -> Session:
        if self._session is None or not self._ready.is_set():
            raise Temporary(NO_SESSION)
        return self._session

    async def capabilities(self, ctx: Context, conversation: ConversationRef | None) -> Capabilities:
        """See `api.Bridge`. Deleting takes away the owner's own copy, and reading is noted for the owner."""
        settings = settings_of(ctx.owner, ctx.settings)
        size = settings.size * 7 // 10  # base64, and the text
        carries = _carries(settings) if conversation is None or names.is_chat(conversation) else 0
        news = conversation is not None and conversation.remote_id.startswith(names.NEWS)
        levels = dict.fromkeys(("delete", "read", "claim"), Level.PARTIAL) | {BOOKMARK: Level.FULL}
        if not news:
            levels |= dict.fromkeys(("text", "reply", "file"), Level.FULL)
        if carries:
            levels["opaque"] = Level.FULL
        can_seal = await _can_seal(ctx, conversation)
        return Capabilities(
            version=f"3 {size} {news} {carries} {can_seal}",
            levels=levels,
            max_text=MAX_TEXT,
            media={} if news else {"*/*": size},
            max_files=20,
            repeat=Repeat.LOOKUP,
            echo="key",
            rewrites_text=False,
            protect=(OPENPGP,) if can_seal else (),
            opaque_bytes=carries,
            opaque_form="binary" if carries else "none",
        )

    # --- sending ---

    async def send(self, ctx: Context, out: Outgoing) -> Outcome:
        """See `api.Bridge`."""
        session = self._now()
        if out.protect not in {"", OPENPGP}:
            raise NotSupported(f"{out.protect} is not there")
        to = await threads.audience(session, out.conversation, out.reply_to)
        return await part_by_part(out, lambda n: self._send_part(ctx, session, out, n, to))

    async def _send_part(
        self, ctx: Context, session: Session, out: Outgoing, n: int, to: Audience
    ) -> MessageRef:
        part = out.parts[n]
        letter = Letter(
            message_id=_own_id(ctx, session, out, n),
            sender=ctx.owner,
            name=session.settings.name,
            to=to.to,
            cc=to.cc,
            subject=subject(out, to, session.settings, ctx.owner),
            part=part,
            answers=to.answers,
            references=to.references,
            autocrypt=await session.keys.header(),
            files=[(file, await ctx.read(file)) for file in part.files],
        )
        mail = await written(ctx, session, letter, sealed=to.sealed, wanted=out.protect == OPENPGP)
        await hand_in(ctx, session.settings, letter, mail)
        return names.message(out.conversation, letter.message_id)

    async def send_opaque(self, ctx: Context, out: Outgoing, blob: bytes) -> Outcome:
        """See `api.CarriesOpaque`. Not under OpenPGP: the bytes are another node's own secret already."""
        session = self._now()
        if out.protect or not names.is_chat(out.conversation):
            raise NotSupported("bytes of a node go to one person, as they are")
        if len(blob) > _carries(session.settings):
            raise Refused("these bytes are more than a mail brings")
        letter = for_node(
            _own_id(ctx, session, out, 0),
            ctx.owner,
            session.settings.name,
            out.conversation.remote_id,
            out,
            blob,
        )
        try:
            await hand_in(ctx, session.settings, letter, await unsealed(ctx, letter))
        except Interrupted as e:
            return Unknown(str(e))
        return Accepted((names.message(out.conversation, letter.message_id),))

    async def find_sent(self, ctx: Context, out: Outgoing) -> Found:
        """See `api.Reconciles`: in the mailbox, where a copy comes of whatever the server has accepted.

        That there is none yet says nothing: servers may keep a mail for hours before they deliver it. Absent
        is what has never left whole. When the copy comes later, the echo says so.
        """
        session = self._now()
        found = list(out.done_parts)
        until = ctx.clock.monotonic() + LOOK_S
        while len(found) < len(out.parts):
            name = _own_id(ctx, session, out, len(found))
            if await session.find(name) is not None:
                found.append(names.message(out.conversation, name))
            elif await ctx.kv.get(names.handed_in(name)) is None:
                if len(found) == len(out.done_parts):
                    return Absent()
                raise Temporary("the first parts are there, and will have been told soon")
            elif ctx.clock.monotonic() >= until:
                return CantTell()
            else:
                await ctx.pause(0.5)
        return Accepted(tuple(found))

    # --- the past ---

    async def page(
        self, ctx: Context, conversation: ConversationRef, *, at: Cursor | None, limit: int
    ) -> api.Page:
        """See `api.Pages`."""
        session = self._now()
        past = await threads.past(session, conversation, at, max(1, min(limit, 100)))
        told, kv = await session.events(past.mails, api.Origin.HISTORY)
        return api.Page(api.Batch((*told, past.covered), kv=kv), past.more)

    # --- flags, and taking away ---

    async def mark_read(self, ctx: Context, up_to: MessageRef) -> None:
        """See `api.Receipts`: for the owner's other programs; nobody else is told."""
        session = self._now()
        if (target := await session.find(up_to.remote_id)) is None:
            return
        async with session.imap.folder(target.folder) as (box, _):
            words = threads.criteria(session, up_to.conversation)
            unread = await box.search("UID", f"1:{target.uid}", "UNSEEN", *words)
            await box.store([*unread, target.uid], "+", "\\Seen")

    async def mark(self, ctx: Context, target: MessageRef, name: str, *, on: bool, key: str) -> Outcome:
        """See `api.Marks`: a bookmark is what mail programs show as a star or a flag."""
        if name != BOOKMARK:
            raise NotSupported("mail knows no such mark")
        session = self._now()
        copies = await self._copies(session, target)
        if not copies:
            raise Gone("this mail is not there any more")
        for folder, uids in by_folder(copies).items():
            async with session.imap.folder(folder) as (box, _):
                await box.store(uids, "+" if on else "-", "\\Flagged")
        return Accepted((target,))

    async def delete(self, ctx: Context, target: MessageRef, key: str) -> Outcome:
        """See `api.Deletes`: into the trash of the owner, or away where there is none."""
        session = self._now()
        for folder, uids in by_folder(await self._copies(session, target)).items():
            async with session.imap.folder(folder) as (box, _):
                if session.settings.trash:
                    await box.move(uids, session.settings.trash)
                else:
                    await box.expunge(uids)
        return Accepted((target,))

    async def _copies(self, session: Session, target: MessageRef) -> list[Mail]:
        """All copies of a mail. Raises Refused for one without an id of its own."""
        if target.remote_id.endswith(".invalid"):
            raise Refused("this mail has no id by which it could be found")
        copies = []
        for folder in session.settings.folders:
            async with session.imap.folder(folder) as (box, opened):
                uids = await box.by_header("Message-ID", f"<{target.remote_id}>")
                copies.extend(await heads(box, folder, opened.validity, uids))
        return copies

    # --- people ---

    async def resolve(self, ctx: Context, handle: str) -> ActorSeen | None:
        """See `api.People`: an address; whether anybody reads it shows when something is sent."""
        address = handle.strip().removeprefix("mailto:").strip("<>").lower()
        if not ADDRESS.fullmatch(address):
            return None
        return ActorSeen(actor=Actor(address, is_owner=address == ctx.owner), name=address, handle=address)

    async def contacts(self, ctx: Context) -> tuple[ActorSeen, ...]:
        """See `api.People`: mail has no address book."""
        return ()

    async def open_direct(self, ctx: Context, who: Actor) -> ConversationSeen:
        """See `api.People`."""
        if not ADDRESS.fullmatch(who.remote_id):
            raise Refused("this is no address")
        where = names.conversation(who.remote_id)
        return ConversationSeen(conversation=where, kind="direct", title=who.remote_id, members=(who,))

    async def publish_claims(self, ctx: Context, claims: tuple[str, ...]) -> None:
        """See `api.Proves`: the next mails to one person say them."""
        await claiming.put(ctx, claims)

    async def read_claims(self, ctx: Context, who: Actor) -> ClaimsSeen:
        """See `api.Proves`: nobody can be asked; mails say it."""
        raise NotSupported("mail cannot be asked; it is told as mails come")

    # --- files ---

    async def fetch(self, ctx: Context, file: RemoteFile) -> AsyncIterator[bytes]:
        """See `api.Media`."""
        session = self._now()
        try:
            where = msgspec.json.decode(file.id, type=Place)
        except msgspec.DecodeError:
            raise Gone("this is no file of a mail") from None
        if not re.fullmatch(r"[0-9]+(\.[0-9]+)*", where.part):
            raise Gone("this is no file of a mail")
        where = await self._still_there(session, where)
        if where.inner:
            data = await self._from_inside(session, where)
            for n in range(0, len(data), CHUNK):
                yield data[n : n + CHUNK]
            return
        rest, at = b"", 0
        while True:
            data = await _piece(session, where, at)
            at += len(data)
            rest += data
            if where.encoding == "base64":
                ready, rest = _base64(rest, whole=len(data) < CHUNK)
                if ready:
                    yield ready
            elif where.encoding != "quoted-printable" and rest:
                yield rest
                rest = b""
            if len(rest) > MAX_FILE:
                raise Refused("this file is too large")
            if len(data) < CHUNK:
                break
        if rest:
            yield quopri.decodestring(rest)

    async def _from_inside(self, session: Session, where: Place) -> bytes:
        """A file that is encrypted together with its mail."""
        whole = b""
        while len(piece := await _piece(session, where, len(whole))) == CHUNK:
            whole += piece
            if len(whole) > MAX_SEALED:
                raise Refused("this mail is too large to be opened")
        opened = await session.keys.decrypted(words.decoded(whole + piece, where.encoding), "")
        found = None if opened is None else part_inside(opened[0], where.inner)
        if found is None:
            raise Gone("this mail cannot be opened any more")
        return words.decoded(*found)

    async def _still_there(self, session: Session, where: Place) -> Place:
        """Where the mail is now, which somebody may have moved."""
        try:
            async with session.imap.folder(where.folder) as (box, opened):
                if opened.validity == where.validity and await box.fetch([where.uid], "FLAGS"):
                    return where
        except Gone:
            pass
        folders = [*session.settings.folders, session.settings.trash]
        found = await session.find(where.message_id, [f for f in folders if f])
        if found is None:
            raise Gone("this mail is not there any more")
        return msgspec.structs.replace(where, folder=found.folder, validity=found.validity, uid=found.uid)


def _carries(settings: Settings) -> int:
    """Bytes of a node that one mail brings."""
    return min(settings.size * 7 // 10, MAX_OPAQUE)


async def _can_seal(ctx: Context, conversation: ConversationRef | None) -> bool:
    """Whether a chat is with somebody who has sent a key."""
    if conversation is None or not names.is_chat(conversation):
        return False
    settings = settings_of(ctx.owner, ctx.settings)
    return bool(autocrypt.key_of(await KeyRing(ctx, settings).peer(conversation.remote_id)))


async def _piece(session: Session, where: Place, at: int) -> bytes:
    async with session.imap.folder(where.folder) as (box, opened):
        if opened.validity != where.validity:
            raise Interrupted("a folder was renumbered")
        got = await box.fetch([where.uid], f"BODY.PEEK[{where.part}]<{at}.{CHUNK}>")
    if where.uid not in got:
        raise Gone("this mail is not there any more")
    data = got[where.uid].get(f"BODY[{where.part}]<{at}>")
    return data if isinstance(data, bytes) else b""


def _base64(data: bytes, *, whole: bool) -> tuple[bytes, bytes]:
    """What can be decoded, and what needs what follows."""
    clean = re.sub(rb"[^A-Za-z0-9+/]", b"", data)
    end = len(clean) - len(clean) % 4
    if whole and len(clean) % 4 > 1:
        return base64.b64decode(clean + b"=" * (-len(clean) % 4)), b""
    return base64.b64decode(clean[:end]), b"" if whole else clean[end:]


def _own_id(ctx: Context, session: Session, out: Outgoing, n: int) -> str:
    return names.own_id(session.view.key, out.intent, n, ctx.owner.rpartition("@")[2])


async def _key(ctx: Context) -> bytes:
    """The account's key for its own ids, made when it is first needed."""
    if (key := await ctx.kv.get("key")) is None:
        key = ctx.random(32)
        await ctx.kv.put({"key": key})
    return key
