"""Deletions as screens see them: what was destroyed here, who was asked, and what they signed. No text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlaceOfDeletion:
    """A place where deleted messages were, or may be, and what became of them there."""

    where: str
    """`here`, `node` (one of a contact's), `relay` or `network`."""
    name: str
    """Of the contact or the account; empty for `here`."""
    state: str
    """`shredded`; `follows` (here, as soon as its network has done it); `kept`; `asked` (no answer since);
    `confirmed`: its node signed that they are gone, or its network says so; `never-had`: signed, too;
    `refused`; `cannot`; `given-up`: asked in vain for 30 days."""
    messages: int
    """How many of them it is about."""
    reason: str = ""
    """Why it is refused, or cannot be: a code, or the network's own words."""
    at: int = 0
    """Since when it is so; 0 where that is not known."""
    node: str = ""
    """The start of the signing key of a contact's node."""
    network: str = ""
    says: str = ""
    """All that as a sentence."""


@dataclass(frozen=True, slots=True)
class DeletionView:
    """A deletion, and what became of it everywhere."""

    targets: tuple[str, ...]
    here: str
    """`shredded`; of messages of networks alone also `follows` and `kept`, as at its place."""
    asked: bool
    """Whether others were asked too."""
    id: str = ""
    at: int = 0
    chats: tuple[str, ...] = ()
    """The conversations that the messages were in."""
    places: tuple[PlaceOfDeletion, ...] = ()
    receipts: int = 0
    """How many nodes have signed."""


@dataclass(frozen=True, slots=True)
class SignedReceipt:
    """What one node signed about one request: a statement, and no proof. Bytes are in hex.

    `signature` is that of `leaf_sig` over `statement`, under the label `sign deletion` (spec 21 §7).
    `sigchain` are the links of the persona: the first one makes its id, and they name the leaf.
    """

    request: str
    conversation: str
    persona: str
    leaf_sig: str
    name: str
    """What the contact was called here."""
    targets: tuple[tuple[str, str], ...]
    """Pairs of a message and what is said of it: `done`, `refused`, `already` or `never_had`."""
    chain_seq: int
    policy: int
    statement: str
    signature: str
    sigchain: str
    at: int
    """When it came here."""


@dataclass(frozen=True, slots=True)
class Receipts:
    """The receipts of a deletion, to be kept and shown to others."""

    format: str
    """`swarmnode deletion receipts 1`."""
    deletion: str
    at: int
    receipts: tuple[SignedReceipt, ...]
