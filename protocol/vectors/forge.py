"""What forges vectors: personas with seeded keys, and links that are signed whatever they say.

Who forges holds every key, so that a vector is right in all that is checked before the rule that it breaks.
"""

from __future__ import annotations

from collections.abc import Mapping

from swarm_protocol import cbor, labels
from swarm_protocol import identity as idn
from swarm_protocol.cbor import Value
from swarm_protocol.identity.link import sign_link
from swarm_protocol.mls.signatures import SignatureKeyPair
from swarm_protocol.rules import Rule
from swarm_protocol.testing import SeededEntropy

Made = dict[str, bytes]
"""Vectors by path."""

GENESIS, NODE_ADD, NODE_REVOKE, ROTATE, CLAIM_ADD, CLAIM_DROP, RETIRE = range(1, 8)
KIT, BEN = (idn.RecoveryKit(bytes([n]) * 32) for n in (1, 2))
HOME, AWAY, THIRD, FOURTH, FIFTH = (idn.NodeKeys.generate(SeededEntropy(f"node {n}")) for n in range(5))
LABEL = idn.node_label_hash("home", bytes(16))
PERSONA = idn.create_persona(KIT)
SMALL_ORDER = b"\x01" + bytes(31)


def vector(made: Made, name: str, data: bytes, expect: str, comment: str, rule: Rule | None = None) -> None:
    """Add a vector; one that is refused is named for its rule, with more behind a dot."""
    assert name not in made, f"two vectors are called {name}"
    assert rule is None or name.rpartition("/")[2].partition(".")[0] == rule.id, f"{name} breaks {rule}"
    header = f"expect: {expect}\nrule: {rule.id if rule else '-'}\ncomment: {comment}\n\n"
    made[name] = header.encode() + data


def fields_of(chain: idn.Sigchain, kind: int, body: Mapping[int, Value], signer: bytes) -> dict[int, Value]:
    """The fields of the next link of a chain."""
    return {1: len(chain.links), 2: chain.links[-1].hash, 3: kind, 4: dict(body), 5: signer}


def link(
    chain: idn.Sigchain,
    kind: int,
    body: Mapping[int, Value],
    changes: Mapping[int, Value] | None = None,
    *,
    root: SignatureKeyPair | None = None,
    added: SignatureKeyPair | bytes | None = None,
    persona_id: idn.PersonaId | None = None,
) -> bytes:
    """The next link of a chain, signed by a root, and by an added key, whatever its fields say."""
    root = root or KIT.root(chain.generation)
    fields = {**fields_of(chain, kind, body, root.public), **(changes or {})}
    if isinstance(added, SignatureKeyPair):
        added = labels.ADDED_SIGNATURE.sign(added, chain.persona_id + cbor.encode(fields))
    return sign_link(fields, persona_id or chain.persona_id, root, added)


def genesis(changes: Mapping[int, Value], top: Mapping[int, Value] | None = None) -> bytes:
    """A genesis with changed fields in its body, and around it."""
    root = KIT.root(0)
    body = {1: root.public, 2: KIT.next_root_hash(0), 3: bytes(32), 4: 1, **changes}
    return sign_link({1: 0, 3: GENESIS, 4: body, 5: root.public, **(top or {})}, None, root)


def node_body(keys: idn.NodeKeys, changes: Mapping[int, Value] | None = None) -> dict[int, Value]:
    """The body of a node_add."""
    return {1: keys.leaf_sig.public, 2: keys.hpke.public, 3: LABEL, 4: 1, **(changes or {})}


def with_node(chain: idn.Sigchain, keys: idn.NodeKeys) -> idn.Sigchain:
    """A chain with one node more."""
    return idn.add_node(chain, KIT.root(chain.generation), keys, label_hash=LABEL, priority=1)


def claim(number: int) -> bytes:
    """The hash of a claim."""
    return idn.claim_hash("xmpp", f"{number}", bytes(16))


def with_claims(chain: idn.Sigchain, count: int) -> idn.Sigchain:
    """A chain with more claims."""
    for number in range(count):
        chain = idn.add_claim(chain, KIT.root(chain.generation), claim(number))
    return chain


def with_links(chain: idn.Sigchain, length: int) -> idn.Sigchain:
    """A chain of that many links: a claim comes and goes."""
    while len(chain.links) < length:
        change = idn.drop_claim if chain.state.claims else idn.add_claim
        chain = change(chain, KIT.root(chain.generation), claim(0))
    return chain
