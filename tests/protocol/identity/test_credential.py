"""The credential of a node inside MLS: a group believes whom the chains name, and nobody else."""

from __future__ import annotations

import pytest
from identity_world import kit, node, persona, play
from mls_world import LIFETIME, NOW, X25519

from swarm_protocol import identity as idn
from swarm_protocol import mls
from swarm_protocol.errors import RuleViolation, UsageError
from swarm_protocol.testing import SeededEntropy

ADA = persona("+home", "+away")
BEN = persona("+bens", name="ben")
OTHER = persona("+others", name="another of ada")
HOME, AWAY = idn.NodeRef(ADA.persona_id, 1), idn.NodeRef(ADA.persona_id, 2)
OTHERS = idn.NodeRef(OTHER.persona_id, 1)
BENS = idn.NodeRef(BEN.persona_id, 1)


def policy(*chains: idn.Sigchain) -> mls.Policy:
    known = {chain.persona_id: chain for chain in chains}
    return mls.Policy(idn.authenticator(known.get), lambda _view: None)


def key_package(ref: idn.NodeRef, keys: idn.NodeKeys, seed: str = "") -> mls.OwnKeyPackage:
    entropy = SeededEntropy(f"{ref.seq} {seed}")
    return mls.make_key_package(X25519, ref.credential(), keys.leaf_sig, lifetime=LIFETIME, entropy=entropy)


def group_with(
    own: mls.OwnKeyPackage, theirs: mls.OwnKeyPackage, believed: mls.Policy
) -> tuple[mls.GroupState, mls.GroupState]:
    entropy = SeededEntropy("credential")
    group = mls.create_group(own, b"a group", entropy=entropy)
    group, pending = mls.commit(
        group, [mls.Add(theirs.key_package)], policy=believed, entropy=entropy, now=NOW
    )
    assert pending.welcome is not None
    return mls.merge(group, pending.staged, now=NOW), mls.join(theirs, pending.welcome, policy=believed)


def test_two_nodes_of_two_personas_talk() -> None:
    believed = policy(ADA, BEN)
    ada, ben = group_with(key_package(HOME, node("home")), key_package(BENS, node("bens")), believed)
    ada, message = mls.encrypt(ada, b"hello", entropy=SeededEntropy("hello"))
    _, event = mls.process(ben, message, policy=believed)
    assert isinstance(event, mls.ApplicationMessage)
    assert event.data == b"hello"
    believing = {ADA.persona_id: ADA}.get
    assert idn.check_leaf(believing, event.leaf).leaf_sig == node("home").leaf_sig.public


@pytest.mark.parametrize(
    ("ref", "keys", "known", "reason"),
    [
        (BENS, "thief", (ADA, BEN), "signature key"),
        (BENS, "bens", (ADA,), "is known"),
        (idn.NodeRef(BEN.persona_id, 0), "bens", (ADA, BEN), "is a node_add"),
        (BENS, "bens", (ADA, play(BEN, "-bens", name="ben")), "is active"),
        (BENS, "bens", (ADA, play(BEN, "retire", name="ben")), "not retired"),
        (BENS, "bens", (ADA, persona("rotate", "+bens", name="ben")), "is a node_add"),
    ],
    ids=["stolen name", "stranger", "no node", "revoked", "retired", "void"],
)
def test_who_is_not_believed_is_not_added(
    ref: idn.NodeRef, keys: str, known: tuple[idn.Sigchain, ...], reason: str
) -> None:
    with pytest.raises(UsageError, match=reason):
        group_with(key_package(HOME, node("home")), key_package(ref, node(keys)), policy(*known))


def test_a_persona_under_accusation_is_not_believed() -> None:
    forked = idn.merge(BEN, persona("+thief", name="ben")).chain
    with pytest.raises(UsageError, match="accusation"):
        group_with(key_package(HOME, node("home")), key_package(BENS, node("bens")), policy(ADA, forked))


@pytest.mark.parametrize(("ref", "keys", "allowed"), [(AWAY, "away", True), (OTHERS, "others", False)])
def test_a_leaf_that_is_renewed_stays_with_its_persona(ref: idn.NodeRef, keys: str, allowed: bool) -> None:
    """Ada's leaf becomes that of her other node, or of another persona that she has too."""
    believed = policy(ADA, BEN, OTHER)
    ada, ben = group_with(key_package(HOME, node("home")), key_package(BENS, node("bens")), believed)
    new_leaf = mls.NewLeaf(credential=ref.credential(), signature=node(keys).leaf_sig)
    entropy = SeededEntropy("renewal")
    lenient = mls.Policy.allow_all()
    _, pending = mls.commit(ada, [], policy=lenient, new_leaf=new_leaf, entropy=entropy, now=NOW)
    if allowed:
        _, event = mls.process(ben, pending.message, policy=believed)
        assert isinstance(event, mls.CommitStaged)
        return
    with pytest.raises(RuleViolation, match="same persona"):
        mls.process(ben, pending.message, policy=believed)


def test_a_credential_has_one_encoding() -> None:
    assert idn.NodeRef.of(HOME.credential()) == HOME
    for other in (mls.Credential.x509(b"ada"), mls.Credential.basic(HOME.credential().identity + b"\0")):
        with pytest.raises(RuleViolation):
            idn.NodeRef.of(other)


def test_a_lookup_that_gives_somebody_elses_chain_is_not_believed() -> None:
    leaf = key_package(BENS, node("bens")).key_package.leaf_node
    with pytest.raises(RuleViolation) as caught:
        idn.check_leaf(lambda _persona_id: ADA, leaf)
    assert caught.value.rule == "credential-known"


def test_a_group_can_agree_on_an_older_head() -> None:
    """A node that was revoked later is believed by all who look at the chain as it was."""
    revoked = play(ADA, "-away")
    leaf = key_package(AWAY, node("away")).key_package.leaf_node
    assert idn.authenticator({ADA.persona_id: revoked.upto(2)}.get)(leaf, None) is None
    assert idn.authenticator({ADA.persona_id: revoked}.get)(leaf, None) is not None
    assert kit().root(0).public == revoked.state.roots[-1]
