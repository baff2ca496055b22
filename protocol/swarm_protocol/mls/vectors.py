"""Run the MLS working group's test vectors: `python -m swarm_protocol.mls.vectors PATH...`.

Takes files (`.json` or `.json.xz`) and folders of them, in the formats of mlswg/mls-implementations. What a
case tests is told from its fields, not from the file's name. Prints a line per file and at the end
`N passed, M failed`; exit code 1 if anything failed, 2 if there was nothing to run. A case whose Welcome
needs the resumption PSK of a group that the case does not hold is listed as unavailable.

This module alone of its package reads files; nothing imports it.
"""

from __future__ import annotations

import json
import lzma
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

from ..errors import ProtocolError
from ..testing import SeededEntropy
from . import group, incoming, joining, key_schedule, protection, tree_kem, tree_math
from .ciphersuite import CRYPTO, CipherSuite, HPKECiphertext
from .codec import Reader, Struct, opaque
from .framing import (
    AuthenticatedContent,
    FramedContent,
    FramedContentAuthData,
    MLSMessage,
    PrivateMessage,
    PublicMessage,
    Sender,
    WireFormat,
    encode_body,
)
from .group_context import GroupContext
from .hpke import KemKeyPair
from .key_package import KeyPackage, OwnKeyPackage
from .leaf_node import MLS_10, LeafNode
from .proposals import (
    Add,
    Commit,
    ExternalInit,
    GroupContextExtensions,
    PreSharedKey,
    PreSharedKeyID,
    ReInit,
    Remove,
    Update,
    UpdatePath,
    read_proposal,
)
from .ratchet_tree import RatchetTree, TreeDraft
from .secret_tree import MessageKey, RatchetKind, SecretTree, Window
from .state import GroupConfig, Policy, PSKUnknown
from .validation import check_leaf, check_tree
from .welcome import GroupInfo, GroupSecrets, Welcome, welcome_key

T = TypeVar("T")
Case = dict[str, Any]
hexed = bytes.fromhex


class Mismatch(Exception):
    """A value is not the expected one."""


class Unavailable(Exception):
    """The case needs something that it does not hold."""


def expect(what: str, got: object, wanted: object) -> None:
    """Compare a result with what the vector says."""
    if got != wanted:
        raise Mismatch(f"{what}: {_show(got)}, not {_show(wanted)}")


