"""Identity: personas, their nodes and the sigchain that says which keys are theirs (spec 10).

    kit = RecoveryKit.generate(entropy)             # 24 words, kept off the node
    chain = create_persona(kit)                     # chain.persona_id never changes
    keys = NodeKeys.generate(entropy)
    chain = add_node(chain, kit.root(0), keys, label_hash=node_label_hash("home", salt), priority=1)
    send(chain.encode())

    theirs = Sigchain.decode(data)                  # verified, or an error
    merged = merge(known, theirs)                   # store merged.chain
    tell(alerts(known, merged))
    policy = mls.Policy(authenticator(chains.get), authorise)

Everything is an immutable value; what raises has changed nothing.
"""

from .alerts import (
    Alert,
    Forked,
    LinksVoid,
    NodeAdded,
    NodeRevoked,
    Retired,
    RootRotated,
    Standing,
    alerts,
    standing_after,
)
from .build import (
    Draft,
    add_claim,
    add_drafted,
    add_node,
    claim_hash,
    create_persona,
    draft_node,
    drop_claim,
    retire,
    revoke_node,
    rotate,
    sign_as_added,
)
from .chain import Head, Node, Place, Sigchain, decode_links, encode_links
from .credential import Chains, NodeRef, authenticator, check_leaf
from .evidence import Evidence
from .keys import NodeKeys, PersonaId, RecoveryKit, node_label_hash
from .link import Link, LinkType
from .merge import Merged, Outcome, merge, receive

__all__ = [
    "Alert",
    "Chains",
    "Draft",
    "Evidence",
    "Forked",
    "Head",
    "Link",
    "LinkType",
    "LinksVoid",
    "Merged",
    "Node",
    "NodeAdded",
    "NodeKeys",
    "NodeRef",
    "NodeRevoked",
    "Outcome",
    "PersonaId",
    "Place",
    "RecoveryKit",
    "Retired",
    "RootRotated",
    "Sigchain",
    "Standing",
    "add_claim",
    "add_drafted",
    "add_node",
    "alerts",
    "authenticator",
    "check_leaf",
    "claim_hash",
    "create_persona",
    "decode_links",
    "draft_node",
    "drop_claim",
    "encode_links",
    "merge",
    "node_label_hash",
    "receive",
    "retire",
    "revoke_node",
    "rotate",
    "sign_as_added",
    "standing_after",
]
