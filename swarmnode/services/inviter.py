"""The side of a meeting that gives an invite (spec 40): lays the bundle, hears who asks, answers.

    preparing -> created -> fetched -> requested -> accepted -> confirmed

Whoever asks at an address waits apart, in a row of its own (`request`), until the owner decides.
"""

from __future__ import annotations

from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as met
from swarm_protocol.envelope import Kind
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox import Recipient
from swarm_protocol.mailbox.commands import Kind as QueueKind
from swarm_protocol.meeting import InviteEvent, LinkKind, RelayAddress

from ..domain.views import InviteView
from ..errors import NotFound, NotReady, UsageError
from ..storage.shelves import CONTACTS, INVITES, OUTBOX, PEERS, QUEUES_IN, RELAYS, TICKETS, Invite, QueueIn
from . import acquaintance, codes, invites, links, outgoing, queues, rotation
from .invites import PREPARING
from .news import tell
from .node import Line, Node
from .step import Step

LIFETIME_S = 7 * 86400
ADDRESS_LIFETIME_S = 10 * 365 * 86400
LENT = 2
STAMP_BITS = 6
MAX_REQUESTS = 200
"""Strangers who wait at an address; more are not looked at."""
QUARANTINE_S = 30 * 86400


def invite(step: Step, node: Node, kind: str, *, label: str = "", note: str = "") -> InviteView:
    """Begin an invite; its link is there once a relay holds the bundle (`invite.changed`).

    Raises:
        NotReady: there is no relay of ours, or no ticket for it.
        UsageError: no such kind.
    """
    node.require_writable()
    del note
    if kind == invites.CODE:
        return invites.view_of(invites.get(step, codes.begin(step, node, label=label)))
    if kind not in {"one-time", "address"}:
        raise UsageError("an invite is `one-time`, an `address` or a `code`")
    relays = [relay for relay in rotation.own_relays(step) if queues.spare_tickets(step, relay.id)]
    if not relays:
        raise NotReady(
            "an invite needs a relay that keeps it",
            hint="Get a relay's link and call `swarmnode relay use LINK`.",
        )
    secret = met.LinkSecret.generate(step.entropy)
    lifetime = LIFETIME_S if kind == "one-time" else ADDRESS_LIFETIME_S
    invite_id = INVITES.add(
        step.tx,
        inv_id=secret.inv_id,
        kind=kind,
        role="inviter",
        state=PREPARING,
        secret=step.entropy(32),
        progress=secret.key,
        label=label or node.me.name,
        created_at=step.wall_s,
        expires_at=step.wall_s + lifetime,
        changed_at=step.wall_s,
    )
    queue_kind = QueueKind.INVITE if kind == "one-time" else QueueKind.CONTACT
    for relay in relays[:2]:
        queues.make(step, node, relay.id, queue_kind, invite_id=invite_id)
    node.remind(step, ("invite", invite_id), invites.SECOND_RELAY_S)
    return invites.view_of(invites.get(step, invite_id))


def advance(step: Step, node: Node, row: Invite, *, waited: bool = False) -> None:
    """Do what an invite of ours waits for, if it can be done now."""
    if not invites.may_go_on(step, node, row):
        return
    match row.state:
        case "preparing" if row.kind == invites.CODE:
            codes.offer(step, node, row)
        case "created" | "fetched" if row.code:
            node.remind(step, ("invite", row.id), float(row.expires_at - step.wall_s))
        case "fetched" if row.kind == invites.CODE:
            _lay(step, node, row, waited=waited)
        case "preparing":
            _lay(step, node, row, waited=waited)
        case "requested":
            _answer(step, node, row, waited=waited)
        case _:
            pass


def _lay(step: Step, node: Node, row: Invite, *, waited: bool) -> None:
    """Make the bundle, and have the relays keep it."""
    if row.bundle is None:
        made, coming = invites.queues_of(step, row)
        if not invites.ready(step, node, row, made, coming, waited=waited):
            return
        row = _bundle(step, row, made)
    for queue in QUEUES_IN.all(step.tx, invite_id=row.id):
        line = links.want(step, node, queue.relay_id)
        if line.is_up and queue.rid is not None:
            _put(step, line, row, queue)


def _bundle(step: Step, row: Invite, made: list[QueueIn]) -> Invite:
    records = acquaintance.records(step, made)
    at = [RelayAddress(record.address, record.pin) for record in records]
    kind = LinkKind.ADDRESS if row.kind == "address" else LinkKind.INVITE
    assert row.secret is not None
    assert row.progress is not None
    bundle = met.Bundle(
        hpke=met.HPKE.kem.from_private(row.secret).public,
        replies=tuple(records),
        lent=_lend(step, made[0].relay_id) if kind is LinkKind.INVITE else None,
        label=row.label[:64],
        stamp_bits=STAMP_BITS if row.kind == "address" else 0,
    )
    invitation = met.Invitation.make(
        kind,
        met.LinkSecret(row.inv_id, row.progress),
        bundle,
        fetch=at,
        expires_at=row.expires_at if kind is LinkKind.INVITE else None,
        entropy=step.entropy,
    )
    INVITES.change(step.tx, row.id, bundle=invitation.sealed, link=invitation.link.format())
    return invites.get(step, row.id)


