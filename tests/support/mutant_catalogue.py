"""Small wrong changes of the MLS package, each of which some test must notice.

Each replaces texts that occur exactly once in `swarm_protocol/mls`, in whichever module they stand: keep them
short. `by` names the tests that are tried first: a file, or one test in it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutant:
    """A name, what is wrong with it, where it should be noticed, and `(old, new)` texts."""

    name: str
    what: str
    by: str
    edits: tuple[tuple[str, str], ...]


def mutant(name: str, what: str, by: str, old: str, new: str, *more: tuple[str, str]) -> Mutant:
    return Mutant(name, what, by, ((old, new), *more))


def unchecked(rule: str, what: str, by: str, condition: str) -> Mutant:
    """A rule that is no longer checked at one place."""
    old = f"rules.require({condition}, rules.{rule})"
    name = "unchecked-" + rule.lower().replace("_", "-")
    return mutant(name, what, by, old, f"rules.require({condition} or True, rules.{rule})")


TAMPERING, CRASH, HISTORIES = "test_tampering.py", "test_crash.py", "test_histories.py"
SECRETS, TREES, LIFE, ARCHIVE = (
    "test_secret_tree.py",
    "test_tree_model.py",
    "test_lifecycle.py",
    "test_archive.py",
)
VECTORS, CODEC, SIGNATURES = "test_vectors.py", "test_codec.py", "test_signatures.py"
COMMITS, PROPOSALS, LEAVES = "test_rules_commits.py", "test_rules_proposals.py", "test_rules_leaves.py"
JOINING, MESSAGES, RESUMPTION = "test_rules_joining.py", "test_rules_messages.py", "test_rules_resumption.py"
TREE_RULES = "test_rules_trees.py"
REPLAYED = f"{TAMPERING}::test_a_replayed_message_is_refused_or_changes_nothing"
PADDED = f"{TAMPERING}::test_padding_that_is_not_zero_is_refused"
TWICE = f"{TAMPERING}::test_a_welcome_does_not_lead_into_a_group_twice"
MOVED = f"{TAMPERING}::test_a_member_cannot_move_anothers_signature_to_other_content_or_format"
KEY_GONE = "return state.with_secret_tree(secret_tree), MLSMessage(body).encode()"

MUTANTS = [
    # --- who says it ----------------------------------------------------------------------------------------
    unchecked("MESSAGE_SIGNATURE", "messages need no signature", MOVED, "signed"),
    unchecked(
        "MEMBERSHIP_TAG",
        "a public message needs no membership tag",
        MESSAGES,
        "same(expected, message.membership_tag)",
    ),
    unchecked(
        "LEAF_SIGNATURE", "leaves need no signature", TAMPERING, "leaf.is_signed(suite, group_id, index)"
    ),
    unchecked(
        "KEY_PACKAGE_SIGNATURE", "key packages need no signature", TAMPERING, "package.is_signed(suite)"
    ),
    mutant(
        "unsigned-group-info",
        "a GroupInfo needs no signature",
        TAMPERING,
        "if signer is None or not info.is_signed(suite, signer.signature_key):",
        "if signer is None:",
    ),
    mutant(
        "confirmation-tag-of-a-commit",
        "the confirmation tag of a commit is not compared",
        COMMITS,
        "rules.require(same(tag, epoch.confirmation_tag), rules.CONFIRMATION_TAG)",
        "pass",
    ),
    mutant(
        "confirmation-tag-of-a-group-info",
        "the confirmation tag of a GroupInfo is not compared by who joins",
        COMMITS,
        "rules.require(same(tag, info.confirmation_tag), rules.CONFIRMATION_TAG)",
        "pass",
    ),
    mutant(
        "wire-format-unsigned",
        "the wire format is not part of what is signed",
        MOVED,
        "return u16(MLS_10) + u16(wire_format) + content.raw + context",
        "return u16(MLS_10) + content.raw + context",
    ),
    mutant(
        "context-unsigned",
        "the group context is not part of what a member signs",
        VECTORS,
        'context = group_context if content.sender.type in _CONTEXT_SENDERS else b""',
        'context = b""',
    ),
    mutant(
        "leaf-not-signed-anew",
        "the leaf of a path keeps the signature of the leaf before it",
        LIFE,
        "    draft.set_leaf(index, leaf)\n    return _Path",
        "    leaf = replace(leaf, raw=leaf.raw[:-64] + committer.leaf.raw[-64:])\n"
        "    draft.set_leaf(index, leaf)\n    return _Path",
    ),
    mutant(
        "leaf-place-unsigned",
        "group id and index are not part of what a leaf's signature covers",
        VECTORS,
        'context = b"" if source is LeafNodeSource.KEY_PACKAGE else opaque(group_id) + u32(leaf_index)',
        'context = b""',
        ("tbs += opaque(group_id) + u32(leaf_index)", "pass"),
    ),
    unchecked(
        "MEMBER_SENDER",
        "a blank leaf may send",
        MESSAGES,
        "_leaf_in(state, past, sender.leaf_index) is not None",
    ),
    unchecked(
        "EXTERNAL_SENDER", "any index may send from outside", MESSAGES, "content.sender.index < len(senders)"
    ),
    mutant(
        "own-public-messages",
        "our own public messages are processed",
        MESSAGES,
        "if body.content.sender == Sender.member(state.own_leaf):",
        "if False:",
    ),
    mutant(
        "small-order-keys",
        "signature keys of small order are admitted",
        SIGNATURES,
        "return public not in _LOW_ORDER_KEYS",
        "return True",
    ),
    # --- keys of messages -----------------------------------------------------------------------------------
    mutant(
        "used-key-kept",
        "a skipped key stays after use",
        SECRETS,
        "key = kept.pop(generation, None)",
        "key = kept.get(generation)",
    ),
    mutant(
        "skipped-keys-forever",
        "skipped keys are never dropped",
        SECRETS,
        "[: max(0, len(kept) - window.late)]",
        "[:0]",
    ),
    mutant(
        "newest-skipped-dropped",
        "the window drops the newest skipped keys",
        SECRETS,
        "for g in sorted(kept)[:",
        "for g in sorted(kept, reverse=True)[:",
    ),
    mutant(
        "ratchet-stands-still",
        "a ratchet gives the same key again and again",
        CRASH,
        "return Ratchet(secret, self.generation + 1, self.kept), key",
        "return Ratchet(self.secret, self.generation, self.kept), key",
    ),
    mutant(
        "generation-without-secret",
        "a ratchet counts, but its secret stays the same",
        SECRETS,
        "return Ratchet(secret, self.generation + 1, self.kept), key",
        "return Ratchet(self.secret, self.generation + 1, self.kept), key",
    ),
    unchecked(
        "GENERATION_CAP",
        "a sender may jump ahead as far as it likes",
        SECRETS,
        "generation - self.generation <= window.forward",
    ),
    mutant(
        "parent-secret-kept",
        "a node's secret stays when its children exist",
        SECRETS,
        "secret = nodes.pop(x)",
        "secret = nodes[x]",
    ),
    mutant(
        "leaf-secret-kept",
        "a leaf's secret stays when its ratchets exist",
        SECRETS,
        "secret = nodes.pop(2 * leaf)",
        "secret = nodes[2 * leaf]",
    ),
    mutant(
        "one-ratchet-for-both",
        "handshakes and data take their keys from one chain",
        SECRETS,
        'Ratchet(suite.derive_secret(secret, b"handshake"))',
        'Ratchet(suite.derive_secret(secret, b"application"))',
    ),
    mutant(
        "constant-reuse-guard",
        "the reuse guard is always zero",
        CRASH,
        "reuse_guard = entropy(4)",
        "reuse_guard = bytes(4)",
    ),
    mutant(
        "reuse-guard-unused",
        "the reuse guard does not change the nonce",
        CRASH,
        "return u32(head) + nonce[4:]",
        "return nonce",
    ),
    mutant(
        "short-sample",
        "sender data is keyed from half the sample",
        VECTORS,
        "sample = ciphertext[: suite.kdf.size]",
        "sample = ciphertext[:16]",
    ),
    unchecked("PADDING_ZERO", "padding may be anything", PADDED, "not any(plaintext[r.pos :])"),
    mutant(
        "sent-key-kept",
        "the state after sending is the one before",
        CRASH,
        KEY_GONE,
        f"if kind.name == 'APPLICATION':\n        return state, MLSMessage(body).encode()\n    {KEY_GONE}",
    ),
    mutant(
        "handshake-key-kept",
        "the state after sending a handshake is the one before",
        CRASH,
        KEY_GONE,
        f"if kind.name == 'HANDSHAKE':\n        return state, MLSMessage(body).encode()\n    {KEY_GONE}",
    ),
    mutant(
        "read-key-kept",
        "the state after reading is the one before",
        REPLAYED,
        "        state = state.with_secret_tree(secret_tree)\n",
        "        pass\n",
    ),
    mutant(
        "late-read-key-kept",
        "the state after reading a message of a past epoch is the one before",
        REPLAYED,
        "used = replace(past, secret_tree=secret_tree)",
        "used = past",
    ),
    # --- epochs ---------------------------------------------------------------------------------------------
    mutant(
        "epoch-unchecked",
        "handshakes of other epochs are taken",
        REPLAYED,
        "if content.epoch != state.epoch and handshake:",
        "if False and handshake:",
    ),
    mutant(
        "group-unchecked",
        "messages of other groups are taken",
        MESSAGES,
        "if content.group_id != state.group_id:",
        "if False:",
    ),
    mutant(
        "merge-anywhere",
        "a staged commit merges into any epoch",
        LIFE,
        "if staged.base != state.context:",
        "if False:",
    ),
    mutant(
        "past-forever",
        "past epochs do not expire",
        LIFE,
        "return replace(state, past=tuple(p for p in state.past if p.ended_at >= oldest))",
        "return state",
    ),
    mutant(
        "past-uncounted",
        "all past epochs are kept",
        CRASH,
        "past = (*state.past, left)[-keep:] if keep else ()",
        "past = (*state.past, left)",
    ),
    mutant(
        "past-oldest",
        "the oldest past epochs are kept, not the newest",
        HISTORIES,
        "(*state.past, left)[-keep:]",
        "(*state.past, left)[:keep]",
    ),
    mutant(
        "late-senders-of-today",
        "the sender of a late message is looked up in today's tree",
        HISTORIES,
        "return state.tree.leaf(index) if past is None else past.members.get(index)",
        "return state.tree.leaf(index)",
    ),
    mutant(
        "data-before-commit",
        "data goes out while proposals wait",
        LIFE,
        "if state.proposals and state.config.commit_before_data:",
        "if False:",
    ),
    mutant(
        "handshakes-after-reinit",
        "a reinitialised group takes handshakes",
        MESSAGES,
        "if handshake and state.status is not Status.ACTIVE:",
        "if False:",
        ("    if state.status is not Status.ACTIVE:\n        raise rules.unexpected(rules.ACTIVE)\n", ""),
    ),
    mutant(
        "removed-keeps-secrets",
        "who was removed keeps the epoch's secrets",
        CRASH,
        "secrets=gone,",
        "secrets=state.secrets,",
    ),
    mutant(
        "removed-keeps-past",
        "who was removed keeps past epochs",
        CRASH,
        "        past=(),\n        status=Status.REMOVED",
        "        status=Status.REMOVED",
    ),
    # --- the tree -------------------------------------------------------------------------------------------
    mutant(
        "unmerged-unresolved",
        "resolutions leave out unmerged leaves",
        TREES,
        "[x, *(2 * i for i in node.unmerged_leaves)]",
        "[x]",
    ),
    mutant(
        "unmerged-unsorted",
        "unmerged leaves stand in the order in which they came",
        TREES,
        "tuple(sorted((*node.unmerged_leaves, index)))",
        "(*node.unmerged_leaves, index)",
    ),
    mutant(
        "update-keeps-path",
        "an update does not blank its path",
        TREES,
        "self.blank_path(index)\n        self._set(2 * index, leaf)",
        "self._set(2 * index, leaf)",
    ),
    mutant(
        "remove-keeps-path",
        "a removal does not blank its path",
        TREES,
        "self.blank_path(index)\n        self._set(2 * index, None)",
        "self._set(2 * index, None)",
    ),
    mutant(
        "path-over-path",
        "a new path keeps parents that are not in it",
        TREES,
        "self.blank_path(index)\n        path = ",
        "path = ",
    ),
    mutant(
        "no-truncation", "the tree never shrinks", TREES, "while self.n_leaves > 1 and", "while False and"
    ),
    mutant(
        "truncated-once",
        "the tree shrinks by one level only",
        TREES,
        "while self.n_leaves > 1 and",
        "if self.n_leaves > 1 and",
    ),
    mutant(
        "stale-node-hash",
        "a changed node keeps its hash",
        TREES,
        "self._nodes[x] = node\n        self._hashes[x] = None",
        "self._nodes[x] = node",
    ),
    mutant(
        "stale-path-hashes",
        "the path of a changed leaf keeps its hashes",
        TREES,
        "for x in self.direct_path(index):\n            self._hashes[x] = None",
        "pass",
    ),
    mutant(
        "blank-leaf-not-leftmost",
        "a leaf that became blank is not used again",
        TREES,
        "self._first_blank = min(self._first_blank, index)",
        "self._first_blank = self.n_leaves",
    ),
    mutant(
        "sibling-hash-of-today",
        "parent hashes cover the sibling with leaves that came later",
        TREES,
        "sibling_hash = self.original_hash(copath, unmerged) if unmerged else self.subtree_hash(copath)",
        "sibling_hash = self.subtree_hash(copath)",
    ),
    mutant(
        "parent-hash-without-parent",
        "a parent hash does not chain upwards",
        TREES,
        "opaque(node.encryption_key) + opaque(node.parent_hash) + opaque(sibling_hash)",
        "opaque(node.encryption_key) + opaque(sibling_hash)",
    ),
    unchecked(
        "TREE_PARENT_HASH",
        "parents need nobody to vouch for them",
        TREE_RULES,
        "tree.is_parent_hash_valid(x)",
    ),
    unchecked(
        "PATH_PARENT_HASH",
        "the leaf of a path may carry any parent hash",
        COMMITS,
        "path.leaf_node.parent_hash == parent_hash",
    ),
    unchecked("TREE_UNMERGED", "unmerged leaves may be anywhere", TREE_RULES, "below and i > last"),
    unchecked(
        "TREE_HASH", "any tree is taken at a join", TREE_RULES, "tree.tree_hash() == context.tree_hash"
    ),
    unchecked("TREE_KEYS_UNIQUE", "a key may stand at two nodes", TREE_RULES, "len(keys) == len(set(keys))"),
    # --- paths ----------------------------------------------------------------------------------------------
    mutant(
        "newcomers-not-left-out",
        "path secrets are sealed to members that the same commit adds",
        VECTORS,
        "return [x for x in tree.resolution(copath) if x % 2 or x // 2 not in without]",
        "return list(tree.resolution(copath))",
    ),
    mutant(
        "unfiltered-path",
        "the filtered path has nodes that reach nobody",
        TREES,
        "if self.has_members(copath):",
        "if True:",
    ),
    unchecked(
        "PATH_KEYS",
        "a path secret may lead to other keys than the path's",
        COMMITS,
        "k.keys.public == node.encryption_key",
    ),
    unchecked("PATH_LENGTH", "a path may have any length", COMMITS, "len(pairs) == len(path.nodes)"),
    unchecked(
        "PATH_CIPHERTEXTS",
        "a path node may have any number of ciphertexts",
        COMMITS,
        "len(to) == len(sealed.encrypted_path_secret)",
    ),
    unchecked(
        "PATH_KEYS_NEW",
        "a path may repeat keys of the tree",
        COMMITS,
        "new and path.leaf_node.encryption_key not in present",
    ),
    unchecked(
        "PATH_REQUIRED",
        "a commit may always do without a path",
        COMMITS,
        "not applied.path_required and not external",
    ),
    mutant(
        "join-path-keys",
        "who joins does not compare the keys of its path with the tree",
        JOINING,
        "rules.require(matches, rules.JOIN_PATH_SECRET)",
        "pass",
    ),
    mutant(
        "wrong-path-secret",
        "a Welcome carries the path secret of the root",
        LIFE,
        "return next((k.secret for k in path if k.node == ancestor), None)",
        "return path[-1].secret if path else None",
    ),
    mutant(
        "old-private-keys-kept",
        "private keys that the tree no longer has are kept",
        TREES,
        "if node is not None and node.encryption_key == keys.public:",
        "if node is not None:",
    ),
    mutant(
        "keys-of-blank-nodes-kept",
        "private keys of nodes that became blank are kept",
        TREES,
        "if node is not None and node.encryption_key == keys.public:",
        "if True:",
    ),
    mutant(
        "update-without-its-keys",
        "who is updated by another's commit keeps its old encryption key",
        LIFE,
        "private[2 * state.own_leaf], signature = updated.encryption, updated.signature",
        "signature = updated.signature",
    ),
    mutant(
        "update-without-its-signature-key",
        "who is updated by another's commit keeps its old signature key",
        CRASH,
        "private[2 * state.own_leaf], signature = updated.encryption, updated.signature",
        "private[2 * state.own_leaf] = updated.encryption",
    ),
    mutant(
        "provisional-transcript",
        "path secrets are sealed under a newer transcript hash",
        VECTORS,
        "        epoch=state.epoch + 1,\n",
        "        epoch=state.epoch + 1,\n        confirmed_transcript_hash=state.interim_transcript_hash,\n",
    ),
    mutant(
        "external-init-ignored",
        "an external commit does not replace the init secret",
        LIFE,
        "if applied.external_init is None:",
        "if True:",
    ),
    # --- lists of proposals ---------------------------------------------------------------------------------
    mutant(
        "proposals-backwards",
        "proposals are applied from the last to the first",
        HISTORIES,
        "    draft = TreeDraft(state.tree)\n",
        "    draft = TreeDraft(state.tree)\n    queue = queue[::-1]\n",
    ),
    mutant(
        "removals-forgotten",
        "removed members stay in the tree",
        LIFE,
        "for index in removed:\n        draft.remove(index)",
        "pass",
    ),
    mutant(
        "external-references",
        "an external commit may refer to proposals",
        PROPOSALS,
        "rules.require(sender.type is SenderType.MEMBER, rules.EXTERNAL_BY_VALUE)",
        "pass",
        ("rules.require(all(p.ref is None for p in queue), rules.EXTERNAL_BY_VALUE)", "pass"),
    ),
    unchecked(
        "EXTERNAL_ONE_INIT",
        "an external commit may have any number of ExternalInit",
        PROPOSALS,
        "kinds.count(ExternalInit) == 1",
    ),
    unchecked(
        "EXTERNAL_ONE_REMOVE",
        "an external commit may remove several members",
        PROPOSALS,
        "kinds.count(Remove) <= 1",
    ),
    unchecked(
        "EXTERNAL_TYPES", "an external commit may hold anything", PROPOSALS, "permitted.issuperset(kinds)"
    ),
    unchecked(
        "LIST_OWN_UPDATE",
        "a commit may hold its committer's Update",
        PROPOSALS,
        "p.sender.index != committer",
    ),
    unchecked("LIST_OWN_REMOVE", "a commit may remove its committer", PROPOSALS, "removed != committer"),
    unchecked(
        "LIST_ONE_PER_LEAF", "several proposals may change one leaf", PROPOSALS, "touched not in leaves"
    ),
    unchecked(
        "LIST_ADD_ONCE",
        "a client may be added twice",
        PROPOSALS,
        "package.leaf_node.signature_key not in keys",
    ),
    unchecked("LIST_PSK_ONCE", "a PSK may be mixed in twice", PROPOSALS, "len(ids) == len(set(ids))"),
    unchecked("LIST_ONE_EXTENSIONS", "extensions may be replaced twice", PROPOSALS, "contexts <= 1"),
    unchecked("LIST_REINIT_ALONE", "a ReInit may have company", PROPOSALS, "alone"),
    unchecked(
        "REMOVE_MEMBER", "a blank leaf may be removed", PROPOSALS, "state.tree.leaf(removed) is not None"
    ),
    unchecked(
        "PSK_NONCE",
        "the nonce of a PSK may have any length",
        PROPOSALS,
        "len(psk.psk_nonce) == suite.kdf.size",
    ),
    unchecked("PSK_USAGE", "PSKs of a ceremony are taken anywhere", PROPOSALS, "usual"),
    mutant(
        "psk-order",
        "the place of a PSK among others does not count",
        VECTORS,
        "label = psk_id.encode() + u16(index) + u16(len(psks))",
        "label = psk_id.encode() + u16(0) + u16(len(psks))",
    ),
    mutant(
        "commit-unauthorised",
        "the application is not asked about others' commits",
        PROPOSALS,
        "authorise(state, sender, committer, applied.proposals, changes, policy)\n    after = _follow",
        "after = _follow",
    ),
    mutant(
        "credential-unasked",
        "the application is not asked about credentials",
        LEAVES,
        "reason = policy.authenticate(leaf, previous)\n    if reason",
        "reason = None\n    if reason",
    ),
    unchecked("LEAF_LIFETIME", "key packages are good forever", LEAVES, "holds"),
    unchecked(
        "LEAF_SOURCE",
        "a key package's leaf may come from anywhere",
        LEAVES,
        "leaf.source is LeafNodeSource.KEY_PACKAGE",
    ),
    unchecked(
        "LEAF_KEY_FRESH",
        "an update may keep its encryption key",
        LEAVES,
        "leaf.encryption_key != previous.encryption_key",
    ),
    unchecked("LEAF_KEYS_UNIQUE", "two members may have one key", LEAVES, "unique"),
    unchecked("LEAF_REQUIRED_CAPABILITIES", "what a group requires is not demanded", LEAVES, "holds"),
    unchecked(
        "LEAF_CREDENTIAL_SUPPORT",
        "members need not know each other's credential types",
        LEAVES,
        "kinds.issubset(capabilities.credentials)",
    ),
    unchecked("EXTENSIONS_ONCE", "an extension may stand twice", LEAVES, "len(types) == len(set(types))"),
    # --- joining and continuing -----------------------------------------------------------------------------
    mutant(
        "join-again",
        "one may join a group that one is in",
        TWICE,
        "rules.require(context.group_id not in known_groups, rules.GROUP_ID_NEW)",
        "pass",
    ),
    unchecked("REINIT_MEMBERS", "a successor may leave members out", RESUMPTION, "everybody"),
    unchecked("BRANCH_MEMBERS", "a branch may bring strangers in", RESUMPTION, "subset"),
    # --- bytes and archives ---------------------------------------------------------------------------------
    mutant(
        "trailing-bytes",
        "bytes behind a message are passed over",
        CODEC,
        "if self.pos != self.end:",
        "if self.pos > self.end:",
    ),
    mutant("long-lengths", "a length need not be in its shortest form", CODEC, "if n < 1 << 6:", "if n < 0:"),
    mutant(
        "archive-without-proposals",
        "waiting proposals are lost in the archive",
        ARCHIVE,
        "vector(_queued(p) for p in state.proposals.values()),",
        "vector([]),",
    ),
    mutant(
        "archive-without-updates",
        "our waiting Updates are lost in the archive",
        ARCHIVE,
        "for public, u in state.updates.items()",
        "for public, u in ()",
    ),
    mutant(
        "archive-without-skipped-keys",
        "skipped keys are lost in the archive",
        ARCHIVE,
        "for g, k in kept.items())",
        "for g, k in ())",
    ),
    mutant(
        "archive-without-past",
        "past epochs are lost in the archive",
        ARCHIVE,
        "vector(_past_epoch(p, state.tree) for p in state.past),",
        "vector([]),",
    ),
    mutant(
        "archive-without-status",
        "the archive forgets that a group is closed",
        HISTORIES,
        "u8(_STATUSES.index(state.status)),",
        "u8(0),",
    ),
    mutant(
        "archive-mixes-epochs",
        "two parts of different epochs make a state",
        ARCHIVE,
        "if epoch != state.epoch:",
        "if False:",
    ),
]
