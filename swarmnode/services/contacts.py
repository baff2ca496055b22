"""What a person does with contacts: looks, compares, blocks, forgets (spec 40 §6, §8)."""

from __future__ import annotations

from collections.abc import Sequence

import sqlalchemy as sa

from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as met
from swarm_protocol.identity import PersonaId, Standing
from swarm_protocol.mailbox import Recipient

from ..domain.ids import is_number, number_of
from ..domain.views import ContactView, SafetyView
from ..errors import Conflict, NotFound, NotReady, UsageError
from ..storage.shelves import (
    ALERTS,
    AUTHORS,
    CONTACTS,
    CONVERSATIONS,
    DRAFTS,
    INVITES,
    MESSAGES,
    OUTBOX,
    PEERS,
    QUEUES_IN,
    QUEUES_OUT,
    Contact,
    Invite,
    Peer,
)
from . import book, links, meeting, outgoing, rotation, sigchains, talk, views
from .invites import CONVERSATION
from .news import tell
from .node import Node
from .step import Step

REQUEST = "r"
"""Ids of requests start so; those of contacts are numbers alone."""


def all_of(step: Step) -> list[ContactView]:
    """Contacts by name, then strangers who wait."""
    known = [views.contact(step, row) for row in CONTACTS.all(step.tx)]
    waiting = [request_view(row) for row in INVITES.all(step.tx, state="waiting")]
    suspect = [request_view(row) for row in INVITES.all(step.tx, state="suspect") if row.request is not None]
    return sorted(known, key=lambda view: view.name.casefold()) + waiting + suspect


def request_view(row: Invite) -> ContactView:
    """Somebody who waits for an answer: who says their note, or the account that asks in a conversation."""
    said = row.label if row.kind == CONVERSATION else row.note
    return ContactView(
        id=f"{REQUEST}{row.id}",
        name=meeting.name_from(said) or f"request {row.id}",
        standing="request",
        persona="",
        chat="",
        alerts=("suspect",) if row.state == "suspect" else (),
        note=said,
    )


def get(step: Step, contact_id: str) -> ContactView:
    """One contact, or one request.

    Raises:
        NotFound: there is none.
    """
    if contact_id.startswith(REQUEST) and is_number(contact_id[1:]):
        row = INVITES.get(step.tx, int(contact_id[1:]))
        if row is not None and (row.request is not None or row.kind == CONVERSATION):
            if row.contact_id is not None:
                return views.contact(step, find(step, str(row.contact_id)))
            return request_view(row)
    return views.contact(step, find(step, contact_id))


def find(step: Step, contact_id: str) -> Contact:
    """The row of a contact.

    Raises:
        NotFound: there is none.
    """
    row = CONTACTS.get(step.tx, number_of(contact_id))
    if row is None:
        raise NotFound("there is no such contact", hint="`swarmnode contacts` lists them.")
    return row


def rename(step: Step, contact_id: str, name: str) -> ContactView:
    """Call a contact something else, here alone.

    Raises:
        NotFound: there is no such contact.
        UsageError: it has not 1 to 64 printable characters.
    """
    row, name = find(step, contact_id), name.strip()
    if not name or len(name) > 64 or not name.isprintable():
        raise UsageError("a name has 1 to 64 printable characters")
    CONTACTS.change(step.tx, row.id, name=name)
    book.called(step, "", row.persona_id.hex(), name)
    return _changed(step, row.id)


def answer_request(step: Step, node: Node, contact_id: str, *, yes: bool) -> ContactView:
    """Answer somebody who asks.

    Raises:
        NotFound: nobody waits there.
    """
    number = contact_id[1:]
    if not contact_id.startswith(REQUEST) or not is_number(number):
        raise NotFound("nobody waits for an answer there", hint="`swarmnode contacts` lists requests.")
    meeting.decide(step, node, int(number), yes=yes)
    return get(step, contact_id)


def _peer(step: Step, row: Contact) -> Peer:
    """The node of a contact that was met, or rejoined last."""
    met_nodes = [peer for peer in PEERS.all(step.tx, contact_id=row.id) if peer.safety is not None]
    active = [peer for peer in met_nodes if peer.active] or met_nodes
    if not active:
        raise NotReady("this contact has not been met yet", hint="Wait until the invite is answered.")
    return active[-1]


def safety(step: Step, node: Node, contact_id: str, wordlist: Sequence[str]) -> SafetyView:
    """What two people compare.

    Raises:
        NotReady: the meeting is not through.
    """
    row = find(step, contact_id)
    peer = _peer(step, row)
    assert peer.safety is not None
    return SafetyView(
        words=met.safety_words(peer.safety, wordlist),
        digits=met.safety_digits(peer.safety),
        qr=met.safety_qr(node.me.chain.persona_id, PersonaId(row.persona_id), peer.transcript or b""),
        verified=row.standing == Standing.VERIFIED.value,
        seen=_seen(step, row),
    )


def _seen(step: Step, row: Contact) -> str:
    """Names what is compared with a contact now, and the doubts that this would settle."""
    doubts = [alert.id for alert in ALERTS.all(step.tx, contact_id=row.id, settled=False)]
    return f"{(_peer(step, row).safety or b'').hex()}.{max(doubts, default=0)}"


