"""Rows of invites: what giving and taking them have in common (spec 40 §8)."""

from __future__ import annotations

from swarm_protocol import meeting as met
from swarm_protocol.mailbox import Recipient
from swarm_protocol.meeting import InviteEvent

from ..errors import NotFound
from ..storage.shelves import INVITES, QUEUES_IN, Invite, QueueIn
from . import queues
from .news import tell
from .node import Node
from .step import Step

PREPARING, STAMPING = "preparing", "stamping"
"""States before and between those of the protocol."""
SECOND_RELAY_S = 10.0
"""So long the second of two relays is waited for; then one has to do."""

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
    """Whether to go on: all queues are there, or one is and the others were waited for."""
    if made and (waited or not coming):
        return True
    node.remind(step, ("invite", row.id), SECOND_RELAY_S)
    return False


def invitation_of(row: Invite) -> met.Invitation:
    """The invite as both sides know it; its bundle was opened before."""
    assert row.bundle is not None
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
