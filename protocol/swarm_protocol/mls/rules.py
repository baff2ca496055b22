"""Every validation rule of RFC 9420 that this package checks, by name.

A check quotes its rule; `protocol/spec/02-mls-rules.md` lists each with its tests. Rules that the RFC leaves
to the application are asked of `Policy` and named here too.
"""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import RuleViolation, UnexpectedMessage

RULES: dict[str, Rule] = {}
"""All rules by id."""


@dataclass(frozen=True, slots=True)
class Rule:
    """An id that stays, the section of RFC 9420, and what must hold."""

    id: str
    section: str
    text: str


def violation(rule: Rule, reason: str = "") -> RuleViolation:
    """The error that says that `rule` is broken."""
    text = f"{rule.text} (RFC 9420 §{rule.section})"
    return RuleViolation(f"{text}: {reason}" if reason else text, rule=rule.id)


def unexpected(rule: Rule, reason: str = "") -> UnexpectedMessage:
    """The error for a message that breaks no rule of form, but does not belong here."""
    return UnexpectedMessage(str(violation(rule, reason)), rule=rule.id)


def require(holds: bool, rule: Rule) -> None:
    """Check a rule.

    Raises:
        RuleViolation: it does not hold.
    """
    if not holds:
        raise violation(rule)


def _rule(rule_id: str, section: str, text: str) -> Rule:
    rule = RULES[rule_id] = Rule(rule_id, section, text)
    return rule


# Messages
APPLICATION_PRIVATE = _rule("application-private", "6", "application data travels in a PrivateMessage only")
MESSAGE_GROUP = _rule("message-group", "6", "a message is for the group that handles it")
MESSAGE_SIGNATURE = _rule(
    "message-signature", "6.1", "the signature of a message verifies under its sender's key"
)
MEMBERSHIP_TAG = _rule("membership-tag", "6.2", "a member's PublicMessage has the right membership tag")
MEMBER_SENDER = _rule("member-sender", "6.1", "the sender of a member's message is not a blank leaf")
PADDING_ZERO = _rule("padding-zero", "6.3.1", "the padding of a PrivateMessage is all zeros")
GENERATION_CAP = _rule(
    "generation-cap", "15.3", "a message is at most so many generations ahead of the last one"
)
SENDER_CONTENT = _rule(
    "sender-content", "12.1.8", "a sender that is no member sends only what its kind may send"
)
EXTERNAL_SENDER = _rule(
    "external-sender", "12.1.8.1", "an external sender stands in the group's external_senders"
)
EXTERNAL_SENDER_CREDENTIAL = _rule(
    "external-sender-credential",
    "5.3.1",
    "the application accepts the credential of each external sender that is let in",
)
NOT_FROM_SELF = _rule("not-from-self", "14", "a member does not process what it sent itself")
EPOCH = _rule("epoch", "12.4.2", "a proposal or commit belongs to the current epoch")
ACTIVE = _rule("active", "12.4.2", "a group that was left or reinitialised takes no handshakes")

# Leaves
LEAF_SIGNATURE = _rule("leaf-signature", "7.3", "the signature of a leaf verifies under its own key")
LEAF_SIGNATURE_KEY = _rule(
    "leaf-signature-key", "7.3", "the signature key of a leaf is canonical and not of small order"
)
LEAF_ENCRYPTION_KEY = _rule(
    "leaf-encryption-key", "7.1", "the encryption key of a node, and an init key, is a key of the suite"
)
LEAF_CREDENTIAL = _rule("leaf-credential", "7.3", "the application accepts the credential of a leaf")
LEAF_REQUIRED_CAPABILITIES = _rule(
    "leaf-required-capabilities", "7.3", "each member supports what the group requires"
)
LEAF_CREDENTIAL_SUPPORT = _rule(
    "leaf-credential-support", "7.3", "each member supports the credential types in use"
)
LEAF_EXTENSIONS_LISTED = _rule(
    "leaf-extensions-listed", "7.3", "a leaf lists the types of its own extensions"
)
LEAF_GROUP_EXTENSIONS = _rule(
    "leaf-group-extensions", "13.4", "each member supports the extensions of the group"
)
LEAF_LIFETIME = _rule("leaf-lifetime", "7.3", "a key package is used within its lifetime")
LEAF_SOURCE = _rule("leaf-source", "7.3", "the source of a leaf is that of the message it came in")
LEAF_KEY_FRESH = _rule("leaf-key-fresh", "7.3", "an update or commit changes the encryption key of its leaf")
LEAF_KEYS_UNIQUE = _rule(
    "leaf-keys-unique", "7.3", "signature and encryption keys are unique among the members"
)
EXTENSIONS_ONCE = _rule("extensions-once", "13.4", "no type of extension stands twice in a list")

