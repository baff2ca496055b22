"""Meeting: invites given and taken, as rows that any restart goes on with (spec 40).

    inviter   preparing -> created -> fetched -> requested -> accepted -> confirmed
    joiner    read -> fetched -> (stamping) -> asked -> confirmed

What is to be done next follows from the row (`advance`), so an answer that comes late, twice or after a crash
does no harm. The tables of `swarm_protocol.meeting` decide what becomes of an invite.
"""

from __future__ import annotations

from swarm_protocol import cbor, mls
from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as met
from swarm_protocol.envelope import Kind
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.identity import NodeRef, Sigchain, Standing
from swarm_protocol.mailbox import Recipient, limits
from swarm_protocol.mailbox.commands import Kind as QueueKind
from swarm_protocol.meeting import InviteEvent, LinkKind, RelayAddress
from swarm_protocol.meeting.stamp import search_stamp

from ..domain.views import InviteView
from ..errors import Conflict, NotFound, NotReady, UsageError
from ..storage.shelves import (
    CONTACTS,
    CONVERSATIONS,
    INVITES,
    OUTBOX,
    PEERS,
    QUEUES_IN,
    RELAYS,
    TICKETS,
    Invite,
    QueueIn,
)
from . import codes, groups, invites, links, outgoing, queues, rotation, trust
from .invites import PREPARING, STAMPING
from .news import tell
from .node import Line, Node
from .step import Step

LIFETIME_S = 7 * 86400
ADDRESS_LIFETIME_S = 10 * 365 * 86400
KEY_PACKAGE_S = 30 * 86400
LENT = 2
STAMP_BITS = 6
STAMPS_A_STEP = 1
MAX_REQUESTS = 200
"""Strangers who wait at an address; more are not looked at."""
QUARANTINE_S = 30 * 86400


# Giving


def invite(step: Step, node: Node, kind: str, *, label: str = "", note: str = "") -> InviteView:
    """Begin an invite; its link is there once a relay holds the bundle (`invite.changed`).

    Raises:
        NotReady: there is no relay of ours, or no ticket for it.
        UsageError: no such kind.
    """
    node.require_writable()
    del note
    if kind == codes.KIND:
        return view_of(invites.get(step, codes.begin(step, node, label=label)))
    if kind not in {"one-time", "address"}:
        raise UsageError("an invite is `one-time`, an `address` or a `code`")
    relays = [r for r in rotation.own_relays(step) if TICKETS.one(step.tx, relay_id=r.id, used=False)]
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
    return view_of(invites.get(step, invite_id))


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
    if row is None or node.quarantine:
        return
    if row.kind == codes.KIND and step.wall_s >= row.expires_at and row.state in _OF_CODES:
        _expire(step, node, row)
        return
    match row.role, row.state:
        case "inviter", "preparing" if row.kind == codes.KIND:
            codes.offer(step, node, row)
        case "inviter", "created" | "fetched" if row.code:
            node.remind(step, ("invite", row.id), float(row.expires_at - step.wall_s))
        case "joiner", "read" if row.kind == codes.KIND:
            codes.look_for_offer(step, node, row)
        case "joiner", "agreed":
            codes.look_for_bundle(step, node, row)
        case "inviter", "fetched" if row.kind == codes.KIND:
            _lay(step, node, row, waited=waited)
        case "inviter", "preparing":
            _lay(step, node, row, waited=waited)
        case "inviter", "requested":
            _answer(step, node, row, waited=waited)
        case "joiner", "read":
            _fetch(step, node, row)
        case "joiner", "fetched":
            _ask(step, node, row, waited=waited)
        case "joiner", "stamping":
            _stamp(step, node, row)
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
    records = [record for queue in made if (record := queues.record_of(step, queue)) is not None]
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
        advance(step, node, row.id)
    elif row.kind == codes.KIND:
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
        advance(step, node, row.id)
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
        advance(step, node, row.id)
    else:
        invites.move(step, row, "declined")
    return view_of(invites.get(step, row.id))


