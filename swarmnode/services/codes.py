"""Spoken codes: a number and two words that come to an invite which nobody sends (spec 40 §7).

    inviter   preparing -> created -> fetched -> (the reply is right) fetched -> as any invite
                                              -> (it is wrong) suspect: the code is burnt
    joiner    read -> agreed -> fetched -> as any invite
              agreed -> wrong-code ; read -> taken | expired

A code has two queues, made together: the offer names the first, which takes the one reply that counts, and
the bundle names the second. The first lives until the bundle is there, or the reply was wrong; so a joiner
whose queue is gone while there is no bundle had another code.

`Invite.code` is there as long as the code is, `Invite.progress` is what the next step needs: the offer; or
relays that were asked; or what was agreed on.
"""

from __future__ import annotations

from swarm_protocol import cbor
from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as met
from swarm_protocol.envelope import Kind
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox import Recipient, limits
from swarm_protocol.mailbox.commands import Kind as QueueKind
from swarm_protocol.meeting import LinkKind, RelayAddress

from ..errors import Conflict, NotReady
from ..storage.shelves import (
    ENVELOPES,
    INVITES,
    OUTBOX,
    QUEUES_IN,
    QUEUES_OUT,
    RELAYS,
    Invite,
    Relay,
)
from . import invites, links, outgoing, queues, rotation
from .news import tell
from .node import Line, Node
from .step import Step

LIFETIME_S = 3600
LONGEST_S = 86400
"""An offer that ends later than this is none that a node makes."""
QUEUES = 2
ASK_S = 10.0
"""How often a joiner looks whether a relay has come up that may have the offer."""
SOON_S, LATER_S, SOON_FOR_S = 2.0, 15.0, 60
"""How often a joiner looks for the bundle, at first and later."""
DRAWN = 5
"""So many nameplates that are taken, and the relay is too busy for codes."""


# The inviter


def begin(step: Step, node: Node, *, label: str) -> int:
    """Begin a code; it can be said once a relay holds the offer (`invite.changed`). Gives its row's id.

    Raises:
        NotReady: no relay of ours has tickets for it.
    """
    relay = next(
        (relay for relay in rotation.own_relays(step) if queues.spare_tickets(step, relay.id) >= QUEUES),
        None,
    )
    if relay is None:
        raise NotReady(
            "a code needs a relay of yours that holds it",
            hint="Get a relay's link and call `swarmnode relay use LINK`.",
        )
    invite_id = INVITES.add(
        step.tx,
        inv_id=step.entropy(16),
        kind=invites.CODE,
        role="inviter",
        state=invites.PREPARING,
        code=str(met.Code.generate(node.options.words, step.entropy)),
        label=label or node.me.name,
        created_at=step.wall_s,
        expires_at=step.wall_s + LIFETIME_S,
        changed_at=step.wall_s,
    )
    for _ in range(QUEUES):
        queues.make(step, node, relay.id, QueueKind.INVITE, invite_id=invite_id)
    return invite_id


def offer(step: Step, node: Node, row: Invite) -> None:
    """Have the relay hold the offer, once both queues are made."""
    made, coming = invites.queues_of(step, row)
    record = queues.record_of(step, made[0]) if made else None
    if coming or len(made) < QUEUES or record is None:
        return
    queue, code = made[0], met.Code.parse(row.code, node.options.words)
    at = RelayAddress(record.address, record.pin)
    if row.progress is None:
        made_offer = met.offer_code(code, at, record, expires_at=row.expires_at, entropy=step.entropy)
        INVITES.change(step.tx, row.id, progress=cbor.encode({1: made_offer.message, 2: made_offer.secret}))
        row = invites.get(step, row.id)
    line = links.want(step, node, queue.relay_id)
    if line.is_up and ("put", queue.id) not in line.asked:
        assert queue.rid is not None, "it is made"
        line.asked.add(("put", queue.id))
        body = mbx.Put(mbx.RecipientId(queue.rid), code.slot(at), _offer_of(row, code, at).message)
        links.ask(step, line, body, links.key_of(queue.secret))


def _offer_of(row: Invite, code: met.Code, at: RelayAddress) -> met.CodeOffer:
    assert row.progress is not None
    kept = cbor.Record.decode(row.progress, "an offer of ours")
    return met.CodeOffer(code.nameplate, at, kept.octets(1), kept.octets(2))


def not_held(step: Step, node: Node, row: Invite, said: mbx.Error) -> None:
    """The relay does not hold the offer: another code's lies there, or it cannot now."""
    if said.code is not mbx.ErrorCode.CONFLICT:
        node.remind(step, ("invite", row.id), float(said.retry_after or 60))
    elif row.attempts + 1 < DRAWN:
        code = met.Code.generate(node.options.words, step.entropy)
        INVITES.change(step.tx, row.id, code=str(code), progress=None, attempts=row.attempts + 1)
        offer(step, node, invites.get(step, row.id))
    else:
        invites.move(step, row, "expired")


