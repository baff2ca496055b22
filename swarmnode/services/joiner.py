"""The side of a meeting that takes an invite (spec 40): fetches the bundle, asks, hears the answer.

read -> fetched -> (stamping) -> asked -> confirmed
"""

from __future__ import annotations

from swarm_protocol import cbor, mls
from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as met
from swarm_protocol.envelope import Kind
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.identity import Standing
from swarm_protocol.mailbox import Recipient
from swarm_protocol.mailbox.commands import Kind as QueueKind
from swarm_protocol.meeting import LinkKind
from swarm_protocol.meeting.stamp import search_stamp

from ..domain.views import InviteView
from ..errors import Conflict, UsageError
from ..storage.shelves import CONTACTS, INVITES, OUTBOX, PEERS, QUEUES_IN, RELAYS, TICKETS, Invite
from . import acquaintance, codes, invites, links, outgoing, queues, rotation, trust
from .invites import STAMPING
from .node import Line, Node
from .step import Step

LIFETIME_S = 7 * 86400
"""An invite that does not say when it ends is tried for so long."""
STAMPS_A_STEP = 1


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
        advance(step, node, invites.get(step, invite_id))
        return invites.view_of(invites.get(step, invite_id))
    try:
        link = met.InviteLink.parse(text)
    except RemoteProtocolError as e:
        raise UsageError("this is no invite", hint="Copy the whole line, from `swarm:` on.") from e
    if link.expired(step.wall_s):
        raise UsageError("this invite has ended", hint="Ask for a new one.")
    if INVITES.one(step.tx, inv_id=link.secret.inv_id, role="inviter") is not None:
        raise Conflict("this invite is your own", hint="It is for somebody else to accept.")
    known = INVITES.one(step.tx, inv_id=link.secret.inv_id, role="joiner")
    if known is not None and known.state not in {"expired", "withdrawn", "taken"}:
        advance(step, node, known)
        return invites.view_of(invites.get(step, known.id))
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
    advance(step, node, invites.get(step, invite_id))
    return invites.view_of(invites.get(step, invite_id))


def begin(step: Step, node: Node, row: Invite) -> None:
    """Take an offer to which the owner has said yes."""
    _queues_to_answer(step, node, row, invites.invitation_of(row).bundle)
    advance(step, node, invites.get(step, row.id))


def advance(step: Step, node: Node, row: Invite, *, waited: bool = False) -> None:
    """Do what an invite that we take waits for, if it can be done now."""
    if not invites.may_go_on(step, node, row):
        return
    match row.state:
        case "read" if row.kind == invites.CODE:
            codes.look_for_offer(step, node, row)
        case "agreed":
            codes.look_for_bundle(step, node, row)
        case "no-relay" if rotation.own_relays(step):
            invites.move(step, row, "fetched")
            _queues_to_answer(step, node, row, invites.invitation_of(row).bundle)
            _ask(step, node, invites.get(step, row.id), waited=waited)
        case "read":
            _fetch(step, node, row)
        case "fetched":
            _ask(step, node, row, waited=waited)
        case "stamping":
            _stamp(step, node, row)
        case _:
            pass


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
    if row.kind == invites.CODE and row.state == "read":
        codes.offer_came(step, node, row, line, said)
        return
    if row.kind == invites.CODE and isinstance(said, mbx.Error):
        codes.no_bundle(step, node, row, said)
        return
    if row.kind == invites.CODE and isinstance(said, mbx.Bundle):
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
    advance(step, node, invites.get(step, row.id))


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
    for relay in usable[: queues.WANTED]:
        queues.make(step, node, relay.id, QueueKind.PAIR, invite_id=row.id)


def _ask(step: Step, node: Node, row: Invite, *, waited: bool) -> None:
    """Say who we are."""
    made, coming = invites.queues_of(step, row)
    if not made and not coming and row.kind != invites.CONVERSATION:
        invites.move(step, row, "no-relay")
        return
    if not invites.ready(step, node, row, made, coming, waited=waited):
        return
    invitation = invites.invitation_of(row)
    own = acquaintance.key_package(step, node)
    records = acquaintance.records(step, made)
    draft = met.draft_request(invitation, own, node.me.chain, records, note=row.note)
    INVITES.change(
        step.tx,
        row.id,
        key_package=mls.archive.encode_own_key_package(own),
        progress=draft.content,
    )
    invites.move(step, invites.get(step, row.id), STAMPING)
    advance(step, node, invites.get(step, row.id))


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
    least = invites.invitation_of(row).least_queues
    answer = met.open_answer(keys, sealed, own=me.chain, least_queues=least)
    started = met.join(own, keys, answer, chain=me.chain)
    contact_id = acquaintance.contact(step, node, answer.chain, "", name=row.label)
    peer_id = acquaintance.peer(step, contact_id, answer.node.leaf_sig, answer.node.added)
    for queue in QUEUES_IN.all(step.tx, invite_id=row.id):
        state = Recipient.ACTIVE.value if queue.sid is not None else queue.state
        QUEUES_IN.change(
            step.tx, queue.id, peer_id=peer_id, invite_id=None, state=state, told=queue.sid is not None
        )
    for record in answer.queues:
        queues.add_outgoing(step, node, peer_id, record, state="in use")
    acquaintance.start(step, node, contact_id, peer_id, started, keys.transcript)
    if row.kind == invites.CONVERSATION:
        acquaintance.met_in_conversation(step, row.id, contact_id, peer_id)
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
    for waits in ("addresses", "beacons", "claims"):
        node.remind(step, (waits, 0), 0.0)


def _keys_of(row: Invite) -> met.MeetingKeys:
    assert row.progress is not None
    assert row.request_hash is not None
    assert row.psk is not None
    kept = cbor.Record.decode(row.progress, "keys of a meeting")
    return met.MeetingKeys(kept.octets(1), row.request_hash, row.psk, kept.octets(2))
