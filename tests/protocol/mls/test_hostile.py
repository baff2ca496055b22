"""Input made to cost much: refused with a RemoteProtocolError, in few steps and little memory.

A step is a call of a function or the resumption of a generator; memory is the peak of what Python allocated.
What is long itself may cost in proportion. Counting takes longer than the steps do, so the longest input has
a ceiling of processor time alone, generous, but too low for a cost that grows with the square.
"""

from __future__ import annotations

import sys
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from functools import cache, partial
from typing import Any

import pytest
from mls_forge import (
    RANDOM,
    STRANGER,
    State,
    commit_in,
    flat_group,
    group,
    newcomer,
    path_of,
    public,
    refusing,
    refusing_ourselves,
    signed,
    welcome_again,
    welcomed,
    with_nodes,
)
from mls_forge import altered as altered_commit
from mls_world import ALLOW, NOW, X25519

from swarm_protocol import mls
from swarm_protocol.errors import RemoteProtocolError, ReplayedMessage, UsageError
from swarm_protocol.mls import protection
from swarm_protocol.mls.ciphersuite import HPKECiphertext
from swarm_protocol.mls.codec import opaque, u16, vector
from swarm_protocol.mls.proposals import UpdatePathNode
from swarm_protocol.mls.ratchet_tree import MAX_LEAVES, Node, ParentNode, RatchetTree, TreeDraft
from swarm_protocol.mls.secret_tree import MessageKey, RatchetKind
from swarm_protocol.mls.welcome import EncryptedGroupSecrets

MANY, FEWER = 100_000, 10_000
LAST = 2**32 - 1
MB = 2**20
CEILING_S = 20


@contextmanager
def bounded(steps: int, memory: int) -> Iterator[None]:
    """The block takes so many steps and bytes at most; one that takes too many steps is stopped."""
    left = steps

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal left
        if event in {"call", "c_call"}:
            left -= 1
            if left < 0:
                sys.setprofile(None)
                raise AssertionError(f"more than {steps} steps")

    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)
        peak = tracemalloc.get_traced_memory()[1] - before
        tracemalloc.stop()
    assert peak <= memory


@contextmanager
def in_time() -> Iterator[None]:
    """The block ends before the ceiling of processor time."""
    started = time.process_time()
    yield
    assert time.process_time() - started <= CEILING_S


def in_proportion(size: int) -> AbstractContextManager[None]:
    """The cost is at most in proportion to the size of the input, as far as that can be measured quickly."""
    return in_time() if size > FEWER else bounded(200 * size, 2000 * size)


def refused(
    call: Callable[[], object],
    rule: str | None = None,
    cost: AbstractContextManager[None] | None = None,
) -> None:
    """The call raises a RemoteProtocolError, for this rule if one is named, and at no great cost."""
    with pytest.raises(RemoteProtocolError) as e, cost or bounded(3000, MB):
        call()
    assert rule is None or e.value.rule == rule


def processing(state: State, message: bytes, policy: mls.Policy = ALLOW) -> Callable[[], object]:
    return lambda: mls.process(state, message, policy=policy)


@cache
def members() -> tuple[State, ...]:
    return group(4)


# Lengths


@pytest.mark.parametrize("wire_format", mls.WireFormat)
def test_a_short_message_that_claims_a_gigabyte(wire_format: mls.WireFormat) -> None:
    head = u16(1) + u16(wire_format)
    huge = b"\xbf\xff\xff\xff"
    for message in (head + huge, head + b"\x00\x01" + huge, head + b"\x00\x01\x00\x01" + huge):
        refused(partial(mls.MLSMessage.decode, message), cost=bounded(50, 2**14))


def test_any_four_bytes_of_a_message_may_claim_a_gigabyte() -> None:
    _, pending = mls.commit(members()[0], public=True, policy=ALLOW, entropy=RANDOM, now=NOW)
    raw = pending.message
    refusals = 0
    with bounded(200 * len(raw), MB):
        for at in range(len(raw) - 3):
            data = raw[:at] + b"\xbf\xff\xff\xff" + raw[at + 4 :]
            try:
                mls.process(members()[1], data, policy=ALLOW)
            except RemoteProtocolError:
                refusals += 1
    assert refusals == len(raw) - 3


# Generations


