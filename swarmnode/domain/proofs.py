"""What screens see of proofs: accounts that the owner, or somebody else, says are theirs (ADR 0032).

Times are Unix seconds (UTC). Ids are opaque texts.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class KnownTo:
    """A contact who knows which account is meant."""

    contact: str
    name: str


@dataclass(frozen=True, slots=True)
class OwnProofView:
    """An account of the owner's that the persona claims; or, without an id, what would be claimed."""

    id: str
    network: str
    account: str
    """The owner's account here; empty where it was taken out."""
    address: str
    """What people type to find it."""
    handle: str
    """What the claim is about: the account, for everybody and for ever."""
    text: str
    """What stands there for everybody to read. Only who knows the claim can tell what it says."""
    place: str
    """Where it stands: `profile`, `item` (published for programs), `header` (of mails) or `page`."""
    state: str
    """`there`, `waiting` (to be put there), `refused` (by the network), `withdrawing`."""
    why: str = ""
    """Why it waits or is refused: `offline`, `no-account`, `needs-owner`, `refused`, `limited`."""
    at: int = 0
    known_to: tuple[KnownTo, ...] = ()
    """Contacts to whom it is opened: they know that this account is the owner's."""


@dataclass(frozen=True, slots=True)
class ProofView:
    """An account that a contact says is theirs, and what was seen of it."""

    id: str
    network: str
    address: str
    handle: str
    state: str
    """`unchecked`, `ok`, `changed`, `gone` or `unreachable`."""
    why: str = ""
    """`unsigned` (not in their sigchain), `no-account` (the owner has none there), `offline`, `as-they-write`
    (this network tells it only when they write), `not-there`, `says-nothing`, `says-other`, `unvouched`; of a
    private one `asked` (they have not answered), `wanted` (they ask, and the owner has not answered),
    `under-way`, `not-said` (the network took no answer of ours), `no-answer`, `refused-by-them`,
    `refused-by-you`."""
    seen_at: int = 0
    """When it was seen last; 0 for never."""
    checked_at: int = 0
    link: str = ""
    """The account in the address book, where it is this person's."""
    private: bool = False
    """Shown to each other and to nobody else, by a challenge; else in public."""
