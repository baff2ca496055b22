"""A persona comes back on an empty home: from the 24 words, and a backup if there is one (ADR 0020).

    EMPTY -> ROTATED -> REJOINING -> BACKFILLING -> READY

The first step is one transaction, since the words are not kept: the persona is the same, the next root is in
force, lost nodes are revoked and this one is added, and the backup is read. A crash before its end leaves an
empty home. Everything after follows from rows (`rejoin`), with each contact by itself: some may be back in a
minute, one whose node is off in a month.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from swarm_protocol.cbor import Value
from swarm_protocol.content import Author
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.errors import UsageError as ProtocolUsageError
from swarm_protocol.identity import RecoveryKit, Sigchain, create_persona, revoke_node, rotate

from ..errors import Conflict, UsageError
from ..storage.shelves import (
    CONTACTS,
    CONVERSATIONS,
    PEERS,
    PERSONAS,
    RELAYS,
    SETTINGS,
)
from . import backup, chains, deletions, identity, rejoin, rotation, timers
from .node import Me, Node
from .step import Step

_RESTORED = "restored"
"""The setting of a home that was restored."""
EMPTY, ROTATED, REJOINING, BACKFILLING, READY = "empty", "rotated", "rejoining", "backfilling", "ready"


def begin(
    step: Step,
    node: Node,
    kit: RecoveryKit,
    pieces: Iterable[bytes] | None,
    *,
    more: Callable[[int, list[Value]], None] = lambda _number, _values: None,
) -> Me:
    """Bring a persona back; without a backup it comes back alone, without contacts or messages.

    `more` as in `backup.read`. Where this raises, the step must not be committed.

    Raises:
        Conflict: this home is in use.
        UsageError: the backup is damaged or another persona's, or the persona is closed.
        AccessDenied: the words do not open the backup.
    """
    if PERSONAS.all(step.tx) or CONTACTS.count(step.tx) or (pieces is not None and RELAYS.count(step.tx)):
        raise Conflict("this home is in use already", hint="Restore into an empty home: --home DIR.")
    chain = create_persona(kit)
    owner = None if pieces is None else backup.read(step, kit.backup_key(), pieces, more=more)
    if owner is not None:
        chain = _same_persona(chain, owner)
    name = f"persona {chain.persona_id.hex()[:6]}" if owner is None else owner.name
    created_at = None if owner is None else owner.created_at
    lost = chain.state.nodes
    try:
        chain = _rotated(chain, kit)
        me = identity.become(step, node, kit, chain, name=name, words_seen=True, created_at=created_at)
    except ProtocolUsageError as e:
        raise UsageError(f"this persona cannot come back: {e}") from e
    for conversation in CONVERSATIONS.all(step.tx):
        for old in lost:  # what they said since the backup is asked for, too
            chains.author_row(step, conversation.id, Author(chain.persona_id, old.leaf_sig))
    rotation.fill(step, node)
    for peer in PEERS.all(step.tx, active=True):
        rejoin.want(step, node, peer.id)
    timers.started(step, node)
    deletions.started(step, node)
    node.routes.clear()
    SETTINGS.put(step.tx, name=_RESTORED, value=b"")
    return me


def _same_persona(genesis: Sigchain, owner: backup.Owner) -> Sigchain:
    try:
        chain = Sigchain.decode(owner.chain)
    except RemoteProtocolError as e:
        raise UsageError("the chain in this backup does not hold") from e
    if chain.persona_id != genesis.persona_id:
        raise UsageError("this backup is of another persona", hint="Use the words that belong to it.")
    return chain


def _rotated(chain: Sigchain, kit: RecoveryKit) -> Sigchain:
    """The next root, before which whoever has the old one is powerless, and no node of before."""
    chain = rotate(chain, kit)
    for lost in chain.state.active:
        chain = revoke_node(chain, kit.root(chain.generation), lost.leaf_sig)
    return chain


def state(step: Step) -> str:
    """How far the restore of this home is, by the contacts that are not done; `ready` for any other home.

    `rotated` waits for a relay of ours, `rejoining` for a contact, `backfilling` for what was said meanwhile.
    """
    if not PERSONAS.all(step.tx):
        return EMPTY
    phases = rejoin.phases(step).values()
    if not phases:
        return READY
    if rejoin.Phase.ASKED in phases:
        return REJOINING
    return BACKFILLING if rejoin.Phase.FILLING in phases else ROTATED


def missing(step: Step) -> list[str]:
    """Names of the contacts with whom the restore is not through."""
    waiting = {peer.contact_id for peer_id in rejoin.phases(step) if (peer := PEERS.get(step.tx, peer_id))}
    return [contact.name for contact in CONTACTS.all(step.tx) if contact.id in waiting]


def wants_backup(step: Step) -> bool:
    """Whether a restore is through and no backup was made since: the one before is of the node that is lost.

    Restored a second time, it would sign a second chain with one root, which alarms contacts (ADR 0020).
    """
    restored = SETTINGS.get(step.tx, _RESTORED) is not None
    return restored and state(step) == READY and backup.made_at(step) is None