def at_generation(sender: State, generation: int, key: MessageKey) -> bytes:
    """Data of a member that says it stands at this generation."""
    message = signed(sender, b"data", mls.WireFormat.PRIVATE_MESSAGE)
    body = protection.protect_private(
        X25519, sender.secrets.sender_data_secret, message, generation, key, 0, RANDOM
    )
    return mls.MLSMessage(body).encode()


@pytest.mark.parametrize("generation", [LAST, LAST - 1, 2**31, 1001])
def test_a_generation_far_ahead(generation: int) -> None:
    sender, receiver = members()[:2]
    message = at_generation(sender, generation, MessageKey(bytes(16), bytes(12)))
    refused(processing(receiver, message), "generation-cap", bounded(500, MB))


def test_the_last_generation_within_the_window_opens_and_keeps_few_keys() -> None:
    sender, receiver = members()[:2]
    window = receiver.config.window
    key = MessageKey(bytes(16), bytes(12))
    with pytest.raises(RemoteProtocolError), bounded(40 * window.forward, 2 * MB):
        mls.process(receiver, at_generation(sender, window.forward, key), policy=ALLOW)
    _, key = sender.secret_tree.take(X25519, 0, RatchetKind.APPLICATION, window.forward, window)
    with bounded(40 * window.forward, 2 * MB):
        receiver, event = mls.process(receiver, at_generation(sender, window.forward, key), policy=ALLOW)
    assert isinstance(event, mls.ApplicationMessage)
    ratchet = receiver.secret_tree.ratchets[0][RatchetKind.APPLICATION]
    assert len(ratchet.kept) == window.late
    again = at_generation(sender, window.forward, key)
    with pytest.raises(ReplayedMessage):
        mls.process(receiver, again, policy=ALLOW)


# Indices and epochs


def test_a_sender_beyond_the_tree() -> None:
    sender, receiver = members()[:2]
    for index in (LAST, 2**31, 4, 5):
        who = mls.Sender.member(index)
        message = public(sender, mls.Remove(2), sender=who)
        refused(processing(receiver, message), "member-sender")
        hidden = protection.protect_private(
            X25519,
            sender.secrets.sender_data_secret,
            signed(sender, b"data", mls.WireFormat.PRIVATE_MESSAGE, sender=who),
            0,
            MessageKey(bytes(16), bytes(12)),
            0,
            RANDOM,
        )
        refused(processing(receiver, mls.MLSMessage(hidden).encode()), "member-sender")
        external = public(sender, mls.Remove(2), sender=mls.Sender(mls.SenderType.EXTERNAL, index))
        refused(processing(receiver, external), "external-sender")


@pytest.mark.parametrize("index", [LAST, 2**31, 4])
def test_a_removal_beyond_the_tree(index: int) -> None:
    sender, receiver = members()[:2]
    refused(processing(receiver, public(sender, mls.Remove(index))), "remove-member")
    commit = mls.Commit((mls.Remove(index),), None)
    refused(processing(receiver, public(sender, commit, tag=b"tag")), "remove-member")
    outside = mls.Sender(mls.SenderType.NEW_MEMBER_COMMIT)
    refused(processing(receiver, public(sender, commit, sender=outside, tag=b"tag")), "path-required")


@pytest.mark.parametrize("index", [LAST, 2**31, 4])
def test_a_signer_beyond_the_tree(index: int) -> None:
    own = newcomer()
    signer, welcome = welcomed(members()[0], own)
    again = welcome_again(own, welcome, signer, signer_index=index)
    if index < signer.tree.n_leaves:
        index = LAST
    refused(lambda: mls.join(own, again, policy=ALLOW), "group-info-signature", bounded(5000, MB))


@pytest.mark.parametrize("epoch", [2**64 - 1, 2**63, 0])
def test_a_message_of_an_epoch_far_off(epoch: int) -> None:
    sender, receiver = members()[:2]
    refused(processing(receiver, public(sender, mls.Remove(2), epoch=epoch)), "epoch")
    message = signed(sender, b"data", mls.WireFormat.PRIVATE_MESSAGE, epoch=epoch)
    body = protection.protect_private(
        X25519,
        sender.secrets.sender_data_secret,
        message,
        0,
        MessageKey(bytes(16), bytes(12)),
        0,
        RANDOM,
    )
    refused(processing(receiver, mls.MLSMessage(body).encode()))


