"""What screens see of the address book: people, their accounts, what was changed, what may be (ADR 0030).

Ids are opaque texts: those of people begin with `p`. Times are Unix seconds (UTC).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from .proofs import ProofView

PERSON = "p"
"""Ids of people begin so."""


class Reason(StrEnum):
    """Why an account is held to be a person's. What comes first counts more."""

    KNOWN = "known"
    """It is the one by which the owner knows them: each person has exactly one such account."""
    BOTH = "proven-both-ways"
    """Each of two accounts names the other. Nothing below this merges by itself."""
    ONE = "proven-one-way"
    SIGNED = "signed"
    """Their persona has signed it."""
    SAID = "said"
    """The owner says so."""
    SUGGESTED = "suggested"
    """Something speaks for it (`cause` says what), never a name alone; it stands among suggestions only."""

    def counts_more(self, than: Reason) -> bool:
        """Whether this reason is better than another one."""
        return _ORDER.index(self) < _ORDER.index(than)


_ORDER = tuple(Reason)


def is_person(text: str) -> bool:
    """Whether a text has the form of a person's id."""
    return text[:1] == PERSON and text[1:].isascii() and text[1:].isdecimal() and len(text) < 20


@dataclass(frozen=True, slots=True)
class LinkView:
    """An account of a person's, and why it is theirs."""

    id: str
    network: str
    """Id of the bridge; empty for a persona of this kind of node."""
    remote_id: str
    """The network's immutable id; a persona id in hex."""
    name: str
    """What they are called there."""
    handle: str
    """The address that people type there; empty where nobody knows it."""
    reason: Reason
    cause: str
    """What the reason rests on: `owner`, `card`, `same-address`, `moved`, `proof`, `challenge`, `was-proven`,
    `claim`, or empty."""
    at: int
    contact: str = ""
    imported: bool = False
    """A file of the owner's names it."""
    node: bool = False
    """It says in public that it has a node. Whose that is shows when they are a contact (`proofs`)."""


@dataclass(frozen=True, slots=True)
class WayView:
    """A conversation one to one in which this person can be reached."""

    chat: str
    link: str
    network: str
    account: str
    """The owner's account on that network; empty for the node's own."""
    privacy: str
    """As `ChatView.privacy`."""
    usable: bool
    why: str = ""
    """Why it is not: `gone`, `paused`, `needs-owner`, `blocked`, `key-alert`, `read-only`."""
    healthy: bool = True
    """It is connected now; what is said otherwise waits."""
    last_at: int = 0
    """When the last word was said in it; 0 for never."""
    unread: int = 0
    preferred: bool = False
    carries: str = ""
    """Whether it carries sealed envelopes between the two nodes: empty where it cannot, `can`, `meeting`,
    `asked` (they want it), `probing` (it is being tried), `in use`, `off`."""


@dataclass(frozen=True, slots=True)
class PersonView:
    """A person. `ways` is filled where one person is shown, the best one first."""

    id: str
    name: str
    named: bool
    """Whether the owner gave the name."""
    links: tuple[LinkView, ...] = ()
    unread: int = 0
    last_at: int = 0
    preferred: str = ""
    """The link on which the owner wants to write to them."""
    ways: tuple[WayView, ...] = ()
    proofs: tuple[ProofView, ...] = ()
    """Accounts that they say are theirs, and what was seen of it; filled as `ways` is."""


@dataclass(frozen=True, slots=True)
class MovedView:
    """What a change did to one account. A person that is gone has an empty name."""

    link: str
    network: str
    address: str
    before: str
    """Id of the person whose it was."""
    after: str


@dataclass(frozen=True, slots=True)
class ChangeView:
    """A merge or a split. `kind` says which."""

    id: str
    kind: str
    cause: str
    """`owner`, `suggestion`, or what proved it."""
    at: int
    undone: bool
    moved: tuple[MovedView, ...]
    people: tuple[str, ...]
    """Ids of the people that the change was about."""


@dataclass(frozen=True, slots=True)
class SuggestionView:
    """Two people who may be one. `cause` says what speaks for it; `reason` how strong that is."""

    id: str
    one: PersonView
    other: PersonView
    reason: Reason
    cause: str
    at: int


@dataclass(frozen=True, slots=True)
class ImportedView:
    """What became, or would become, of one entry of an address book."""

    name: str
    outcome: str
    """`new`, `known`, `suggested` (an account is known: the others are suggested to be the same person's) or
    `skipped`."""
    addresses: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    """Ids of the people concerned that are in the book; in a dry run those that were there before."""
    why: str = ""
    """Why it was skipped: `no-address`, `version`, `broken`, `too-long`; of a file also where."""
    line: int = 0


@dataclass(frozen=True, slots=True)
class ImportView:
    """What an import did, or in a dry run would do."""

    dry_run: bool
    new: int
    known: int
    suggested: int
    skipped: int
    items: tuple[ImportedView, ...]
