"""Keys: all roots from one kit, nodes that store and come back, and secrets that never show."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from identity_world import kit, node, persona

from swarm_protocol import identity as idn
from swarm_protocol import labels, mls
from swarm_protocol.errors import UsageError
from swarm_protocol.mls.signatures import Ed25519
from swarm_protocol.testing import SeededEntropy

HYBRID = mls.CRYPTO.suite(0xF0A1)


def test_roots_and_backup_key_follow_from_the_kit_alone() -> None:
    again = idn.RecoveryKit(kit().secret)
    assert [again.root(n) for n in range(3)] == [kit().root(n) for n in range(3)]
    assert again.backup_key() == kit().backup_key()
    others = idn.RecoveryKit.generate(SeededEntropy("another"))
    seen = {k.root(n).public for k in (kit(), others) for n in (*range(20), 2**32 - 1)}
    assert len(seen) == 42
    assert kit().backup_key() not in {kit().root(n).private[:32] for n in range(20)}


def test_a_root_is_the_seed_that_the_specification_says() -> None:
    """HKDF written out (RFC 5869): a label as salt, then a label and the number as info."""
    prk = hmac.digest(b"swarmnode/1 kit\0", kit().secret, "sha256")
    seed = hmac.digest(prk, b"swarmnode/1 kit root\0" + b"\0\0\0\x07" + b"\1", "sha256")
    assert kit().root(7) == Ed25519().from_private(seed)
    assert (
        kit().next_root_hash(6) == hashlib.sha256(b"swarmnode/1 next root\0" + kit().root(7).public).digest()
    )


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_kit_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(UsageError):
        idn.RecoveryKit(bytes(size))


def test_a_node_comes_back_from_its_secret() -> None:
    keys = idn.NodeKeys.generate(SeededEntropy("a node"))
    assert len(keys.secret()) == 64
    assert idn.NodeKeys.from_secret(keys.secret()) == keys
    with pytest.raises(UsageError):
        idn.NodeKeys.from_secret(bytes(63))


def test_what_is_sealed_to_a_node_of_the_chain_opens_there() -> None:
    keys, entropy = node("home"), SeededEntropy("sealing")
    public = persona("+home").nodes[0].hpke
    enc, sender = HYBRID.hpke.setup_sender(public, b"rejoin", entropy)
    receiver = HYBRID.hpke.setup_receiver(enc, keys.hpke, b"rejoin")
    assert receiver.open(b"", sender.seal(b"", b"hello")) == b"hello"


def test_names_and_accounts_are_hashed_with_something_that_cannot_be_guessed() -> None:
    assert idn.node_label_hash("home", bytes(16)) != idn.node_label_hash("home", b"\1" * 16)
    assert idn.claim_hash("a", "bc", bytes(16)) != idn.claim_hash("ab", "c", bytes(16))
    assert idn.claim_hash("a", "b", bytes(16)) != idn.claim_hash("a", "b", b"\1" * 16)
    with pytest.raises(UsageError):
        idn.node_label_hash("home", b"")
    with pytest.raises(UsageError):
        idn.claim_hash("a", "b", bytes(15))


def test_no_secret_shows_in_a_repr() -> None:
    keys, chain = node("home"), persona("+home", "rotate")
    draft = idn.draft_node(chain, keys.leaf_sig.public, keys.hpke.public, label_hash=bytes(32), priority=0)
    shown = "\n".join(map(repr, (kit(), kit().root(0), keys, chain, chain.state, chain.links, draft)))
    secrets = (
        kit().secret,
        kit().backup_key(),
        keys.hpke.private,
        *(key.private[:32] for key in (keys.leaf_sig, kit().root(0), kit().root(1))),
        labels.KIT.extract(kit().secret),
    )
    for secret in secrets:
        assert repr(secret)[2:-1] not in shown
        assert secret.hex() not in shown
