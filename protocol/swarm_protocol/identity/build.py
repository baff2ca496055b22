"""Making links: the verbs of a persona's owner (spec 10 §3). Each gives the chain with one link more.

A chain has one signer. The node with the root signs; others ask it. A link that the rules refuse is not made.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from .. import cbor, labels
from ..cbor import Value
from ..errors import RemoteProtocolError, UsageError
from ..mls.signatures import SignatureKeyPair
from .chain import Sigchain
from .keys import NodeKeys, PersonaId, RecoveryKit
from .link import (
    BODY,
    PREV,
    SEQ,
    SIGNER,
    TYPE,
    Body,
    ClaimAdd,
    ClaimDrop,
    Genesis,
    Link,
    NodeAdd,
    NodeRevoke,
    Retire,
    Rotate,
    sign_link,
)

NO_POLICY = labels.RECOVERY_POLICY.hash(cbor.encode({}))
"""The hash of the empty recovery policy: the words alone."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An unsigned link: `content` is what is signed, in the name of `persona_id`."""

    persona_id: PersonaId
    content: bytes = field(repr=False)


def create_persona(kit: RecoveryKit, *, policy: bytes = NO_POLICY, min_version: int = 1) -> Sigchain:
    """Start a persona. The same kit with the defaults gives the same persona again.

    Raises:
        UsageError: the rules refuse the genesis.
    """
    body = Genesis(kit.root(0).public, kit.next_root_hash(0), policy, min_version)
    try:
        return Sigchain.verify([Link.decode(sign_link(_fields(0, None, body, body.root), None, kit.root(0)))])
    except RemoteProtocolError as e:
        raise UsageError(f"this genesis would be refused: {e}") from e


def draft_node(chain: Sigchain, leaf_sig: bytes, hpke: bytes, *, label_hash: bytes, priority: int) -> Draft:
    """Draft the link that adds a node with these public keys, for that node to sign with `sign_as_added`.

    `priority` goes from 0 to 255, the larger preferred.
    """
    body = NodeAdd(leaf_sig, hpke, label_hash, priority)
    fields = _fields(len(chain.links), chain, body, chain.state.roots[-1])
    return Draft(chain.persona_id, cbor.encode(fields))


def sign_as_added(draft: Draft, keys: NodeKeys) -> bytes:
    """The node that is added agrees: it will be this persona's, at this place.

    Raises:
        UsageError: the draft does not add this node's own keys.
        DecodeError: the draft, which came from another node, is no link.
    """
    r = cbor.Record.decode(draft.content, "a draft")
    body = NodeAdd.read(r.record(BODY, "a node_add"))
    own = (keys.leaf_sig.public, keys.hpke.public)
    if r.uint(TYPE) != NodeAdd.type or (body.leaf_sig, body.hpke) != own:
        raise UsageError("this draft adds another node")
    return labels.ADDED_SIGNATURE.sign(keys.leaf_sig, draft.persona_id + draft.content)


def add_drafted(chain: Sigchain, root: SignatureKeyPair, draft: Draft, added_signature: bytes) -> Sigchain:
    """Add a node whose draft came back signed.

    Raises:
        UsageError: the chain has moved on, the signature is wrong, or a rule refuses the link.
    """
    r = cbor.Record.decode(draft.content, "a draft")
    return _append(chain, dict(r.fields), root, added_signature)


def add_node(
    chain: Sigchain, root: SignatureKeyPair, keys: NodeKeys, *, label_hash: bytes, priority: int
) -> Sigchain:
    """Add a node whose keys are at hand: the first one of a persona, or one that is restored."""
    public = keys.leaf_sig.public, keys.hpke.public
    draft = draft_node(chain, *public, label_hash=label_hash, priority=priority)
    return add_drafted(chain, root, draft, sign_as_added(draft, keys))


def revoke_node(chain: Sigchain, root: SignatureKeyPair, leaf_sig: bytes) -> Sigchain:
    """Revoke an active node: contacts trust nothing that it signs from now on."""
    return _sign(chain, root, NodeRevoke(leaf_sig))


def add_claim(chain: Sigchain, root: SignatureKeyPair, claim: bytes) -> Sigchain:
    """Add the hash of a claim (`claim_hash`)."""
    return _sign(chain, root, ClaimAdd(claim))


def drop_claim(chain: Sigchain, root: SignatureKeyPair, claim: bytes) -> Sigchain:
    """Drop a claim that stands."""
    return _sign(chain, root, ClaimDrop(claim))


def retire(chain: Sigchain, root: SignatureKeyPair, successor: PersonaId | None = None) -> Sigchain:
    """Close the persona; nothing can follow."""
    return _sign(chain, root, Retire(successor))


def rotate(chain: Sigchain, kit: RecoveryKit, *, keep: int | None = None) -> Sigchain:
    """Put the next root of the kit in force, after the first `keep` links (all of them by default).

    A thief of the old root may have signed links since: keep those before the theft, and the others are void
    for everybody who sees this chain.

    Raises:
        UsageError: nothing would be kept, or the kit is not this persona's.
    """
    if keep is not None:
        chain = chain.upto(keep - 1)
    number = chain.generation + 1
    root = kit.root(number)
    return _sign(chain, root, Rotate(root.public, kit.next_root_hash(number)))


def claim_hash(network: str, handle: str, nonce: bytes) -> bytes:
    """The hash of a claim: an account `handle` of `network`, and a nonce of 16 bytes against guessing.

    Raises:
        UsageError: a nonce of another length.
    """
    if len(nonce) != 16:
        raise UsageError("the nonce of a claim has 16 bytes")
    return labels.CLAIM.hash(cbor.encode([network, handle, nonce]))


def _fields(seq: int, chain: Sigchain | None, body: Body, signer: bytes) -> dict[int, Value]:
    fields: dict[int, Value] = {SEQ: seq, TYPE: int(body.type), BODY: dict(body.fields()), SIGNER: signer}
    if chain is not None:
        fields[PREV] = chain.links[-1].hash
    return fields


def _sign(chain: Sigchain, root: SignatureKeyPair, body: Body) -> Sigchain:
    return _append(chain, _fields(len(chain.links), chain, body, root.public), root)


def _append(
    chain: Sigchain, fields: dict[int, Value], root: SignatureKeyPair, added_signature: bytes | None = None
) -> Sigchain:
    data = sign_link(fields, chain.persona_id, root, added_signature)
    try:
        return chain.extend([Link.decode(data)])
    except RemoteProtocolError as e:
        raise UsageError(f"this link would be refused: {e}") from e