def test_a_group_in_its_last_epoch_takes_no_commit() -> None:
    """Whoever makes a group may begin it there: nothing signed says that epochs begin with 0."""
    own = newcomer()
    signer, welcome = welcomed(members()[0], own)
    again = welcome_again(own, welcome, signer, epoch=2**64 - 1)
    state = mls.join(own, again, policy=ALLOW)
    assert state.epoch == 2**64 - 1
    options: dict[str, Any] = {"policy": ALLOW, "entropy": RANDOM, "now": NOW}
    with refusing_ourselves("last-epoch"):
        mls.commit(state, **options)
    # What its maker may send: the rest is as `state` has it, the leaf and the key are the maker's.
    maker = replace(state, own_leaf=signer.own_leaf, signature=signer.signature)
    commit = mls.Commit((mls.Add(STRANGER.key_package().key_package),), None)
    refused(processing(state, public(maker, commit, tag=b"tag")), "last-epoch", bounded(5000, MB))
    with pytest.raises(UsageError):
        mls.external_join(STRANGER.key_package(), mls.group_info(maker), policy=ALLOW, entropy=RANDOM)


# Trees


def test_a_tree_of_a_million_blanks() -> None:
    refused(lambda: RatchetTree.decode(X25519, opaque(bytes(10**6))), cost=bounded(200_000, MB))
    leaf = members()[0].tree.leaf(0)
    assert leaf is not None
    last = vector([bytes(10**6), b"\x01\x01" + leaf.raw])
    refused(lambda: RatchetTree.decode(X25519, last), cost=bounded(200_000, MB))
    own = newcomer()
    _, welcome = welcomed(members()[0], own, tree_in_welcome=False)
    refused(lambda: mls.join(own, welcome, ratchet_tree=last, policy=ALLOW), cost=bounded(200_000, 4 * MB))


def test_a_tree_at_the_bound_is_read_and_does_not_grow() -> None:
    leaf = members()[0].tree.leaf(0)
    assert leaf is not None
    full = RatchetTree(X25519, [leaf if x % 2 == 0 else None for x in range(2 * MAX_LEAVES - 1)])
    draft = TreeDraft(full)
    with refusing("group-size"):
        draft.add(leaf)
    draft.remove(5)
    assert draft.add(leaf) == 5
    raw = vector([b"\x01\x01" + leaf.raw, *([b"\x00"] * (2 * MAX_LEAVES - 3)), b"\x01\x01" + leaf.raw])
    assert RatchetTree.decode(X25519, raw).n_leaves == MAX_LEAVES
    larger = vector([b"\x01\x01" + leaf.raw, *([b"\x00"] * (2 * MAX_LEAVES - 1)), b"\x01\x01" + leaf.raw])
    refused(lambda: RatchetTree.decode(X25519, larger), cost=bounded(200_000, 4 * MB))


def joining_by(tree: RatchetTree) -> Callable[[], object]:
    """A join by the GroupInfo of somebody who made up this tree; leaf 0 signs it."""
    signer = members()[0]
    context = replace(signer.context, tree_hash=tree.tree_hash())
    extensions = (mls.Extension(mls.ExtensionType.RATCHET_TREE, tree.encode()),)
    info = mls.GroupInfo.sign(X25519, signer.signature.private, context, extensions, b"tag", 0)
    raw, own = mls.MLSMessage(info).encode(), STRANGER.key_package()
    return lambda: mls.external_join(own, raw, policy=ALLOW, entropy=RANDOM)


@pytest.mark.parametrize(
    "unmerged_of",
    [lambda n: [0] * n, range, lambda n: [LAST] * n, lambda n: range(LAST - n, LAST)],
    ids=["one leaf again and again", "rising", "far outside", "rising far outside"],
)
@pytest.mark.parametrize("many", [FEWER, MANY])
def test_long_lists_of_unmerged_leaves(unmerged_of: Callable[[int], Iterable[int]], many: int) -> None:
    unmerged = tuple(unmerged_of(many))
    nodes: list[Node | None] = [members()[0].tree.leaf(0), None, members()[0].tree.leaf(1)]
    nodes[1] = ParentNode(X25519.kem.derive_key_pair(b"ikm").public, b"", unmerged)
    tree = RatchetTree(X25519, nodes)
    refused(joining_by(tree), "tree-unmerged", in_proportion(many))