def _lend(step: Step, relay_id: int) -> met.Lent | None:
    """Tickets for a joiner who has no relay; those of ours that are plenty."""
    relay = RELAYS.get(step.tx, relay_id)
    free = TICKETS.all(step.tx, relay_id=relay_id, used=False)
    if relay is None or len(free) < 8 * LENT:
        return None
    for ticket in free[:LENT]:
        TICKETS.change(step.tx, ticket.id, used=True)
    return met.Lent(RelayAddress(relay.address, relay.pin), tuple(ticket.ticket for ticket in free[:LENT]))


def _put(step: Step, line: Line, row: Invite, queue: QueueIn) -> None:
    if ("put", queue.id) in line.asked or row.bundle is None or queue.told:
        return
    relay = RELAYS.get(step.tx, queue.relay_id)
    assert relay is not None
    assert queue.rid is not None
    line.asked.add(("put", queue.id))
    slot = invites.link_of(row).slot(RelayAddress(relay.address, relay.pin))
    body = mbx.Put(mbx.RecipientId(queue.rid), slot, row.bundle)
    links.ask(step, line, body, links.key_of(queue.secret))


def put(step: Step, node: Node, line: Line, asked: mbx.Put, said: mbx.Done | mbx.Error) -> None:
    """PUT was answered."""
    queue = QUEUES_IN.one(step.tx, rid=asked.rid)
    if queue is None or queue.invite_id is None:
        return
    line.asked.discard(("put", queue.id))
    row = invites.get(step, queue.invite_id)
    if isinstance(said, mbx.Error) and row.code:
        codes.not_held(step, node, row, said)
        return
    if isinstance(said, mbx.Error):
        node.remind(step, ("invite", queue.invite_id), float(said.retry_after or 60))
        return
    QUEUES_IN.change(step.tx, queue.id, told=True)
    if row.state == PREPARING:
        invites.move(step, row, "created")
        advance(step, node, invites.get(step, row.id))
    elif row.kind == invites.CODE:
        codes.laid(step, node, row)


def fetched(step: Step, node: Node, queue: QueueIn, key: bytes) -> None:
    """A relay says that somebody fetched the bundle."""
    row = None if queue.invite_id is None else INVITES.get(step.tx, queue.invite_id)
    if row is None or row.kind == "address" or row.role != "inviter":
        return
    if row.key_package in {None, key}:  # on the inviter's side: the key that fetched
        INVITES.change(step.tx, row.id, key_package=key)
        invites.happens(step, row, InviteEvent.FETCHED)
        node.remind(step, ("invite overdue", row.id), float(met.REQUEST_WITHIN_S))
    else:
        invites.happens(step, row, InviteEvent.FETCHED_BY_OTHER)


def key_refused(step: Step, queue: QueueIn) -> None:
    """A second sender wanted to answer an invite."""
    row = None if queue.invite_id is None else INVITES.get(step.tx, queue.invite_id)
    if row is not None and row.kind != "address":
        invites.happens(step, row, InviteEvent.OTHER_REQUEST)


def overdue(step: Step, invite_id: int) -> None:
    """Somebody fetched, and did not ask."""
    row = INVITES.get(step.tx, invite_id)
    if row is not None:
        invites.happens(step, row, InviteEvent.OVERDUE)


def requested(step: Step, node: Node, invite_id: int, sealed: bytes) -> None:
    """A request came through an invite's queue.

    Raises:
        RemoteProtocolError: it does not hold.
    """
    row = invites.get(step, invite_id)
    if row.role != "inviter" or row.secret is None:
        return
    request = _open(step, node, row, sealed)
    known = CONTACTS.one(step.tx, persona_id=request.persona_id)
    if known is not None and known.blocked:
        return
    if row.kind == "address":
        _stranger(step, row, request, sealed)
        return
    before = None if row.request is None else _open(step, node, row, row.request).node.leaf_sig
    event = met.request_event(before, request.node.leaf_sig)
    if event is InviteEvent.REQUEST:
        INVITES.change(step.tx, row.id, request=sealed, request_hash=request.keys.request, note=request.note)
    state = invites.happens(step, row, event)
    if event is InviteEvent.REQUEST and state == "requested":
        advance(step, node, invites.get(step, row.id))
    elif event is InviteEvent.SAME_REQUEST and row.state in {"accepted", "confirmed"}:
        _answer_again(step, node, row)


