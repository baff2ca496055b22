"""Groups for tests: clients with seeded keys, groups of any size, messages carried to everybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from swarm_protocol import mls
from swarm_protocol.entropy import Entropy
from swarm_protocol.testing import SeededEntropy

NOW = 1_800_000_000
LIFETIME = (NOW - 86_400, NOW + 90 * 86_400)
ALLOW = mls.Policy.allow_all()
X25519 = mls.CRYPTO.suite(0x0001)
CHACHA = mls.CRYPTO.suite(0x0003)
HYBRID = mls.CRYPTO.suite(0xF0A1)


@dataclass
class Client:
    """Somebody with a name and one signature key, who can make key packages."""

    suite: mls.CipherSuite
    name: str
    entropy: Entropy
    signature: mls.SignatureKeyPair

    @classmethod
    def make(cls, suite: mls.CipherSuite, name: str, seed: object = 0) -> Client:
        entropy = SeededEntropy(f"{seed} {name}")
        return cls(suite, name, entropy, suite.signature.generate(entropy))

    @property
    def credential(self) -> mls.Credential:
        return mls.Credential.basic(self.name.encode())

    def key_package(self, **changes: Any) -> mls.OwnKeyPackage:
        given: dict[str, Any] = {"lifetime": LIFETIME, "entropy": self.entropy} | changes
        return mls.make_key_package(self.suite, self.credential, self.signature, **given)


def clients(suite: mls.CipherSuite, n: int, seed: object = 0) -> list[Client]:
    return [Client.make(suite, f"member {i}", seed) for i in range(n)]


def group_of(
    n: int,
    suite: mls.CipherSuite = X25519,
    *,
    seed: object = 0,
    extensions: Sequence[mls.Extension] = (),
    config: mls.GroupConfig | None = None,
    policy: mls.Policy = ALLOW,
    **key_package: Any,
) -> list[mls.GroupState]:
    """The states of the `n` members of a fresh group, by leaf index; the first one added the others."""
    people = clients(suite, n, seed)
    owns = [c.key_package(**key_package) for c in people]
    entropy = SeededEntropy(f"{seed} founder")
    first = mls.create_group(owns[0], b"group", extensions=extensions, config=config, entropy=entropy)
    if n == 1:
        return [first]
    adds = [mls.Add(own.key_package) for own in owns[1:]]
    first, pending = mls.commit(first, adds, policy=policy, entropy=entropy, now=NOW)
    assert pending.welcome is not None
    joined = [mls.join(own, pending.welcome, config=config, policy=policy) for own in owns[1:]]
    return [mls.merge(first, pending.staged, now=NOW), *joined]


def receive(state: mls.GroupState, message: bytes, policy: mls.Policy = ALLOW) -> mls.GroupState:
    """Process one message and merge it at once if it is a commit."""
    state, event = mls.process(state, message, policy=policy)
    if isinstance(event, mls.CommitStaged):
        state = mls.merge(state, event.staged, now=NOW)
    return state


def commit_by(
    states: Sequence[mls.GroupState],
    committer: int,
    proposals: Sequence[mls.Proposal] = (),
    *,
    policy: mls.Policy = ALLOW,
    **options: Any,
) -> tuple[list[mls.GroupState], mls.PendingCommit]:
    """Let `states[committer]` commit and everybody follow; give all new states and the pending commit."""
    entropy = SeededEntropy(f"commit {committer} {states[committer].epoch_authenticator.hex()}")
    given: dict[str, Any] = {"policy": policy, "entropy": entropy, "now": NOW} | options
    own, pending = mls.commit(states[committer], proposals, **given)
    after = [receive(s, pending.message, policy) for i, s in enumerate(states) if i != committer]
    after.insert(committer, mls.merge(own, pending.staged, now=NOW))
    return after, pending


def agree(states: Sequence[mls.GroupState]) -> bool:
    """Whether all active members are in the same epoch with the same secrets."""
    active = [s for s in states if s.status is not mls.Status.REMOVED]
    return len({(s.context, s.epoch_authenticator, s.tree.encode()) for s in active}) == 1
