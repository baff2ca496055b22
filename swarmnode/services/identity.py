"""The owner's persona: made, loaded, restored (spec 10)."""

from __future__ import annotations

from dataclasses import replace

from swarm_protocol.identity import (
    NodeKeys,
    RecoveryKit,
    Sigchain,
    add_node,
    create_persona,
    node_label_hash,
)
from swarm_protocol.mls.signatures import Ed25519

from ..errors import Conflict, UsageError
from ..storage.shelves import PERSONAS, SETTINGS
from .news import tell
from .node import Me, Node
from .step import Step

MAX_NAME = 64
PRIORITY = 128
BACKUP_KEY = "backup key"
"""The setting that holds the key of backups; only the words, which are not kept, give it otherwise."""
_ED25519 = Ed25519()


def create(step: Step, node: Node, name: str, kit: RecoveryKit) -> Me:
    """Start a persona with this node as its first. Of the kit, the present root and the backup key are kept.

    Raises:
        Conflict: there is one already.
        UsageError: an empty name, or one that is too long.
    """
    if PERSONAS.all(step.tx):
        raise Conflict("this home has a persona already", hint="Use another home folder: --home DIR.")
    name = name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise UsageError(f"a name has 1 to {MAX_NAME} printable characters")
    return become(step, node, kit, create_persona(kit), name=name)


def become(
    step: Step,
    node: Node,
    kit: RecoveryKit,
    chain: Sigchain,
    *,
    name: str,
    words_seen: bool = False,
    created_at: int | None = None,
) -> Me:
    """Add this node, with new keys, to a chain whose root the kit has, and be that persona from now on.

    Raises:
        swarm_protocol.errors.UsageError: the chain has no room for another node.
    """
    keys, root = NodeKeys.generate(step.entropy), kit.root(chain.generation)
    label = node_label_hash("node", step.entropy(16))
    chain = add_node(chain, root, keys, label_hash=label, priority=PRIORITY)
    PERSONAS.add(
        step.tx,
        chain=chain.encode(),
        root=root.private[:32],
        node_secret=keys.secret(),
        node_seq=len(chain.links) - 1,
        name=name,
        words_seen=words_seen,
        created_at=step.wall_s if created_at is None else created_at,
    )
    SETTINGS.put(step.tx, name=BACKUP_KEY, value=kit.backup_key())
    node.persona = load(step)
    assert node.persona is not None
    for waits in ("addresses", "beacons"):
        node.remind(step, (waits, 0), 0.0)
    tell(step, "node.changed")
    return node.persona


def rename(step: Step, node: Node, name: str) -> None:
    """Change the owner's own name, which goes into notes and labels of invites.

    Raises:
        UsageError: no name.
    """
    me, name = node.me, name.strip()
    if not name or len(name) > MAX_NAME or not name.isprintable():
        raise UsageError(f"a name has 1 to {MAX_NAME} printable characters")
    for row in PERSONAS.all(step.tx):
        PERSONAS.change(step.tx, row.id, name=name)
    node.persona = replace(me, name=name)
    tell(step, "node.changed")


def remember(step: Step, node: Node) -> None:
    """Know whose node this is, and whether it may write; what people want may come before the start."""
    quarantine = SETTINGS.get(step.tx, "quarantine")
    node.quarantine = "" if quarantine is None else quarantine.value.decode()
    node.persona = load(step)


def load(step: Step) -> Me | None:
    """The owner, from the tables; None before there is one."""
    row = next(iter(PERSONAS.all(step.tx)), None)
    if row is None:
        return None
    return Me(
        chain=Sigchain.decode(row.chain),
        keys=NodeKeys.from_secret(row.node_secret),
        root=None if row.root is None else _ED25519.from_private(row.root),
        node_seq=row.node_seq,
        name=row.name,
    )