def _show(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else repr(value)


def _suite(case: Case) -> CipherSuite:
    return CRYPTO.suite(case["cipher_suite"])


def run_tree_math(case: Case) -> None:
    """Indices (§4.1, Appendix C)."""
    n = case["n_leaves"]
    expect("n_nodes", tree_math.node_width(n), case["n_nodes"])
    expect("root", tree_math.root(n), case["root"])
    for name in ("left", "right", "parent", "sibling"):
        for x, wanted in enumerate(case[name]):
            if wanted is not None:
                expect(f"{name}({x})", getattr(tree_math, name)(x), wanted)


def run_deserialization(case: Case) -> None:
    """Vector length headers (§2.1.2)."""
    r = Reader(hexed(case["vlbytes_header"]))
    expect("length", r.length(), case["length"])
    r.finish()


def run_crypto_basics(case: Case) -> None:
    """The labelled functions (§5.1, §5.2, §8, §9)."""
    suite = _suite(case)
    v = case["ref_hash"]
    expect("RefHash", suite.ref_hash(v["label"], hexed(v["value"])), hexed(v["out"]))
    v = case["expand_with_label"]
    got = suite.expand_with_label(hexed(v["secret"]), v["label"].encode(), hexed(v["context"]), v["length"])
    expect("ExpandWithLabel", got, hexed(v["out"]))
    v = case["derive_secret"]
    got = suite.derive_secret(hexed(v["secret"]), v["label"].encode())
    expect("DeriveSecret", got, hexed(v["out"]))
    v = case["derive_tree_secret"]
    got = suite.derive_tree_secret(hexed(v["secret"]), v["label"].encode(), v["generation"], v["length"])
    expect("DeriveTreeSecret", got, hexed(v["out"]))
    v = case["sign_with_label"]
    label, content, public = v["label"].encode(), hexed(v["content"]), hexed(v["pub"])
    theirs = suite.verify_with_label(public, label, content, hexed(v["signature"]))
    expect("VerifyWithLabel", theirs, True)
    keys = suite.signature.from_private(hexed(v["priv"]))
    expect("public signature key", keys.public, public)
    ours = suite.sign_with_label(keys.private, label, content)
    expect("own signature", suite.verify_with_label(public, label, content, ours), True)
    v = case["encrypt_with_label"]
    label, context, plaintext = v["label"].encode(), hexed(v["context"]), hexed(v["plaintext"])
    kem_keys = suite.kem.from_private(hexed(v["priv"]))
    expect("public encryption key", kem_keys.public, hexed(v["pub"]))
    sealed = HPKECiphertext(hexed(v["kem_output"]), hexed(v["ciphertext"]))
    expect("DecryptWithLabel", suite.decrypt_with_label(kem_keys, label, context, sealed), plaintext)
    own = suite.encrypt_with_label(kem_keys.public, label, context, plaintext, SeededEntropy(0))
    expect("own ciphertext", suite.decrypt_with_label(kem_keys, label, context, own), plaintext)


def run_secret_tree(case: Case) -> None:
    """Hash ratchets and sender data keys (§9, §6.3.2)."""
    suite, v = _suite(case), case["sender_data"]
    key = protection.sender_data_key(suite, hexed(v["sender_data_secret"]), hexed(v["ciphertext"]))
    expect("sender data key", key, MessageKey(hexed(v["key"]), hexed(v["nonce"])))
    tree = SecretTree.start(len(case["leaves"]), hexed(case["encryption_secret"]))
    for leaf, generations in enumerate(case["leaves"]):
        for v in generations:
            for kind in RatchetKind:
                tree, key = tree.take(suite, leaf, kind, v["generation"], Window())
                name = kind.name.lower()
                wanted = MessageKey(hexed(v[f"{name}_key"]), hexed(v[f"{name}_nonce"]))
                expect(f"{name} key of leaf {leaf}", key, wanted)


def run_message_protection(case: Case) -> None:
    """PublicMessage and PrivateMessage, theirs and ours (§6.1 to §6.3); leaf 1 of 2 speaks."""
    suite = _suite(case)
    context = GroupContext(
        MLS_10,
        suite.id,
        hexed(case["group_id"]),
        case["epoch"],
        hexed(case["tree_hash"]),
        hexed(case["confirmed_transcript_hash"]),
    ).encode()
    for kind in ("proposal", "commit", "application"):
        raw = hexed(case[kind])
        body = opaque(raw) if kind == "application" else raw
        messages = [hexed(case[f"{kind}_priv"])]
        if kind != "application":
            messages.append(hexed(case[f"{kind}_pub"]))
        for data in messages:
            opened = _open(suite, case, context, data)
            expect(f"{kind}", encode_body(opened.content.body), body)
            again = _protect(suite, case, context, opened)
            expect(f"own {kind}", encode_body(_open(suite, case, context, again).content.body), body)


def _open(suite: CipherSuite, case: Case, context: bytes, data: bytes) -> AuthenticatedContent:
    message = MLSMessage.decode(data).body
    if isinstance(message, PublicMessage):
        key = hexed(case["membership_key"])
        opened = protection.unprotect_public(suite, key, message, context)
    elif isinstance(message, PrivateMessage):
        sender = protection.open_sender_data(suite, hexed(case["sender_data_secret"]), message)
        expect("sender", sender.leaf_index, 1)
        kind = RatchetKind.APPLICATION if message.content_type == 1 else RatchetKind.HANDSHAKE
        tree = SecretTree.start(2, hexed(case["encryption_secret"]))
        _, key_pair = tree.take(suite, 1, kind, sender.generation, Window())
        opened = protection.open_content(suite, message, sender, key_pair)
    else:
        raise Mismatch(f"a {type(message).__name__} where a message to the group was wanted")
    public = hexed(case["signature_pub"])
    expect("signature", protection.is_signed(suite, public, opened, context), True)
    return opened


def _protect(suite: CipherSuite, case: Case, context: bytes, opened: AuthenticatedContent) -> bytes:
    old, auth, wire_format = opened.content, opened.auth, opened.wire_format
    content = FramedContent.make(old.group_id, old.epoch, Sender.member(1), old.authenticated_data, old.body)
    private = suite.signature.from_private(hexed(case["signature_priv"])).private
    signature = protection.sign(suite, private, wire_format, content, context)
    signed = AuthenticatedContent(
        wire_format, content, FramedContentAuthData(signature, auth.confirmation_tag)
    )
    if wire_format is WireFormat.PUBLIC_MESSAGE:
        key = hexed(case["membership_key"])
        return MLSMessage(protection.protect_public(suite, key, signed, context)).encode()
    kind = RatchetKind.APPLICATION if content.content_type == 1 else RatchetKind.HANDSHAKE
    tree = SecretTree.start(2, hexed(case["encryption_secret"]))
    _, generation, message_key = tree.next(suite, 1, kind)
    secret = hexed(case["sender_data_secret"])
    return MLSMessage(
        protection.protect_private(suite, secret, signed, generation, message_key, 32, SeededEntropy(1))
    ).encode()


def run_key_schedule(case: Case) -> None:
    """The key schedule over several epochs (§8)."""
    suite = _suite(case)
    init_secret = hexed(case["initial_init_secret"])
    for number, epoch in enumerate(case["epochs"]):
        context = GroupContext(
            MLS_10,
            suite.id,
            hexed(case["group_id"]),
            number,
            hexed(epoch["tree_hash"]),
            hexed(epoch["confirmed_transcript_hash"]),
        ).encode()
        expect("group_context", context, hexed(epoch["group_context"]))
        commit_secret, psk = hexed(epoch["commit_secret"]), hexed(epoch["psk_secret"])
        joiner = key_schedule.joiner_secret(suite, init_secret, commit_secret, context)
        expect("joiner_secret", joiner, hexed(epoch["joiner_secret"]))
        welcome = key_schedule.welcome_secret(suite, joiner, psk)
        expect("welcome_secret", welcome, hexed(epoch["welcome_secret"]))
        secret = key_schedule.epoch_secret(suite, joiner, psk, context)
        secrets, encryption_secret = key_schedule.derive_epoch(suite, secret)
        expect("encryption_secret", encryption_secret, hexed(epoch["encryption_secret"]))
        for name in secrets.__dataclass_fields__:
            expect(name, getattr(secrets, name), hexed(epoch[name]))
        external = key_schedule.external_key(suite, secrets).public
        expect("external_pub", external, hexed(epoch["external_pub"]))
        v = epoch["exporter"]
        exported = key_schedule.export(
            suite, secrets.exporter_secret, v["label"].encode(), hexed(v["context"]), v["length"]
        )
        expect("exporter", exported, hexed(v["secret"]))
        init_secret = secrets.init_secret


def run_psk_secret(case: Case) -> None:
    """The chain of pre-shared keys (§8.4)."""
    psks = [
        (PreSharedKeyID.external(hexed(p["psk_id"]), hexed(p["psk_nonce"])), hexed(p["psk"]))
        for p in case["psks"]
    ]
    expect("psk_secret", key_schedule.psk_secret(_suite(case), psks), hexed(case["psk_secret"]))


def run_transcript_hashes(case: Case) -> None:
    """Transcript hashes and the confirmation tag (§8.2, §6.1)."""
    suite = _suite(case)
    message = AuthenticatedContent.decode(hexed(case["authenticated_content"]))
    before = hexed(case["interim_transcript_hash_before"])
    confirmed = key_schedule.confirmed_transcript_hash(
        suite, before, protection.transcript_content(message), message.auth.signature
    )
    expect("confirmed hash", confirmed, hexed(case["confirmed_transcript_hash_after"]))
    tag = suite.mac(hexed(case["confirmation_key"]), confirmed)
    expect("confirmation tag", message.auth.confirmation_tag, tag)
    interim = key_schedule.interim_transcript_hash(suite, confirmed, tag)
    expect("interim hash", interim, hexed(case["interim_transcript_hash_after"]))


def run_welcome(case: Case) -> None:
    """Opening a Welcome (§12.4.3.1)."""
    suite = _suite(case)
    package, welcome = _body(case["key_package"], KeyPackage), _body(case["welcome"], Welcome)
    entry = next(s for s in welcome.secrets if s.new_member == package.ref(suite))
    keys = KemKeyPair(hexed(case["init_priv"]), package.init_key)
    opened = suite.decrypt_with_label(
        keys, b"Welcome", welcome.encrypted_group_info, entry.encrypted_group_secrets
    )
    joiner = GroupSecrets.decode(opened).joiner_secret
    key, nonce = welcome_key(suite, key_schedule.welcome_secret(suite, joiner, suite.zero))
    info = GroupInfo.decode(suite.aead.open(key, nonce, b"", welcome.encrypted_group_info))
    expect("signature", info.is_signed(suite, hexed(case["signer_pub"])), True)
    context = info.group_context
    secret = key_schedule.epoch_secret(suite, joiner, suite.zero, context.encode())
    secrets, _ = key_schedule.derive_epoch(suite, secret)
    tag = suite.mac(secrets.confirmation_key, context.confirmed_transcript_hash)
    expect("confirmation tag", info.confirmation_tag, tag)


def _body(data: str, kind: type[T]) -> T:
    body = MLSMessage.decode(hexed(data)).body
    if not isinstance(body, kind):
        raise Mismatch(f"a {type(body).__name__} where a {kind.__name__} was wanted")
    return body


def run_tree_operations(case: Case) -> None:
    """Add, update and remove on a tree (§7.7, §12.1.1 to §12.1.3)."""
    tree = RatchetTree.decode(_suite(case), hexed(case["tree_before"]))
    expect("tree hash before", tree.tree_hash(), hexed(case["tree_hash_before"]))
    r = Reader(hexed(case["proposal"]))
    proposal, draft = read_proposal(r), TreeDraft(tree)
    match proposal:
        case Add(package):
            draft.add(package.leaf_node)
        case Update(leaf):
            draft.update(case["proposal_sender"], leaf)
        case Remove(removed):
            draft.remove(removed)
        case _:
            raise Mismatch(f"{type(proposal).__name__} does not change a tree")
    expect("tree after", draft.encode(), hexed(case["tree_after"]))
    expect("tree hash after", draft.freeze().tree_hash(), hexed(case["tree_hash_after"]))
    expect("tree before, untouched", tree.encode(), hexed(case["tree_before"]))


def run_tree_validation(case: Case) -> None:
    """Resolutions, tree hashes, parent hashes and leaf signatures (§4.1.1, §7.8, §7.9.2, §7.3)."""
    suite, group_id = _suite(case), hexed(case["group_id"])
    tree = RatchetTree.decode(suite, hexed(case["tree"]))
    expect("tree", tree.encode(), hexed(case["tree"]))
    for x, resolution in enumerate(case["resolutions"]):
        expect(f"resolution of {x}", tree.resolution(x), resolution)
    for x, tree_hash in enumerate(case["tree_hashes"]):
        expect(f"tree hash of {x}", tree.subtree_hash(x), hexed(tree_hash))
    check_tree(tree, group_id, (), Policy.allow_all())


def run_treekem(case: Case) -> None:
    """Following every path as every member, and making paths that all can follow (§7.4 to §7.6)."""
    suite, group_id = _suite(case), hexed(case["group_id"])
    tree = RatchetTree.decode(suite, hexed(case["ratchet_tree"]))
    members = {}
    for v in case["leaves_private"]:
        private = {2 * v["index"]: suite.kem.from_private(hexed(v["encryption_priv"]))}
        for p in v["path_secrets"]:
            node_secret = suite.derive_secret(hexed(p["path_secret"]), b"node")
            private[p["node"]] = suite.kem.derive_key_pair(node_secret)
        expect("private keys", tree_kem.still_valid(tree, private), private)
        members[v["index"]] = private, suite.signature.from_private(hexed(v["signature_priv"]))
    for v in case["update_paths"]:
        sender, update = v["sender"], UpdatePath.decode(hexed(v["update_path"]))
        after, leaf = TreeDraft(tree), update.leaf_node
        policy = Policy.allow_all()
        check_leaf(suite, leaf, group_id=group_id, index=sender, policy=policy)
        parent_hash = after.set_path(sender, [n.encryption_key for n in update.nodes])
        expect("parent hash", leaf.parent_hash, parent_hash)
        after.set_leaf(sender, leaf)
        context = _treekem_context(case, suite, after)
        expect("tree hash after", after.tree_hash(), hexed(v["tree_hash_after"]))
        for index, secret in enumerate(v["path_secrets"]):
            if secret is None:
                continue
            keys, commit_secret = tree_kem.open_path(
                after, update, sender, index, members[index][0], context, ()
            )
            expect(f"path secret of {index}", keys[0].secret, hexed(secret))
            expect(f"commit secret of {index}", commit_secret, hexed(v["commit_secret"]))
        _make_path(case, suite, tree, sender, members)


def _treekem_context(case: Case, suite: CipherSuite, tree: RatchetTree) -> bytes:
    return GroupContext(
        MLS_10,
        suite.id,
        hexed(case["group_id"]),
        case["epoch"],
        tree.tree_hash(),
        hexed(case["confirmed_transcript_hash"]),
    ).encode()


def _make_path(
    case: Case, suite: CipherSuite, tree: RatchetTree, sender: int, members: dict[int, Any]
) -> None:
    entropy, draft, old = SeededEntropy(sender), TreeDraft(tree), tree.leaf(sender)
    if old is None:
        raise Mismatch(f"the sender {sender} is blank")
    path, commit_secret = tree_kem.derive_path(
        suite, entropy(suite.kdf.size), draft.filtered_direct_path(sender)
    )
    parent_hash = draft.set_path(sender, [k.keys.public for k in path])
    leaf = LeafNode.sign(
        suite,
        members[sender][1].private,
        encryption_key=suite.kem.derive_key_pair(entropy(32)).public,
        signature_key=old.signature_key,
        credential=old.credential,
        capabilities=old.capabilities,
        source=type(old.source).COMMIT,
        parent_hash=parent_hash,
        extensions=old.extensions,
        group_id=hexed(case["group_id"]),
        leaf_index=sender,
    )
    draft.set_leaf(sender, leaf)
    context = _treekem_context(case, suite, draft)
    update = UpdatePath(leaf, tree_kem.seal_path(draft, path, context, (), entropy))
    again = UpdatePath.decode(update.encode())
    check_tree(draft.freeze(), hexed(case["group_id"]), (), Policy.allow_all())
    for index, (private, _) in members.items():
        if index != sender:
            got = tree_kem.open_path(draft, again, sender, index, private, context, ())
            expect(f"commit secret of own path for {index}", got[1], commit_secret)


def run_messages(case: Case) -> None:
    """Every struct decodes and encodes back to the same bytes (§6, §7, §10, §12)."""
    structs: dict[str, type[Struct]] = {
        "group_secrets": GroupSecrets,
        "add_proposal": Add,
        "update_proposal": Update,
        "remove_proposal": Remove,
        "pre_shared_key_proposal": PreSharedKey,
        "re_init_proposal": ReInit,
        "external_init_proposal": ExternalInit,
        "group_context_extensions_proposal": GroupContextExtensions,
        "commit": Commit,
    }
    for name, value in case.items():
        raw = hexed(value)
        if name == "ratchet_tree":
            again = RatchetTree.decode(CRYPTO.suite(1), raw).encode()
        elif name == "public_message_application":
            # Valid in form only: §6.2 forbids to send one, so PublicMessage refuses it.
            again = _round_trip_public_application(raw)
        elif name in structs:
            again = structs[name].decode(raw).encode()
        else:
            again = MLSMessage.decode(raw).encode()
        expect(name, again, raw)


def _round_trip_public_application(raw: bytes) -> bytes:
    r = Reader(raw)
    head = r.take(4)
    content = FramedContent.read(r)
    auth = FramedContentAuthData.read(r, content.content_type)
    tag = r.opaque() if content.sender.type == 1 else None
    r.finish()
    rebuilt = FramedContent.make(
        content.group_id, content.epoch, content.sender, content.authenticated_data, content.body
    )
    return head + PublicMessage(rebuilt, auth, tag).encode()


def run_passive_client(case: Case) -> None:
    """Join by a Welcome and follow a group (§12.4)."""
    suite = _suite(case)
    package = _body(case["key_package"], KeyPackage)
    own = OwnKeyPackage(
        suite,
        package,
        KemKeyPair(hexed(case["init_priv"]), package.init_key),
        KemKeyPair(hexed(case["encryption_priv"]), package.leaf_node.encryption_key),
        suite.signature.from_private(hexed(case["signature_priv"])),
    )
    external = {hexed(p["psk_id"]): hexed(p["psk"]) for p in case["external_psks"]}
    policy = Policy.allow_all(lambda psk_id: external.get(psk_id.psk_id) if psk_id.type == 1 else None)
    tree = None if case["ratchet_tree"] is None else hexed(case["ratchet_tree"])
    config = GroupConfig(past_epochs=1000)
    try:
        state = joining.join(own, hexed(case["welcome"]), ratchet_tree=tree, policy=policy, config=config)
        authenticator = hexed(case["initial_epoch_authenticator"])
        expect("epoch authenticator", state.epoch_authenticator, authenticator)
        for number, epoch in enumerate(case["epochs"]):
            for data in epoch["proposals"]:
                state, _ = incoming.process(state, hexed(data), policy=policy)
            state, event = incoming.process(state, hexed(epoch["commit"]), policy=policy)
            if not isinstance(event, incoming.CommitStaged):
                raise Mismatch(f"epoch {number} holds no commit")
            state = group.merge(state, event.staged, now=0)
            authenticator = hexed(epoch["epoch_authenticator"])
            expect(f"authenticator of epoch {number}", state.epoch_authenticator, authenticator)
    except PSKUnknown as e:
        raise Unavailable(_psk_name(e.psk_id)) from e


def _psk_name(psk_id: PreSharedKeyID) -> str:
    if psk_id.type == 1:
        return f"external PSK {psk_id.psk_id.hex()}"
    usage = psk_id.usage.name.lower()
    return f"resumption PSK ({usage}) of group {psk_id.psk_group_id.hex()} epoch {psk_id.psk_epoch}"


KINDS: dict[str, tuple[str, Callable[[Case], None]]] = {
    "n_leaves": ("tree-math", run_tree_math),
    "vlbytes_header": ("deserialization", run_deserialization),
    "ref_hash": ("crypto-basics", run_crypto_basics),
    "leaves": ("secret-tree", run_secret_tree),
    "application_priv": ("message-protection", run_message_protection),
    "initial_init_secret": ("key-schedule", run_key_schedule),
    "psk_secret": ("psk_secret", run_psk_secret),
    "authenticated_content": ("transcript-hashes", run_transcript_hashes),
    "signer_pub": ("welcome", run_welcome),
    "tree_before": ("tree-operations", run_tree_operations),
    "resolutions": ("tree-validation", run_tree_validation),
    "update_paths": ("treekem", run_treekem),
    "mls_welcome": ("messages", run_messages),
    "initial_epoch_authenticator": ("passive-client", run_passive_client),
}
"""By a field that only this kind of case has: its name, and what runs it."""


def kind_of(case: Case) -> tuple[str, Callable[[Case], None]] | None:
    """What a case tests; None for a kind that is not known here."""
    return next((kind for name, kind in KINDS.items() if name in case), None)


def load(path: Path) -> list[Case]:
    """Read a file of cases, plain or xz."""
    data = path.read_bytes()
    if path.suffix == ".xz":
        data = lzma.decompress(data)
    cases = json.loads(data)
    if not isinstance(cases, list) or not all(isinstance(c, dict) for c in cases):
        raise ValueError("not a list of cases")
    return cases


def find(paths: list[Path]) -> Iterator[Path]:
    """The files named, and those in the folders named."""
    for path in paths:
        if path.is_dir():
            yield from sorted(p for p in path.rglob("*.json*") if p.name.endswith((".json", ".json.xz")))
        else:
            yield path


def run_case(case: Case) -> str | None:
    """Run one case; None if it passed, a reason if it failed. Unavailable passes through."""
    kind = kind_of(case)
    if kind is None:
        return "a kind of case that is not known here"
    try:
        kind[1](case)
    except (ProtocolError, Mismatch) as e:
        return f"{type(e).__name__}: {e}"
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, StopIteration) as e:
        return f"malformed case: {type(e).__name__}: {e}"
    return None


