"""Carriage at the bridges' side: fragments become intents, and bytes that came go to the node (spec 53).

A fragment that is to leave is a row of `services.carriage`; here it gets an intent of the kind `opaque`,
which goes the way of all intents: limits hold, what is in doubt is repeated. What became of it, and what
bridges bring, is an input for the engine in the same transaction.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api
from swarm_bridges.text import from_plain

from ...domain.book import PersonView
from ...errors import NotFound, NotReady
from ...services import book
from ...services.carriage import CALLING, READY, State
from ...services.step import Carried, Returned, Step
from ...storage import carriage_tables as tables
from ...storage.bridge_shelves import (
    ACCOUNTS,
    INTENTS,
    ROOMS,
    AccountRow,
    RemoteActor,
    RemoteConversation,
)
from ...storage.bridge_tables import remote_conversation
from ...storage.carriage_shelves import PIECES, ROUTES, Piece
from ...storage.shelf import Prepared
from ...storage.shelves import PEERS
from . import abilities, bounds, intents, people
from .intents import Payload
from .packed import pack, texts

KIND = "opaque"
SENTENCE = "A private message. It is for a program of the other side: swarmnode."
"""What ordinary clients show of a fragment."""
AHEAD = 8
"""Fragments of one conversation that are intents at once: what is confirmed meanwhile need not leave."""

_p, _r = tables.carriage_piece.c, tables.carriage_route.c
_room = remote_conversation.c
_DUE = Prepared(
    sa.select(*PIECES.columns, _r.room_id)
    .select_from(
        tables.carriage_piece.join(tables.carriage_route, _r.id == _p.route_id).join(
            remote_conversation, _room.id == _r.room_id
        )
    )
    .where(_room.account_id == bindparam("account"), _p.state == sa.literal_column(f"'{READY}'"))
    .order_by(_p.outbox_id, _p.place)
    .limit(AHEAD)
)
_CALLING = Prepared(
    sa.select(sa.func.count())
    .select_from(
        tables.carriage_piece.join(tables.carriage_route, _r.id == _p.route_id).join(
            remote_conversation, _room.id == _r.room_id
        )
    )
    .where(_room.account_id == bindparam("account"), _p.state == sa.literal_column(f"'{CALLING}'"))
)
_LATEST = Prepared(
    sa.text(
        "SELECT id, members FROM remote_conversation WHERE account_id = :account AND members IS NOT NULL"
        " ORDER BY last_at DESC LIMIT 200"
    )
)
_SAID = Prepared(sa.text("SELECT 1 FROM remote_message WHERE conversation_id = :room AND mine LIMIT 1"))


# Out


def waits(step: Step, account: AccountRow) -> bool:
    """Whether fragments wait that are no intents yet, and may become some."""
    bound = {"account": account.id}
    return bool(_DUE.rows(step.tx, bound)) and _CALLING.scalar(step.tx, bound) < AHEAD


def take_due(step: Step, account: AccountRow) -> None:
    """Make intents of some fragments that wait."""
    bound = {"account": account.id}
    room_for = AHEAD - int(_CALLING.scalar(step.tx, bound))
    for *columns, room_id in _DUE.rows(step.tx, bound)[: max(room_for, 0)]:
        names = (column.name for column in PIECES.columns)
        piece: Piece = PIECES.value(**dict(zip(names, columns, strict=True)))
        said = api.Rendered(from_plain(SENTENCE), SENTENCE)
        intent = INTENTS.make(
            step.tx,
            intent=step.entropy(16).hex(),
            account_id=account.id,
            conversation_id=room_id,
            outbox_id=piece.outbox_id,
            kind=KIND,
            body_id=step.tx.bodies.put(pack(Payload(parts=(said,), blob=piece.blob))),
            state=intents.State.READY.value,
            created_at=step.wall_s,
            expires_at=step.wall_s + intents.EXPIRES_S,
        )
        PIECES.change(step.tx, piece.id, state=CALLING, intent=intent.intent)


def is_wanted(step: Step, intent: str) -> bool:
    """Whether a fragment is still to leave: its whole may have been confirmed, or goes another way."""
    return PIECES.count(step.tx, intent=intent) > 0


def failed(step: Step, room: RemoteConversation, event: api.DeliveryFailed) -> bool:
    """Whether it was a fragment of ours in this conversation that did not arrive: its node hears of it."""
    intent = None if event.intent is None else INTENTS.one(step.tx, intent=event.intent)
    if intent is None or intent.kind != KIND or intent.conversation_id != room.id:
        return False
    step.inputs.append(Returned(intent.intent, bounds.name(event.reason)))
    return True


# In


def came(step: Step, account: AccountRow, room: RemoteConversation, event: api.OpaqueSeen) -> None:
    """A bridge brought bytes. They count between two people alone, and not where they are our own."""
    if event.actor.is_owner or not is_between_two(room) or room.partner not in {None, event.actor.remote_id}:
        return
    can = abilities.of(step, account, room)
    actor = people.of(step, account.id, event.actor)
    known = _is_known(step, account, room, actor)
    if (
        known and room.partner is None
    ):  # the network has not told of this conversation; the two talk elsewhere
        ROOMS.change(step.tx, room.id, partner=event.actor.remote_id)
        people.enter(step, account.id, event.actor.remote_id)
    step.inputs.append(
        Carried(
            room_id=room.id,
            actor=event.actor.remote_id,
            called=people.label(actor),
            blob=event.blob,
            size=can.opaque_bytes,
            form=can.opaque_form,
            known=known,
        )
    )


def is_between_two(room: RemoteConversation) -> bool:
    """Whether it is a conversation of the owner with one other."""
    return room.kind == "direct" and not room.gone


def _is_known(step: Step, account: AccountRow, room: RemoteConversation, actor: RemoteActor) -> bool:
    """Whether the owner talks with somebody, or an address book of theirs names them.

    Talk is there, or among the two elsewhere: each subject is a conversation of its own in mails.
    """
    if ROUTES.count(step.tx, room_id=room.id) or _SAID.scalar(step.tx, {"room": room.id}) is not None:
        return True
    for room_id, packed in _LATEST.rows(step.tx, {"account": account.id}):
        members = texts(packed)
        alone = len(members) <= 2 and actor.remote_id in members
        if alone and _SAID.scalar(step.tx, {"room": room_id}) is not None:
            return True
    entry = book.account(step, account.package, actor.remote_id)
    return entry is not None and (entry.carded or len(book.accounts_of(step, entry.person_id)) > 1)


# What screens ask


def find(step: Step, person: PersonView, via: str = "") -> tuple[RemoteConversation, api.Capabilities]:
    """The conversation with a person through which something private may go: the best one, or the one meant.

    Raises:
        NotFound: there is none that is meant.
        NotReady: none of them carries bytes.
    """
    fitting = [way for way in person.ways if way.network and via in {"", way.chat, way.network, way.account}]
    if not fitting and via:
        raise NotFound("there is no such way to this person", hint="`swarmnode people show` lists the ways.")
    for way in fitting:
        room = ROOMS.get(step.tx, int(way.chat[1:]))
        account = None if room is None else ACCOUNTS.get(step.tx, room.account_id)
        if room is not None and account is not None and is_between_two(room):
            can = abilities.of(step, account, room)
            if abilities.has(can, KIND) and can.opaque_bytes:
                return room, can
    raise NotReady(
        "nothing private can be sent over the networks that you share",
        hint="Invite them with a link: `swarmnode people invite`.",
    )


def state_of(step: Step, room: RemoteConversation, can: api.Capabilities) -> str:
    """How far a conversation is as a way for envelopes: see `WayView.carries`."""
    if not (is_between_two(room) and abilities.has(can, KIND) and can.opaque_bytes):
        return ""
    routes = ROUTES.all(step.tx, room_id=room.id)
    order = [State.IN_USE, State.ASKED, State.PROBING, State.OFF, State.MEETING]
    found = [state for state in order if any(route.state == state for route in routes)]
    return found[0].value if found else "can"


def only_way(step: Step, contact_id: int | None) -> bool:
    """Whether a contact's nodes are reached over other networks alone."""
    peers = PEERS.all(step.tx, contact_id=contact_id, active=True)
    routed = any(ROUTES.count(step.tx, peer_id=peer.id, state=State.IN_USE.value) for peer in peers)
    return routed and not any(_QUEUED.scalar(step.tx, {"peer": peer.id}) for peer in peers)


_QUEUED = Prepared(
    sa.text(
        "SELECT 1 FROM queue_out WHERE peer_id = :peer AND state IN ('in use', 'tested', 'added') LIMIT 1"
    )
)