def _open(step: Step, node: Node, row: Invite, sealed: bytes) -> met.Request:
    assert row.secret is not None
    return met.open_request(
        invites.invitation_of(row),
        met.HPKE.kem.from_private(row.secret),
        sealed,
        own=node.me.chain.persona_id,
        now=step.wall_s,
    )


def _stranger(step: Step, row: Invite, request: met.Request, sealed: bytes) -> None:
    """Somebody asks at the address: kept apart until the owner says yes."""
    if INVITES.one(step.tx, inv_id=row.inv_id, role="request", request_hash=request.keys.request) is not None:
        return
    if INVITES.count(step.tx, role="request", state="waiting") >= MAX_REQUESTS:
        return
    request_id = INVITES.add(
        step.tx,
        inv_id=row.inv_id,
        kind="address",
        role="request",
        state="waiting",
        link=row.link,
        secret=row.secret,
        bundle=row.bundle,
        request=sealed,
        request_hash=request.keys.request,
        note=request.note,
        created_at=step.wall_s,
        expires_at=step.wall_s + QUARANTINE_S,
        changed_at=step.wall_s,
    )
    tell(step, "contact.request", request=str(request_id))


def decide(step: Step, node: Node, invite_id: int, *, yes: bool) -> InviteView:
    """The owner answers a stranger, or somebody whose invite is suspect.

    Raises:
        NotFound: nobody waits there.
    """
    node.require_writable()
    row = INVITES.get(step.tx, invite_id)
    if row is None or row.request is None or row.state not in {"waiting", "suspect", "requested"}:
        raise NotFound("nobody waits for an answer there")
    if yes:
        INVITES.change(step.tx, row.id, role="inviter")
        invites.move(step, invites.get(step, row.id), "requested")
        advance(step, node, invites.get(step, row.id))
    else:
        invites.move(step, row, "declined")
    return invites.view_of(invites.get(step, row.id))


def _answer(step: Step, node: Node, row: Invite, *, waited: bool) -> None:
    """Make queues for who asked, then the conversation, then answer."""
    assert row.request is not None
    try:
        request = _open(step, node, row, row.request)
    except RemoteProtocolError:
        invites.move(step, row, "expired")  # its key package has ended while it waited
        return
    if row.contact_id is None:
        contact_id = acquaintance.contact(step, node, request.chain, request.note, name="")
        acquaintance.peer(step, contact_id, request.node.leaf_sig, request.node.added)
        INVITES.change(step.tx, row.id, contact_id=contact_id)
        rotation.fill(step, node)
        row = invites.get(step, row.id)
    peer = PEERS.one(step.tx, leaf_sig=request.node.leaf_sig)
    assert peer is not None
    peer_id = peer.id
    made, coming = invites.split(QUEUES_IN.all(step.tx, peer_id=peer_id))
    if not invites.ready(step, node, row, made, coming, waited=waited):
        return
    me, own = node.me, acquaintance.key_package(step, node)
    records = acquaintance.records(step, made)
    accepted = met.accept(request, own, me.chain, records, entropy=step.entropy, now=step.wall_s)
    for queue in made:
        QUEUES_IN.change(step.tx, queue.id, state=Recipient.ACTIVE.value, told=True)
    for record in request.queues:
        queues.add_outgoing(step, node, peer_id, record, state="in use")
    acquaintance.start(step, node, row.contact_id or 0, peer_id, accepted.started, request.keys.transcript)
    INVITES.change(step.tx, row.id, answer=accepted.sealed)
    if row.kind == invites.CONVERSATION:
        acquaintance.met_in_conversation(step, row.id, row.contact_id or 0, peer_id)
    outgoing.post_meeting(step, node, Kind.CONN_ACC, accepted.sealed, peer_id=peer_id)
    invites.move(step, invites.get(step, row.id), "accepted")


def _answer_again(step: Step, node: Node, row: Invite) -> None:
    """The same request again: the answer is lost, or late. It goes out once more."""
    peers_of = PEERS.all(step.tx, contact_id=row.contact_id)
    if row.answer is None or not peers_of:
        return
    peer_id = peers_of[0].id
    if not OUTBOX.count(step.tx, peer_id=peer_id, kind=int(Kind.CONN_ACC)):
        outgoing.post_meeting(step, node, Kind.CONN_ACC, row.answer, peer_id=peer_id)


def hello_came(step: Step, node: Node, peer_id: int) -> None:
    """The joiner was heard in the conversation: the answer need not be repeated."""
    peer = PEERS.get(step.tx, peer_id)
    if peer is None:
        return
    for row in OUTBOX.all(step.tx, peer_id=peer_id, kind=int(Kind.CONN_ACC)):
        outgoing.confirmed(step, node, row.id)
    for given in INVITES.all(step.tx, contact_id=peer.contact_id, role="inviter", state="accepted"):
        invites.happens(step, given, InviteEvent.HELLO)
        invites.close(step, node, given)
