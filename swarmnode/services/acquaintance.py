"""What both sides of a meeting do, and of one that is repeated (spec 40, spec 41): rows for who was met."""

from __future__ import annotations

from swarm_protocol import meeting as met
from swarm_protocol import mls
from swarm_protocol.identity import NodeRef, Sigchain
from swarm_protocol.mailbox import QueueRecord

from ..domain.book import Reason
from ..storage.book_shelves import BOOK_ACCOUNTS
from ..storage.bridge_shelves import ACCOUNTS, ROOMS
from ..storage.carriage_shelves import ROUTES
from ..storage.shelves import CONTACTS, CONVERSATIONS, PEERS, QueueIn
from . import book, book_changes, book_suggestions, groups, queues
from .carriage import State
from .news import tell
from .node import Node
from .step import Step

KEY_PACKAGE_S = 30 * 86400


def key_package(step: Step, node: Node) -> mls.OwnKeyPackage:
    """A key package of this node, for one group."""
    me = node.me
    lifetime = step.wall_s - 3600, step.wall_s + KEY_PACKAGE_S
    ref = NodeRef(me.chain.persona_id, me.node_seq)
    return met.node_key_package(ref, me.keys, lifetime=lifetime, entropy=step.entropy)


def records(step: Step, made: list[QueueIn]) -> list[QueueRecord]:
    """What the other side must know of these queues, of two of them at most."""
    return [record for queue in made if (record := queues.record_of(step, queue)) is not None][:2]


def contact(step: Step, node: Node, chain: Sigchain, note: str, *, name: str) -> int:
    """The row of who has this chain, made if there is none; called `name`, or as the note says."""
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
    book.met(step, contact_id)
    tell(step, "contact.new", contact=str(contact_id))
    return contact_id


def name_from(note: str) -> str:
    """A joiner's note starts with the name that it wants to be called, up to the first line's end."""
    return note.split("\n", 1)[0][:64].strip()


def peer(step: Step, contact_id: int, leaf_sig: bytes, node_seq: int) -> int:
    """The row of a contact's node, made if there is none."""
    known = PEERS.one(step.tx, leaf_sig=leaf_sig)
    if known is not None:
        return known.id
    return PEERS.add(step.tx, contact_id=contact_id, leaf_sig=leaf_sig, node_seq=node_seq)


def start(
    step: Step, node: Node, contact_id: int, peer_id: int, started: met.Started, transcript: bytes
) -> None:
    """The conversation begins."""
    conversation_id = CONVERSATIONS.add(
        step.tx, conv_id=started.conversation.id, contact_id=contact_id, created_at=step.wall_s
    )
    groups.add(step, node, conversation_id, started.state)
    keep_secrets(step, peer_id, started, transcript)
    tell(step, "chat.new", chat=str(conversation_id), contact=str(contact_id))


def keep_secrets(step: Step, peer_id: int, started: met.Started, transcript: bytes) -> None:
    """Keep what only the first epoch of a group can give."""
    PEERS.change(
        step.tx,
        peer_id,
        pair_secret=met.pair_secret(started.state),
        safety=met.safety_material(started.state, transcript),
        transcript=transcript,
    )


def met_in_conversation(step: Step, invite_id: int, contact_id: int, peer_id: int) -> None:
    """The two are contacts: that conversation is a way between their nodes, and that account is theirs.

    The account has answered as this persona, in a conversation that others cannot read: this is a proof one
    way, as good as whoever runs that network. It holds against nothing that the owner has said. From now on
    words go there.
    """
    route = ROUTES.one(step.tx, invite_id=invite_id)
    if route is None:
        return
    if ROUTES.one(step.tx, room_id=route.room_id, peer_id=peer_id) is None:
        ROUTES.change(step.tx, route.id, peer_id=peer_id, state=State.IN_USE.value)
    network, remote_id = account_of(step, route.room_id)
    theirs = book.account(step, network, remote_id)
    persona = BOOK_ACCOUNTS.one(step.tx, contact_id=contact_id)
    if theirs is None or persona is None or book_suggestions.refused(step, theirs, persona):
        return
    if theirs.person_id != persona.person_id and book_changes.fits(step, theirs, persona):
        into, other = book.person_id(theirs.person_id), book.person_id(persona.person_id)
        book_changes.merge(step, into, other, reason=Reason.ONE, cause="met")
        if book.find(step, into).preferred is None:  # the owner wanted to talk privately
            book.prefer(step, into, str(persona.id))


def account_of(step: Step, room_id: int) -> tuple[str, str]:
    """Network and id of the other one in a conversation; empty where nobody knows."""
    room = ROOMS.get(step.tx, room_id)
    owner = None if room is None else ACCOUNTS.get(step.tx, room.account_id)
    return ("", "") if room is None or owner is None else (owner.package, room.partner or "")
