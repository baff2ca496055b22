"""Finding each other again when all relays between two are lost at once (spec 30 §8, spec 60 §5).

    place      no queue that a peer knows of can be reached: the next one is made where it will look for it
    look       a peer has confirmed nothing for a day: it is looked for where it may have made one
    emergency  the relays that contacts are told of before anything happens
    lost       what a person is told of it

A queue that is looked for is a row like any other of those that we send to, in the state SOUGHT: its key is
fixed there as soon as there is a way, and from the relay's yes on it is one that we were offered, as in any
rotation. At a no the row goes; the next look makes it anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from swarm_protocol.content import AddressRecord
from swarm_protocol.content.rules import MAX_EMERGENCY
from swarm_protocol.mailbox import Place, QueueRecord, Recipient, RelayRecord, Rendezvous, limits

from ..storage.shelves import (
    CONTACTS,
    OUTBOX,
    PEERS,
    QUEUES_IN,
    QUEUES_OUT,
    RELAYS,
    TICKETS,
    Peer,
    QueueIn,
    Relay,
)
from . import carriage, queues, ways
from .node import Node
from .queues import BROKEN, SOUGHT
from .step import Step

FIRST_LOOK_S, LOOK_S, DAY_S = 600.0, 3600.0, 86_400.0
"""How soon after a start, and how often then, it is seen whom to look for; how seldom each is looked for."""
MAX_RELAYS = 8
"""Relays at which one peer is looked for: its own of today, those of before, and ours."""
OPEN_S = (limits.RENDEZVOUS_WEEKS - 1) * limits.WEEK
"""A queue that was not found for so long will soon not be looked for any more: another one is made."""

NO_ROUTES = frozenset({"gone", SOUGHT, BROKEN})
_KNOWN = frozenset({Recipient.NEW.value, Recipient.KEYED.value, Recipient.ACTIVE.value, Recipient.FULL.value})


# We are the one who is sent to


def cut_off(mine: Sequence[QueueIn], reached: Collection[int]) -> bool:
    """Whether a peer knew queues of ours, these, and none is left on a relay that we reach (by rows)."""
    known = [queue for queue in mine if queue.told or queue.state == Recipient.KEYED.value]
    return bool(known) and not any(q.relay_id in reached and q.state in _KNOWN for q in known)


def place(step: Step, node: Node, peer: Peer, relay: Relay) -> Place | None:
    """Where on a relay a peer will look for a queue of ours; None where there is no such place left."""
    if peer.pair_secret is None:
        return None
    pair = Rendezvous(peer.pair_secret, sender=peer.leaf_sig, recipient=node.me.keys.leaf_sig.public)
    free = (p for p in pair.opened(relay.pin, step.wall_s) if QUEUES_IN.one(step.tx, sid=p.sid) is None)
    return next(free, None)


def waits_there(step: Step, node: Node, peer: Peer, queue: QueueIn) -> bool:
    """Whether a queue of ours is where the peer looks for one now."""
    relay = RELAYS.get(step.tx, queue.relay_id)
    if peer.pair_secret is None or relay is None or abs(step.wall_s - queue.made_at) > OPEN_S:
        return False
    pair = Rendezvous(peer.pair_secret, sender=peer.leaf_sig, recipient=node.me.keys.leaf_sig.public)
    return any(queue.sid == p.sid for p in pair.opened(relay.pin, queue.made_at))


def emergency(step: Step) -> tuple[RelayRecord, ...]:
    """Relays of ours beyond the two that most queues lie on, of which contacts are told ahead."""
    own = [relay for relay in RELAYS.all(step.tx, own=True) if relay.state != "dead"]
    live = {relay.id: 0 for relay in own}
    for queue in QUEUES_IN.all(step.tx):
        if queue.relay_id in live and queue.peer_id is not None and queue.state in _KNOWN:
            live[queue.relay_id] += 1
    spare = sorted(own, key=lambda relay: (-live[relay.id], relay.id))[queues.WANTED :]
    records = (record_of(relay) for relay in spare if _has_ticket(step, relay))
    return tuple(record for record in records if record is not None)[:MAX_EMERGENCY]


def record_of(relay: Relay) -> RelayRecord | None:
    """A relay as others reach it; None before it has greeted us once."""
    if relay.key is None or relay.hpke is None:
        return None
    return RelayRecord(relay.address, relay.pin, relay.key, relay.hpke)


def _has_ticket(step: Step, relay: Relay) -> bool:
    return TICKETS.one(step.tx, relay_id=relay.id, used=False) is not None


# We are the one who sends


def look(step: Step, node: Node) -> None:
    """Look for peers that have confirmed nothing for a day, each once a day."""
    node.remind(step, ("rendezvous", 0), LOOK_S)
    if node.persona is None or node.quarantine:
        return
    for peer in PEERS.all(step.tx, active=True):
        if _is_silent(step, peer):
            if ("sought", peer.id) not in node.timers:
                node.remind(step, ("sought", peer.id), DAY_S)
                _seek(step, node, peer)
        elif QUEUES_OUT.drop(step.tx, peer_id=peer.id, state=SOUGHT):
            node.timers.pop(("sought", peer.id), None)


def _is_silent(step: Step, peer: Peer) -> bool:
    """Whether something waits for a peer for a day, and it has confirmed nothing since.

    A time ahead of the clock is as good as none: the clock was put right since.
    """
    oldest = OUTBOX.one(step.tx, peer_id=peer.id)
    times = (None if oldest is None else oldest.created_at, peer.heard_at)
    return oldest is not None and not any(at is not None and 0 <= step.wall_s - at < DAY_S for at in times)


def _seek(step: Step, node: Node, peer: Peer) -> None:
    """Ask the relays that both may know for the queues that the peer may have made there."""
    if peer.pair_secret is None:
        return
    pair = Rendezvous(peer.pair_secret, sender=node.me.keys.leaf_sig.public, recipient=peer.leaf_sig)
    wanted = [
        relay.queue(found.sid, found.queue_key)
        for relay in relays_to_try(step, peer)
        for found in pair.sought(relay.pin, peer.heard_at, step.wall_s)
    ]
    sids = {record.sid for record in wanted}
    for queue in QUEUES_OUT.all(step.tx, peer_id=peer.id, state=SOUGHT):
        if queue.sid not in sids:  # the others keep their keys: one may be fixed, and the answer be lost
            QUEUES_OUT.drop(step.tx, id=queue.id)
    for record in wanted:
        queues.add_outgoing(step, node, peer.id, record, state=SOUGHT)


def relays_to_try(step: Step, peer: Peer) -> tuple[RelayRecord, ...]:
    """Relays on which a peer may have made a queue for us.

    Those that it named for this, ours, and those on which its queues were.
    """
    named = () if peer.address_record is None else AddressRecord.decode(peer.address_record).emergency
    ours = (record_of(relay) for relay in RELAYS.all(step.tx, own=True))
    before = (
        QueueRecord.decode(queue.record).at
        for queue in QUEUES_OUT.all(step.tx, peer_id=peer.id)
        if queue.state != SOUGHT
    )
    found: dict[bytes, RelayRecord] = {}
    for relay in (*named, *(relay for relay in ours if relay is not None), *before):
        found.setdefault(relay.pin, relay)
    return tuple(found.values())[:MAX_RELAYS]


# What people are told


@dataclass(frozen=True, slots=True)
class Lost:
    """A contact for whom something waits, while none of its relays answers; `tried` are addresses."""

    name: str
    tried: tuple[str, ...]


def lost(step: Step, node: Node) -> list[Lost]:
    """The contacts who cannot be reached, where it is not we who reach nobody.

    Screens ask from threads of their own: nothing is changed.
    """
    if alone(step, node):
        return []
    found: list[Lost] = []
    for contact in CONTACTS.all(step.tx, blocked=False):
        away = [p for p in PEERS.all(step.tx, contact_id=contact.id, active=True) if _is_away(step, node, p)]
        tried = [relay.address for peer in away for relay in relays_to_try(step, peer)]
        if any(OUTBOX.one(step.tx, peer_id=peer.id) is not None for peer in away):
            found.append(Lost(contact.name, tuple(dict.fromkeys(tried))))
    return found


def alone(step: Step, node: Node) -> bool:
    """Whether there are relays of ours, and none of them answers."""
    lines = [node.lines.get(relay.id) for relay in RELAYS.all(step.tx, own=True)]
    return bool(lines) and all(line is not None and line.down_since is not None for line in lines)


def _is_away(step: Step, node: Node, peer: Peer) -> bool:
    """Whether no queue of a peer can be reached, no link to it stands, and no other network leads there."""
    if carriage.reaches(step, peer.id) or any(
        link.peer_id == peer.id and link.up for link in tuple(node.near.links.values())
    ):
        return False
    routes = [q for q in QUEUES_OUT.all(step.tx, peer_id=peer.id) if q.state not in NO_ROUTES]
    return all(ways.away_since(step, node, queue) is not None for queue in routes)
