"""The rules of messages: framing, signatures, tags, and who may send what."""

from __future__ import annotations

from dataclasses import replace

import mls_forge as forge
import pytest
from mls_world import ALLOW, NOW, X25519, Client, agree, commit_by, receive

from swarm_protocol import mls
from swarm_protocol.errors import UnexpectedMessage
from swarm_protocol.mls import protection

SERVICE = Client.make(X25519, "service")
OTHER_SERVICE = Client.make(X25519, "other service")
SENDERS = mls.external_senders_extension(
    mls.ExternalSender(c.signature.public, c.credential) for c in (SERVICE, OTHER_SERVICE)
)
EXTERNAL = mls.Sender(mls.SenderType.EXTERNAL, 0)
NEWCOMER = mls.Sender(mls.SenderType.NEW_MEMBER_PROPOSAL)
JOINER = mls.Sender(mls.SenderType.NEW_MEMBER_COMMIT)
UNBELIEVING = replace(ALLOW, authenticate_sender=lambda sender: f"unknown: {sender.credential.identity!r}")


def served() -> tuple[mls.GroupState, ...]:
    """A group that lets two services propose."""
    return forge.group(3, extensions=(SENDERS,))


def from_service(proposal: mls.Proposal) -> bytes:
    return mls.propose_externally(X25519, SERVICE.signature, served()[0].context, proposal)


# application-private


def test_application_private_holds() -> None:
    first, second, _ = forge.group(3)
    assert mls.process(first, forge.private(second, b"data"), policy=ALLOW)
    assert mls.process(first, forge.public(second, mls.Remove(2)), policy=ALLOW)


def test_application_private_refused() -> None:
    first, second, _ = forge.group(3)
    forge.refused("application-private", first, forge.public(second, b"data"))
    forge.refused("application-private", first, forge.public(second, b"data", sender=EXTERNAL))
    forge.refused("application-private", first, forge.public(second, b"data", sender=NEWCOMER))


# message-group


def test_message_group_holds() -> None:
    first, second, _ = forge.group(3)
    assert mls.process(first, forge.private(second, b"data"), policy=ALLOW)


def test_message_group_refused() -> None:
    first, second, _ = forge.group(3)
    forge.refused("message-group", first, forge.public(second, mls.Remove(2), group_id=b"another"))
    forge.refused("message-group", first, forge.private(second, b"data", group_id=b"another"))


# message-signature


def test_message_signature_holds() -> None:
    states, _ = commit_by(served(), 1, public=True)
    states, _ = commit_by(states, 2)
    assert agree(states)
    first = served()[0]
    assert mls.process(first, from_service(mls.Remove(1)), policy=ALLOW)
    asking = mls.ask_to_join(forge.newcomer(), first.group_id, first.epoch)
    assert mls.process(first, asking, policy=ALLOW)


def test_message_signature_refused() -> None:
    first, second, third = forge.group(3)
    message = forge.public(second, mls.Remove(2), signature=third.signature)
    forge.refused("message-signature", first, message)


def test_message_signature_refused_in_private() -> None:
    first, second, third = forge.group(3)
    forge.refused("message-signature", first, forge.private(second, b"data", signature=third.signature))
    message = forge.private(second, mls.Remove(2), signature=third.signature)
    forge.refused("message-signature", first, message)


def test_message_signature_refused_in_commit() -> None:
    first, second, third = forge.group(3)
    message = forge.committed(second).message
    other = replace(second, signature=third.signature)
    forge.refused("message-signature", first, forge.altered(other, message, lambda c: c))


def test_message_signature_refused_in_past_epoch() -> None:
    first, second, third = forge.group(3)
    message = forge.private(second, b"late", signature=third.signature)
    states, _ = commit_by((first, second, third), 2)
    forge.refused("message-signature", states[0], message)


def test_message_signature_refused_of_external_sender() -> None:
    first = served()[0]
    message = forge.public(first, mls.Remove(1), sender=EXTERNAL, signature=OTHER_SERVICE.signature)
    forge.refused("message-signature", first, message)