def test_a_large_tree_with_nearly_all_of_its_leaves_unmerged() -> None:
    """The one leaf that is not vouches for the root, whose original hash then leaves out all others."""
    n = 2048
    vouching = path_of(commit_of(members()[1])).leaf_node
    assert vouching.parent_hash
    nodes: list[Node | None] = [vouching if x % 2 == 0 else None for x in range(2 * n - 1)]
    nodes[0] = members()[0].tree.leaf(0)
    unmerged = tuple(i for i in range(n) if i != n // 2 - 1)
    nodes[n - 1] = ParentNode(X25519.kem.derive_key_pair(b"ikm").public, b"", unmerged)
    refused(joining_by(RatchetTree(X25519, nodes)), "tree-parent-hash", bounded(500 * n, 20 * MB))


def commit_of(state: State) -> mls.Commit:
    _, pending = mls.commit(state, public=True, policy=ALLOW, entropy=RANDOM, now=NOW)
    return commit_in(pending.message)


# Lists


sizes = pytest.mark.parametrize("many", [FEWER, MANY])


@sizes
def test_long_lists_of_extensions(many: int) -> None:
    extensions = tuple(mls.Extension(i % (many - 1) % 2**16, b"") for i in range(many))
    sender, receiver = members()[:2]
    proposal = mls.GroupContextExtensions(extensions)
    refused(processing(receiver, public(sender, proposal)), "extensions-once", in_proportion(many))
    reinit = mls.ReInit(b"next", 1, 1, extensions)
    refused(processing(receiver, public(sender, reinit)), "extensions-once", in_proportion(many))
    added = mls.Add(newcomer(extensions=extensions).key_package)
    refused(processing(receiver, public(sender, added)), "extensions-once", in_proportion(many))
    info = mls.MLSMessage.decode(mls.group_info(sender)).body
    assert isinstance(info, mls.GroupInfo)
    again = mls.GroupInfo.sign(
        X25519, sender.signature.private, info.group_context, extensions, info.confirmation_tag, 0
    )
    raw, own = mls.MLSMessage(again).encode(), STRANGER.key_package()
    joining = partial(mls.external_join, own, raw, policy=ALLOW, entropy=RANDOM)
    refused(joining, "extensions-once", in_proportion(many))


def test_a_group_extension_that_requires_everything() -> None:
    everything = tuple(range(2**16))
    required = mls.RequiredCapabilities(everything, everything, everything)
    sender, receiver = members()[:2]
    proposal = mls.GroupContextExtensions((required.extension(),))
    message = public(sender, replace(commit_of(sender), proposals=(proposal,)), tag=b"tag")
    refused(processing(receiver, message), "leaf-required-capabilities", in_time())


def psk(number: int) -> mls.PreSharedKey:
    return mls.PreSharedKey(mls.PreSharedKeyID.external(b"psk", number.to_bytes(32, "big")))


KNOWS_PSK = mls.Policy.allow_all(lambda psk_id: b"psk" if psk_id.psk_id == b"psk" else None)
LISTS: dict[str, Callable[[int], mls.Proposal | bytes]] = {
    "list-one-per-leaf": lambda _: mls.Remove(2),
    "remove-member": lambda n: mls.Remove(LAST - n),
    "list-reference-known": lambda n: n.to_bytes(32, "big"),
    "list-one-extensions": lambda _: mls.GroupContextExtensions(()),
    "list-reinit-alone": lambda _: mls.ReInit(b"next", 1, 1),
    "list-psk-once": lambda _: psk(0),
    "psk-count": psk,
    "list-no-external-init": lambda _: mls.ExternalInit(b""),
}
"""What to fill a commit with, by the rule that refuses it."""


@sizes
@pytest.mark.parametrize("rule", LISTS)
def test_a_commit_of_very_many_proposals(rule: str, many: int) -> None:
    sender, receiver = members()[:2]
    proposals = tuple(LISTS[rule](n) for n in range(many))
    message = public(sender, replace(commit_of(sender), proposals=proposals), tag=b"tag")
    assert len(message) > 3 * many
    if rule == "psk-count" and many < 2**16:
        rule = "confirmation-tag"
    refused(processing(receiver, message, KNOWS_PSK), rule, in_proportion(many))


@sizes
def test_a_waiting_proposal_named_again_and_again(many: int) -> None:
    sender, receiver = members()[:2]
    receiver, event = mls.process(receiver, public(sender, mls.Remove(2)), policy=ALLOW)
    assert isinstance(event, mls.ProposalReceived)
    assert event.queued.ref is not None
    commit = replace(commit_of(sender), proposals=(event.queued.ref,) * many)
    message = public(sender, commit, tag=b"tag")
    refused(processing(receiver, message), "list-one-per-leaf", in_proportion(many))


@sizes
def test_a_path_of_very_many_nodes_or_ciphertexts(many: int) -> None:
    sender, receiver = members()[:2]
    _, pending = mls.commit(sender, public=True, policy=ALLOW, entropy=RANDOM, now=NOW)
    node, sealed = UpdatePathNode(b"key", ()), (HPKECiphertext(b"", b""),) * many
    long = altered_commit(sender, pending.message, with_nodes(lambda nodes: [*nodes, *[node] * many]))
    refused(processing(receiver, long), "path-length", in_proportion(many))
    widened = with_nodes(lambda nodes: [replace(n, encrypted_path_secret=sealed) for n in nodes])
    wide = altered_commit(sender, pending.message, widened)
    refused(processing(receiver, wide), "path-ciphertexts", in_proportion(2 * many))


def test_more_proposals_than_may_wait() -> None:
    sender, receiver = members()[:2]
    receiver = replace(receiver, config=replace(receiver.config, max_proposals=3))
    for removed in (0, 2, 3):
        receiver, _ = mls.process(receiver, public(sender, mls.Remove(removed)), policy=ALLOW)
    refused(processing(receiver, public(sender, mls.Remove(1))))
    again, _ = mls.process(receiver, public(sender, mls.Remove(3)), policy=ALLOW)
    assert again.proposals == receiver.proposals, "one that waits already counts once"


@sizes
def test_a_welcome_of_very_many_entries(many: int) -> None:
    own = newcomer()
    _, welcome = welcomed(members()[0], own)
    body = mls.MLSMessage.decode(welcome).body
    assert isinstance(body, mls.Welcome)
    other = EncryptedGroupSecrets(bytes(32), HPKECiphertext(b"", b""))
    crowd = mls.MLSMessage(replace(body, secrets=(other,) * many)).encode()
    refused(partial(mls.join, own, crowd, policy=ALLOW), "welcome-for-us", in_proportion(many))
    ours = mls.MLSMessage(replace(body, secrets=(other,) * many + body.secrets)).encode()
    with in_proportion(many):
        mls.join(own, ours, policy=ALLOW)
    wrong = EncryptedGroupSecrets(own.ref, HPKECiphertext(bytes(32), b""))
    all_ours = mls.MLSMessage(replace(body, secrets=(wrong,) * many)).encode()
    refused(partial(mls.join, own, all_ours, policy=ALLOW), None, in_proportion(many))


def test_a_welcome_with_more_psks_than_can_be_counted() -> None:
    own = newcomer()
    signer, welcome = welcomed(members()[0], own)
    psks = tuple(psk(n).psk for n in range(MANY))
    again = welcome_again(own, welcome, signer, secrets={"psks": psks})
    refused(partial(mls.join, own, again, policy=KNOWS_PSK), "psk-count", in_time())


@pytest.mark.parametrize("states", [members(), flat_group(3)], ids=["parents set", "parents blank"])
def test_a_commit_that_adds_one_client_again_and_again(states: tuple[State, ...]) -> None:
    sender, receiver = states[:2]
    additions = (mls.Add(newcomer().key_package),) * 500
    message = public(sender, replace(commit_of(sender), proposals=additions), tag=b"tag")
    refused(processing(receiver, message), "list-add-once", bounded(500 * 200, 10 * MB))


@sizes
def test_a_chain_of_very_many_certificates(many: int) -> None:
    sender, receiver = members()[:2]
    chain = mls.Credential.x509(*[b""] * many)
    added = mls.Add(newcomer(credential=chain).key_package)
    message = public(sender, added)
    refused(processing(receiver, message), "leaf-credential-support", in_proportion(many))


def test_long_authenticated_data() -> None:
    sender, receiver = members()[:2]
    message = public(sender, mls.Remove(LAST), data=bytes(4 * MB))
    refused(processing(receiver, message), "remove-member", bounded(500, 40 * MB))
