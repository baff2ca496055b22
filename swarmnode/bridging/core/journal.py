"""The journal: what networks tell enters the tables here, by one function (ADR 0023).

Networks repeat themselves, tell late and out of order, and a crash makes them tell again. So every event may
come any number of times, at any time: ids and revisions decide whether it is news, tombstones win over what
comes behind them, and what is about something unknown waits for it. Whether somebody may change a message is
looked at here, whatever the network thought.

An event that cannot be taken in lies on a shelf from then on, and the cursor goes past it: the same event
would fail again at each start, and nothing behind it would ever come.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
import sqlalchemy as sa

from swarm_bridges import api

from ...errors import NodeError, UsageError
from ...services.news import tell
from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import (
    ACCOUNTS,
    REMOTE_MESSAGES,
    SHELVED,
    AccountRow,
    RemoteConversation,
    RemoteMessage,
)
from ...storage.shelf import Prepared
from . import (
    about,
    accounts,
    bounds,
    carriage,
    consent,
    coverage,
    echoes,
    entries,
    parked,
    people,
    places,
    proofs,
    rooms,
    settling,
    vault,
)
from .content import Content
from .packed import pack, texts
from .writing import Writing, writing

_ANY = {
    table.name: Prepared(
        sa.select(table.c.id).where(table.c.conversation_id == sa.bindparam("room")).limit(1)
    )
    for table in (tables.remote_alias, tables.remote_tombstone, tables.remote_parked)
}
MAX_SHELVED = 1_000
"""Of one account."""


def ingest(step: Step, account: str, batch: api.Batch) -> None:
    """Take in a batch, the cursor behind it and what the bridge remembers with it, all or none.

    Raises:
        NotFound: there is no such account.
        UsageError: more events at once than `bounds.MAX_EVENTS`, or a cursor too long.
        swarm_bridges.api.Refused: the bridge would remember more than its quota.
    """
    row = accounts.find(step, account)
    if len(batch.events) > bounds.MAX_EVENTS:
        raise UsageError("too many events at once")
    if batch.cursor_after is not None and len(batch.cursor_after) > bounds.MAX_CURSOR:
        raise UsageError("a cursor that is too long")
    if not _attempt(step, lambda: _take_all(step, row, batch.events)):
        for event in batch.events:
            if not _attempt(step, lambda event=event: _take_all(step, row, (event,))):  # type: ignore[misc]
                _shelve(step, row, event, "error")
    if batch.cursor_after is not None:
        ACCOUNTS.change(step.tx, row.id, cursor=batch.cursor_after)
    if batch.kv:
        vault.kv_put(step, account, batch.kv)


def _attempt(step: Step, take: Callable[[], None]) -> bool:
    """Whether it worked; if it did not, nothing of it stands. What the disk does is not caught."""
    effects, inputs = len(step.effects), len(step.inputs)
    try:
        with step.tx.attempt():
            take()
    except NodeError:
        raise
    except Exception:  # noqa: BLE001  ours or theirs, one event must not stop all that come behind it
        del step.effects[effects:]
        del step.inputs[inputs:]
        return False
    return True


def _take_all(step: Step, row: AccountRow, events: tuple[api.Event, ...]) -> None:
    with writing(step, row) as now:
        taking = _Taking(now, _old_ones(events))
        for event in events:
            try:
                bounds.check(event)
            except bounds.Hostile as e:
                _shelve(step, row, event, str(e))
                continue
            taking.take(event)


def _old_ones(events: tuple[api.Event, ...]) -> Counter[api.ConversationRef]:
    """How many messages of the past without an order key came for each conversation."""
    return Counter(
        event.ref.conversation
        for event in events
        if isinstance(event, api.MessageSeen) and event.order is None and event.origin is api.Origin.HISTORY
    )


def _shelve(step: Step, row: AccountRow, event: api.Event, why: str) -> None:
    """Put an event away. One that cannot even be encoded leaves its kind alone."""
    try:
        data = pack(event) if bounds.size_of(event) <= bounds.MAX_CONTENT else b""
    except bounds.Hostile:
        data = b""
    if SHELVED.count(step.tx, account_id=row.id) < MAX_SHELVED:
        SHELVED.add(
            step.tx, account_id=row.id, event=data, why=f"{type(event).__name__}: {why}", at=step.wall_s
        )
    tell(step, "bridge.shelved", account=row.account)


@dataclass(slots=True)
class _Taking:
    """One batch on its way in."""

    now: Writing
    old_ones: Counter[api.ConversationRef]
    rooms: dict[api.ConversationRef, RemoteConversation] = field(default_factory=dict)
    ranks: dict[int, tuple[str, int]] = field(default_factory=dict)
    met: dict[int, int] = field(default_factory=dict)
    """When the latest message was said that the past has shown and that was there, by conversation."""
    none: set[tuple[str, int]] = field(default_factory=set)
    """Tables that have nothing of a conversation: it is asked once, as long as messages alone come."""

    def take(self, event: api.Event) -> None:
        """Take in one event."""
        account = self.now.account
        match event:
            case api.MessageSeen():
                self._message(event)
            case api.MessageGone():
                self._gone(event)
            case api.ReactionsNow():
                self._about(event.target, event)
            case api.MarksNow():
                self._about(event.target, event)
            case api.ReceiptMoved():
                self._about(event.up_to, event)
            case api.DeliveryFailed(target=target):
                if not carriage.failed(self.now.step, self._room(target.conversation), event):
                    self._about(target, event)
            case api.ConversationSeen():
                self._changed(rooms.seen(self.now.step, account.id, event))
            case api.ConversationGone():
                if (room := rooms.left(self.now.step, account.id, event)) is not None:
                    self._changed(room)
            case api.ActorSeen():
                people.seen(self.now.step, account.id, event)
            case api.IdentityMoved():
                people.moved(self.now.step, account.id, account.account, event)
                consent.moved(self.now.step, account, event)
            case api.Coverage():
                coverage.add(self.now.step, self._room(event.conversation), event)
            case api.OpaqueSeen():
                carriage.came(self.now.step, account, self._room(event.ref.conversation), event)
            case api.ClaimsSeen():
                proofs.seen(self.now.step, account, event)
        if not isinstance(event, api.MessageSeen) or event.aliases or event.actor.is_owner:
            self.none.clear()  # it may have put something there

    def _room(self, ref: api.ConversationRef) -> RemoteConversation:
        room = self.rooms.get(ref)
        if room is None:
            room = self.rooms[ref] = rooms.of(self.now.step, self.now.account.id, ref)
        return room

    def _changed(self, room: RemoteConversation) -> None:
        self.rooms.pop(rooms.ref(room), None)
        self.now.chats.add(room.id)

    def _has(self, table: str, room: RemoteConversation) -> bool:
        """Whether a table has anything of a conversation."""
        if (table, room.id) in self.none:
            return False
        if _ANY[table].scalar(self.now.step.tx, {"room": room.id}) is None:
            self.none.add((table, room.id))
            return False
        return True

    # Messages

    def _message(self, event: api.MessageSeen) -> None:
        now, step = self.now, self.now.step
        room = self._room(event.ref.conversation)
        aliases = self._has("remote_alias", room)
        row = entries.find(step, room.id, event.ref.remote_id, event.ref.part, aliases=aliases)
        row = row or self._known_as(room, event)
        if row is None and (sent := echoes.ours(now, room, event)) is not None:
            row = settling.named(now, sent, event.ref, event.aliases)
            self._echoed(room, row, event)
            settling.echoed(now, row)
        elif row is None:
            self._new(room, self._of_now(room, event))
        else:
            self._again(room, row, event)
        if row is not None and event.origin is api.Origin.HISTORY:
            self.met[room.id] = max(row.wall_s, self.met.get(room.id, 0))

    def _of_now(self, room: RemoteConversation, event: api.MessageSeen) -> api.MessageSeen:
        """A page of the past that reaches into the present shows what is about to come, or was missed.

        That is what stands behind a message that is there, and was not said before it either: it is new.
        """
        if event.origin is not api.Origin.HISTORY or event.order is not None or room.id not in self.met:
            return event
        if bounds.wall_s(event.remote_time, self.now.step.wall_s) < self.met[room.id]:
            return event
        return msgspec.structs.replace(event, origin=api.Origin.CATCH_UP)

    def _known_as(self, room: RemoteConversation, event: api.MessageSeen) -> RemoteMessage | None:
        """The message under another of its ids; whoever names somebody else's has said nothing."""
        for alias in event.aliases:
            row = entries.find(self.now.step, room.id, alias, event.ref.part)
            actor = people.of(self.now.step, self.now.account.id, event.actor)
            if row is not None and entries.is_by(self.now.step, row, actor):
                return row
        return None

    def _new(self, room: RemoteConversation, event: api.MessageSeen) -> None:
        now, step = self.now, self.now.step
        actor = people.of(step, now.account.id, event.actor)
        names = (event.ref.remote_id, *event.aliases)
        gone = self._has("remote_tombstone", room) and parked.is_buried(
            now, room, names, event.ref.part, actor
        )
        row = entries.add(now, room, event, actor, place=self._place(room, event), gone=gone)
        if self._has("remote_parked", room) and about.catch_up(now, row):
            self.rooms.pop(event.ref.conversation, None)
        if event.origin is api.Origin.HISTORY:
            now.chats.add(room.id)
        elif not gone:
            now.last_at[room.id] = max(row.wall_s, room.last_at, now.last_at.get(room.id, 0))
            now.changed(row, kind="message.new")

    def _echoed(self, room: RemoteConversation, row: RemoteMessage, event: api.MessageSeen) -> None:
        """What the network shows of our message is what others see: its text, its order, its revision."""
        now, step = self.now, self.now.step
        if event.order is not None:
            place, rank = places.by_order(step, room.id, event.order)
            REMOTE_MESSAGES.change(step.tx, row.id, place=place, rank=rank)
        if row.gone_at is None:
            entries.revise(now, entries.get(step, row.id), Content.of(event), event.revision)
            REMOTE_MESSAGES.change(step.tx, row.id, edited=False)
        about.catch_up(now, row)

    def _again(self, room: RemoteConversation, row: RemoteMessage, event: api.MessageSeen) -> None:
        """A message that is there: a duplicate, an edit, or an old revision that comes late."""
        now, step = self.now, self.now.step
        entries.name(step, row, (event.ref.remote_id, *event.aliases))
        if row.gone_at is not None or event.revision in texts(row.revisions):
            return
        actor = people.of(step, now.account.id, event.actor)
        if not entries.is_by(step, row, actor):
            return
        if row.revisions is None:  # ours, named by the answer to the call: this is its echo
            self._echoed(room, row, event)
            now.changed(row)
            return
        if entries.is_older(event.revision, row.revision):
            entries.note_revision(step, row, event.revision)
            return
        entries.revise(now, row, Content.of(event), event.revision)
        if row.mine:
            about.shown(now, row, "edit")
        now.changed(row)

    def _place(self, room: RemoteConversation, event: api.MessageSeen) -> tuple[str, int]:
        step = self.now.step
        if event.order is not None:
            return places.by_order(step, room.id, event.order)
        if event.origin is not api.Origin.HISTORY:
            return places.last(step, room.id)
        place, rank = self.ranks.get(room.id) or places.before_all(
            step, room.id, self.old_ones[event.ref.conversation]
        )
        self.ranks[room.id] = place, rank + 1
        return place, rank

    def _gone(self, event: api.MessageGone) -> None:
        step, room = self.now.step, self._room(event.target.conversation)
        row = entries.find(step, room.id, event.target.remote_id, event.target.part)
        if row is None:
            parked.bury(step, room, event)
            return
        if row.gone_at is not None:
            return
        if event.actor is None or (event.for_owner_only and event.actor.is_owner):
            entries.take_back(self.now, row)
            return
        actor = people.of(step, self.now.account.id, event.actor)
        if entries.may_take_back(step, room, row, actor):
            entries.take_back(self.now, row)

    # What is about messages

    def _about(self, target: api.MessageRef, event: parked.About) -> None:
        room = self._room(target.conversation)
        row = entries.find(self.now.step, room.id, target.remote_id, target.part)
        if row is None:
            parked.park(self.now.step, room, target, event)
        else:
            about.apply(self.now, row, event)
            self.rooms.pop(target.conversation, None)
