"""Every rule of `protocol/spec/10-identity.md`, by name, and the bounds of a chain."""

from __future__ import annotations

from ..rules import Rule

MAX_LINKS = 128
"""Links of one chain. With `MAX_LINK_SIZE` a chain stays under 264 KiB, half of what parts can carry."""

RESERVED_LINKS = 16
"""Last places of a chain, kept for links that take trust away, so that nobody can fill them before."""

MAX_LINK_SIZE = 2048
"""Bytes of one link: a node_add with its hybrid key has some 1,500, the rest is for keys to come."""

MAX_ACTIVE_NODES = 4
MAX_CLAIMS = 32
MAX_FORKS = 4
"""Open accusations that a copy keeps. One stops trust; a thief with the root can make any number."""

VERSION = 1
"""The version of this protocol; a persona may ask for at least one in its genesis."""


def _rule(rule_id: str, section: str, text: str) -> Rule:
    return Rule(rule_id, "10", section, text)


# Links
LINK_SIZE = _rule("link-size", "2", f"a link has at most {MAX_LINK_SIZE} bytes")
LINK_TYPE = _rule("link-type", "2", "the type of a link is known")
LINK_ADDED = _rule("link-added", "2", "a node_add, and no other link, has a signature by an added key")
LINK_SEQ = _rule("link-seq", "2", "links are numbered from 0 without gaps")
LINK_PREV = _rule("link-prev", "2", "each link names the hash of the one before, the genesis none")
LINK_SIGNER = _rule(
    "link-signer", "2", "a link is signed by the root of its place: a genesis and a rotate by their own"
)
LINK_SIGNATURE = _rule("link-signature", "2", "the signature of a link verifies under its signer")

# Chains
CHAIN_GENESIS = _rule("chain-genesis", "3", "a chain starts with a genesis and has no other")
CHAIN_LENGTH = _rule("chain-length", "3", f"a chain has at most {MAX_LINKS} links")
CHAIN_ROOM = _rule(
    "chain-room", "3", f"the last {RESERVED_LINKS} places of a chain are for node_revoke, rotate and retire"
)
CHAIN_RETIRED = _rule("chain-retired", "3", "nothing follows a retire")
GENESIS_VERSION = _rule("genesis-version", "3", "the least version that a persona asks for is spoken here")
KEY_SIGNATURE = _rule("key-signature", "3", "roots and leaf keys are canonical and not of small order")
KEY_HPKE = _rule("key-hpke", "3", "the hpke key of a node is an X-Wing key")
KEY_ONCE = _rule("key-once", "3", "a key stands in a chain once, as a root or as a key of one node")
NODE_REVERSE = _rule("node-reverse", "3", "a node that is added has signed the link that adds it")
NODE_MAX = _rule("node-max", "3", f"at most {MAX_ACTIVE_NODES} nodes are active at once")
NODE_ACTIVE = _rule("node-active", "3", "a node_revoke names an active node")
ROTATE_COMMITTED = _rule("rotate-committed", "3", "a rotate reveals the root that was committed to before")
ROTATE_NEXT = _rule("rotate-next", "3", "each next root is committed to once, and is not a root already")
CLAIM_NEW = _rule("claim-new", "3", "a claim that is added does not stand already")
CLAIM_STANDING = _rule("claim-standing", "3", "a claim that is dropped stands")
CLAIM_MAX = _rule("claim-max", "3", f"at most {MAX_CLAIMS} claims stand at once")

# Copies
COPY_PERSONA = _rule("copy-persona", "4", "copies and evidence are compared within one persona")
COPY_GAP = _rule("copy-gap", "4", "links that arrive alone join on to a chain that we have")
EVIDENCE_PATH = _rule(
    "evidence-path", "5", "evidence leads from the genesis over rotations to the root that it accuses"
)
EVIDENCE_CONFLICT = _rule(
    "evidence-conflict",
    "5",
    "evidence holds two different links by one root, for one place or both revealing that root",
)

# Credentials
CREDENTIAL_FORM = _rule("credential-form", "6", "a credential is basic, with the encoding of persona and seq")
CREDENTIAL_KNOWN = _rule("credential-known", "6", "the chain of the persona is known, up to that link")
CREDENTIAL_NODE = _rule("credential-node", "6", "the link of a credential is a node_add")
CREDENTIAL_KEY = _rule("credential-key", "6", "the signature key of a leaf is that of its node_add")
CREDENTIAL_TRUSTED = _rule(
    "credential-trusted", "6", "the node is active, its persona not retired and not under accusation"
)
CREDENTIAL_PERSONA = _rule("credential-persona", "6", "a leaf is replaced by one of the same persona only")
