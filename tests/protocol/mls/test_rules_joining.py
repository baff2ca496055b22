"""The rules of joining, by a Welcome or by an external commit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import mls_forge as forge
import pytest
from mls_world import ALLOW, CHACHA, NOW, X25519, Client, agree, receive

from swarm_protocol import mls
from swarm_protocol.errors import CannotOpen, RemoteProtocolError
from swarm_protocol.mls import ResumptionPSKUsage as Usage

NOVEL = forge.code_point(forge.NOVEL)
KNOWS = forge.capabilities(extensions=(forge.NOVEL,))


def invitation(own: mls.OwnKeyPackage | None = None) -> tuple[mls.OwnKeyPackage, mls.GroupState, bytes]:
    own = own or forge.newcomer()
    return own, *forge.welcomed(forge.group(3)[2], own)


def invited() -> None:
    """A newcomer joins and is one of them."""
    own, signer, welcome = invitation()
    joined = mls.join(own, welcome, policy=ALLOW)
    assert agree([signer, joined])
    again = mls.join(own, forge.welcome_again(own, welcome, signer), policy=ALLOW)
    assert agree([signer, again])


def refuse(rule: str, **changes: Any) -> None:
    """A newcomer refuses a Welcome that is changed so."""
    own, signer, welcome = invitation()
    with forge.refusing(rule):
        mls.join(own, forge.welcome_again(own, welcome, signer, **changes), policy=ALLOW)


def outsider_joins(info: bytes, **options: Any) -> mls.ExternalJoin:
    return mls.external_join(forge.newcomer(), info, policy=ALLOW, entropy=forge.RANDOM, **options)


# welcome-for-us


def test_welcome_for_us_holds() -> None:
    invited()
    # One Welcome for two: each finds its own entry.
    owns = [forge.newcomer("one"), forge.newcomer("two")]
    pending = forge.committed(forge.group(3)[0], *[mls.Add(o.key_package) for o in owns])
    assert pending.welcome is not None
    joined = [mls.join(own, pending.welcome, policy=ALLOW) for own in owns]
    assert agree([*joined, pending.staged.after])


def test_welcome_for_us_refused() -> None:
    _, _, welcome = invitation()
    with forge.refusing("welcome-for-us"):
        mls.join(forge.newcomer("somebody else"), welcome, policy=ALLOW)


def test_welcome_for_us_refused_in_another_suite() -> None:
    refuse("welcome-for-us", suite=CHACHA.id)


def test_welcome_for_us_refused_for_another_key_package_of_ours() -> None:
    _, _, welcome = invitation()
    client = Client.make(X25519, "newcomer")
    client.key_package()
    with forge.refusing("welcome-for-us"):
        mls.join(client.key_package(), welcome, policy=ALLOW)


# welcome-psk-single


def special(usage: Usage, epoch: int = 1) -> tuple[mls.PreSharedKeyID, bytes]:
    return mls.PreSharedKeyID.resumption(usage, b"group", epoch, bytes(32)), b"secret"


def test_welcome_psk_single_holds() -> None:
    states = forge.group(3)
    owns = [Client.make(X25519, f"member {i}", "again").key_package() for i in range(2)]
    first, pending = mls.branch(
        states[0], owns[0], [owns[1].key_package], b"branch", policy=ALLOW, entropy=forge.RANDOM, now=NOW
    )
    assert pending.welcome is not None
    assert first.epoch == 0
    joined = mls.join(owns[1], pending.welcome, predecessor=states[1], policy=ALLOW)
    assert agree([joined, pending.staged.after])


def test_welcome_psk_single_refused() -> None:
    for one in (Usage.REINIT, Usage.BRANCH):
        for two in (Usage.REINIT, Usage.BRANCH):
            refuse("welcome-psk-single", psks=[special(one), special(two, 2)])


# group-info-signature


def test_group_info_signature_holds() -> None:
    invited()
    joined = outsider_joins(mls.group_info(forge.group(3)[1]))
    assert receive(forge.group(3)[0], joined.message).epoch == joined.state.epoch


def test_group_info_signature_refused() -> None:
    refuse("group-info-signature", signature=forge.STRANGER.signature)


def test_group_info_signature_refused_of_another_member() -> None:
    refuse("group-info-signature", signer_index=0)


def test_group_info_signature_refused_of_a_blank_leaf() -> None:
    for blank in (4, 2**32 - 1):
        refuse("group-info-signature", signer_index=blank)


def test_group_info_signature_refused_by_an_outsider() -> None:
    member = forge.group(3)[0]
    with forge.refusing("group-info-signature"):
        outsider_joins(forge.info_again(member, signature=forge.STRANGER.signature))


# group-info-suite


def test_group_info_suite_holds() -> None:
    invited()


def test_group_info_suite_refused() -> None:
    refuse("group-info-suite", cipher_suite=CHACHA.id)
    refuse("group-info-suite", version=2)


def test_group_info_suite_refused_by_an_outsider() -> None:
    member = forge.group(3)[0]
    for info in (forge.info_again(member, cipher_suite=CHACHA.id), forge.info_again(member, version=2)):
        with forge.refusing("group-info-suite"):
            outsider_joins(info)


# group-id-new


def test_group_id_new_holds() -> None:
    own, signer, welcome = invitation()
    assert agree([signer, mls.join(own, welcome, known_groups=[b"another"], policy=ALLOW)])
    # Who resyncs is in the group, as far as it knows.
    joined = outsider_joins(mls.group_info(forge.group(3)[0]), known_groups=[b"group"], resync=1)
    assert joined.state.own_leaf == 1


def test_group_id_new_refused() -> None:
    own, _, welcome = invitation()
    with forge.refusing("group-id-new"):
        mls.join(own, welcome, known_groups=[b"another", b"group"], policy=ALLOW)


def test_group_id_new_refused_by_an_outsider() -> None:
    with forge.refusing("group-id-new"):
        outsider_joins(mls.group_info(forge.group(3)[0]), known_groups=[b"group"])


# group-extensions-supported


def test_group_extensions_supported_holds() -> None:
    members = forge.group(3, extensions=(NOVEL,), capabilities=KNOWS)
    own = Client.make(X25519, "newcomer").key_package(capabilities=KNOWS)
    signer, welcome = forge.welcomed(members[0], own)
    assert agree([signer, mls.join(own, welcome, policy=ALLOW)])


def test_group_extensions_supported_refused() -> None:
    refuse("group-extensions-supported", extensions_of_group=(NOVEL,))


def test_group_extensions_supported_refused_by_an_outsider() -> None:
    member = forge.group(3, extensions=(NOVEL,), capabilities=KNOWS)[0]
    with forge.refusing("group-extensions-supported"):
        outsider_joins(mls.group_info(member))


# tree-present


def test_tree_present_holds() -> None:
    invited()
    own, signer, welcome = invitation()
    bare = forge.welcome_again(own, welcome, signer, extensions=())
    assert agree([signer, mls.join(own, bare, ratchet_tree=signer.tree.encode(), policy=ALLOW)])


def test_tree_present_refused() -> None:
    refuse("tree-present", extensions=())


def test_tree_present_refused_by_an_outsider() -> None:
    with forge.refusing("tree-present"):
        outsider_joins(mls.group_info(forge.group(3)[0], with_tree=False))


# own-leaf-present


def test_own_leaf_present_holds() -> None:
    invited()


def test_own_leaf_present_refused() -> None:
    own = forge.newcomer()
    signer, welcome = forge.welcomed(forge.flat_group(3)[0], own, path=False)
    other = forge.newcomer("somebody else").key_package.leaf_node
    resigned = forge.leaf_like(own.key_package.leaf_node, own.signature, lifetime=mls.Lifetime(0, 2**63))
    for leaf in (None, other, resigned):
        tree = forge.tree_with(signer.tree, {6: leaf})
        with forge.refusing("own-leaf-present"):
            mls.join(own, forge.welcome_again(own, welcome, signer, tree=tree), policy=ALLOW)


# join-path-secret


def test_join_path_secret_holds() -> None:
    invited()
    own, _, welcome = invitation()
    secrets, _ = forge.opened(own, welcome)
    assert secrets.path_secret is not None
    assert set(mls.join(own, welcome, policy=ALLOW).private) == {6, 5, 3}


def test_join_path_secret_refused() -> None:
    for secret in (bytes(32), bytes(31), b""):
        refuse("join-path-secret", secrets={"path_secret": secret})


def test_join_path_secret_refused_where_no_path_is() -> None:
    own = forge.newcomer()
    signer, welcome = forge.welcomed(forge.flat_group(3)[0], own, path=False)
    again = forge.welcome_again(own, welcome, signer, secrets={"path_secret": bytes(32)})
    with forge.refusing("join-path-secret"):
        mls.join(own, again, policy=ALLOW)


def test_join_path_secret_refused_of_a_node_further_up() -> None:
    own, signer, welcome = invitation()
    secrets, _ = forge.opened(own, welcome)
    assert secrets.path_secret is not None
    above = X25519.derive_secret(secrets.path_secret, b"path")
    with forge.refusing("join-path-secret"):
        mls.join(own, forge.welcome_again(own, welcome, signer, secrets={"path_secret": above}), policy=ALLOW)


def test_join_path_secret_refused_where_we_signed_the_group_info() -> None:
    # The secret is right for our path, but nobody can have sent it to us.
    own, signer, welcome = invitation()
    secrets, _ = forge.opened(own, welcome)
    assert secrets.path_secret is not None
    again = forge.welcome_again(own, welcome, signer, signature=own.signature, signer_index=3)
    with forge.refusing("join-path-secret"):
        mls.join(own, again, policy=ALLOW)


# external-pub-present


def test_external_pub_present_holds() -> None:
    member = forge.group(3)[0]
    joined = outsider_joins(mls.group_info(member))
    assert agree([receive(member, joined.message), joined.state])


def test_external_pub_present_refused() -> None:
    member = forge.group(3)[0]
    rest = [e for e in forge.info_extensions(member) if e.type != mls.ExtensionType.EXTERNAL_PUB]
    with forge.refusing("external-pub-present"):
        outsider_joins(forge.info_again(member, extensions=rest))


def test_an_unusable_external_pub_is_the_groups_fault() -> None:
    member = forge.group(3)[0]
    for data in (b"", b"\x01", b"\x20" + bytes(32), b"\x01\x01"):
        changed = [
            replace(e, data=data) if e.type == mls.ExtensionType.EXTERNAL_PUB else e
            for e in forge.info_extensions(member)
        ]
        with pytest.raises(RemoteProtocolError):
            outsider_joins(forge.info_again(member, extensions=changed))


def test_unknown_extensions_of_a_group_info_are_passed_over() -> None:
    member = forge.group(3)[0]
    info = mls.group_info(member, extensions=[NOVEL, forge.code_point(0x0A0A)])
    joined = outsider_joins(info)
    assert agree([receive(member, joined.message), joined.state])


def test_of_two_entries_for_one_key_package_the_first_counts() -> None:
    own, signer, welcome = invitation()
    body = mls.MLSMessage.decode(welcome).body
    assert isinstance(body, mls.Welcome)
    broken = replace(
        body.secrets[0],
        encrypted_group_secrets=replace(body.secrets[0].encrypted_group_secrets, ciphertext=bytes(64)),
    )
    twice = replace(body, secrets=(body.secrets[0], broken))
    assert agree([signer, mls.join(own, mls.MLSMessage(twice).encode(), policy=ALLOW)])
    with pytest.raises(CannotOpen):
        mls.join(own, mls.MLSMessage(replace(body, secrets=(broken, body.secrets[0]))).encode(), policy=ALLOW)
