"""The targets of MLS that the fuzzer feeds, and valid inputs to begin with.

A target returns True if it accepted the input and False if it refused it as it should; whatever else it
raises is a finding. Decoders must give back the same bytes or refuse; what processes must accept or refuse.
The deeper targets sign, tag and encrypt what they are given, so that mutations come past the cryptography.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache, partial
from typing import Any

from fuzzing import Target, mutate_bytes
from mls_strategies import all_structs
from mls_world import NOW, X25519, Client, group_of

from swarm_protocol import mls
from swarm_protocol.errors import ArchiveError, RemoteProtocolError, UsageError
from swarm_protocol.mls import archive, key_schedule, protection
from swarm_protocol.mls.ciphersuite import HPKECiphertext
from swarm_protocol.mls.codec import Reader, Struct, opaque, u32
from swarm_protocol.mls.framing import (
    AuthenticatedContent,
    Body,
    ContentType,
    FramedContent,
    FramedContentAuthData,
    PrivateMessage,
    PublicMessage,
    content_type_of,
    encode_body,
    read_body,
)
from swarm_protocol.mls.ratchet_tree import ParentNode, RatchetTree
from swarm_protocol.mls.secret_tree import RatchetKind
from swarm_protocol.mls.validation import check_tree
from swarm_protocol.mls.welcome import EncryptedGroupSecrets, GroupSecrets, welcome_key
from swarm_protocol.testing import SeededEntropy

POLICY = mls.Policy.allow_all(lambda psk_id: b"psk" if psk_id.psk_id == b"psk" else None)
STRUCTS = sorted(all_structs(), key=lambda kind: kind.__name__)
OPTIONS: dict[str, Any] = {"policy": POLICY, "now": NOW}


@cache
def members() -> tuple[mls.GroupState, ...]:
    """A group of three whose second member has proposed something; the first member receives."""
    outside = outsider()
    sender = mls.ExternalSender(outside.signature.public, outside.credential)
    states = group_of(3, seed="fuzz", extensions=[mls.external_senders_extension([sender])])
    states[1], message = mls.propose(
        states[1], mls.Remove(2), public=True, entropy=SeededEntropy("proposal"), **OPTIONS
    )
    states[0], _ = mls.process(states[0], message, policy=POLICY)
    return tuple(states)


@cache
def newcomer() -> mls.OwnKeyPackage:
    return Client.make(X25519, "newcomer", "fuzz").key_package()


@cache
def outsider() -> Client:
    return Client.make(X25519, "outside", "fuzz")


# Targets


def message(data: bytes) -> bool:
    """The outermost decoder."""
    try:
        value = mls.MLSMessage.decode(data)
    except RemoteProtocolError:
        return False
    assert value.encode() == data
    return True


def struct(data: bytes) -> bool:
    """Any struct: the first byte says which."""
    if not data:
        return False
    try:
        value = STRUCTS[data[0] % len(STRUCTS)].decode(data[1:])
    except RemoteProtocolError:
        return False
    assert value.encode() == data[1:]
    return True


def tree(data: bytes) -> bool:
    """A ratchet tree: decoded, hashed and checked as who joins does."""
    try:
        value = RatchetTree.decode(X25519, data)
    except RemoteProtocolError:
        return False
    assert value.encode() == data
    value.tree_hash()
    try:
        check_tree(value, b"group", (), POLICY)
    except RemoteProtocolError:
        return False
    return True


def stored(data: bytes) -> bool:
    """An archive; the first byte says of what. What is read is written in one form from then on."""
    if not data:
        return False
    kind, body = data[0] % 4, data[1:]
    try:
        if kind == 0:
            state = archive.decode(body)
            again = archive.encode(state)
            assert archive.encode(archive.decode(again)) == again
        elif kind == 1:
            cut = int.from_bytes(body[:4], "big")
            state = archive.decode_parts(body[4 : 4 + cut], body[4 + cut :])
            parts = archive.encode_parts(state)
            assert archive.encode_parts(archive.decode_parts(*parts)) == parts
        elif kind == 2:
            staged = archive.decode_staged(body)
            again = archive.encode_staged(staged)
            assert archive.encode_staged(archive.decode_staged(again)) == again
        else:
            own = archive.decode_own_key_package(body)
            again = archive.encode_own_key_package(own)
            assert archive.encode_own_key_package(archive.decode_own_key_package(again)) == again
    except ArchiveError:
        return False
    return True


def processing(data: bytes) -> bool:
    """A message to a member, as it comes from outside."""
    state = members()[0]
    try:
        after, event = mls.process(state, data, policy=POLICY)
    except RemoteProtocolError:
        return False
    assert after.epoch == state.epoch
    if isinstance(event, mls.CommitStaged):
        assert mls.merge(after, event.staged, now=NOW).epoch == state.epoch + 1
    return True


def signed(data: bytes) -> bool:
    """A proposal or commit of a member, whose signature and membership tag are always right."""
    try:
        kind = ContentType.COMMIT if data[:1] == b"\x03" else ContentType.PROPOSAL
        r = Reader(data[1:])
        body = read_body(r, kind)
        r.finish()
    except RemoteProtocolError:
        return False
    return processing(protected(members()[1], body))


def protected(sender: mls.GroupState, body: Body) -> bytes:
    content = FramedContent.make(sender.group_id, sender.epoch, mls.Sender.member(sender.own_leaf), b"", body)
    wire_format, context = mls.WireFormat.PUBLIC_MESSAGE, sender.context.encode()
    signature = protection.sign(X25519, sender.signature.private, wire_format, content, context)
    tag = bytes(32) if isinstance(body, mls.Commit) else None
    authenticated = AuthenticatedContent(wire_format, content, FramedContentAuthData(signature, tag))
    public = protection.protect_public(X25519, sender.secrets.membership_key, authenticated, context)
    return mls.MLSMessage(public).encode()


def inside(data: bytes) -> bool:
    """What a member encrypts: the first byte is the type of content, the rest the plaintext.

    A signature that stands where one belongs is replaced by the right one.
    """
    sender = members()[1]
    kind = ContentType(1 + data[0] % 3) if data else ContentType.APPLICATION
    ratchet = RatchetKind.APPLICATION if kind is ContentType.APPLICATION else RatchetKind.HANDSHAKE
    _, generation, key = sender.secret_tree.next(X25519, sender.own_leaf, ratchet)
    head = opaque(sender.group_id) + sender.epoch.to_bytes(8, "big") + bytes([kind])
    sealed = X25519.aead.seal(key.key, key.nonce, head + opaque(b""), _signed_inside(sender, kind, data[1:]))
    of_sender = protection.sender_data_key(X25519, sender.secrets.sender_data_secret, sealed)
    plain = u32(sender.own_leaf) + u32(generation) + bytes(4)
    sender_data = X25519.aead.seal(of_sender.key, of_sender.nonce, head, plain)
    body = PrivateMessage.decode(head + opaque(b"") + opaque(sender_data) + opaque(sealed))
    return processing(mls.MLSMessage(body).encode())


def _signed_inside(sender: mls.GroupState, kind: ContentType, plain: bytes) -> bytes:
    r = Reader(plain)
    try:
        body = read_body(r, kind)
        raw_body = plain[: r.pos]
        auth = FramedContentAuthData.read(r, kind)
    except RemoteProtocolError:
        return plain
    who = mls.Sender.member(sender.own_leaf)
    content = FramedContent.make(sender.group_id, sender.epoch, who, b"", body)
    wire_format, context = mls.WireFormat.PRIVATE_MESSAGE, sender.context.encode()
    signature = protection.sign(X25519, sender.signature.private, wire_format, content, context)
    return raw_body + replace(auth, signature=signature).encode() + plain[r.pos :]


def group_info(data: bytes) -> bool:
    """A GroupInfo whose signature is always right, for an external commit."""
    info = resigned(data)
    if info is None:
        return False
    try:
        mls.external_join(
            newcomer(), mls.MLSMessage(info).encode(), policy=POLICY, entropy=SeededEntropy("external")
        )
    except RemoteProtocolError:
        return False
    except UsageError as e:
        if not isinstance(e.__cause__, RemoteProtocolError):
            raise
        return False
    return True


def resigned(data: bytes, **changes: Any) -> mls.GroupInfo | None:
    try:
        info = mls.GroupInfo.decode(data)
    except RemoteProtocolError:
        return None
    signer = next((s for s in members() if s.own_leaf == info.signer), members()[0])
    given = {"confirmation_tag": info.confirmation_tag} | changes
    return mls.GroupInfo.sign(
        X25519,
        signer.signature.private,
        info.group_context,
        info.extensions,
        given["confirmation_tag"],
        info.signer,
    )


def welcome(data: bytes) -> bool:
    """GroupSecrets and a GroupInfo, sealed to a newcomer with a right signature and confirmation tag."""
    try:
        r = Reader(data)
        secrets = GroupSecrets.read(r)
        rest = data[r.pos :]
        context = mls.GroupInfo.decode(rest).group_context
        psks = [(p, POLICY.psk(p) or b"") for p in secrets.psks]
        psk_secret = key_schedule.psk_secret(X25519, psks)
    except RemoteProtocolError:
        return False
    epoch_secret = key_schedule.epoch_secret(X25519, secrets.joiner_secret, psk_secret, context.encode())
    epoch, _ = key_schedule.derive_epoch(X25519, epoch_secret)
    tag = X25519.mac(epoch.confirmation_key, context.confirmed_transcript_hash)
    info = resigned(rest, confirmation_tag=tag)
    assert info is not None
    key, nonce = welcome_key(X25519, key_schedule.welcome_secret(X25519, secrets.joiner_secret, psk_secret))
    sealed_info = X25519.aead.seal(key, nonce, b"", info.encode())
    own = newcomer()
    sealed = X25519.encrypt_with_label(
        own.init.public, b"Welcome", sealed_info, secrets.encode(), SeededEntropy("welcome")
    )
    whole = mls.Welcome(X25519.id, (EncryptedGroupSecrets(own.ref, sealed),), sealed_info)
    try:
        state = mls.join(own, mls.MLSMessage(whole).encode(), policy=POLICY)
    except RemoteProtocolError:
        return False
    assert archive.decode(archive.encode(state)).context == state.context
    return True


# Valid inputs


@cache
def seeds() -> dict[str, list[bytes]]:
    """Inputs that say something to each target; the same ones each time."""
    messages, bodies = list(_messages()), list(_bodies())
    decoded = [mls.MLSMessage.decode(m) for m in messages]
    info = next(d.body for d in decoded if isinstance(d.body, mls.GroupInfo))
    tree_of = [members()[0].tree.encode(), *_trees()]
    plain = [
        bytes([content_type_of(b) - 1])
        + encode_body(b)
        + opaque(bytes(64))
        + (opaque(bytes(32)) if isinstance(b, mls.Commit) else b"")
        + bytes(n)
        for n, b in enumerate((b"data", mls.Remove(2), bodies[0]))
    ]
    return {
        "message": messages,
        "struct": [*_structs(decoded, bodies)],
        "tree": tree_of,
        "archive": list(_archives()),
        "process": messages,
        "signed": [bytes([content_type_of(b)]) + encode_body(b) for b in bodies],
        "inside": plain,
        "group-info": [info.encode(), replace(info, extensions=info.extensions[1:]).encode()],
        "welcome": _welcomes(),
    }


def _leaf(index: int) -> mls.LeafNode:
    leaf = members()[0].tree.leaf(index)
    assert leaf is not None
    return leaf


def _messages() -> Iterator[bytes]:
    """What members and others send to the group as it stands, each accepted by the first member if by any."""
    _, second, third = members()
    add = mls.Add(newcomer().key_package)
    psk = mls.PreSharedKey(mls.PreSharedKeyID.external(b"psk", bytes(32)))
    extensions = mls.GroupContextExtensions((mls.Extension(mls.ExtensionType.EXTERNAL_SENDERS, b"\x00"),))
    proposals: list[mls.Proposal] = [add, mls.Remove(2), psk, extensions, mls.ReInit(b"next", 1, 1)]
    for n, proposal in enumerate(proposals):
        entropy = SeededEntropy(f"proposal {n}")
        yield mls.propose(third, proposal, public=n % 2 == 0, entropy=entropy, **OPTIONS)[1]
    for public in (True, False):
        entropy = SeededEntropy(f"messages {public}")
        yield mls.propose_update(third, public=public, entropy=entropy, **OPTIONS)[1]
        _, pending = mls.commit(second, [add, psk], public=public, entropy=entropy, **OPTIONS)
        yield pending.message
        _, flat = mls.commit(third, [add], public=public, path=False, entropy=entropy, **OPTIONS)
        yield flat.message
        assert flat.welcome is not None
        yield flat.welcome
        yield mls.encrypt(third, b"data", authenticated_data=b"aad", entropy=entropy)[1]
    outside = outsider()
    yield mls.propose_externally(X25519, outside.signature, second.context, mls.Remove(2))
    yield mls.ask_to_join(newcomer(), second.group_id, second.epoch)
    info = mls.group_info(second)
    yield info
    yield mls.external_join(newcomer(), info, policy=POLICY, entropy=SeededEntropy("external")).message
    yield mls.MLSMessage(newcomer().key_package).encode()


def _bodies() -> Iterator[mls.Proposal | mls.Commit]:
    """Proposals and commits, the first of them a commit with a path."""
    second = members()[1]
    entropy = SeededEntropy("bodies")
    psk = mls.PreSharedKey(mls.PreSharedKeyID.external(b"psk", bytes(32)))
    resumption = mls.PreSharedKeyID.resumption(mls.ResumptionPSKUsage.APPLICATION, b"group", 1, bytes(32))
    proposals: list[mls.Proposal] = [
        mls.Add(newcomer().key_package),
        psk,
        mls.PreSharedKey(resumption),
        mls.GroupContextExtensions((mls.RequiredCapabilities((), (), (1,)).extension(),)),
    ]
    _, pending = mls.commit(second, proposals, references=(), public=True, entropy=entropy, **OPTIONS)
    yield _body_of(pending.message)
    _, pending = mls.commit(second, public=True, entropy=entropy, **OPTIONS)
    yield _body_of(pending.message)
    yield mls.Commit((mls.ReInit(b"next", 1, 2),), None)
    _, message = mls.propose_update(second, public=True, entropy=entropy, **OPTIONS)
    yield _body_of(message)
    yield from proposals
    yield mls.Remove(2)
    yield mls.ExternalInit(bytes(32))


def _body_of(data: bytes) -> mls.Proposal | mls.Commit:
    body = mls.MLSMessage.decode(data).body
    assert isinstance(body, PublicMessage)
    assert not isinstance(body.content.body, bytes)
    return body.content.body


def _structs(messages: list[mls.MLSMessage], bodies: list[mls.Proposal | mls.Commit]) -> Iterator[bytes]:
    leaf, context = _leaf(1), members()[0].context
    commit = bodies[0]
    assert isinstance(commit, mls.Commit)
    assert commit.path is not None
    found: list[Struct] = [m.body for m in messages]
    found += [*messages, *bodies, leaf, leaf.credential, leaf.capabilities, context, *context.extensions]
    found += [commit.path, *commit.path.nodes, mls.Credential.x509(b"der", b"ca"), mls.Sender.member(1)]
    found += [HPKECiphertext(b"enc", b"sealed"), ParentNode(b"key", b"hash", (1, 2, 300))]
    found += [mls.RequiredCapabilities((1,), (2,), (3,)), GroupSecrets(b"joiner", b"path", ())]
    found += [
        mls.ExternalSender(b"key", leaf.credential),
        EncryptedGroupSecrets(b"ref", HPKECiphertext(b"", b"")),
    ]
    public = next(m.body for m in messages if isinstance(m.body, PublicMessage))
    found += [
        public.content,
        AuthenticatedContent(mls.WireFormat.PUBLIC_MESSAGE, public.content, public.auth),
    ]
    found += [b.psk for b in bodies if isinstance(b, mls.PreSharedKey)]
    for value in found:
        yield bytes([STRUCTS.index(type(value))]) + value.encode()


def _trees() -> Iterator[bytes]:
    states = group_of(5, seed="fuzz trees")
    yield states[0].tree.encode()
    entropy = SeededEntropy("trees")
    _, pending = mls.commit(states[3], [mls.Remove(1)], entropy=entropy, **OPTIONS)
    yield pending.ratchet_tree
    state = mls.merge(states[3], pending.staged, now=NOW)
    add = mls.Add(newcomer().key_package)
    yield mls.commit(state, [add], path=False, entropy=entropy, **OPTIONS)[1].ratchet_tree


def _archives() -> Iterator[bytes]:
    first, second, _ = members()
    entropy = SeededEntropy("archives")
    first, _ = mls.propose_update(first, entropy=entropy, **OPTIONS)
    first, pending = mls.commit(first, entropy=entropy, **OPTIONS)
    yield b"\x00" + archive.encode(first)
    after, _ = mls.encrypt(mls.merge(first, pending.staged, now=NOW), b"data", entropy=entropy)
    yield b"\x00" + archive.encode(after)
    epoch, rest = archive.encode_parts(second)
    yield b"\x01" + u32(len(epoch)) + epoch + rest
    yield b"\x02" + archive.encode_staged(pending.staged)
    yield b"\x03" + archive.encode_own_key_package(newcomer())


def _welcomes() -> list[bytes]:
    _, second, _ = members()
    add: list[mls.Proposal] = [mls.Add(newcomer().key_package)]
    psk = mls.PreSharedKeyID.external(b"psk", bytes(32))
    found = []
    for path in (True, False):
        _, pending = mls.commit(second, add, path=path, entropy=SeededEntropy("welcome"), **OPTIONS)
        after = pending.staged.after
        info = mls.MLSMessage.decode(mls.group_info(after)).body
        secrets = GroupSecrets(bytes(range(32)), None, (psk,) if path else ())
        found.append(secrets.encode() + info.encode())
    return found


def _seeds_of(name: str) -> list[bytes]:
    return seeds()[name]


TARGETS = {
    name: Target(accepts, partial(_seeds_of, name), mutate_bytes)
    for name, accepts in (
        ("message", message),
        ("struct", struct),
        ("tree", tree),
        ("archive", stored),
        ("process", processing),
        ("signed", signed),
        ("inside", inside),
        ("group-info", group_info),
        ("welcome", welcome),
    )
}