def test_message_signature_refused_of_new_member() -> None:
    first = served()[0]
    proposal = mls.Add(forge.newcomer().key_package)
    message = forge.public(first, proposal, sender=NEWCOMER, signature=SERVICE.signature)
    forge.refused("message-signature", first, message)


def test_message_signature_refused_in_external_commit() -> None:
    member = forge.group(3)[0]
    outsider, message = forge.joining(member)
    other = replace(outsider, signature=SERVICE.signature)
    forge.refused("message-signature", member, forge.altered(other, message, lambda c: c))


def test_message_signature_refused_for_another_wire_format() -> None:
    first, second, _ = forge.group(3)
    message = forge.signed(second, mls.Remove(2), mls.WireFormat.PRIVATE_MESSAGE)
    framed = forge.body_of(forge.public(second, mls.Remove(2)))
    context = second.context.encode()
    as_public = replace(message, wire_format=mls.WireFormat.PUBLIC_MESSAGE)
    tag = protection.membership_tag(X25519, second.secrets.membership_key, as_public, context)
    wrong = replace(framed, auth=message.auth, membership_tag=tag)
    forge.refused("message-signature", first, mls.MLSMessage(wrong).encode())


# membership-tag


def test_membership_tag_holds() -> None:
    states, _ = commit_by(forge.group(3), 1, [mls.Remove(2)], public=True)
    assert agree(states)


def test_membership_tag_refused() -> None:
    first, second, _ = forge.group(3)
    for tag in (bytes(32), b""):
        message = forge.public(second, mls.Remove(2), membership_tag=tag)
        forge.refused("membership-tag", first, message)


def test_membership_tag_refused_of_another_epoch() -> None:
    states = forge.group(3)
    later, _ = commit_by(states, 0)
    keys = replace(later[1].secrets, membership_key=states[1].secrets.membership_key)
    message = forge.public(replace(later[1], secrets=keys), mls.Remove(2))
    forge.refused("membership-tag", later[0], message)


# member-sender


def test_member_sender_holds() -> None:
    first, second, _ = forge.group(3)
    first = receive(first, forge.public(second, mls.Remove(2)))
    assert mls.process(first, forge.private(second, b"data"), policy=ALLOW)


def test_member_sender_refused() -> None:
    first, second, _ = forge.group(3)
    for blank in (3, 4, 2**32 - 1):
        sender = mls.Sender.member(blank)
        forge.refused("member-sender", first, forge.public(second, mls.Remove(2), sender=sender))


def test_member_sender_refused_in_private() -> None:
    first, second, _ = forge.group(3)
    for blank in (3, 4, 2**32 - 1):
        sender = mls.Sender.member(blank)
        forge.refused("member-sender", first, forge.private(second, b"data", sender=sender))


def test_member_sender_refused_in_past_epoch() -> None:
    states = forge.group(3)
    message = forge.private(states[1], b"late", sender=mls.Sender.member(3))
    own = forge.newcomer()
    states_after, _ = commit_by(states, 0, [mls.Add(own.key_package)])
    assert states_after[0].tree.leaf(3) is not None
    forge.refused("member-sender", states_after[0], message)


# padding-zero


def test_padding_zero_holds() -> None:
    first, second, _ = forge.group(3, config=mls.GroupConfig(padding=64))
    second, message = mls.encrypt(second, b"data", entropy=forge.RANDOM)
    _, event = mls.process(first, message, policy=ALLOW)
    assert isinstance(event, mls.ApplicationMessage)
    assert event.data == b"data"


def test_padding_zero_refused() -> None:
    first, second, _ = forge.group(3)
    forge.refused("padding-zero", first, forge.private(second, b"data", padded=True))
    forge.refused("padding-zero", first, forge.private(second, mls.Remove(2), padded=True))


# generation-cap


def test_generation_cap_holds() -> None:
    first, second, _ = forge.group(3, config=mls.GroupConfig(window=mls.Window(forward=8)))
    assert mls.process(first, forge.private(second, b"data", generation=8), policy=ALLOW)


def test_generation_cap_refused() -> None:
    first, second, _ = forge.group(3, config=mls.GroupConfig(window=mls.Window(forward=8)))
    forge.refused("generation-cap", first, forge.private(second, b"data", generation=9))
    forge.refused("generation-cap", first, forge.private(second, mls.Remove(2), generation=9))
    first = receive(first, forge.private(second, b"data", generation=5))
    forge.refused("generation-cap", first, forge.private(second, b"data", generation=15))