def _answer(step: Step, node: Node, row: Invite, *, waited: bool) -> None:
    """Make queues for who asked, then the conversation, then answer."""
    assert row.request is not None
    try:
        request = _open(step, node, row, row.request)
    except RemoteProtocolError:
        invites.move(step, row, "expired")  # its key package has ended while it waited
        return
    if row.contact_id is None:
        contact_id = _contact(step, node, request.chain, request.note, name="")
        _peer(step, contact_id, request.node.leaf_sig, request.node.added)
        INVITES.change(step.tx, row.id, contact_id=contact_id)
        rotation.fill(step, node)
        row = invites.get(step, row.id)
    peer = PEERS.one(step.tx, leaf_sig=request.node.leaf_sig)
    assert peer is not None
    peer_id = peer.id
    made, coming = invites.split(QUEUES_IN.all(step.tx, peer_id=peer_id))
    if not invites.ready(step, node, row, made, coming, waited=waited):
        return
    me = node.me
    own = met.node_key_package(
        NodeRef(me.chain.persona_id, me.node_seq), me.keys, lifetime=_lifetime(step), entropy=step.entropy
    )
    records = [record for queue in made if (record := queues.record_of(step, queue)) is not None]
    accepted = met.accept(request, own, me.chain, records[:2], entropy=step.entropy, now=step.wall_s)
    for queue in made:
        QUEUES_IN.change(step.tx, queue.id, state=Recipient.ACTIVE.value, told=True)
    for record in request.queues:
        queues.add_outgoing(step, node, peer_id, record, state="in use")
    _start(step, node, row.contact_id or 0, peer_id, accepted.started, request.keys.transcript)
    INVITES.change(step.tx, row.id, answer=accepted.sealed)
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


# Taking


def accept(step: Step, node: Node, text: str, *, note: str = "") -> InviteView:
    """Take an invite's link, an address, or a spoken code; what comes of it is told by `invite.changed`.

    Raises:
        UsageError: it is no invite, or has ended.
        Conflict: it is our own.
        NotReady: it is a code, and no relay is known.
    """
    node.require_writable()
    if codes.is_code(node, text):
        invite_id = codes.take(step, node, text, note=note)
        advance(step, node, invite_id)
        return view_of(invites.get(step, invite_id))
    try:
        link = met.InviteLink.parse(text)
    except RemoteProtocolError as e:
        raise UsageError(f"this is no invite: {e}", hint="Copy the whole line, from `swarm:` on.") from e
    if link.expired(step.wall_s):
        raise UsageError("this invite has ended", hint="Ask for a new one.")
    if INVITES.one(step.tx, inv_id=link.secret.inv_id, role="inviter") is not None:
        raise Conflict("this invite is your own", hint="It is for somebody else to accept.")
    known = INVITES.one(step.tx, inv_id=link.secret.inv_id, role="joiner")
    if known is not None and known.state not in {"expired", "withdrawn", "taken"}:
        return view_of(known)
    invite_id = INVITES.add(
        step.tx,
        inv_id=link.secret.inv_id,
        kind="address" if link.kind is LinkKind.ADDRESS else "one-time",
        role="joiner",
        state="read",
        link=text.strip(),
        secret=step.entropy(32),
        note=note,
        created_at=step.wall_s,
        expires_at=link.expires_at or step.wall_s + LIFETIME_S,
        changed_at=step.wall_s,
    )
    advance(step, node, invite_id)
    return view_of(invites.get(step, invite_id))


def _fetch(step: Step, node: Node, row: Invite) -> None:
    assert row.secret is not None
    link, key = invites.link_of(row), links.key_of(row.secret)
    for at in link.fetch:
        line = links.want(step, node, queues.relay_at(step, at.address, at.pin))
        if line.is_up and ("fetch", row.id) not in line.asked:
            line.asked.add(("fetch", row.id))
            links.ask(step, line, mbx.Fetch(link.slot(at), key.public), key)


def bundle_came(step: Step, node: Node, line: Line, asked: mbx.Fetch, said: mbx.Bundle | mbx.Error) -> None:
    """FETCH was answered."""
    row = next(
        (
            row
            for row in (
                *INVITES.all(step.tx, role="joiner", state="read"),
                *INVITES.all(step.tx, role="joiner", state="agreed"),
            )
            if row.secret is not None and links.key_of(row.secret).public == asked.key
        ),
        None,
    )
    if row is None:
        return
    line.asked.discard(("fetch", row.id))
    if row.kind == codes.KIND and row.state == "read":
        codes.offer_came(step, node, row, line, said)
        return
    if row.kind == codes.KIND and isinstance(said, mbx.Error):
        codes.no_bundle(step, node, row, said)
        return
    if row.kind == codes.KIND and isinstance(said, mbx.Bundle):
        agreed = codes.bundle_came(step, node, row, said.bundle)
        if agreed is None:
            return
        row = agreed
    if isinstance(said, mbx.Error):
        if said.code is mbx.ErrorCode.CONFLICT:
            invites.move(step, row, "taken")
        elif said.code is mbx.ErrorCode.GONE:
            _give_up(step, node, row, line)
        else:
            node.remind(step, ("invite", row.id), float(said.retry_after or 60))
        return
    try:
        invitation = met.Invitation.open(invites.link_of(row), said.bundle)
    except RemoteProtocolError:
        _give_up(step, node, row, line)  # the relay lies; the other one may not
        return
    INVITES.change(step.tx, row.id, bundle=said.bundle, label=invitation.bundle.label)
    invites.move(step, invites.get(step, row.id), "fetched")
    _queues_to_answer(step, node, invites.get(step, row.id), invitation.bundle)
    advance(step, node, row.id)


