"""Meeting: invites given and taken, as rows that any restart goes on with (spec 40).

What is to be done next follows from the row (`advance`), so an answer that comes late, twice or after a crash
does no harm. The tables of `swarm_protocol.meeting` decide what becomes of an invite. This module is the door
for people and for the engine; `inviter` and `joiner` are the two sides, `codes` is the spoken way to the same
end, `acquaintance` what both sides do when they have found each other, `invites` what is done to a row.
"""

from __future__ import annotations

from swarm_protocol.mailbox import limits

from ..domain.ids import is_number
from ..domain.views import InviteView
from ..errors import Conflict, NotFound
from ..storage.shelves import INVITES, OUTBOX, QUEUES_IN, Invite, QueueIn
from . import inviter, invites, joiner, offers, outgoing
from .acquaintance import name_from
from .inviter import fetched, hello_came, invite, key_refused, overdue, put, requested
from .invites import PREPARING, STAMPING, view, view_of
from .joiner import accept, accepted, bundle_came
from .node import Line, Node
from .step import Step

__all__ = [
    "accept",
    "accepted",
    "advance",
    "bundle_came",
    "decide",
    "fetched",
    "hello_came",
    "invite",
    "key_refused",
    "line_up",
    "name_from",
    "open_rows",
    "overdue",
    "put",
    "queue_made",
    "requested",
    "revoke",
    "sweep",
    "view",
    "view_of",
]

_waiting = INVITES.table.c.state.in_(
    [PREPARING, "created", "requested", "read", "agreed", "fetched", "no-relay", STAMPING]
)


def queue_made(step: Step, node: Node, queue: QueueIn) -> None:
    """A queue of a meeting is there."""
    if queue.invite_id is not None:
        advance(step, node, queue.invite_id)
    elif queue.peer_id is not None:
        for row in INVITES.all(step.tx, role="inviter", state="requested"):
            advance(step, node, row.id)


def advance(step: Step, node: Node, invite_id: int, *, waited: bool = False) -> None:
    """Do what an invite's row waits for, if it can be done now."""
    row = INVITES.get(step.tx, invite_id)
    if row is not None and row.role == "inviter":
        inviter.advance(step, node, row, waited=waited)
    elif row is not None and row.role == "joiner":
        joiner.advance(step, node, row, waited=waited)


def decide(step: Step, node: Node, invite_id: int, *, yes: bool) -> InviteView:
    """The owner answers a stranger, somebody whose invite is suspect, or who offers to talk privately.

    Raises:
        NotFound: nobody waits there.
    """
    row = INVITES.get(step.tx, invite_id)
    if row is not None and row.kind == invites.CONVERSATION and row.state == "waiting":
        node.require_writable()
        return offers.decide(step, node, row, yes=yes)
    return inviter.decide(step, node, invite_id, yes=yes)


def line_up(step: Step, node: Node, line: Line) -> None:
    """A line is up: what invites wait for may be asked now."""
    del line
    for row in open_rows(step):
        advance(step, node, row.id)


def open_rows(step: Step) -> list[Invite]:
    """Invites that wait for something."""
    return INVITES.where(step.tx, _waiting)


def revoke(step: Step, node: Node, invite_id: str) -> None:
    """Withdraw an invite; what was accepted stays.

    Raises:
        NotFound, Conflict: there is none, or it has led to a contact.
    """
    row = invites.get(step, int(invite_id)) if is_number(invite_id) else None
    if row is None:
        raise NotFound("there is no such invite")
    if row.contact_id is not None:
        raise Conflict("this invite has led to a contact", hint="Block or remove the contact instead.")
    invites.move(step, row, "declined" if row.role == "inviter" else "withdrawn")
    for outgoing_row in OUTBOX.all(step.tx, invite_id=row.id):
        outgoing.confirmed(step, node, outgoing_row.id)
    for queue in QUEUES_IN.all(step.tx, invite_id=row.id):
        invites.destroy(step, node, queue)
    link = "" if row.role == "inviter" else row.link
    INVITES.change(step.tx, row.id, secret=None, psk=None, code="", link=link)


def sweep(step: Step, node: Node) -> None:
    """End what has ended."""
    for row in INVITES.where(step.tx, INVITES.table.c.expires_at <= step.wall_s):
        if row.state in {"accepted", "confirmed", "declined", "expired", "withdrawn", "taken", "wrong-code"}:
            continue
        if row.kind == "address" and row.role == "inviter" and row.request is None:
            continue
        invites.expire(step, node, row)
    node.remind(step, ("invites", 0), float(limits.UNTIL_STEP))