def replied(step: Step, node: Node, invite_id: int, reply: bytes) -> None:
    """A reply came: the one that counts, whatever it is. The bundle is laid next, where it is right."""
    row = invites.get(step, invite_id)
    if row.kind != invites.CODE or row.role != "inviter" or not row.code or row.progress is None:
        return
    queue = QUEUES_IN.all(step.tx, invite_id=row.id)[0]
    record = queues.record_of(step, queue)
    assert record is not None, "a reply came through it"
    code = met.Code.parse(row.code, node.options.words)
    at = RelayAddress(record.address, record.pin)
    try:
        agreed = met.hear_code(_offer_of(row, code, at), reply)
    except RemoteProtocolError:
        INVITES.change(step.tx, row.id, code="", progress=None)
        for each in QUEUES_IN.all(step.tx, invite_id=row.id):
            invites.destroy(step, node, each)
        invites.move(step, row, "suspect")
        tell(step, "invite.burnt", invite=str(row.id))
        return
    INVITES.change(
        step.tx,
        row.id,
        code="",
        inv_id=agreed.secret.inv_id,
        progress=agreed.secret.key,
        secret=step.entropy(32),
    )
    QUEUES_IN.change(step.tx, queue.id, state=Recipient.DRAINING.value, told=True)
    invites.move(step, row, "fetched")


def laid(step: Step, node: Node, row: Invite) -> None:
    """The bundle is there: nothing more is said through the first queue."""
    for queue in QUEUES_IN.all(step.tx, invite_id=row.id, state=Recipient.DRAINING.value):
        invites.destroy(step, node, queue)


# The joiner


def is_code(node: Node, text: str) -> bool:
    """Whether somebody typed a code."""
    try:
        met.Code.parse(text, node.options.words)
    except RemoteProtocolError:
        return False
    return True


def take(step: Step, node: Node, text: str, *, note: str) -> int:
    """Begin to look for the offer of a code, on our relays and others that we know; its row's id.

    Raises:
        Conflict: the code is our own.
        NotReady: no relay is known.
    """
    code = str(met.Code.parse(text, node.options.words))
    if INVITES.one(step.tx, code=code, role="inviter") is not None:
        raise Conflict("this code is your own", hint="It is for somebody else to accept.")
    known = INVITES.one(step.tx, code=code, role="joiner", state="read")
    if known is not None:
        return known.id
    if not _relays(step):
        raise NotReady(
            "a code is looked for at relays, and none is known here",
            hint="Call `swarmnode relay use LINK` first, or ask for a link in place of the code.",
        )
    return INVITES.add(
        step.tx,
        inv_id=step.entropy(16),
        kind=invites.CODE,
        role="joiner",
        state="read",
        code=code,
        secret=step.entropy(32),
        note=note,
        created_at=step.wall_s,
        expires_at=step.wall_s + LIFETIME_S,
        changed_at=step.wall_s,
    )


def _relays(step: Step) -> list[Relay]:
    """Relays that may have an offer, ours first."""
    known = [relay for relay in RELAYS.all(step.tx) if relay.state != "dead"]
    return sorted(known, key=lambda relay: (not relay.own, relay.id))


def look_for_offer(step: Step, node: Node, row: Invite) -> None:
    """Ask the next relay, one at a time: who fetches takes an offer away from all others."""
    assert row.secret is not None
    if any(("fetch", row.id) in line.asked for line in node.lines.values()):
        return
    code, key = met.Code.parse(row.code, node.options.words), links.key_of(row.secret)
    may_come = False
    for relay in _relays(step):
        if relay.id in _asked(row):
            continue
        line = links.want(step, node, relay.id)
        if line.is_up:
            line.asked.add(("fetch", row.id))
            slot = code.slot(RelayAddress(relay.address, relay.pin))
            links.ask(step, line, mbx.Fetch(slot, key.public), key)
            return
        may_come = may_come or not line.failures
    if may_come:
        node.remind(step, ("invite", row.id), ASK_S)
    else:
        _end(step, node, row, "expired")


def _asked(row: Invite) -> list[int]:
    """Relays that have no such offer, by their rows."""
    asked = [] if row.progress is None else cbor.decode(row.progress)
    assert isinstance(asked, list)
    return [relay_id for relay_id in asked if isinstance(relay_id, int)]