def _give_up(step: Step, node: Node, row: Invite, line: Line) -> None:
    """One relay has nothing; the invite is gone when none of them has."""
    tried = set(row.progress or b"") | {line.relay_id % 256}
    INVITES.change(step.tx, row.id, progress=bytes(sorted(tried)))
    if len(tried) >= len(invites.link_of(row).fetch):
        invites.move(step, row, "expired")
    else:
        node.remind(step, ("invite", row.id), 5.0)


def _queues_to_answer(step: Step, node: Node, row: Invite, bundle: met.Bundle) -> None:
    """Queues for the answer, on our relays or with the tickets that came with the invite."""
    relays = rotation.own_relays(step)
    if not relays and bundle.lent is not None:
        relay_id = queues.relay_at(step, bundle.lent.at.address, bundle.lent.at.pin)
        RELAYS.change(step.tx, relay_id, own=True)
        for ticket in bundle.lent.tickets:
            TICKETS.add_new(step.tx, relay_id=relay_id, ticket=ticket, used=False)
        relays = rotation.own_relays(step)
    usable = [r for r in relays if TICKETS.one(step.tx, relay_id=r.id, used=False) is not None]
    for relay in usable[: rotation.WANTED]:
        queues.make(step, node, relay.id, QueueKind.PAIR, invite_id=row.id)


def _ask(step: Step, node: Node, row: Invite, *, waited: bool) -> None:
    """Say who we are."""
    made, coming = invites.queues_of(step, row)
    if not made and not coming:
        invites.move(step, row, "no-relay")
        return
    if not invites.ready(step, node, row, made, coming, waited=waited):
        return
    invitation, me = invites.invitation_of(row), node.me
    own = met.node_key_package(
        NodeRef(me.chain.persona_id, me.node_seq), me.keys, lifetime=_lifetime(step), entropy=step.entropy
    )
    records = [record for queue in made if (record := queues.record_of(step, queue)) is not None]
    draft = met.draft_request(invitation, own, me.chain, records[:2], note=row.note)
    INVITES.change(
        step.tx,
        row.id,
        key_package=mls.archive.encode_own_key_package(own),
        progress=draft.content,
    )
    invites.move(step, invites.get(step, row.id), STAMPING)
    advance(step, node, row.id)


def _stamp(step: Step, node: Node, row: Invite) -> None:
    """Search for the stamp, a little at a time, then seal and send."""
    assert row.key_package is not None
    assert row.progress is not None
    invitation = invites.invitation_of(row)
    own = mls.archive.decode_own_key_package(row.key_package)
    draft = met.Draft(invitation, own, row.progress)
    stamp = None
    if bits := invitation.bundle.stamp_bits:
        stamp = search_stamp(draft.challenge, bits, start=row.attempts, steps=STAMPS_A_STEP)
        if stamp is None:
            INVITES.change(step.tx, row.id, attempts=row.attempts + STAMPS_A_STEP)
            node.remind(step, ("invite", row.id), 0.0)
            return
    asked = met.seal_request(draft, stamp=stamp, entropy=step.entropy)
    INVITES.change(
        step.tx,
        row.id,
        request=asked.sealed,
        request_hash=asked.keys.request,
        psk=asked.keys.psk,
        progress=cbor.encode({1: asked.keys.transcript, 2: asked.keys.answer}),
    )
    for record in invitation.bundle.replies:
        queues.add_reply(step, node, row.id, record, stranger=invitation.is_address)
    outgoing.post_meeting(step, node, Kind.CONN_REQ, asked.sealed, invite_id=row.id)
    invites.move(step, invites.get(step, row.id), "asked")


