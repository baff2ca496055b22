"""What a person is told when the chain of a contact changes, and what becomes of the contact (spec 10 §7)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from .chain import Sigchain
from .keys import PersonaId
from .merge import Merged


@dataclass(frozen=True, slots=True)
class NodeAdded:
    """The contact has a new node, or has one again that a void link had revoked."""

    leaf_sig: bytes
    label_hash: bytes


@dataclass(frozen=True, slots=True)
class NodeRevoked:
    """A node of the contact is trusted no longer: revoked, or void with the link that had added it."""

    leaf_sig: bytes


@dataclass(frozen=True, slots=True)
class RootRotated:
    """The contact has a new root, the one that was committed to before."""

    generation: int


@dataclass(frozen=True, slots=True)
class LinksVoid:
    """An incident: links of an old root were superseded by a rotation. `links` are their hashes."""

    links: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Forked:
    """One root signed two chains: it was stolen or copied. `evidence` names the contradiction."""

    evidence: bytes


@dataclass(frozen=True, slots=True)
class Retired:
    """The persona is closed, and perhaps followed by another, which is not believed for that alone."""

    successor: PersonaId | None


Alert: TypeAlias = NodeAdded | NodeRevoked | RootRotated | LinksVoid | Forked | Retired


class Standing(Enum):
    """How far a contact's keys are believed."""

    CONFIRMED = "confirmed"
    """The handshake went through."""
    VERIFIED = "verified"
    """A person compared codes; binds to the persona."""
    KEY_ALERT = "key-alert"
    """Nothing is trusted by itself until a person has looked."""


def alerts(before: Sigchain, merged: Merged) -> tuple[Alert, ...]:
    """What to say of a merge into `before`.

    Alerts are equal when they say the same, so that none need be shown twice.
    """
    after = merged.chain
    found: list[Alert] = [Forked(fork.id) for fork in after.forks if fork not in before.forks]
    if merged.void:
        found.append(LinksVoid(tuple(link.hash for link in merged.void)))
    found += [RootRotated(n) for n in range(before.generation + 1, after.generation + 1)]
    known = {node.leaf_sig for node in before.nodes}
    found += [NodeAdded(node.leaf_sig, node.label_hash) for node in after.nodes if node.leaf_sig not in known]
    active = {node.leaf_sig for node in after.nodes}
    found += [NodeRevoked(node.leaf_sig) for node in before.nodes if node.leaf_sig not in active]
    if after.state.retired is not None and after.state.retired != before.state.retired:
        found.append(Retired(after.state.retired.successor))
    return tuple(found)


def standing_after(standing: Standing, found: Iterable[Alert], *, strict: bool = False) -> Standing:
    """What becomes of a contact. Strict mode has a person look again at new nodes and new roots too."""
    asks: tuple[type[Alert], ...] = (Forked,)
    if strict and standing is Standing.VERIFIED:
        asks = (Forked, NodeAdded, RootRotated)
    return Standing.KEY_ALERT if any(isinstance(alert, asks) for alert in found) else standing