def offer_came(step: Step, node: Node, row: Invite, line: Line, said: mbx.Bundle | mbx.Error) -> None:
    """A relay gave an offer, or has none."""
    if isinstance(said, mbx.Error):
        if said.code is mbx.ErrorCode.CONFLICT:
            _end(step, node, row, "taken")
        elif said.code is mbx.ErrorCode.GONE:
            _not_here(step, node, row, line)
        else:
            node.remind(step, ("invite", row.id), float(said.retry_after or 60))
        return
    relay = RELAYS.get(step.tx, line.relay_id)
    assert relay is not None, "a line has a relay"
    at = RelayAddress(relay.address, relay.pin)
    try:
        taken = met.take_code(met.Code.parse(row.code, node.options.words), at, said.bundle, step.entropy)
    except RemoteProtocolError:
        _not_here(step, node, row, line)
        return
    agreed, queue = taken.agreed, taken.queue
    if queue.pin != at.pin or not step.wall_s < agreed.expires_at <= step.wall_s + LONGEST_S:
        _not_here(step, node, row, line)
        return
    # The inviter writes the relay's address into the link as it knows it; both links must be the same.
    progress: dict[int, cbor.Value] = {
        1: agreed.secret.inv_id,
        2: agreed.secret.key,
        3: queue.address,
        4: queue.pin,
    }
    INVITES.change(step.tx, row.id, code="", progress=cbor.encode(progress), expires_at=agreed.expires_at)
    queues.add_reply(step, node, row.id, queue, stranger=False)
    outgoing.post_meeting(step, node, Kind.OFFER, taken.message, invite_id=row.id)
    invites.move(step, row, "agreed")
    node.remind(step, ("invite", row.id), SOON_S)


def _not_here(step: Step, node: Node, row: Invite, line: Line) -> None:
    asked = [*_asked(row), line.relay_id]
    INVITES.change(step.tx, row.id, progress=cbor.encode([*asked]))
    look_for_offer(step, node, invites.get(step, row.id))


def look_for_bundle(step: Step, node: Node, row: Invite) -> None:
    """Fetch the bundle, which lies there once the inviter has our reply."""
    assert row.secret is not None
    secret, at = _agreed(row)
    line = links.want(step, node, queues.relay_at(step, at.address, at.pin))
    if line.is_up and ("fetch", row.id) not in line.asked:
        line.asked.add(("fetch", row.id))
        key = links.key_of(row.secret)
        links.ask(step, line, mbx.Fetch(mbx.slot_id(secret.key, at.pin), key.public), key)
    soon = step.wall_s < row.changed_at + SOON_FOR_S
    node.remind(step, ("invite", row.id), SOON_S if soon else LATER_S)


def _agreed(row: Invite) -> tuple[met.LinkSecret, RelayAddress]:
    assert row.progress is not None
    kept = cbor.Record.decode(row.progress, "what was agreed on")
    return met.LinkSecret(kept.octets(1), kept.octets(2)), RelayAddress(
        kept.text(3, at_most=limits.MAX_ADDRESS), kept.octets(4)
    )


def no_bundle(step: Step, node: Node, row: Invite, said: mbx.Error) -> None:
    """No bundle yet. Where the queue for our reply is gone as well, the code was wrong."""
    if said.code is mbx.ErrorCode.CONFLICT:
        _end(step, node, row, "taken")
        return
    out = QUEUES_OUT.one(step.tx, invite_id=row.id)
    if said.code is not mbx.ErrorCode.GONE or out is None:
        return
    if out.state == "gone":
        # It may have gone after this was asked, since the bundle is there: once more.
        INVITES.change(step.tx, row.id, attempts=row.attempts + 1)
        if row.attempts:
            _end(step, node, row, "wrong-code")
    elif out.keyed and not ENVELOPES.count(step.tx, queue_out_id=out.id):
        queues.fix_again(step, node, out)


def bundle_came(step: Step, node: Node, row: Invite, bundle: bytes) -> Invite | None:
    """The bundle is there: the row as that of an invite whose link was read; None if it does not open."""
    secret, at = _agreed(row)
    link = met.InviteLink(LinkKind.INVITE, secret, (at,), met.bundle_hash(bundle), row.expires_at)
    try:
        met.Invitation.open(link, bundle)
    except RemoteProtocolError:
        _end(step, node, row, "wrong-code")
        return None
    _close_reply(step, node, row)
    INVITES.change(step.tx, row.id, link=link.format(), inv_id=secret.inv_id, progress=None, attempts=0)
    return invites.get(step, row.id)


def _close_reply(step: Step, node: Node, row: Invite) -> None:
    for sent in OUTBOX.all(step.tx, invite_id=row.id):
        outgoing.confirmed(step, node, sent.id)
    for out in QUEUES_OUT.all(step.tx, invite_id=row.id):
        queues.change_out(step, node, out.id, state="gone")


def _end(step: Step, node: Node, row: Invite, state: str) -> None:
    _close_reply(step, node, row)
    INVITES.change(step.tx, row.id, code="", secret=None, progress=None)
    invites.move(step, row, state)
