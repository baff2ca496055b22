"""Vectors of chains (spec 10 §2, §3)."""

from __future__ import annotations

from swarm_protocol import cbor, labels
from swarm_protocol import identity as idn
from swarm_protocol.identity import rules
from swarm_protocol.identity.link import Link, sign_link
from swarm_protocol.mls.signatures import SignatureKeyPair
from swarm_protocol.rules import Rule

from .forge import (
    AWAY,
    BEN,
    CLAIM_ADD,
    CLAIM_DROP,
    FIFTH,
    FOURTH,
    GENESIS,
    HOME,
    KIT,
    NODE_ADD,
    NODE_REVOKE,
    PERSONA,
    ROTATE,
    SMALL_ORDER,
    THIRD,
    Made,
    claim,
    genesis,
    link,
    node_body,
    vector,
    with_claims,
    with_links,
    with_node,
)

ROOT = KIT.root(0)
HOME_CHAIN = with_node(PERSONA, HOME)
ONE_GONE = idn.revoke_node(HOME_CHAIN, ROOT, HOME.leaf_sig.public)


def good(made: Made, name: str, chain: idn.Sigchain, comment: str) -> None:
    """A chain that holds."""
    vector(made, f"identity/chain/{name}", chain.encode(), "ok", comment)


def bad(
    made: Made,
    rule: Rule,
    chain: idn.Sigchain | None,
    *more: bytes,
    comment: str,
    kind: str = "rule",
    case: str = "",
) -> None:
    """A chain with links that do not belong there."""
    data = [*(known.data for known in (chain.links if chain else ())), *more]
    name = f"identity/chain/{rule.id}{case and '.' + case}"
    vector(made, name, cbor.encode(data), kind, comment, rule)


def good_chains(made: Made) -> None:
    """Chains that hold, of each type of link."""
    good(made, "genesis", PERSONA, "the words alone")
    everything = idn.rotate(with_claims(with_node(HOME_CHAIN, AWAY), 2), KIT)
    everything = idn.drop_claim(everything, KIT.root(1), claim(1))
    everything = idn.revoke_node(everything, KIT.root(1), HOME.leaf_sig.public)
    good(
        made,
        "all-types",
        idn.retire(everything, KIT.root(1), idn.create_persona(BEN).persona_id),
        "each type of link",
    )
    good(
        made,
        "four-nodes",
        with_node(with_node(with_node(HOME_CHAIN, AWAY), THIRD), FOURTH),
        "as many as can be active",
    )
    later = HOME_CHAIN.extend([Link.decode(link(HOME_CHAIN, CLAIM_ADD, {1: claim(0), 9: 0}, {40: "later"}))])
    good(made, "unknown-keys", later, "keys that this version does not know, in a link and in its body")
    good(made, "no-successor", idn.retire(HOME_CHAIN, ROOT), "closed, and nobody follows")


