"""Direct links: contacts' nodes are called, and what is in the outbox goes there first (spec 52 §2, §3).

A link is a route as queues are. What is on its way over it is known in memory alone: the row in the outbox
keeps what was encrypted, so when a link ends, or an answer does not come in time, the row goes another way,
and whoever has it already knows it again. `nearby` says what comes in over links.
"""

from __future__ import annotations

from collections.abc import Iterator

from swarm_protocol.carry.rules import MAX_PAIRS
from swarm_protocol.content import AddressRecord, EndpointType
from swarm_protocol.envelope import Kind, frames_for, seal_envelope
from swarm_protocol.envelope.rules import MAX_PARTS
from swarm_protocol.nearby import Effect, Input, Offer, Pair, Send, key_out, knock

from ..storage.shelves import CONTACTS, PEERS, Outgoing, Peer
from .node import DirectLink, Node, jitter
from .step import LinkId, Open, Shut, Step, Transmit

NO_ANSWER_S = 30.0
"""A link on which an envelope waits for an answer so long is broken."""
BUSY_S = 60.0
"""A node that did not keep an envelope gets the next ones another way for so long."""
NO_DOOR_S = 60.0
"""A peer that has no door for us is not looked at again before."""
FIRST_PAUSE_S, LAST_PAUSE_S = 5.0, 3600.0


def is_on(node: Node) -> bool:
    """Whether there are direct links at all."""
    return (node.options.direct or node.options.lan) and node.persona is not None and not node.quarantine


def pairs(step: Step, node: Node) -> dict[int, Pair]:
    """The peers that may be here, or call; those who were heard last if there are too many."""
    blocked = {contact.id for contact in CONTACTS.all(step.tx, blocked=True)}
    known = [p for p in PEERS.all(step.tx, active=True) if p.pair_secret and p.contact_id not in blocked]
    latest = sorted(known, key=lambda peer: -(peer.heard_at or 0))[:MAX_PAIRS]
    return {peer.id: pair for peer in latest if (pair := _pair(node, peer)) is not None}


def may_talk(step: Step, peer_id: int) -> bool:
    """Whether a peer is still a node of a contact who is not blocked."""
    peer = PEERS.get(step.tx, peer_id)
    contact = None if peer is None else CONTACTS.get(step.tx, peer.contact_id)
    return peer is not None and peer.active and contact is not None and not contact.blocked


def _pair(node: Node, peer: Peer) -> Pair | None:
    own = node.me.keys.leaf_sig.public
    return None if peer.pair_secret is None else Pair(peer.pair_secret, own, peer.leaf_sig)


# Calling


def call(step: Step, node: Node, peer_id: int) -> None:
    """Call a peer at one of its doors, unless there is a link, or one is on its way, or it is too early."""
    if not is_on(node) or ("call", peer_id) in node.timers:
        return
    if any(link.peer_id == peer_id for link in node.near.links.values()):
        return
    peer = PEERS.get(step.tx, peer_id)
    pair = None if peer is None else _pair(node, peer)
    doors = [] if peer is None else list(_doors(node, peer))
    if pair is None or not doors or not may_talk(step, peer_id):
        node.remind(step, ("call", peer_id), NO_DOOR_S)
        return
    address, pin = doors[node.near.failures.get(peer_id, 0) % len(doors)]
    link = node.next_link()
    node.near.links[link] = DirectLink(link, peer_id, pair, called=False, up=False)
    step.do(Open(link, address, pin))


def _doors(node: Node, peer: Peer) -> Iterator[tuple[str, bytes]]:
    """Addresses and pins at which a peer may be reached, those of this network first."""
    if peer.address_record is None:
        return
    endpoints = AddressRecord.decode(peer.address_record).endpoints
    if node.options.lan:
        for endpoint in endpoints:
            if endpoint.type == EndpointType.LAN:
                yield from ((address, endpoint.pin) for address in node.near.heard.get(peer.id, ()))
    if node.options.direct:
        for endpoint in endpoints:
            if endpoint.type == EndpointType.INTERNET:
                yield endpoint.address, endpoint.pin


def opened(step: Step, node: Node, link: DirectLink) -> None:
    """A call is through: say who we are."""
    link.up = True
    step.do(Transmit(link.id, knock(link.pair, now=step.wall_s, entropy=step.entropy)))
    node.remind(step, ("pump", 0), 0.0)


# Ending


def lost(step: Step, node: Node, link_id: LinkId) -> list[int]:
    """A link is gone; the rows of the outbox that have no answer. Who was called is called later again."""
    link = node.near.links.pop(link_id, None)
    if link is None:
        return []
    if not link.called:
        failures = node.near.failures.get(link.peer_id, 0)
        node.near.failures[link.peer_id] = failures + 1
        pause = min(FIRST_PAUSE_S * 2 ** min(failures, 12), LAST_PAUSE_S)
        node.remind(step, ("call", link.peer_id), jitter(step.entropy, pause), sooner=False)
    return sorted({outbox_id for outbox_id, _ in link.sending.values()})


def end(step: Step, node: Node, link: DirectLink) -> list[int]:
    """Close a link; as `lost`."""
    step.do(Shut(link.id))
    return lost(step, node, link.id)


def end_stalled(step: Step, node: Node) -> list[int]:
    """Close links that give no answers; the rows of the outbox that wait for one."""
    rows: list[int] = []
    for link in list(node.near.links.values()):
        oldest = min((since for _, since in link.sending.values()), default=step.now.tick)
        if step.now.tick - oldest > NO_ANSWER_S:
            rows += end(step, node, link)
    return rows


# Sending


def link_to(step: Step, node: Node, peer_id: int | None) -> DirectLink | None:
    """A link that takes a message for a peer now; where there is none, the peer is called for the next."""
    if peer_id is None or not is_on(node):
        return None
    to_peer = [link for link in node.near.links.values() if link.peer_id == peer_id]
    if not to_peer:
        call(step, node, peer_id)
    free = (k for k in to_peer if k.up and k.busy_until <= step.now.tick and k.machine.room >= MAX_PARTS)
    return next(free, None)


def send(step: Step, link: DirectLink, row: Outgoing) -> None:
    """Send what was encrypted, in as many envelopes as it takes."""
    assert row.wire is not None, "it is encrypted before"
    frames = frames_for(Kind(row.kind), row.wire, link.numbered)
    link.numbered += len(frames)
    for frame in frames:
        name = step.entropy(16)
        blob = seal_envelope(key_out(link.pair), frame, entropy=step.entropy)
        link.sending[name] = row.id, step.now.tick
        feed(step, link, Offer(name, blob))


def feed(step: Step, link: DirectLink, input_: Input) -> Effect:
    """Give a link's machine an input; what it wants sent is sent, and what came of it is returned.

    Raises:
        RemoteProtocolError: the other end broke a rule.
    """
    link.machine, effect = link.machine.handle(input_)
    if isinstance(effect, Send):
        step.do(Transmit(link.id, effect.data))
    return effect


def answered(link: DirectLink, ids: frozenset[bytes]) -> list[int]:
    """These envelopes have their answer; the rows of the outbox that wait for no other one."""
    rows = {link.sending.pop(name)[0] for name in ids}
    waiting = {outbox_id for outbox_id, _ in link.sending.values()}
    return sorted(rows - waiting)
