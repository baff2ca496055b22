"""The sigchains of contacts, as their rows have them (spec 10)."""

from __future__ import annotations

from dataclasses import replace

from swarm_protocol import cbor
from swarm_protocol.identity import Evidence, PersonaId, Sigchain

from ..storage.shelves import CONTACTS, Contact
from .node import Node
from .step import Step


def read(contact: Contact) -> Sigchain:
    """The chain of a contact, with the evidence that is open against it."""
    chain = replace(Sigchain.decode(contact.chain), confirmed=frozenset(_items(contact.confirmed)))
    for evidence in _items(contact.forks):
        chain = chain.accuse(Evidence.decode(evidence))
    return chain


def of(step: Step, node: Node, persona_id: PersonaId) -> Sigchain | None:
    """The verified chain of a persona as we have it; None for who is no contact."""
    if node.persona is not None and persona_id == node.persona.chain.persona_id:
        return node.persona.chain
    chain = node.chains.get(persona_id)
    if chain is None:
        contact = CONTACTS.one(step.tx, persona_id=persona_id)
        if contact is None:
            return None
        chain = node.chains[persona_id] = read(contact)
    return chain


def store(step: Step, node: Node, contact_id: int, chain: Sigchain) -> None:
    """Store a chain that has changed."""
    CONTACTS.change(
        step.tx,
        contact_id,
        chain=chain.encode(),
        forks=cbor.encode([fork.encode() for fork in chain.forks]),
        confirmed=cbor.encode(sorted(chain.confirmed)),
    )
    node.chains[chain.persona_id] = chain


def _items(data: bytes | None) -> list[bytes]:
    if data is None:
        return []
    items = cbor.decode(data)
    assert isinstance(items, list)
    return [item for item in items if isinstance(item, bytes)]