def links(made: Made) -> None:
    """Links that cannot stand anywhere."""
    bad(
        made,
        cbor.FIELD,
        HOME_CHAIN,
        link(HOME_CHAIN, CLAIM_ADD, {}),
        comment="a claim without its hash",
        kind="decode",
    )
    bad(
        made,
        cbor.CRITICAL,
        HOME_CHAIN,
        link(HOME_CHAIN, CLAIM_ADD, {1: claim(0)}, {-1: 0}),
        comment="key -1",
        kind="decode",
    )
    bad(
        made,
        rules.LINK_SIZE,
        HOME_CHAIN,
        link(HOME_CHAIN, CLAIM_ADD, {1: claim(0)}, {40: bytes(2048)}),
        comment="too long",
        kind="decode",
    )
    bad(made, rules.LINK_TYPE, HOME_CHAIN, link(HOME_CHAIN, 8, {}), comment="type 8", kind="unsupported")
    bad(
        made,
        rules.LINK_ADDED,
        HOME_CHAIN,
        link(HOME_CHAIN, CLAIM_ADD, {1: claim(0)}, added=AWAY.leaf_sig),
        comment="a claim, signed by a node too",
        kind="decode",
    )
    bad(
        made,
        rules.LINK_ADDED,
        HOME_CHAIN,
        link(HOME_CHAIN, NODE_ADD, node_body(AWAY)),
        comment="a node that did not sign",
        kind="decode",
        case="missing",
    )
    bad(
        made,
        rules.LINK_SEQ,
        HOME_CHAIN,
        link(HOME_CHAIN, CLAIM_ADD, {1: claim(0)}, {1: 3}),
        comment="3 follows 1",
    )
    bad(made, rules.LINK_SEQ, None, genesis({}, {1: 1}), comment="a genesis with seq 1", case="genesis")
    bad(
        made,
        rules.LINK_PREV,
        HOME_CHAIN,
        link(HOME_CHAIN, CLAIM_ADD, {1: claim(0)}, {2: PERSONA.links[0].hash}),
        comment="the hash of the link before the last",
    )
    bad(
        made,
        rules.LINK_PREV,
        None,
        genesis({}, {2: bytes(32)}),
        comment="a genesis that follows something",
        case="genesis",
    )
    bad(
        made,
        rules.LINK_SIGNER,
        HOME_CHAIN,
        link(HOME_CHAIN, CLAIM_ADD, {1: claim(0)}, root=BEN.root(0)),
        comment="another root",
    )
    bad(
        made,
        rules.LINK_SIGNER,
        HOME_CHAIN,
        link(HOME_CHAIN, ROTATE, {1: KIT.root(1).public, 2: KIT.next_root_hash(1)}),
        comment="a rotate signed by the old root",
        case="rotate",
    )
    bad(
        made,
        rules.LINK_SIGNER,
        None,
        genesis({}, {5: BEN.root(0).public}),
        comment="a genesis that names another signer",
        case="genesis",
    )
    other = idn.create_persona(BEN).persona_id
    bad(
        made,
        rules.LINK_SIGNATURE,
        HOME_CHAIN,
        link(HOME_CHAIN, CLAIM_ADD, {1: claim(0)}, persona_id=other),
        comment="signed for another persona",
    )
    bad(
        made,
        rules.LINK_SIGNATURE,
        None,
        genesis({1: BEN.root(0).public}, {5: BEN.root(0).public}),
        comment="a genesis signed by another root",
        case="genesis",
    )


def places(made: Made) -> None:
    """Links that cannot stand where they do."""
    bad(made, rules.CHAIN_GENESIS, None, HOME_CHAIN.links[1].data, comment="starts with a node")
    bad(made, rules.CHAIN_GENESIS, None, comment="no links", case="empty")
    second = link(HOME_CHAIN, GENESIS, {1: ROOT.public, 2: KIT.next_root_hash(0), 3: bytes(32), 4: 1})
    bad(
        made,
        rules.CHAIN_GENESIS,
        HOME_CHAIN,
        _as_genesis(second, ROOT),
        comment="a second genesis",
        case="second",
    )
    bad(
        made,
        rules.CHAIN_LENGTH,
        None,
        *[b""] * 129,
        comment="129 links, looked at before any of them",
        kind="decode",
    )
    long = with_links(PERSONA, rules.MAX_LINKS - rules.RESERVED_LINKS)
    good(made, "room-for-rotation", idn.rotate(long, KIT), "a rotate in the first reserved place")
    bad(
        made,
        rules.CHAIN_ROOM,
        long,
        link(long, CLAIM_ADD, {1: claim(1)}),
        comment="a claim in the first reserved place",
    )
    closed = idn.retire(HOME_CHAIN, ROOT)
    bad(
        made,
        rules.CHAIN_RETIRED,
        closed,
        link(closed, CLAIM_ADD, {1: claim(0)}),
        comment="a claim after the end",
    )
    bad(
        made,
        rules.CHAIN_RETIRED,
        closed,
        link(closed, ROTATE, {1: KIT.root(1).public, 2: KIT.next_root_hash(1)}, root=KIT.root(1)),
        comment="a rotate after the end",
        case="rotate",
    )
    bad(made, rules.GENESIS_VERSION, None, genesis({4: 2}), comment="asks for version 2", kind="unsupported")


