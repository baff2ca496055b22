"""The secret tree against a reference that derives every key naively, whatever is asked in whatever order."""

from __future__ import annotations

import hmac
from functools import cache

import pytest
from fast_crypto import FAST
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from swarm_protocol.errors import ReplayedMessage, RuleViolation
from swarm_protocol.mls import rules
from swarm_protocol.mls.secret_tree import MessageKey, RatchetKind, SecretTree, Window

ROOT_SECRET = bytes(range(32))
WINDOW = Window(forward=6, late=4)


def expand(secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
    """ExpandWithLabel by the book, for lengths below 64 and one block of HKDF."""
    full = b"MLS 1.0 " + label
    info = size.to_bytes(2, "big") + bytes([len(full)]) + full + bytes([len(context)]) + context
    return hmac.digest(secret, info + b"\x01", "sha256")[:size]


@cache
def node_secret(low: int, high: int, n: int) -> bytes:
    """The secret of the node over the leaves from `low` to before `high`."""
    if (low, high) == (0, n):
        return ROOT_SECRET
    size = high - low
    if low % (2 * size) == 0:
        return expand(node_secret(low, high + size, n), b"tree", b"left", 32)
    return expand(node_secret(low - size, high, n), b"tree", b"right", 32)


@cache
def ratchet_secret(n: int, leaf: int, kind: RatchetKind, generation: int) -> bytes:
    if generation == 0:
        label = b"handshake" if kind is RatchetKind.HANDSHAKE else b"application"
        return expand(node_secret(leaf, leaf + 1, n), label, b"", 32)
    before = ratchet_secret(n, leaf, kind, generation - 1)
    return expand(before, b"secret", (generation - 1).to_bytes(4, "big"), 32)


def message_key(n: int, leaf: int, kind: RatchetKind, generation: int) -> MessageKey:
    secret, context = ratchet_secret(n, leaf, kind, generation), generation.to_bytes(4, "big")
    return MessageKey(expand(secret, b"key", context, 16), expand(secret, b"nonce", context, 12))


def span(x: int) -> tuple[int, int]:
    """The leaves below node `x`, from the array's layout: half its trailing ones wide on both sides."""
    size = 1
    while x % 2:
        x, size = x // 2, 2 * size
    return x // 2 * size, x // 2 * size + size


leaves = st.integers(0, 15)
kinds = st.sampled_from(RatchetKind)


class SecretTreeMachine(RuleBasedStateMachine):
    """What was taken is never had again; what was skipped is kept as long as the window says."""

    @initialize(depth=st.integers(0, 4))
    def start(self, depth: int) -> None:
        self.n = 1 << depth
        self.tree = SecretTree.start(self.n, ROOT_SECRET)
        self.next_one: dict[tuple[int, RatchetKind], int] = {}
        self.kept: dict[tuple[int, RatchetKind], list[int]] = {}
        self.used: list[MessageKey] = []

    def at(self, leaf: int, kind: RatchetKind) -> tuple[tuple[int, RatchetKind], int, list[int]]:
        where = leaf % self.n, kind
        return where, self.next_one.setdefault(where, 0), self.kept.setdefault(where, [])

    @rule(leaf=leaves, kind=kinds)
    def send(self, leaf: int, kind: RatchetKind) -> None:
        (leaf, _), generation, _ = where = self.at(leaf, kind)
        self.tree, told, key = self.tree.next(FAST, leaf, kind)
        assert told == generation
        assert key == message_key(self.n, leaf, kind, generation)
        self.next_one[where[0]] += 1
        self.used.append(key)

    @rule(leaf=leaves, kind=kinds, generation=st.integers(0, 40))
    def receive(self, leaf: int, kind: RatchetKind, generation: int) -> None:
        where, next_one, kept = self.at(leaf, kind)
        leaf, before = where[0], self.tree
        if generation < next_one and generation not in kept:
            with pytest.raises(ReplayedMessage):
                self.tree.take(FAST, leaf, kind, generation, WINDOW)
            assert self.tree == before
            return
        if generation - next_one > WINDOW.forward:
            with pytest.raises(RuleViolation) as error:
                self.tree.take(FAST, leaf, kind, generation, WINDOW)
            assert error.value.rule == rules.GENERATION_CAP.id
            assert self.tree == before
            return
        self.tree, key = self.tree.take(FAST, leaf, kind, generation, WINDOW)
        assert key == message_key(self.n, leaf, kind, generation)
        self.used.append(key)
        if generation < next_one:
            kept.remove(generation)
        else:
            kept.extend(range(next_one, generation))
            del kept[: max(0, len(kept) - WINDOW.late)]
            self.next_one[where] = generation + 1

    @rule(leaf=leaves, kind=kinds, behind=st.integers(0, 7))
    def receive_near(self, leaf: int, kind: RatchetKind, behind: int) -> None:
        self.receive(leaf, kind, max(0, self.at(leaf, kind)[1] + 3 - behind))

    @invariant()
    def every_leaf_stands_at_one_place(self) -> None:
        for leaf in range(self.n):
            above = [x for x in self.tree.nodes if span(x)[0] <= leaf < span(x)[1]]
            assert len(above) + (leaf in self.tree.ratchets) == 1
        for x, secret in self.tree.nodes.items():
            assert secret == node_secret(*span(x), self.n)

    @invariant()
    def ratchets_hold_what_is_to_come_and_no_more(self) -> None:
        held: set[MessageKey] = set()
        for leaf, pair in self.tree.ratchets.items():
            for kind, ratchet in zip(RatchetKind, pair, strict=True):
                generation = self.next_one.get((leaf, kind), 0)
                assert ratchet.generation == generation
                assert ratchet.secret == ratchet_secret(self.n, leaf, kind, generation)
                expected = self.kept.get((leaf, kind), [])
                assert ratchet.kept == {g: message_key(self.n, leaf, kind, g) for g in expected}
                held.update(ratchet.kept.values())
        assert held.isdisjoint(self.used)


TestSecretTree = SecretTreeMachine.TestCase