# sender-content


def test_sender_content_holds() -> None:
    first = served()[0]
    for proposal in (
        mls.Remove(1),
        mls.Add(forge.newcomer().key_package),
        mls.ReInit(b"next", 1, X25519.id),
        mls.GroupContextExtensions(()),
        mls.PreSharedKey(mls.PreSharedKeyID.external(b"id", bytes(32))),
    ):
        assert mls.process(first, from_service(proposal), policy=ALLOW)


def test_sender_content_refused() -> None:
    first = served()[0]
    leaf = forge.update_leaf(served()[1])
    for proposal in (mls.Update(leaf), mls.ExternalInit(bytes(32))):
        forge.refused("sender-content", first, from_service(proposal))


def test_sender_content_refused_for_a_commit_of_an_external_sender() -> None:
    first = served()[0]
    commit = forge.commit_in(forge.committed(served()[1]).message)
    message = forge.public(first, commit, sender=EXTERNAL, signature=SERVICE.signature, tag=bytes(32))
    forge.refused("sender-content", first, message)


def test_sender_content_refused_for_all_but_adds_of_a_new_member() -> None:
    first = forge.group(3)[0]
    commit = forge.commit_in(forge.committed(first).message)
    for body in (mls.Remove(1), commit):
        tag = bytes(32) if isinstance(body, mls.Commit) else None
        message = forge.public(first, body, sender=NEWCOMER, signature=SERVICE.signature, tag=tag)
        forge.refused("sender-content", first, message)


def test_sender_content_refused_for_all_but_commits_of_who_joins() -> None:
    first = forge.group(3)[0]
    own = forge.newcomer()
    for body in (mls.Remove(1), mls.Add(own.key_package)):
        message = forge.public(first, body, sender=JOINER, signature=own.signature)
        forge.refused("sender-content", first, message)


def test_sender_content_refused_for_data_of_an_outsider() -> None:
    # No such bytes decode: data is private, and a private sender is a member.
    first = forge.group(3)[0]
    message = forge.signed(first, b"data", mls.WireFormat.PUBLIC_MESSAGE, sender=NEWCOMER)
    with forge.refusing("sender-content"):
        mls.verify(first, mls.UnverifiedMessage(first.context, message))


# external-sender


def test_external_sender_holds() -> None:
    first = served()[0]
    assert mls.process(first, from_service(mls.Remove(1)), policy=ALLOW)
    other = mls.propose_externally(X25519, OTHER_SERVICE.signature, first.context, mls.Remove(1))
    assert mls.process(first, other, policy=ALLOW)


def test_external_sender_refused() -> None:
    for state in (served()[0], forge.group(3)[0]):
        sender = mls.Sender(mls.SenderType.EXTERNAL, 2)
        message = forge.public(state, mls.Remove(1), sender=sender, signature=SERVICE.signature)
        forge.refused("external-sender", state, message)


# external-sender-credential


def test_external_sender_credential_holds() -> None:
    states, _ = commit_by(forge.group(3), 0, [mls.GroupContextExtensions((SENDERS,))])
    assert agree(states)
    own = forge.newcomer()
    _, welcome = forge.welcomed(served()[0], own)
    assert mls.join(own, welcome, policy=ALLOW).context.extensions == (SENDERS,)


def test_external_sender_credential_refused() -> None:
    first, second, _ = forge.group(3)
    message = forge.committed(second, mls.GroupContextExtensions((SENDERS,))).message
    forge.refused("external-sender-credential", first, message, UNBELIEVING)
    proposal = forge.public(second, mls.GroupContextExtensions((SENDERS,)))
    forge.refused("external-sender-credential", first, proposal, UNBELIEVING)


def test_external_sender_credential_refused_unless_the_application_says_so() -> None:
    silent = mls.Policy(ALLOW.authenticate, ALLOW.authorise)
    first, second, _ = forge.group(3)
    proposal = forge.public(second, mls.GroupContextExtensions((SENDERS,)))
    forge.refused("external-sender-credential", first, proposal, silent)


