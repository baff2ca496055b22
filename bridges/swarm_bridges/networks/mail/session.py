"""A session: what comes into the chosen folders becomes batches, in order, each committed before the next.

One connection reads; for each of the first folders another one waits (IDLE) and says that there is something
to read. How far each folder was read is the account's cursor: what its numbers are worth (UIDVALIDITY), the
last number that was told, and the last change (MODSEQ) where the server counts those. So a crash tells a mail
again, which is harmless, and never skips one.

**The copy to oneself.** What the owner sends goes to the owner too. That it has come proves that the server
has accepted the mail; it is then put into the folder of sent mail, and what lies there is what others got.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from ...api import (
    Actor,
    ActorSeen,
    AuthExpired,
    Batch,
    BridgeError,
    Context,
    Cursor,
    Event,
    Gone,
    Health,
    Interrupted,
    Limited,
    Origin,
    Refused,
    State,
)
from ...tls import trusting
from . import names
from .bounces import is_about_node, told_of
from .claims import Listener
from .convert import Mail, View, is_for_node, is_ours, marks, message, opaque, people, room, root
from .imap import Imap, Unwelcome
from .keys import KeyRing
from .line import Place
from .reading import find, heads, mails, sealed_part
from .sealed import HIDDEN, MAX_SEALED, SIGNED, Opened
from .settings import Settings
from .tidying import note_as_read, put_away

Remembered: TypeAlias = Mapping[str, bytes | None]

CHUNK = 50
FIRST = 50
"""Mails of a folder of which nothing was read before; the rest is history, for who asks."""
FORGOTTEN = 500
"""Mails that are told again where a folder's numbers have lost their meaning; known ones change nothing."""
MAX_CHANGED = 1_000
"""Mails whose flags are told after an absence; of more, the newest."""
MAX_WAITING = 3
"""Folders that have a connection of their own; the others are looked at with them."""
IDLE_S = 9 * 60.0
"""Before networks forget a silent connection, and servers do (RFC 2177 says half an hour)."""
POLL_S = 60.0
MAX_KNOWN = 50_000


class Mark(msgspec.Struct, frozen=True, array_like=True):
    """How far a folder was read."""

    validity: int
    uid: int
    modseq: int


