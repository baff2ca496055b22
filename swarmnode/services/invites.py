"""Rows of invites: what giving and taking them have in common (spec 40 §8)."""

from __future__ import annotations

from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as met
from swarm_protocol.mailbox import Recipient
from swarm_protocol.meeting import InviteEvent

from ..domain.ids import is_number
from ..domain.views import InviteView
from ..errors import NotFound
from ..storage.shelves import INVITES, OUTBOX, QUEUES_IN, Invite, QueueIn
from . import links, outgoing, queues
from .news import tell
from .node import Node
from .step import Step

CODE = "code"
"""The kind of an invite that is spoken."""
CONVERSATION = "conversation"
"""The kind of an offer in a conversation on another network (spec 53)."""
ENDED = frozenset({"confirmed", "declined", "expired", "withdrawn", "taken", "wrong-code"})
"""States in which nothing more comes of it."""
PREPARING, STAMPING = "preparing", "stamping"
"""States before and between those of the protocol."""
SECOND_RELAY_S = 10.0
"""So long the second of two relays is waited for; then one has to do."""

_OF_CODES = frozenset({PREPARING, "created", "fetched", "read", "agreed"})
"""States of a code in which it ends with its hour."""
_OVER = frozenset({Recipient.DEAD.value, Recipient.DRAINING.value, Recipient.CLOSED.value})


def queues_of(step: Step, row: Invite) -> tuple[list[QueueIn], list[QueueIn]]:
    """The queues of an invite that are made, and those that are on their way."""
    all_of = QUEUES_IN.all(step.tx, invite_id=row.id)
    return split(all_of)


def split(all_of: list[QueueIn]) -> tuple[list[QueueIn], list[QueueIn]]:
    """Queues that are made, and those that are on their way."""
    made = [queue for queue in all_of if queue.sid is not None and queue.state not in _OVER]
    return made, [queue for queue in all_of if queue.state == queues.MAKING]


def ready(
    step: Step, node: Node, row: Invite, made: list[QueueIn], coming: list[QueueIn], *, waited: bool
) -> bool:
    """Whether to go on: all queues are there, or one is and the others were waited for.

    In a conversation there is a way already, so none is needed.
    """
    if (made or row.kind == CONVERSATION) and (waited or not coming):
        return True
    node.remind(step, ("invite", row.id), SECOND_RELAY_S)
    return False


def invitation_of(row: Invite) -> met.Invitation | met.Offer:
    """The invite as both sides know it; its bundle was opened before."""
    assert row.bundle is not None
    if row.kind == CONVERSATION:
        return met.Offer.decode(row.bundle)
    return met.Invitation.open(link_of(row), row.bundle)


def link_of(row: Invite) -> met.InviteLink:
    """The link; of a code it is there once the bundle is."""
    return met.InviteLink.parse(row.link)


def get(step: Step, invite_id: int) -> Invite:
    """An invite's row.

    Raises:
        NotFound: there is none.
    """
    row = INVITES.get(step.tx, invite_id)
    if row is None:
        raise NotFound("there is no such invite")
    return row


def happens(step: Step, row: Invite, event: InviteEvent) -> str:
    """The state after an event, by the table."""
    try:
        state = met.Invite(row.state)
    except ValueError:
        return row.state
    after = met.INVITE[state, event]
    if after is not state:
        move(step, row, after.value)
    return after.value


def move(step: Step, row: Invite, state: str) -> None:
    """Change the state, and tell."""
    INVITES.change(step.tx, row.id, state=state, changed_at=step.wall_s)
    tell(step, "invite.changed", invite=str(row.id), state=state)


def may_go_on(step: Step, node: Node, row: Invite) -> bool:
    """Whether anything may be done for an invite now. A code ends here, with its hour."""
    if row.kind == CODE and step.wall_s >= row.expires_at and row.state in _OF_CODES:
        if not node.quarantine:
            expire(step, node, row)
        return False
    return not node.quarantine


def expire(step: Step, node: Node, row: Invite) -> None:
    """Its time is over."""
    move(step, row, "expired")
    for outgoing_row in OUTBOX.all(step.tx, invite_id=row.id):
        outgoing.confirmed(step, node, outgoing_row.id)
    close(step, node, row)
    INVITES.change(step.tx, row.id, code="")


def close(step: Step, node: Node, row: Invite) -> None:
    """Destroy what an invite needed and nobody needs any more: its keys, and its queues at the relays."""
    if row.kind == "address" and row.role == "inviter" and row.request is None:
        return
    if row.request is None or row.kind != "address":
        for queue in QUEUES_IN.all(step.tx, invite_id=row.id):
            destroy(step, node, queue)
    INVITES.change(step.tx, row.id, secret=None, psk=None)


def destroy(step: Step, node: Node, queue: QueueIn) -> None:
    """Destroy a queue of an invite; where its relay cannot be asked now, it ends with its lease."""
    line = node.line(queue.relay_id)
    if queue.rid is not None:
        node.reading.pop(queue.rid, None)
        if line.is_up:
            links.ask(step, line, mbx.Del(mbx.RecipientId(queue.rid)), links.key_of(queue.secret))
    QUEUES_IN.change(step.tx, queue.id, state=Recipient.CLOSED.value)


def view(step: Step, invite_id: str) -> InviteView:
    """An invite by its id.

    Raises:
        NotFound: there is none.
    """
    if not is_number(invite_id):
        raise NotFound("there is no such invite")
    return view_of(get(step, int(invite_id)))


def view_of(row: Invite) -> InviteView:
    """An invite for its owner."""
    shown = row.role == "inviter" and row.state in {"created", "fetched"}
    return InviteView(
        id=str(row.id),
        kind=row.kind,
        state=row.state,
        role=row.role,
        expires_at=row.expires_at,
        link=row.link if shown and row.kind != CODE else "",
        code=row.code if shown else "",
        contact="" if row.contact_id is None else str(row.contact_id),
        note=row.note,
    )
