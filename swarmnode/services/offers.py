"""Meeting over a conversation that two people have on another network (spec 53 §3).

    who offers    created -> requested -> accepted -> confirmed        (`inviter`, as for an invite)
    who answers   waiting -> fetched -> asked -> confirmed             (`joiner`, once the owner says yes)

The rows are those of invites, of the kind `conversation`; a route says which conversation each is for, and
nothing counts that comes through another one. An offer is said once, and again when the owner says so: it
stands in somebody's ordinary client, who may have no node.
"""

from __future__ import annotations

from swarm_protocol import meeting as met
from swarm_protocol.carriage import count_of
from swarm_protocol.envelope import Kind

from ..domain.views import InviteView
from ..errors import Conflict, NotReady
from ..storage.carriage_shelves import ROUTES, Route
from ..storage.shelves import INVITES, OUTBOX, Invite
from . import acquaintance, book, book_suggestions, inviter, invites, joiner, outgoing
from .carriage import State
from .invites import CONVERSATION
from .news import tell
from .node import Node
from .step import Carried, Step

LIFETIME_S = 7 * 86400
MAX_REQUESTS = 50
"""Offers that wait for the owner; more are not looked at."""


def offer(step: Step, node: Node, room_id: int, *, size: int, form: str) -> InviteView:
    """Ask the other one in a conversation to talk privately. An offer that stands is said once more.

    Raises:
        NotReady: the network's messages carry too little, or this node may not write.
        Conflict: that account is a contact's already.
    """
    node.require_writable()
    if not count_of(1500, size):
        raise NotReady("nothing private can be sent through this conversation")
    if any(route.peer_id is not None for route in ROUTES.all(step.tx, room_id=room_id)):
        raise Conflict("you talk privately with them already")
    theirs = _open(step, room_id, "joiner")
    if theirs is not None and theirs.state == "waiting":
        return decide(step, node, theirs, yes=True)
    if theirs is not None:
        return invites.view_of(theirs)
    mine = _open(step, room_id, "inviter")
    if mine is None:
        mine = _begin(step, node, room_id, size, form)
    if not OUTBOX.count(step.tx, invite_id=mine.id):
        assert mine.bundle is not None
        outgoing.post_meeting(step, node, Kind.OFFER, mine.bundle, invite_id=mine.id, repeat=False)
    return invites.view_of(mine)


def _begin(step: Step, node: Node, room_id: int, size: int, form: str) -> Invite:
    secret, expires_at = step.entropy(32), step.wall_s + LIFETIME_S
    public = met.HPKE.kem.from_private(secret).public
    made = met.Offer(step.entropy(16), public, node.me.name[:16], expires_at)
    return _row(
        step,
        room_id,
        size,
        form,
        inv_id=made.inv_id,
        role="inviter",
        state="created",
        secret=secret,
        bundle=made.encode(),
        label=_called(step, room_id),
        expires_at=expires_at,
    )


def _row(step: Step, room_id: int, size: int, form: str, **values: object) -> Invite:
    row = INVITES.get(
        step.tx,
        INVITES.add(step.tx, kind=CONVERSATION, created_at=step.wall_s, changed_at=step.wall_s, **values),
    )
    assert row is not None
    ROUTES.add(
        step.tx,
        room_id=room_id,
        invite_id=row.id,
        state=State.MEETING.value,
        size=size,
        form=form,
        added_at=step.wall_s,
    )
    tell(step, "invite.changed", invite=str(row.id), state=row.state)
    return row


def _open(step: Step, room_id: int, role: str) -> Invite | None:
    """What is under way with the other one in a conversation."""
    for route in ROUTES.all(step.tx, room_id=room_id):
        row = None if route.invite_id is None else INVITES.get(step.tx, route.invite_id)
        if row is not None and row.role == role and row.state not in invites.ENDED:
            return row
    return None


def _routes(step: Step, room_id: int, role: str) -> list[tuple[Route, Invite]]:
    found = list[tuple[Route, Invite]]()
    for route in ROUTES.all(step.tx, room_id=room_id):
        row = None if route.invite_id is None else INVITES.get(step.tx, route.invite_id)
        if row is not None and row.role == role:
            found.append((route, row))
    return found


# What comes


def came(step: Step, node: Node, input_: Carried, data: bytes) -> None:
    """Somebody offers to talk privately: the owner is asked, unless the owner has offered the same.

    Raises:
        RemoteProtocolError: it is no offer.
    """
    offered = met.Offer.decode(data)
    known = INVITES.one(step.tx, inv_id=offered.inv_id)
    mine = _open(step, input_.room_id, "inviter")
    if not step.wall_s < offered.expires_at <= step.wall_s + 2 * LIFETIME_S:
        return
    if known is not None:
        declined = (known.role, known.state) == ("joiner", "declined")
        if mine is not None and declined and offered.inv_id < mine.inv_id:
            _agree(step, node, mine, known)  # the owner has asked them since: they say theirs again
        return
    if mine is not None and mine.inv_id < offered.inv_id:
        offer(step, node, input_.room_id, size=input_.size, form=input_.form)  # ours counts: it may be lost
        return
    for _, older in _routes(step, input_.room_id, "joiner"):
        if older.state == "waiting":  # they have made another one since
            invites.move(step, older, "expired")
    if INVITES.count(step.tx, kind=CONVERSATION, state="waiting") >= MAX_REQUESTS:
        return
    row = _row(
        step,
        input_.room_id,
        input_.size,
        input_.form,
        inv_id=offered.inv_id,
        role="joiner",
        state="waiting",
        bundle=data,
        label=input_.called[:64],
        note=input_.called[:200],
        expires_at=min(offered.expires_at, step.wall_s + LIFETIME_S),
    )
    tell(step, "contact.request", request=str(row.id))
    if mine is not None:
        _agree(step, node, mine, row)


def _agree(step: Step, node: Node, mine: Invite, theirs: Invite) -> None:
    """Both have made an offer, and theirs counts."""
    invites.expire(step, node, mine)
    decide(step, node, theirs, yes=True)


def decide(step: Step, node: Node, row: Invite, *, yes: bool) -> InviteView:
    """The owner answers an offer. Who declines says nothing."""
    if not yes:
        invites.move(step, row, "declined")
        return invites.view_of(invites.get(step, row.id))
    INVITES.change(step.tx, row.id, note=node.me.name)
    invites.move(step, invites.get(step, row.id), "fetched")
    joiner.begin(step, node, invites.get(step, row.id))
    return invites.view_of(invites.get(step, row.id))


def requested(step: Step, node: Node, input_: Carried, sealed: bytes) -> None:
    """A request came; it counts for offers that were made in that conversation alone.

    Raises:
        RemoteProtocolError: it does not hold.
    """
    inv_id = met.request_invite(sealed)
    for _, row in _routes(step, input_.room_id, "inviter"):
        if row.inv_id == inv_id:
            for said in OUTBOX.all(step.tx, invite_id=row.id):
                outgoing.confirmed(step, node, said.id)
            inviter.requested(step, node, row.id, sealed)


def answered(step: Step, node: Node, input_: Carried, sealed: bytes) -> bool:
    """An answer came; whether it was taken.

    Raises:
        RemoteProtocolError: it does not hold.
    """
    for _, row in _routes(step, input_.room_id, "joiner"):
        if row.state == "asked":
            joiner.accepted(step, node, row.id, sealed)
            return True
    return False


def _called(step: Step, room_id: int) -> str:
    network, remote_id = acquaintance.account_of(step, room_id)
    account = book.account(step, network, remote_id)
    return (book_suggestions.name_of(step, account) if account is not None else "") or remote_id[:64]