def run_file(path: Path) -> tuple[int, list[str], Counter[str]]:
    """Run a file: how many passed, why others failed, what was unavailable."""
    passed, failures, unavailable = 0, [], Counter[str]()
    for number, case in enumerate(load(path)):
        try:
            failure = run_case(case)
        except Unavailable as e:
            unavailable[str(e)] += 1
            continue
        if failure is None:
            passed += 1
        else:
            failures.append(f"case {number}: {failure}")
    return passed, failures, unavailable


def main(arguments: list[str]) -> int:
    """The command; gives the exit code."""
    files = list(find([Path(a) for a in arguments]))
    if not files:
        print("usage: python -m swarm_protocol.mls.vectors PATH...", file=sys.stderr)
        return 2
    passed, failed = 0, 0
    for path in files:
        try:
            good, failures, unavailable = run_file(path)
        except (OSError, ValueError, lzma.LZMAError) as e:
            good, failures, unavailable = 0, [f"cannot be read: {e}"], Counter[str]()
        line = f"{path}: {good} passed, {len(failures)} failed"
        if unavailable:
            line += f", {unavailable.total()} unavailable"
        print(line)
        for text in failures:
            print(f"    {text}")
        for text, times in sorted(unavailable.items()):
            print(f"    unavailable, {times} times: {text}")
        passed, failed = passed + good, failed + len(failures)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
