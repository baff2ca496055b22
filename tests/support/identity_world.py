"""Personas for tests: seeded kits, chains of one line, and a thief who signs with a stolen root."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

from swarm_protocol import cbor
from swarm_protocol import identity as idn
from swarm_protocol.cbor import Value
from swarm_protocol.identity.link import Link, sign_link
from swarm_protocol.mls.signatures import SignatureKeyPair
from swarm_protocol.testing import SeededEntropy

LABEL = idn.node_label_hash("home", bytes(16))


@lru_cache
def kit(name: str = "ada") -> idn.RecoveryKit:
    return idn.RecoveryKit.generate(SeededEntropy(f"kit of {name}"))


@lru_cache
def node(name: str) -> idn.NodeKeys:
    return idn.NodeKeys.generate(SeededEntropy(f"node {name}"))


def claim(number: int) -> bytes:
    return idn.claim_hash("mastodon", f"account {number}", bytes(16))


def root_of(chain: idn.Sigchain, name: str = "ada") -> SignatureKeyPair:
    return kit(name).root(chain.generation)


def play(chain: idn.Sigchain, *acts: str, name: str = "ada") -> idn.Sigchain:
    """A chain with one more link for each act.

    `+home` adds a node, `-home` revokes it, `claim 1` and `drop 1`, `rotate`, `rotate 2` (keeping two
    links), `retire`. The present root signs, whoever holds it.
    """
    for act in acts:
        verb, _, object_ = act.partition(" ")
        root = root_of(chain, name)
        match verb[0], verb:
            case "+", _:
                priority = len(chain.links)
                chain = idn.add_node(chain, root, node(verb[1:]), label_hash=LABEL, priority=priority)
            case "-", _:
                chain = idn.revoke_node(chain, root, node(verb[1:]).leaf_sig.public)
            case _, "claim":
                chain = idn.add_claim(chain, root, claim(int(object_)))
            case _, "drop":
                chain = idn.drop_claim(chain, root, claim(int(object_)))
            case _, "rotate":
                chain = idn.rotate(chain, kit(name), keep=int(object_) if object_ else None)
            case _, "retire":
                chain = idn.retire(chain, root)
            case _:
                raise AssertionError(act)
    return chain


def persona(*acts: str, name: str = "ada") -> idn.Sigchain:
    """A new persona after some acts."""
    return play(idn.create_persona(kit(name)), *acts, name=name)


def forge(
    chain: idn.Sigchain,
    changes: Mapping[int, Value | None] | None = None,
    *,
    kind: int = 5,
    body: Mapping[int, Value] | None = None,
    root: SignatureKeyPair | None = None,
    added_signature: bytes | None = None,
) -> Link:
    """The next link of a chain, well signed, with any fields changed (None leaves one out)."""
    root = root or root_of(chain)
    fields: dict[int, Value] = {
        1: len(chain.links),
        2: chain.links[-1].hash,
        3: kind,
        4: dict(body if body is not None else {1: claim(99)}),
        5: root.public,
    }
    for key, value in (changes or {}).items():
        fields.pop(key, None)
        if value is not None:
            fields[key] = value
    return Link.decode(sign_link(fields, chain.persona_id, root, added_signature))


def flip(data: bytes, bit: int) -> bytes:
    """The data with one bit changed."""
    changed = bytearray(data)
    changed[bit // 8] ^= 1 << bit % 8
    return bytes(changed)


def chain_bytes(*links: bytes) -> bytes:
    """Links as a chain on the wire."""
    return cbor.encode(list(links))