class Session:
    """An account's session at its server for reading."""

    def __init__(self, ctx: Context, settings: Settings, password: str, key: bytes) -> None:
        self.ctx, self.settings, self._password = ctx, settings, password
        self._tls = trusting(settings.certificate)
        self.lists: dict[str, str] = {}
        self._roots: dict[str, str] = {}
        self.view = View(
            ctx.owner, settings.sent, key, frozenset(settings.addresses), self.lists, self._roots
        )
        self._marks: dict[str, Mark] = {}
        self._rooms: dict[str, frozenset[Actor]] = {}
        self._names: dict[str, ActorSeen] = {}
        self._news: asyncio.Queue[str] = asyncio.Queue()
        self.imap: Imap
        self.keys = KeyRing(ctx, settings)
        self._claims = Listener(ctx)

    async def connect(self) -> Imap:
        """A connection of its own, logged in. Raises as `Imap.open`."""
        where: Place = self.settings.imap
        line = await self.ctx.connect(where.host, where.port)
        return await Imap.open(line, where, self._tls, self.settings.user, self._password)

    async def follow(self, ready: asyncio.Event) -> None:
        """Tell what happens until the connection is lost; `ready` is set while it stands.

        Raises:
            BridgeError: always: why it is lost.
        """
        self.imap = await self.connect()
        opened = [self.imap]
        try:
            await self._begin()
            ready.set()
            async with asyncio.TaskGroup() as tasks:
                if "IDLE" in self.imap.abilities:
                    for folder in self.settings.folders[:MAX_WAITING]:
                        tasks.create_task(self._wait(folder, opened))
                tasks.create_task(self._poll())
                tasks.create_task(self.imap.lost())
                await self.ctx.state(Health(State.CATCHING_UP))
                await self._look(self.settings.folders, Origin.CATCH_UP)
                await self.ctx.state(Health(State.CONNECTED))
                while True:
                    wanted = {await self._news.get()}
                    while not self._news.empty():
                        wanted.add(self._news.get_nowait())
                    everything = "" in wanted
                    some = [f for f in self.settings.folders if everything or f in wanted]
                    await self._look(some, Origin.LIVE)
        except BaseExceptionGroup as group:
            raise first_of(group) from None
        finally:
            ready.clear()
            for imap in opened:
                imap.close()

    async def _begin(self) -> None:
        try:
            self._marks = msgspec.json.decode(await self.ctx.cursor() or b"{}", type=dict[str, Mark])
        except msgspec.DecodeError:
            self._marks = {}
        try:
            known = msgspec.json.decode(await self.ctx.kv.get("lists") or b"{}", type=dict[str, str])
        except msgspec.DecodeError:
            known = {}
        self.lists.update(known)
        await self.keys.begin()

    async def _wait(self, folder: str, opened: list[Imap]) -> None:
        """Say when something happens in a folder."""
        try:
            imap = await self.connect()
        except (AuthExpired, Limited, Refused, Unwelcome):
            # Some servers count connections. Then it is looked at now and then.
            self.ctx.log.warning("no_more_connections")
            return
        opened.append(imap)
        try:
            await imap.select(folder)
            self._news.put_nowait(folder)  # what came before somebody waited for it
            while True:
                if await imap.idle(folder, IDLE_S):
                    self._news.put_nowait(folder)
        except Gone:
            self.ctx.log.warning("no_such_folder", folder=self.ctx.log.hashed(folder))

    async def _poll(self) -> None:
        while True:
            await self.ctx.pause(POLL_S)
            self._news.put_nowait("")

    # --- reading ---

    async def _look(self, folders: Iterable[str], origin: Origin) -> None:
        """Tell what is new. The folder of sent mail comes first, so that what is the owner's is known."""
        for folder in sorted(folders, key=lambda f: f != self.settings.sent):
            try:
                await self._look_into(folder, origin)
            except Gone:
                self.ctx.log.warning("no_such_folder", folder=self.ctx.log.hashed(folder))

    async def _look_into(self, folder: str, origin: Origin) -> None:
        async with self.imap.folder(folder) as (box, opened):
            mark = self._marks.get(folder)
            if mark is None or mark.validity != opened.validity:
                if mark is not None:
                    self.ctx.log.warning("folder_was_renumbered")
                count, origin = (FIRST, Origin.HISTORY) if mark is None else (FORGOTTEN, Origin.CATCH_UP)
                uids = await box.last(opened.exists, count)
                mark = Mark(opened.validity, max(0, opened.uidnext - 1), opened.modseq)
                changed: list[int] = []
            else:
                last, uids, changed = mark.uid, [], []
                if not opened.uidnext or opened.uidnext > last + 1:
                    uids = [u for u in await box.search("UID", f"{last + 1}:*") if u > last]
                if last and mark.modseq and opened.modseq > mark.modseq:
                    changed = await box.search("UID", f"1:{last}", "MODSEQ", str(mark.modseq + 1))
        for n in range(0, len(uids), CHUNK):
            some = uids[n : n + CHUNK]
            await self._tell(folder, opened.validity, some, origin)
        await self._changes(folder, opened.validity, changed[-MAX_CHANGED:])
        end = max(mark.uid, *uids) if uids else mark.uid
        await self._ingest([], folder, Mark(opened.validity, end, opened.modseq))

    async def _tell(self, folder: str, validity: int, uids: Sequence[int], origin: Origin) -> None:
        async with self.imap.folder(folder) as (box, opened):
            if opened.validity != validity:
                raise Interrupted("a folder was renumbered")
            found = await mails(box, folder, validity, uids)
            claims = [] if origin is Origin.HISTORY else await self._claims.heard(box, found, self.view)
        if len(found) < len(uids):
            self.ctx.log.warning("mails_not_given", count=len(uids) - len(found))
        known = self._marks.get(folder)
        modseq = known.modseq if known is not None and known.validity == validity else 0
        ours = [m for m in found if self._sent_here(m)]
        kv: dict[str, bytes | None] = {names.handed_in(m.head.message_id): None for m in ours}
        kv |= await self.keys.learn(found, self.view)
        events, learned = await self.events(found, origin)
        await self._ingest([*events, *claims], folder, Mark(validity, uids[-1], modseq), {**kv, **learned})
        if self.settings.sent and folder != self.settings.sent:
            await put_away(self.imap, ours, folder, self.settings.sent, self.ctx.log)
        for_node = [m for m in found if m.body.opaque is not None or is_about_node(m, self.view)]
        await note_as_read(self.imap, [mail.uid for mail in for_node], folder, self.ctx.log)

    def _sent_here(self, mail: Mail) -> bool:
        return names.intent_of(self.view.key, mail.head.message_id) is not None and is_ours(mail, self.view)

    async def _changes(self, folder: str, validity: int, uids: Sequence[int]) -> None:
        """Tell the flags of mails that were told before."""
        for n in range(0, len(uids), CHUNK):
            async with self.imap.folder(folder) as (box, opened):
                if opened.validity != validity:
                    raise Interrupted("a folder was renumbered")
                found = await heads(box, folder, validity, uids[n : n + CHUNK])
            await self._find_roots(found)
            told = [m for m in found if not is_for_node(m.head, self.view, mine=is_ours(m, self.view))]
            await self._ingest([e for m in told for e in marks(m, self.view, Origin.LIVE)], folder, None)

    async def _ingest(
        self, events: Sequence[Event], folder: str, mark: Mark | None, kv: Remembered | None = None
    ) -> None:
        marks = {**self._marks, **({folder: mark} if mark is not None else {})}
        if events or marks != self._marks:
            await self.ctx.ingest(Batch(tuple(events), Cursor(msgspec.json.encode(marks)), kv or {}))
            self._marks = marks

    # --- what it means ---

    async def events(self, found: Sequence[Mail], origin: Origin) -> tuple[list[Event], Remembered]:
        """What mails mean, with the names of whom nobody knew, and what is to be remembered with that.

        A mail that we misread keeps none back.
        """
        await self._learn(found)
        await self._find_roots(found)
        made: list[Event] = []
        kv: dict[str, bytes | None] = {}
        for given in found:
            mail = given
            if mail.body.sealed is not None and (inside := await self._open(mail)) is not None:
                mail = inside.mail
                kv |= await self.keys.learn_gossip(mail, inside.gossip)
            try:
                made.extend(self._of_one(mail, origin))
            except Exception:  # noqa: BLE001 - one mail that we misread must not keep all others back
                self.ctx.log.warning("unreadable_mail", uid=mail.uid)
        return made, kv

    async def _open(self, mail: Mail) -> Opened | None:
        """What is inside of an encrypted mail; None where it cannot be opened.

        A few bytes can be made to grow into more than this process may have. So whoever has ended it twice
        stays closed.
        """
        assert mail.body.sealed is not None
        name = names.opening(mail.folder, mail.validity, mail.uid)
        begun = await self.ctx.kv.get(name) or b""
        if mail.body.sealed.size > MAX_SEALED or len(begun) > 1:
            return None
        async with self.imap.folder(mail.folder) as (box, opened):
            if opened.validity != mail.validity:
                raise Interrupted("a folder was renumbered")
            data = await sealed_part(box, mail)
        await self.ctx.kv.put({name: begun + b"."})
        try:
            return await self.keys.open(mail, data)
        finally:
            await self.ctx.kv.put({name: None})

    async def subject_of(self, mail: Mail) -> str:
        """The subject of a mail of which the head alone is known, also where it is encrypted."""
        if not mail.head.is_sealed or mail.head.subject.lower() not in HIDDEN:
            return mail.head.subject
        async with self.imap.folder(mail.folder) as (box, opened):
            whole = await mails(box, mail.folder, opened.validity, [mail.uid])
        if not whole or whole[0].body.sealed is None or (inside := await self._open(whole[0])) is None:
            return ""
        # Whoever has put somebody else's words into a mail of their own must not get them with the answer.
        return inside.mail.about if inside.mail.opened == SIGNED else ""

    def _of_one(self, mail: Mail, origin: Origin) -> list[Event]:
        if (reported := told_of(mail, self.view, origin)) is not None:
            return reported
        if mail.body.opaque is not None:
            bytes_ = opaque(mail, self.view, origin)
            return [] if bytes_ is None else [bytes_]
        seen = message(mail, self.view, origin)
        where = seen.ref.conversation
        made: list[Event] = []
        now, known = replace(room(mail, self.view, where), origin=origin), where.remote_id in self._rooms
        if self._is_room_news(where.remote_id, now.members or ()):
            # Who comes later to a thread does not give it another name.
            made.append(replace(now, title=None) if known and mail.head.answers else now)
        made.extend(replace(a, origin=origin) for a in people(mail, self.view) if self._is_news(a))
        made.append(seen)
        if mail.flags & {"\\seen", "\\flagged"}:
            made.extend(marks(mail, self.view, origin))
        return made

    def _is_room_news(self, remote_id: str, members: Iterable[Actor]) -> bool:
        """Whether a conversation was not told yet, or not with all of these."""
        known = self._rooms.get(remote_id)
        if known is not None and known.issuperset(members):
            return False
        if len(self._rooms) > MAX_KNOWN:
            self._rooms.clear()
        self._rooms[remote_id] = (known or frozenset()).union(members)
        return True

    def _is_news(self, seen: ActorSeen) -> bool:
        """Whether this name was not told yet."""
        if self._names.get(seen.actor.remote_id) == seen:
            return False
        if len(self._names) > MAX_KNOWN:
            self._names.clear()
        self._names[seen.actor.remote_id] = seen
        return True

    async def _learn(self, found: Iterable[Mail]) -> None:
        """Remember where one writes to mailing lists: what the owner writes there does not say."""
        fresh = {
            m.head.list_post: m.head.list_id
            for m in found
            if m.head.list_post and m.head.list_id and not is_ours(m, self.view)
        }
        if any(self.lists.get(post) != list_id for post, list_id in fresh.items()) and len(self.lists) < 1000:
            self.lists.update(fresh)
            await self.ctx.kv.put({"lists": msgspec.json.encode(self.lists)})

    async def _find_roots(self, found: Iterable[Mail]) -> None:
        """Learn to which threads these belong, also of those that name only what they answer."""
        if len(self._roots) > MAX_KNOWN:
            for old in list(islice(self._roots, MAX_KNOWN // 2)):
                del self._roots[old]
        for mail in found:
            head = mail.head
            if head.answers and not head.ids("References") and head.answers not in self._roots:
                parent = await self.find(head.answers)
                if parent is not None:
                    self._roots[head.answers] = root(parent.head, self.view)
            self._roots.setdefault(head.message_id, root(head, self.view))

    async def find(self, message_id: str, folders: Sequence[str] = ()) -> Mail | None:
        """A mail by its id, without its texts: in these folders, or in those that are read."""
        return await find(self.imap, message_id, folders or self.settings.folders)


def first_of(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """The error of several that says most: one of the contract, or else any."""
    flat: list[BaseException] = []
    waiting: list[BaseException] = [group]
    while waiting:
        error = waiting.pop()
        if isinstance(error, BaseExceptionGroup):
            waiting.extend(error.exceptions)
        else:
            flat.append(error)
    telling = [e for e in flat if isinstance(e, BridgeError) and not isinstance(e, Interrupted)]
    return (telling or [e for e in flat if isinstance(e, BridgeError)] or flat)[0]
