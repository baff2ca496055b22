"""Messaging Layer Security (RFC 9420): end-to-end encryption for groups of any size, two included.

The modules are the RFC's chapters. A member's view of a group is a `GroupState`, an immutable value; every
operation is a pure function from a state to a new one. A group in short:

    own = make_key_package(suite, Credential.basic(b"ada"), signature, lifetime=(0, 2**40), entropy=entropy)
    group = create_group(own, b"group id", entropy=entropy)
    group, pending = commit(group, [Add(bens_key_package)], policy=policy, entropy=entropy, now=now)
    ...                                     # store the group and pending.staged, then send pending.message
    group = merge(group, pending.staged, now=now)     # once it is accepted; then send pending.welcome
    group, message = encrypt(group, b"hello", entropy=entropy)

    theirs = join(bens_own_key_package, pending.welcome, policy=policy)
    theirs, event = process(theirs, message, policy=policy)
"""

from . import archive
from .ciphersuite import CRYPTO, PRODUCT_SUITES, CipherSuite, CryptoProvider
from .commit import NewLeaf, PendingCommit, commit
from .credential import Credential, CredentialType
from .extensions import (
    Extension,
    ExtensionType,
    ExternalSender,
    RequiredCapabilities,
    external_senders_extension,
)
from .framing import MLSMessage, Sender, SenderType, WireFormat
from .group import (
    create_group,
    drop_proposals,
    encrypt,
    expire,
    export,
    group_info,
    merge,
    propose,
    propose_update,
)
from .group_context import GroupContext
from .incoming import (
    ApplicationMessage,
    CommitStaged,
    Event,
    ProposalReceived,
    UnverifiedMessage,
    VerifiedProposal,
    process,
    receive_proposal,
    unprotect,
    verify,
)
from .joining import ExternalJoin, ask_to_join, external_join, join, propose_externally
from .key_package import KeyPackage, OwnKeyPackage, make_key_package
from .leaf_node import Capabilities, LeafNode, LeafNodeSource, Lifetime
from .proposals import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    PreSharedKeyID,
    Proposal,
    ProposalType,
    ReInit,
    Remove,
    ResumptionPSKUsage,
    Update,
)
from .ratchet_tree import RatchetTree
from .resumption import branch, reinitialise
from .rules import RULES, Rule
from .secret_tree import Window
from .signatures import SignatureKeyPair
from .staging import VerifiedCommit, stage
from .state import (
    CommitView,
    GroupConfig,
    GroupState,
    LeafChange,
    Policy,
    PSKUnknown,
    QueuedProposal,
    StagedCommit,
    Status,
)
from .welcome import GroupInfo, Welcome

__all__ = [
    "CRYPTO",
    "PRODUCT_SUITES",
    "RULES",
    "Add",
    "ApplicationMessage",
    "Capabilities",
    "CipherSuite",
    "Commit",
    "CommitStaged",
    "CommitView",
    "Credential",
    "CredentialType",
    "CryptoProvider",
    "Event",
    "Extension",
    "ExtensionType",
    "ExternalInit",
    "ExternalJoin",
    "ExternalSender",
    "GroupConfig",
    "GroupContext",
    "GroupContextExtensions",
    "GroupInfo",
    "GroupState",
    "KeyPackage",
    "LeafChange",
    "LeafNode",
    "LeafNodeSource",
    "Lifetime",
    "MLSMessage",
    "NewLeaf",
    "OwnKeyPackage",
    "PSKUnknown",
    "PendingCommit",
    "Policy",
    "PreSharedKey",
    "PreSharedKeyID",
    "Proposal",
    "ProposalReceived",
    "ProposalType",
    "QueuedProposal",
    "RatchetTree",
    "ReInit",
    "Remove",
    "RequiredCapabilities",
    "ResumptionPSKUsage",
    "Rule",
    "Sender",
    "SenderType",
    "SignatureKeyPair",
    "StagedCommit",
    "Status",
    "UnverifiedMessage",
    "Update",
    "VerifiedCommit",
    "VerifiedProposal",
    "Welcome",
    "Window",
    "WireFormat",
    "archive",
    "ask_to_join",
    "branch",
    "commit",
    "create_group",
    "drop_proposals",
    "encrypt",
    "expire",
    "export",
    "external_join",
    "external_senders_extension",
    "group_info",
    "join",
    "make_key_package",
    "merge",
    "process",
    "propose",
    "propose_externally",
    "propose_update",
    "receive_proposal",
    "reinitialise",
    "stage",
    "unprotect",
    "verify",
]