def verify(step: Step, node: Node, contact_id: str, qr: str | None, seen: str | None = None) -> ContactView:
    """Mark a contact verified: after comparing, or by the other's QR text.

    What was compared may be given (`SafetyView.seen`): keys that changed while people compared, and doubts
    that nobody saw, are not accepted with it.

    Raises:
        Conflict: the QR text is another's, or what was compared is not what there is now.
        UsageError: it is none.
    """
    row = find(step, contact_id)
    if seen is not None and seen != _seen(step, row):
        raise Conflict("their keys have changed since", hint="Compare once more.")
    if qr is not None:
        transcript = _peer(step, row).transcript or b""
        outcome = met.check_qr(qr, node.me.chain.persona_id, PersonaId(row.persona_id), transcript)
        if outcome is met.QrOutcome.NOT_A_CODE:
            raise UsageError("this is no code of a contact")
        if outcome is not met.QrOutcome.MATCH:
            raise Conflict("this code is not that of this contact", hint="Somebody may stand in between.")
    else:
        _peer(step, row)
    _confirm_keys(step, node, row)
    CONTACTS.change(step.tx, row.id, standing=Standing.VERIFIED.value, verified_at=step.wall_s)
    return _changed(step, row.id)


def settle_alert(step: Step, node: Node, contact_id: str, *, trust: bool) -> ContactView:
    """Decide about a contact whose keys are in doubt: go on, or block."""
    row = find(step, contact_id)
    if not trust:
        return block(step, node, contact_id, on=True)
    _confirm_keys(step, node, row)
    if row.standing == Standing.KEY_ALERT.value:
        CONTACTS.change(step.tx, row.id, standing=Standing.CONFIRMED.value)
    return _changed(step, row.id)


def _confirm_keys(step: Step, node: Node, row: Contact) -> None:
    chain = sigchains.of(step, node, PersonaId(row.persona_id))
    assert chain is not None
    sigchains.store(step, node, row.id, chain.confirm())
    for alert in ALERTS.all(step.tx, contact_id=row.id, settled=False):
        ALERTS.change(step.tx, alert.id, settled=True)


def block(step: Step, node: Node, contact_id: str, *, on: bool) -> ContactView:
    """Hear nothing of a contact: its queues are destroyed, so relays answer it as they answer for dead ones.

    Unblocked, it gets new queues once both are in touch again; what was said meanwhile is repaired then. It
    stands as before: its keys are no more in doubt than they were.
    """
    row = find(step, contact_id)
    CONTACTS.change(step.tx, row.id, blocked=on)
    if on:
        _cut(step, node, row)
    else:
        chain = sigchains.of(step, node, PersonaId(row.persona_id))
        assert chain is not None
        nodes = {known.leaf_sig for known in chain.nodes}
        for peer in PEERS.all(step.tx, contact_id=row.id):
            PEERS.change(step.tx, peer.id, active=peer.leaf_sig in nodes)
        rotation.fill(step, node)
    return _changed(step, row.id)


def _cut(step: Step, node: Node, row: Contact) -> None:
    for peer in PEERS.all(step.tx, contact_id=row.id):
        PEERS.change(step.tx, peer.id, active=False)
        for item in OUTBOX.all(step.tx, peer_id=peer.id):
            outgoing.confirmed(step, node, item.id)
        for queue in QUEUES_IN.all(step.tx, peer_id=peer.id):
            _destroy(step, node, queue.id)


def _destroy(step: Step, node: Node, queue_id: int) -> None:
    """Have a relay destroy a queue of ours; it is dead here from now on."""
    queue = QUEUES_IN.get(step.tx, queue_id)
    assert queue is not None
    line = node.line(queue.relay_id)
    if queue.rid is not None:
        node.reading.pop(queue.rid, None)
        if line.is_up:
            links.ask(step, line, mbx.Del(mbx.RecipientId(queue.rid)), links.key_of(queue.secret))
    QUEUES_IN.change(step.tx, queue.id, state=Recipient.DEAD.value)


def empty(step: Step, node: Node, contact_id: str) -> bool:
    """Shred some messages of a contact that is to be removed, and is blocked; whether there may be more."""
    for conversation in CONVERSATIONS.all(step.tx, contact_id=find(step, contact_id).id):
        there = MESSAGES.table.c.conversation_id == conversation.id, MESSAGES.table.c.body_id.is_not(None)
        some = MESSAGES.find(step.tx, sa.select(*MESSAGES.columns).where(*there).limit(talk.SHREDDED_AT_ONCE))
        if some:
            talk.shred(step, node, some)
            return True
    return False


def remove(step: Step, node: Node, contact_id: str) -> None:
    """Forget a contact: the conversation is shredded, its queues are destroyed.

    A long conversation is shredded by `empty` before, in steps that are short.
    """
    row = find(step, contact_id)
    _cut(step, node, row)
    for conversation in CONVERSATIONS.all(step.tx, contact_id=row.id):
        talk.shred(step, node, MESSAGES.all(step.tx, conversation_id=conversation.id))
        draft = DRAFTS.get(step.tx, conversation.id)
        if draft is not None:
            DRAFTS.drop(step.tx, conversation_id=conversation.id)
            step.tx.bodies.shred([draft.body_id])
        MESSAGES.drop(step.tx, conversation_id=conversation.id)
        AUTHORS.drop(step.tx, conversation_id=conversation.id)
        CONVERSATIONS.drop(step.tx, id=conversation.id)
    for peer in PEERS.all(step.tx, contact_id=row.id):
        QUEUES_OUT.drop(step.tx, peer_id=peer.id)
        node.routes.clear()
    INVITES.drop(step.tx, contact_id=row.id)
    book.forget_contact(step, row.id)
    CONTACTS.drop(step.tx, id=row.id)
    node.chains.pop(row.persona_id, None)
    node.groups.clear()
    tell(step, "contact.removed", contact=contact_id)


def _changed(step: Step, contact_id: int) -> ContactView:
    tell(step, "contact.changed", contact=str(contact_id))
    row = CONTACTS.get(step.tx, contact_id)
    assert row is not None
    return views.contact(step, row)
