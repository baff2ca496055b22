"""What comes from nodes without a relay: calls, frames of direct links, beacons on this network (spec 52).

Envelopes enter by the one way in (`incoming`), and that they are stored is said in the same step, so it is
heard after the commit. Whoever calls shows with the first frame which contact's node it is; for everybody
else the link is closed without a word.
"""

from __future__ import annotations

from collections.abc import Mapping

from swarm_protocol import nearby
from swarm_protocol.carry.tags import RotatingTag
from swarm_protocol.errors import CannotOpen, RemoteProtocolError
from swarm_protocol.nearby import Busy, Deliver, Expected, Keep, Stored
from swarm_protocol.nearby.rules import HOUR

from ..storage.shelves import OUTBOX, PEERS
from . import addresses, direct, incoming, outgoing, repeats
from .node import DirectLink, Node, jitter
from .step import Announce, LinkId, Shut, Step

MAX_HEARD = 8
"""Addresses that are kept for one peer: a stranger who repeats its beacons must not hide where it is."""


def started(step: Step, node: Node) -> None:
    """The engine is new."""
    addresses.look(step, node)
    announce(step, node)


def announce(step: Step, node: Node) -> None:
    """Be on this network as somebody new: now, and after the next full hour, not all to the second."""
    if not node.options.lan or not direct.is_on(node):
        return
    beacons = nearby.announce(direct.pairs(step, node).values(), now=step.wall_s, entropy=step.entropy)
    step.do(Announce(nearby.encode_txt(beacons)))
    rest = HOUR - step.wall_s % HOUR
    node.remind(step, ("beacons", 0), rest + jitter(step.entropy, 60.0, 0.9), sooner=False)


def network_changed(step: Step, node: Node) -> None:
    """Another network, or the same after a sleep: who was here may be gone, and who was away may be here."""
    near = node.near
    near.heard.clear()
    near.failures.clear()
    for name in [name for name in node.timers if name[0] == "call"]:
        del node.timers[name]
    announce(step, node)


# Beacons


def noticed(step: Step, node: Node, at: tuple[str, ...], texts: Mapping[bytes, bytes | None]) -> None:
    """Somebody announces a node: a contact's is called by the one of both whose leaf is the smaller."""
    if not node.options.lan or not direct.is_on(node):
        return
    try:
        beacons = nearby.decode_txt(texts)
    except RemoteProtocolError:
        return
    near = node.near
    near.beacons = _expected(step, node, near.beacons, nearby.BEACON)
    for peer_id in sorted(nearby.heard(near.beacons, beacons)):
        before = near.heard.get(peer_id, ())
        near.heard[peer_id] = (*at, *(known for known in before if known not in at))[:MAX_HEARD]
        if not set(at) <= set(before):
            near.failures.pop(peer_id, None)
            node.timers.pop(("call", peer_id), None)
        peer = PEERS.get(step.tx, peer_id)
        assert peer is not None, "it was among the pairs"
        if node.me.keys.leaf_sig.public < peer.leaf_sig or OUTBOX.count(step.tx, peer_id=peer_id):
            direct.call(step, node, peer_id)


def call_again(step: Step, node: Node, peer_id: int) -> None:
    """A call came to nothing, and the pause after it is over."""
    if OUTBOX.count(step.tx, peer_id=peer_id, state=outgoing.QUEUED):
        direct.call(step, node, peer_id)


def _expected(step: Step, node: Node, known: Expected[int] | None, kind: RotatingTag) -> Expected[int]:
    """The tags that may come now; worked out anew where contacts have changed."""
    pairs = direct.pairs(step, node)
    if known is None or known.pairs != pairs:
        return Expected.of(kind, pairs, step.wall_s)
    return known.at(step.wall_s)


# Links


def called(step: Step, node: Node, link_id: LinkId, knock: bytes) -> None:
    """Somebody calls. A second link from one node takes the place of the first, which may be dead."""
    near = node.near
    if not direct.is_on(node):
        step.do(Shut(link_id))
        return
    try:
        near.names = _expected(step, node, near.names, nearby.DOOR_NAME)
        near.door, peer_id = near.door.open(knock, near.names)
    except CannotOpen:
        step.do(Shut(link_id))
        return
    for older in [link for link in near.links.values() if link.called and link.peer_id == peer_id]:
        repeats.unanswered(step, node, direct.end(step, node, older))
    pair = near.names.pairs[peer_id]
    near.links[link_id] = DirectLink(link_id, peer_id, pair, called=True, up=True)
    node.remind(step, ("pump", 0), 0.0)


def heard(step: Step, node: Node, link: DirectLink, data: bytes) -> None:
    """A frame came over a direct link."""
    if not link.up or not direct.may_talk(step, link.peer_id):
        repeats.unanswered(step, node, direct.end(step, node, link))
        return
    try:
        said = direct.feed(step, link, nearby.Heard(data))
    except RemoteProtocolError:
        repeats.unanswered(step, node, direct.end(step, node, link))
        return
    node.near.failures.pop(link.peer_id, None)
    match said:
        case Deliver(name, envelope):
            source = incoming.Source(link.peer_id, None, 0)
            incoming.take(step, node, source, nearby.key_in(link.pair), envelope)
            direct.feed(step, link, Keep(frozenset({name})))
        case Stored(ids):
            repeats.stored(step, node, direct.answered(link, ids))
        case Busy(ids):
            link.busy_until = step.now.tick + direct.BUSY_S
            repeats.unanswered(step, node, direct.answered(link, ids))
        case _:
            pass


def lost(step: Step, node: Node, link_id: LinkId) -> None:
    """A link is gone, or a call came to nothing."""
    repeats.unanswered(step, node, direct.lost(step, node, link_id))