def keys(made: Made) -> None:
    """Keys that are none, or are used twice."""
    bad(
        made,
        rules.KEY_SIGNATURE,
        None,
        genesis({1: SMALL_ORDER}, {5: SMALL_ORDER}),
        comment="a root of small order",
    )
    bad(
        made,
        rules.KEY_SIGNATURE,
        HOME_CHAIN,
        link(HOME_CHAIN, NODE_ADD, node_body(AWAY, {1: SMALL_ORDER}), added=bytes(64)),
        comment="a leaf key of small order",
        case="leaf",
    )
    bad(
        made,
        rules.KEY_HPKE,
        HOME_CHAIN,
        link(HOME_CHAIN, NODE_ADD, node_body(AWAY, {2: b"\xff" * 1216}), added=AWAY.leaf_sig),
        comment="coefficients beyond the modulus",
    )
    bad(
        made,
        rules.KEY_HPKE,
        HOME_CHAIN,
        link(
            HOME_CHAIN,
            NODE_ADD,
            node_body(AWAY, {2: AWAY.hpke.public[:-32] + bytes(32)}),
            added=AWAY.leaf_sig,
        ),
        comment="an X25519 half of low order",
        case="x25519",
    )
    bad(
        made,
        rules.KEY_ONCE,
        ONE_GONE,
        link(ONE_GONE, NODE_ADD, node_body(HOME), added=HOME.leaf_sig),
        comment="a revoked node comes back",
    )
    bad(
        made,
        rules.KEY_ONCE,
        HOME_CHAIN,
        link(HOME_CHAIN, NODE_ADD, node_body(AWAY, {2: HOME.hpke.public}), added=AWAY.leaf_sig),
        comment="an hpke key of another node",
        case="hpke",
    )
    bad(
        made,
        rules.KEY_ONCE,
        HOME_CHAIN,
        link(HOME_CHAIN, NODE_ADD, node_body(AWAY, {1: ROOT.public}), added=ROOT),
        comment="the root as a leaf key",
        case="root",
    )
    leaf = labels.NEXT_ROOT.hash(HOME.leaf_sig.public)
    careless = idn.Sigchain.verify([Link.decode(genesis({2: leaf}))])
    careless = with_node(careless, HOME)
    bad(
        made,
        rules.KEY_ONCE,
        careless,
        link(careless, ROTATE, {1: HOME.leaf_sig.public, 2: bytes(32)}, root=HOME.leaf_sig),
        comment="a leaf key as the next root",
        case="rotate",
    )


def changes(made: Made) -> None:
    """Changes that the state of the chain does not allow."""
    bad(
        made,
        rules.NODE_REVERSE,
        HOME_CHAIN,
        link(HOME_CHAIN, NODE_ADD, node_body(AWAY), added=HOME.leaf_sig),
        comment="signed by another node",
    )
    four = with_node(with_node(with_node(HOME_CHAIN, AWAY), THIRD), FOURTH)
    bad(
        made,
        rules.NODE_MAX,
        four,
        link(four, NODE_ADD, node_body(FIFTH), added=FIFTH.leaf_sig),
        comment="a fifth node",
    )
    bad(
        made,
        rules.NODE_ACTIVE,
        HOME_CHAIN,
        link(HOME_CHAIN, NODE_REVOKE, {1: AWAY.leaf_sig.public}),
        comment="a node that never was",
    )
    bad(
        made,
        rules.NODE_ACTIVE,
        ONE_GONE,
        link(ONE_GONE, NODE_REVOKE, {1: HOME.leaf_sig.public}),
        comment="revoked twice",
        case="twice",
    )
    bad(
        made,
        rules.ROTATE_COMMITTED,
        HOME_CHAIN,
        link(HOME_CHAIN, ROTATE, {1: KIT.root(2).public, 2: KIT.next_root_hash(2)}, root=KIT.root(2)),
        comment="the root after the next",
    )
    bad(
        made,
        rules.ROTATE_NEXT,
        HOME_CHAIN,
        link(HOME_CHAIN, ROTATE, {1: KIT.root(1).public, 2: KIT.next_root_hash(0)}, root=KIT.root(1)),
        comment="committed to itself, which is revealed",
    )
    bad(
        made,
        rules.ROTATE_NEXT,
        HOME_CHAIN,
        link(
            HOME_CHAIN,
            ROTATE,
            {1: KIT.root(1).public, 2: labels.NEXT_ROOT.hash(ROOT.public)},
            root=KIT.root(1),
        ),
        comment="committed to the old root",
        case="old",
    )
    bad(
        made,
        rules.ROTATE_NEXT,
        None,
        genesis({2: labels.NEXT_ROOT.hash(ROOT.public)}),
        comment="a genesis committed to its own root",
        case="genesis",
    )
    one = with_claims(HOME_CHAIN, 1)
    bad(made, rules.CLAIM_NEW, one, link(one, CLAIM_ADD, {1: claim(0)}), comment="added twice")
    bad(made, rules.CLAIM_STANDING, one, link(one, CLAIM_DROP, {1: claim(1)}), comment="never added")
    many = with_claims(PERSONA, rules.MAX_CLAIMS)
    bad(made, rules.CLAIM_MAX, many, link(many, CLAIM_ADD, {1: claim(99)}), comment="a thirty-third claim")


def _as_genesis(data: bytes, root: SignatureKeyPair) -> bytes:
    """The same link, signed as a genesis is."""
    record = cbor.Record.decode(data, "a link")
    return sign_link({key: value for key, value in record.fields.items() if key != 6}, None, root)