def test_external_sender_credential_refused_by_who_joins() -> None:
    first, own = served()[0], forge.newcomer()
    _, welcome = forge.welcomed(first, own)
    with forge.refusing("external-sender-credential"):
        mls.join(own, welcome, policy=UNBELIEVING)
    with forge.refusing("external-sender-credential"):
        mls.external_join(own, mls.group_info(first), policy=UNBELIEVING, entropy=forge.RANDOM)


# not-from-self


def test_not_from_self_holds() -> None:
    first, second, _ = forge.group(3)
    assert mls.process(first, forge.public(second, mls.Remove(2)), policy=ALLOW)
    assert mls.process(first, forge.private(second, mls.Remove(2)), policy=ALLOW)


def test_not_from_self_refused() -> None:
    second = forge.group(3)[1]
    for message in (
        forge.public(second, mls.Remove(2)),
        forge.private(second, mls.Remove(2)),
        forge.private(second, b"data"),
        forge.committed(second).message,
        forge.committed(second, public=False).message,
    ):
        forge.refused("not-from-self", second, message)


# epoch


def test_epoch_holds() -> None:
    states, _ = commit_by(forge.group(3), 0)
    states, _ = commit_by(states, 1, public=True)
    assert agree(states)


def test_epoch_refused() -> None:
    first, second, third = forge.group(3)
    early = [
        forge.committed(second).message,
        forge.committed(second, public=False).message,
        forge.public(second, mls.Remove(2)),
        forge.private(second, mls.Remove(2)),
    ]
    states, _ = commit_by((first, second, third), 2)
    for message in early:
        forge.refused("epoch", states[0], message)
    for make in (forge.public, forge.private):
        forge.refused("epoch", first, make(second, mls.Remove(2), epoch=first.epoch + 1))


def test_data_of_an_unknown_epoch_breaks_no_rule() -> None:
    # Only handshakes are bound to the epoch; data of an epoch that is not kept is unexpected without a rule.
    first, second, _ = forge.group(3)
    with pytest.raises(UnexpectedMessage) as e:
        mls.process(first, forge.private(second, b"data", epoch=first.epoch + 1), policy=ALLOW)
    assert e.value.rule == ""


# active


def test_active_holds() -> None:
    states, _ = commit_by(forge.group(3), 0, [mls.Remove(2)])
    assert states[2].status is mls.Status.REMOVED
    assert agree(states[:2])


def test_active_refused() -> None:
    states, _ = commit_by(forge.group(3), 0, [mls.Remove(2)])
    for message in (
        forge.public(states[0], mls.Remove(1)),
        forge.private(states[0], b"data"),
        forge.committed(states[0]).message,
    ):
        forge.refused("active", states[2], message)


def test_active_refused_after_reinit() -> None:
    before = forge.group(3)
    verified = mls.verify(*unprotected(before[0], forge.committed(before[1]).message))
    states, _ = commit_by(before, 0, [mls.ReInit(b"next", 1, X25519.id)])
    for message in (
        forge.public(states[1], mls.Remove(2)),
        forge.private(states[1], mls.Remove(2)),
        forge.altered(states[1], forge.committed(before[1]).message, lambda c: c),
    ):
        forge.refused("active", states[0], message)
    assert isinstance(verified, mls.VerifiedCommit)
    with forge.refusing("active"):
        mls.stage(states[0], replace(verified, context=states[0].context), policy=ALLOW)


def unprotected(state: mls.GroupState, message: bytes) -> tuple[mls.GroupState, mls.UnverifiedMessage]:
    return mls.unprotect(state, mls.MLSMessage.decode(message))


def test_late_data_is_read_after_reinit() -> None:
    states = forge.group(3)
    _, late = mls.encrypt(states[1], b"late", entropy=forge.RANDOM)
    after, _ = commit_by(states, 0, [mls.ReInit(b"next", 1, X25519.id)])
    _, event = mls.process(after[2], late, policy=ALLOW)
    assert isinstance(event, mls.ApplicationMessage)
    assert mls.expire(after[2], now=NOW) == after[2]