# Key packages
KEY_PACKAGE_SUITE = _rule(
    "key-package-suite", "10.1", "version and suite of a key package are those of the group"
)
KEY_PACKAGE_SIGNATURE = _rule(
    "key-package-signature", "10.1", "the signature of a key package verifies under its leaf's key"
)
KEY_PACKAGE_INIT_KEY = _rule(
    "key-package-init-key", "10.1", "the init key of a key package is not the encryption key of its leaf"
)

# Trees
TREE_HASH = _rule("tree-hash", "12.4.3.1", "the ratchet tree has the hash that the group agreed on")
TREE_PARENT_HASH = _rule("tree-parent-hash", "7.9.2", "each parent that is not blank is parent-hash valid")
TREE_UNMERGED = _rule(
    "tree-unmerged",
    "12.4.3.1",
    "unmerged leaves are members below, in rising order, and unmerged at each parent in between",
)
TREE_KEYS_UNIQUE = _rule(
    "tree-keys-unique", "12.4.3.1", "the encryption key of a parent appears at no other node"
)

GROUP_SIZE = _rule(
    "group-size", "7.7", "a tree does not grow beyond the size that our own code reads (MAX_LEAVES)"
)

# Proposals
REMOVE_MEMBER = _rule("remove-member", "12.1.3", "a Remove names a member")
UPDATE_MEMBER = _rule("update-member", "12.1.2", "an Update comes from a member")
PSK_NONCE = _rule("psk-nonce", "12.1.4", "the nonce of a PSK has KDF.Nh bytes")
PSK_USAGE = _rule("psk-usage", "12.1.4", "PSKs of usage reinit and branch are used in their ceremony only")
PSK_COUNT = _rule("psk-count", "8.4", "a commit or Welcome has as many PSKs as a uint16 can count")
PSK_KNOWN = _rule("psk-known", "12.4.2", "a member has every PSK that a commit mixes in")
REINIT_VERSION = _rule("reinit-version", "12.1.5", "a ReInit does not lower the version")

# Lists of proposals
LIST_OWN_UPDATE = _rule("list-own-update", "12.2", "a commit holds no Update of its committer")
LIST_OWN_REMOVE = _rule("list-own-remove", "12.2", "a commit does not remove its committer")
LIST_ONE_PER_LEAF = _rule("list-one-per-leaf", "12.2", "at most one Update or Remove applies to a leaf")
LIST_ADD_ONCE = _rule("list-add-once", "12.2", "a client is added once, and not while it is a member")
LIST_PSK_ONCE = _rule("list-psk-once", "12.2", "a PSK is mixed in once")
LIST_ONE_EXTENSIONS = _rule("list-one-extensions", "12.2", "at most one GroupContextExtensions in a commit")
LIST_REINIT_ALONE = _rule("list-reinit-alone", "12.2", "a ReInit stands alone in its commit")
LIST_NO_EXTERNAL_INIT = _rule("list-no-external-init", "12.2", "ExternalInit stands in external commits only")
LIST_REFERENCE_KNOWN = _rule(
    "list-reference-known", "12.4", "a commit refers only to proposals of this epoch that we have"
)
EXTERNAL_ONE_INIT = _rule("external-one-init", "12.2", "an external commit has exactly one ExternalInit")
EXTERNAL_ONE_REMOVE = _rule("external-one-remove", "12.2", "an external commit has at most one Remove")
EXTERNAL_TYPES = _rule(
    "external-types", "12.2", "an external commit has ExternalInit, Remove and PSK proposals only"
)
EXTERNAL_BY_VALUE = _rule("external-by-value", "12.4.3.2", "an external commit has no proposals by reference")
EXTERNAL_SUCCESSOR = _rule(
    "external-successor",
    "12.2",
    "who resyncs presents a credential that is acceptable for the removed member",
)
AUTHORISED = _rule("authorised", "12.2", "the application permits the commit")