def accepted(step: Step, node: Node, invite_id: int, sealed: bytes) -> None:
    """An answer came.

    Raises:
        RemoteProtocolError: it does not hold.
    """
    row = invites.get(step, invite_id)
    if row.role != "joiner" or row.state != "asked":
        return
    me, keys = node.me, _keys_of(row)
    assert row.key_package is not None
    own = mls.archive.decode_own_key_package(row.key_package)
    answer = met.open_answer(keys, sealed, own=me.chain)
    started = met.join(own, keys, answer, chain=me.chain)
    contact_id = _contact(step, node, answer.chain, "", name=row.label)
    peer_id = _peer(step, contact_id, answer.node.leaf_sig, answer.node.added)
    for queue in QUEUES_IN.all(step.tx, invite_id=row.id):
        state = Recipient.ACTIVE.value if queue.sid is not None else queue.state
        QUEUES_IN.change(
            step.tx, queue.id, peer_id=peer_id, invite_id=None, state=state, told=queue.sid is not None
        )
    for record in answer.queues:
        queues.add_outgoing(step, node, peer_id, record, state="in use")
    _start(step, node, contact_id, peer_id, started, keys.transcript)
    for request in OUTBOX.all(step.tx, invite_id=row.id):
        outgoing.confirmed(step, node, request.id)
    INVITES.change(
        step.tx, row.id, contact_id=contact_id, psk=None, key_package=None, progress=None, secret=None
    )
    invites.move(step, invites.get(step, row.id), "confirmed")
    CONTACTS.change(step.tx, contact_id, standing=Standing.CONFIRMED.value)
    peer = PEERS.get(step.tx, peer_id)
    assert peer is not None
    trust.greet(step, node, peer, repeat=True)


def _keys_of(row: Invite) -> met.MeetingKeys:
    assert row.progress is not None
    assert row.request_hash is not None
    assert row.psk is not None
    kept = cbor.Record.decode(row.progress, "keys of a meeting")
    return met.MeetingKeys(kept.octets(1), row.request_hash, row.psk, kept.octets(2))


# What both do


def _lifetime(step: Step) -> tuple[int, int]:
    return step.wall_s - 3600, step.wall_s + KEY_PACKAGE_S


def _contact(step: Step, node: Node, chain: Sigchain, note: str, *, name: str) -> int:
    known = CONTACTS.one(step.tx, persona_id=chain.persona_id)
    if known is not None:
        return known.id
    contact_id = CONTACTS.add(
        step.tx,
        persona_id=chain.persona_id,
        name=name or name_from(note) or f"contact {chain.persona_id.hex()[:6]}",
        standing="pending",
        chain=chain.encode(),
        note=note,
        created_at=step.wall_s,
    )
    node.chains[chain.persona_id] = chain
    tell(step, "contact.new", contact=str(contact_id))
    return contact_id


def name_from(note: str) -> str:
    """A joiner's note starts with the name that it wants to be called, up to the first line's end."""
    return note.split("\n", 1)[0][:64].strip()


def _peer(step: Step, contact_id: int, leaf_sig: bytes, node_seq: int) -> int:
    known = PEERS.one(step.tx, leaf_sig=leaf_sig)
    if known is not None:
        return known.id
    return PEERS.add(step.tx, contact_id=contact_id, leaf_sig=leaf_sig, node_seq=node_seq)


def _start(
    step: Step, node: Node, contact_id: int, peer_id: int, started: met.Started, transcript: bytes
) -> None:
    """The conversation begins; what only its first epoch can give is kept."""
    conversation_id = CONVERSATIONS.add(
        step.tx, conv_id=started.conversation.id, contact_id=contact_id, created_at=step.wall_s
    )
    groups.add(step, node, conversation_id, started.state)
    PEERS.change(
        step.tx,
        peer_id,
        pair_secret=met.pair_secret(started.state),
        safety=met.safety_material(started.state, transcript),
        transcript=transcript,
    )
    tell(step, "chat.new", chat=str(conversation_id), contact=str(contact_id))


def hello_came(step: Step, node: Node, peer_id: int) -> None:
    """The joiner was heard in the conversation: the answer need not be repeated."""
    peer = PEERS.get(step.tx, peer_id)
    if peer is None:
        return
    for row in OUTBOX.all(step.tx, peer_id=peer_id, kind=int(Kind.CONN_ACC)):
        outgoing.confirmed(step, node, row.id)
    for given in INVITES.all(step.tx, contact_id=peer.contact_id, role="inviter", state="accepted"):
        invites.happens(step, given, InviteEvent.HELLO)
        close(step, node, given)


