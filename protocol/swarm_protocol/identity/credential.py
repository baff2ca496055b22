"""The MLS credential of a node, and what believes it (spec 10 §6).

A basic credential, whose identity is `{1: persona_id, 2: seq of the node_add}`. It proves nothing alone: the
chain says which signature key that link added, and the leaf must have it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .. import cbor
from ..errors import DecodeError, RuleViolation
from ..mls.credential import Credential, CredentialType
from ..mls.leaf_node import LeafNode
from . import rules
from .chain import Node, Sigchain
from .keys import PersonaId
from .link import HASH_SIZE

_MAX_SIZE = 64


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node, by its persona and the seq of the link that added it."""

    persona_id: PersonaId
    seq: int

    @classmethod
    def of(cls, credential: Credential) -> NodeRef:
        """Read a credential.

        Raises:
            RuleViolation: it is not one of ours. There is one encoding, unknown keys included: two
                credentials of one node would be two members.
        """
        if credential.type != CredentialType.BASIC:
            raise rules.CREDENTIAL_FORM.broken("not basic")
        try:
            r = cbor.Record.decode(credential.identity, "a credential", max_size=_MAX_SIZE)
            ref = cls(PersonaId(r.octets(1, size=HASH_SIZE)), r.uint(2, at_most=rules.MAX_LINKS - 1))
        except DecodeError as e:
            raise rules.CREDENTIAL_FORM.broken(str(e)) from None
        rules.CREDENTIAL_FORM.require(ref.credential() == credential)
        return ref

    def credential(self) -> Credential:
        """The credential of this node."""
        return Credential.basic(cbor.encode({1: self.persona_id, 2: self.seq}))


Chains = Callable[[PersonaId], Sigchain | None]
"""Gives the verified chain of a persona, or None."""


def check_leaf(chains: Chains, leaf: LeafNode, replaced: LeafNode | None = None) -> Node:
    """The node that a leaf belongs to.

    Raises:
        RuleViolation: its credential is not believed, or the leaf that it replaces is another persona's.
    """
    ref = NodeRef.of(leaf.credential)
    chain = chains(ref.persona_id)
    if chain is None or chain.persona_id != ref.persona_id or ref.seq >= len(chain.links):
        raise rules.CREDENTIAL_KNOWN.broken()
    node = chain.node_added_at(ref.seq)
    if node is None:
        raise rules.CREDENTIAL_NODE.broken()
    rules.CREDENTIAL_KEY.require(node.leaf_sig == leaf.signature_key)
    rules.CREDENTIAL_TRUSTED.require(chain.trusts(node.leaf_sig))
    if replaced is not None:
        rules.CREDENTIAL_PERSONA.require(NodeRef.of(replaced.credential).persona_id == ref.persona_id)
    return node


def authenticator(chains: Chains) -> Callable[[LeafNode, LeafNode | None], str | None]:
    """What `mls.Policy.authenticate` asks: None for a leaf that is believed, else why it is not.

    Members of a group must answer alike. So `chains` gives each chain as all of them have it, `upto` the head
    that the group agreed on; between two people, the newest copy will do.
    """

    def authenticate(leaf: LeafNode, replaced: LeafNode | None) -> str | None:
        try:
            check_leaf(chains, leaf, replaced)
        except RuleViolation as e:
            return str(e)
        return None

    return authenticate