# Commits
PATH_REQUIRED = _rule(
    "path-required", "12.4", "a commit has a path unless it holds only add, psk and reinit, and one of them"
)
PATH_LENGTH = _rule(
    "path-length", "7.6", "a path has one node for each node of the committer's filtered direct path"
)
PATH_CIPHERTEXTS = _rule(
    "path-ciphertexts", "7.6", "a path node has one ciphertext for each node that it is sealed to"
)
PATH_REACHES_US = _rule("path-reaches-us", "7.5", "some ciphertext of a path is sealed to us")
PATH_KEYS = _rule("path-keys", "7.5", "a path secret leads to the public keys of the path")
PATH_KEYS_NEW = _rule("path-keys-new", "12.4.2", "no public key of a path appears in the tree already")
PATH_PARENT_HASH = _rule("path-parent-hash", "7.9", "the leaf of a path carries the parent hash of that path")
CONFIRMATION_TAG = _rule("confirmation-tag", "6.1", "the confirmation tag is that of the new epoch")
LAST_EPOCH = _rule("last-epoch", "8.1", "the number of an epoch is a uint64: none follows the last")
COMMIT_TAG_PRESENT = _rule("commit-tag-present", "6.1", "a commit carries a confirmation tag")

# Joining
WELCOME_FOR_US = _rule(
    "welcome-for-us", "12.4.3.1", "a Welcome has an entry for our key package, in its suite"
)
WELCOME_PSK_SINGLE = _rule(
    "welcome-psk-single", "12.4.3.1", "a PSK of usage reinit or branch is the only such PSK of a Welcome"
)
GROUP_INFO_SIGNATURE = _rule(
    "group-info-signature", "12.4.3.1", "a GroupInfo is signed by the member it names"
)
GROUP_INFO_SUITE = _rule(
    "group-info-suite", "12.4.3.1", "version and suite of a GroupInfo are those of our key package"
)
GROUP_ID_NEW = _rule("group-id-new", "12.4.3.1", "we are not in a group with this id already")
GROUP_EXTENSIONS_SUPPORTED = _rule(
    "group-extensions-supported", "12.4.3", "who joins supports the extensions of the group"
)
TREE_PRESENT = _rule("tree-present", "12.4.3.3", "who joins has the ratchet tree")
OWN_LEAF_PRESENT = _rule("own-leaf-present", "12.4.3.1", "our leaf is in the tree as we made it")
JOIN_PATH_SECRET = _rule(
    "join-path-secret", "12.4.3.1", "the path secret of a Welcome leads to the keys of the tree"
)
EXTERNAL_PUB_PRESENT = _rule(
    "external-pub-present", "12.4.3.2", "a GroupInfo for an external commit has external_pub"
)

# Resumption
REINIT_MATCHES = _rule("reinit-matches", "11.2", "the new group has epoch 1 and the parameters of the ReInit")
REINIT_MEMBERS = _rule(
    "reinit-members", "12.4.3.1", "all members of the old group are members of the new one"
)
BRANCH_MATCHES = _rule(
    "branch-matches", "11.3", "a branch has epoch 1 and the version and suite of its group"
)
BRANCH_MEMBERS = _rule("branch-members", "11.3", "each member of a branch is a member of its group")