def close(step: Step, node: Node, row: Invite) -> None:
    """Destroy what an invite needed and nobody needs any more: its keys, and its queues at the relays."""
    if row.kind == "address" and row.role == "inviter" and row.request is None:
        return
    if row.request is None or row.kind != "address":
        for queue in QUEUES_IN.all(step.tx, invite_id=row.id):
            line = node.line(queue.relay_id)
            if line.is_up and queue.rid is not None:
                links.ask(step, line, mbx.Del(mbx.RecipientId(queue.rid)), links.key_of(queue.secret))
                node.reading.pop(queue.rid, None)
                QUEUES_IN.change(step.tx, queue.id, state=Recipient.CLOSED.value)
    INVITES.change(step.tx, row.id, secret=None, psk=None)


def line_up(step: Step, node: Node, line: Line) -> None:
    """A line is up: what invites wait for may be asked now."""
    del line
    for row in open_rows(step):
        advance(step, node, row.id)


_OF_CODES = frozenset({PREPARING, "created", "fetched", "read", "agreed"})
"""States of a code in which it ends with its hour."""

_waiting = INVITES.table.c.state.in_(
    [PREPARING, "created", "requested", "read", "agreed", "fetched", STAMPING]
)


def open_rows(step: Step) -> list[Invite]:
    """Invites that wait for something."""
    return INVITES.where(step.tx, _waiting)


def revoke(step: Step, node: Node, invite_id: str) -> None:
    """Make an invite worthless; what was accepted stays.

    Raises:
        NotFound, Conflict: there is none, or it has led to a contact.
    """
    row = invites.get(step, int(invite_id)) if invite_id.isdecimal() else None
    if row is None:
        raise NotFound("there is no such invite")
    if row.contact_id is not None:
        raise Conflict("this invite has led to a contact", hint="Block or remove the contact instead.")
    invites.move(step, row, "declined" if row.role == "inviter" else "withdrawn")
    for outgoing_row in OUTBOX.all(step.tx, invite_id=row.id):
        outgoing.confirmed(step, node, outgoing_row.id)
    for queue in QUEUES_IN.all(step.tx, invite_id=row.id):
        line = node.line(queue.relay_id)
        if queue.rid is not None:
            node.reading.pop(queue.rid, None)
            if line.is_up:
                links.ask(step, line, mbx.Del(mbx.RecipientId(queue.rid)), links.key_of(queue.secret))
        QUEUES_IN.change(step.tx, queue.id, state=Recipient.CLOSED.value)
    link = "" if row.role == "inviter" else row.link
    INVITES.change(step.tx, row.id, secret=None, psk=None, code="", link=link)


def sweep(step: Step, node: Node) -> None:
    """End what has ended."""
    for row in INVITES.where(step.tx, INVITES.table.c.expires_at <= step.wall_s):
        if row.state in {"accepted", "confirmed", "declined", "expired", "withdrawn", "taken", "wrong-code"}:
            continue
        if row.kind == "address" and row.role == "inviter" and row.request is None:
            continue
        _expire(step, node, row)
    node.remind(step, ("invites", 0), float(limits.UNTIL_STEP))


def _expire(step: Step, node: Node, row: Invite) -> None:
    invites.move(step, row, "expired")
    for outgoing_row in OUTBOX.all(step.tx, invite_id=row.id):
        outgoing.confirmed(step, node, outgoing_row.id)
    close(step, node, row)
    INVITES.change(step.tx, row.id, code="")


def peer_of_queue(step: Step, queue_id: int) -> int | None:
    """The peer that a queue belongs to by now."""
    queue = QUEUES_IN.get(step.tx, queue_id)
    return None if queue is None else queue.peer_id


def view(step: Step, invite_id: str) -> InviteView:
    """An invite by its id.

    Raises:
        NotFound: there is none.
    """
    if not invite_id.isdecimal():
        raise NotFound("there is no such invite")
    return view_of(invites.get(step, int(invite_id)))


def view_of(row: Invite) -> InviteView:
    """An invite for its owner."""
    shown = row.role == "inviter" and row.state in {"created", "fetched"}
    return InviteView(
        id=str(row.id),
        kind=row.kind,
        state=row.state,
        role=row.role,
        expires_at=row.expires_at,
        link=row.link if shown and row.kind != codes.KIND else "",
        code=row.code if shown else "",
        contact="" if row.contact_id is None else str(row.contact_id),
        note=row.note,
    )
