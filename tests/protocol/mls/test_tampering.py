"""Any byte changed in any message is refused, and leaves the state as it was.

A scene is one genuine message with what takes it. Each position of a short message is changed three times,
positions of a long one are drawn with a seed; a scene ends with the genuine message, which still works.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache

import pytest
from mls_world import HYBRID, NOW, X25519, Client, commit_by, group_of, receive

from swarm_protocol import mls
from swarm_protocol.errors import (
    CannotOpen,
    DecodeError,
    RemoteProtocolError,
    ReplayedMessage,
    RuleViolation,
    UnexpectedMessage,
)
from swarm_protocol.mls import protection, rules
from swarm_protocol.mls.codec import Reader, opaque, u8, u64
from swarm_protocol.mls.framing import (
    AuthenticatedContent,
    ContentType,
    FramedContent,
    FramedContentAuthData,
    PrivateMessage,
    PublicMessage,
    encode_body,
)
from swarm_protocol.mls.key_package import KeyPackage
from swarm_protocol.mls.secret_tree import RatchetKind
from swarm_protocol.testing import SeededEntropy

SUITES = {"x25519": X25519, "hybrid": HYBRID}
SHORT = 700
"""Messages up to this many bytes are changed at every position."""
SAMPLE = 140
"""Positions drawn of longer ones, beside the first and last 40."""
PSK = mls.Policy.allow_all(lambda psk: b"a shared secret" if psk.psk_id == b"shared" else None)
ED25519_ORDER = 2**252 + 27742317777372353535851937790883648493


@dataclass(frozen=True)
class Scene:
    """A genuine message; `take` gives what comes of it, or refuses it. `state` is who takes it."""

    message: bytes
    take: Callable[[bytes], object]
    state: mls.GroupState | None = None


def by(state: mls.GroupState, message: bytes) -> Scene:
    return Scene(message, lambda data: mls.process(state, data, policy=PSK), state)


def positions(size: int, seed: object) -> list[int]:
    if size <= SHORT:
        return list(range(size))
    drawn = random.Random(repr(seed)).sample(range(40, size - 40), SAMPLE)
    return [*range(40), *sorted(drawn), *range(size - 40, size)]


def changed(data: bytes, seed: object, at: list[int] | None = None) -> Iterator[tuple[int, bytes]]:
    """Position and bytes for three changes at each position."""
    rng = random.Random(repr(("changes", seed)))
    for i in positions(len(data), seed) if at is None else at:
        for flip in {0x01, 0x80, rng.randrange(2, 0x80)}:
            yield i, data[:i] + bytes([data[i] ^ flip]) + data[i + 1 :]


def cut_and_stretched(data: bytes, seed: object) -> Iterator[tuple[str, bytes]]:
    """The beginnings of `data`, and `data` with something behind it."""
    for i in positions(len(data), seed):
        yield f"cut at {i}", data[:i]
    for tail in (b"\x00", b"\x01", bytes(16), data):
        yield f"followed by {len(tail)} bytes", data + tail


def entropy(*what: object) -> SeededEntropy:
    return SeededEntropy(repr(what))


def newcomer(suite: mls.CipherSuite, name: str = "newcomer") -> mls.OwnKeyPackage:
    return Client.make(suite, name, "tampering").key_package()


def outside_sender(suite: mls.CipherSuite) -> Client:
    return Client.make(suite, "outside sender", "tampering")


@cache
def group(suite: mls.CipherSuite) -> tuple[mls.GroupState, ...]:
    """Four members, some of whose parents are blank, who admit an external sender."""
    outsider = outside_sender(suite)
    sender = mls.ExternalSender(outsider.signature.public, outsider.credential)
    states = group_of(
        4, suite, seed="tampering", extensions=[mls.external_senders_extension([sender])], policy=PSK
    )
    states, _ = commit_by(states, 2, policy=PSK)
    return tuple(states)


def proposals(suite: mls.CipherSuite) -> dict[str, mls.Proposal]:
    outsider = outside_sender(suite)
    nonce = SeededEntropy("nonce")(suite.kdf.size)
    sender = mls.ExternalSender(outsider.signature.public, outsider.credential)
    return {
        "add": mls.Add(newcomer(suite).key_package),
        "remove": mls.Remove(3),
        "psk": mls.PreSharedKey(mls.PreSharedKeyID.external(b"shared", nonce)),
        "reinit": mls.ReInit(b"next", 1, suite.id),
        "extensions": mls.GroupContextExtensions((mls.external_senders_extension([sender, sender]),)),
    }


@cache
def scenes(suite: mls.CipherSuite) -> dict[str, Scene]:
    """One message of each kind, all for member 0."""
    states = group(suite)
    zero, one = states[0], states[1]
    add = [proposals(suite)["add"]]
    found = {}
    found["application"] = by(
        zero, mls.encrypt(one, b"hello", authenticated_data=b"aad", entropy=entropy())[1]
    )
    padded = replace(one, config=mls.GroupConfig(padding=64))
    found["application, padded"] = by(zero, mls.encrypt(padded, b"hello", entropy=entropy())[1])
    later, _ = commit_by(states, 2)
    found["application, late"] = by(later[0], mls.encrypt(one, b"late", entropy=entropy("late"))[1])
    for public in (True, False):
        kind = "public" if public else "private"
        given = {"public": public, "policy": PSK, "now": NOW}
        for name, proposal in proposals(suite).items():
            sent = mls.propose(one, proposal, entropy=entropy(name), authenticated_data=b"aad", **given)  # type: ignore[arg-type]
            found[f"{kind} proposal: {name}"] = by(zero, sent[1])
        _, update = mls.propose_update(one, entropy=entropy("update"), **given)  # type: ignore[arg-type]
        found[f"{kind} proposal: update"] = by(zero, update)
        _, pending = mls.commit(one, entropy=entropy("path"), authenticated_data=b"aad", **given)  # type: ignore[arg-type]
        found[f"{kind} commit with a path"] = by(zero, pending.message)
        many = [p for name, p in proposals(suite).items() if name != "reinit"]
        _, pending = mls.commit(one, many, entropy=entropy("all"), **given)  # type: ignore[arg-type]
        found[f"{kind} commit of everything"] = by(zero, pending.message)
        _, pending = mls.commit(one, add, path=False, entropy=entropy("no path"), **given)  # type: ignore[arg-type]
        found[f"{kind} commit without a path"] = by(zero, pending.message)
        knows = [receive(s, update) for s in (zero, states[2])]
        _, pending = mls.commit(knows[1], entropy=entropy("reference"), **given)  # type: ignore[arg-type]
        found[f"{kind} commit by reference"] = by(knows[0], pending.message)
    for name, resync in (("external commit", None), ("external commit in place of a member", 3)):
        joined = mls.external_join(
            newcomer(suite), mls.group_info(one), resync=resync, policy=PSK, entropy=entropy(name)
        )
        found[name] = by(zero, joined.message)
    asked = mls.ask_to_join(newcomer(suite), zero.group_id, zero.epoch, b"aad")
    found["proposal of a newcomer"] = by(zero, asked)
    outsider = outside_sender(suite)
    for name in ("add", "remove"):
        sent_outside = mls.propose_externally(
            suite, outsider.signature, zero.context, proposals(suite)[name], b"aad"
        )
        found[f"proposal from outside: {name}"] = by(zero, sent_outside)
    info = mls.group_info(one)
    found["group info"] = Scene(
        info,
        lambda data: mls.external_join(newcomer(suite), data, policy=PSK, entropy=entropy("joins")),
    )
    _, adding = mls.commit(one, add, policy=PSK, entropy=entropy("adds"), now=NOW, tree_in_welcome=False)
    welcome = adding.welcome
    assert welcome is not None
    found["welcome of one"] = Scene(
        welcome,
        lambda data: mls.join(newcomer(suite), data, ratchet_tree=adding.ratchet_tree, policy=PSK),
    )
    found["ratchet tree beside a welcome"] = Scene(
        adding.ratchet_tree,
        lambda data: mls.join(newcomer(suite), welcome, ratchet_tree=data, policy=PSK),
    )
    bare = mls.group_info(one, with_tree=False)
    found["ratchet tree beside a group info"] = Scene(
        one.tree.encode(),
        lambda data: mls.external_join(
            newcomer(suite), bare, ratchet_tree=data, policy=PSK, entropy=entropy("joins")
        ),
    )
    return found


NAMES = tuple(scenes(X25519))


@pytest.fixture(params=SUITES)
def suite(request: pytest.FixtureRequest) -> mls.CipherSuite:
    return SUITES[request.param]


def refused(scene: Scene, data: bytes, what: object) -> None:
    try:
        scene.take(data)
    except RemoteProtocolError:
        return
    pytest.fail(f"{what}: accepted")


@pytest.mark.parametrize("name", NAMES)
def test_any_changed_byte_is_refused(name: str, suite: mls.CipherSuite) -> None:
    scene = scenes(suite)[name]
    copy = None if scene.state is None else mls.archive.decode(mls.archive.encode(scene.state))
    genuine = scene.take(scene.message)
    for at, data in changed(scene.message, name):
        refused(scene, data, f"byte {at}")
    for what, data in cut_and_stretched(scene.message, name):
        refused(scene, data, what)
    assert scene.state == copy
    if suite is X25519 or "info" not in name:  # what one makes oneself in the hybrid suite differs each time
        assert scene.take(scene.message) == genuine


@pytest.mark.parametrize("name", [n for n in NAMES if "tree" not in n])
def test_another_wire_format_or_version_is_refused(name: str, suite: mls.CipherSuite) -> None:
    scene = scenes(suite)[name]
    genuine = scene.message[:4]
    for version in (0, 1, 2, 0x0100, 0xFFFF):
        for wire_format in (0, 1, 2, 3, 4, 5, 6, 0x0A0A, 0xF001):
            head = version.to_bytes(2, "big") + wire_format.to_bytes(2, "big")
            if head != genuine:
                refused(scene, head + scene.message[4:], head.hex())


def others_secrets(data: bytes, own: bytes) -> tuple[set[int], int]:
    """The positions in a Welcome of secrets that are not ours, and how many of those entries there are."""
    body = mls.MLSMessage.decode(data).body
    assert isinstance(body, mls.Welcome)
    entries = [s.encode() for s in body.secrets]
    at = data.index(entries[0])
    found: set[int] = set()
    for entry, secrets in zip(entries, body.secrets, strict=True):
        assert data[at : at + len(entry)] == entry
        if secrets.new_member != own:
            found.update(range(at, at + len(entry)))
        at += len(entry)
    return found, len(entries) - 1


@pytest.mark.parametrize("tree_inside", [True, False])
def test_a_welcome_of_several_authenticates_all_but_the_others_secrets(
    tree_inside: bool, suite: mls.CipherSuite
) -> None:
    owns = [newcomer(suite, f"newcomer {i}") for i in range(3)]
    adds = [mls.Add(o.key_package) for o in owns]
    _, pending = mls.commit(
        group(suite)[1], adds, policy=PSK, entropy=entropy("three"), now=NOW, tree_in_welcome=tree_inside
    )
    assert pending.welcome is not None
    tree = None if tree_inside else pending.ratchet_tree
    own = owns[1]
    others, entries = others_secrets(pending.welcome, own.ref)
    assert entries == 2
    genuine = mls.join(own, pending.welcome, ratchet_tree=tree, policy=PSK)
    passed = 0
    at = sorted(
        {*positions(len(pending.welcome), "welcome"), *sorted(others)[:: 1 if suite is X25519 else 29]}
    )
    for i, data in changed(pending.welcome, "welcome", at):
        try:
            joined = mls.join(own, data, ratchet_tree=tree, policy=PSK)
        except RemoteProtocolError:
            continue
        assert i in others, f"byte {i}: accepted"
        assert joined == genuine
        passed += 1
    assert passed > len(others.intersection(at))  # nothing tells the newcomer: the test tells where it looked
    for what, data in cut_and_stretched(pending.welcome, "welcome"):
        refused(Scene(data, lambda d: mls.join(own, d, ratchet_tree=tree, policy=PSK)), data, what)


def forged(
    suite: mls.CipherSuite, sender: int, kind: ContentType, body: bytes, *, public: bool
) -> tuple[bytes, mls.GroupState]:
    """A message in which all is right but the body, and who is to refuse it.

    The member at `sender` made it: signature, membership tag and encryption are its own.
    """
    states = group(suite)
    state = states[sender]
    head = opaque(state.group_id) + u64(state.epoch) + mls.Sender.member(sender).encode()
    raw = head + opaque(b"") + u8(kind) + body
    stand_in: bytes | mls.Proposal = b"" if kind is ContentType.APPLICATION else mls.Remove(0)
    content = FramedContent(state.group_id, state.epoch, mls.Sender.member(sender), b"", stand_in, raw)
    wire_format = mls.WireFormat.PUBLIC_MESSAGE if public else mls.WireFormat.PRIVATE_MESSAGE
    context = state.context.encode()
    signature = protection.sign(suite, state.signature.private, wire_format, content, context)
    auth = FramedContentAuthData(signature)
    signed = AuthenticatedContent(wire_format, content, auth)
    if public:
        out = protection.protect_public(suite, state.secrets.membership_key, signed, context)
        return mls.MLSMessage(out).encode(), states[0]
    return sealed(state, sender, kind, body + auth.encode()), states[0]


def sealed(state: mls.GroupState, sender: int, kind: ContentType, plaintext: bytes) -> bytes:
    """Any plaintext, encrypted as the next message of any member: each member has all the keys."""
    suite = state.suite
    ratchet = RatchetKind.APPLICATION if kind is ContentType.APPLICATION else RatchetKind.HANDSHAKE
    _, generation, key = state.secret_tree.next(suite, sender, ratchet)
    aad = opaque(state.group_id) + u64(state.epoch) + u8(kind)
    ciphertext = suite.aead.seal(key.key, key.nonce, aad + opaque(b""), plaintext)
    sender_key = protection.sender_data_key(suite, state.secrets.sender_data_secret, ciphertext)
    data = sender.to_bytes(4, "big") + generation.to_bytes(4, "big") + bytes(4)
    sender_data = suite.aead.seal(sender_key.key, sender_key.nonce, aad, data)
    return b"\x00\x01\x00\x02" + aad + opaque(b"") + opaque(sender_data) + opaque(ciphertext)


@pytest.mark.parametrize("public", [True, False])
def test_any_changed_byte_of_a_key_package_is_refused_though_a_member_signed_it(
    public: bool, suite: mls.CipherSuite
) -> None:
    package = newcomer(suite).key_package.encode()

    def outcome(data: bytes) -> object:
        message, state = forged(suite, 1, ContentType.PROPOSAL, b"\x00\x01" + data, public=public)
        return mls.process(state, message, policy=PSK)

    outcome(package)
    for at, data in changed(package, "key package"):
        refused(Scene(package, outcome), data, f"byte {at}")


@pytest.mark.parametrize("public", [True, False])
def test_any_changed_byte_of_an_update_leaf_is_refused_though_its_member_signed_the_message(
    public: bool, suite: mls.CipherSuite
) -> None:
    one = group(suite)[1]
    _, message = mls.propose_update(one, public=True, policy=PSK, entropy=entropy("leaf"), now=NOW)
    body = mls.MLSMessage.decode(message).body
    assert isinstance(body, PublicMessage)
    leaf = encode_body(body.content.body)[2:]

    def outcome(data: bytes) -> object:
        forgery, state = forged(suite, 1, ContentType.PROPOSAL, b"\x00\x02" + data, public=public)
        return mls.process(state, forgery, policy=PSK)

    outcome(leaf)
    for at, data in changed(leaf, "leaf"):
        refused(Scene(leaf, outcome), data, f"byte {at}")


def opened(suite: mls.CipherSuite, message: bytes) -> AuthenticatedContent:
    _, unverified = mls.unprotect(group(suite)[0], mls.MLSMessage.decode(message))
    return unverified.message


def test_a_member_cannot_move_anothers_signature_to_other_content_or_format(suite: mls.CipherSuite) -> None:
    states = group(suite)
    _, said = mls.encrypt(states[1], b"yes", entropy=entropy("yes"))
    signature = opened(suite, said).auth.signature
    kind = ContentType.APPLICATION
    genuine = sealed(states[2], 1, kind, opaque(b"yes") + opaque(signature))
    mls.process(states[0], genuine, policy=PSK)  # the same content by other hands is genuine still
    for sender, data in ((1, b"no"), (3, b"yes")):
        forgery = sealed(states[2], sender, kind, opaque(data) + opaque(signature))
        with pytest.raises(RuleViolation) as error:
            mls.process(states[0], forgery, policy=PSK)
        assert error.value.rule == rules.MESSAGE_SIGNATURE.id
    _, public = mls.propose(
        states[1], mls.Remove(3), public=True, policy=PSK, entropy=entropy("public"), now=NOW
    )
    signed = opened(suite, public)
    plaintext = encode_body(signed.content.body) + signed.auth.encode()
    with pytest.raises(RuleViolation) as error:
        mls.process(states[0], sealed(states[2], 1, ContentType.PROPOSAL, plaintext), policy=PSK)
    assert error.value.rule == rules.MESSAGE_SIGNATURE.id
    private = opened(suite, mls.propose(states[1], mls.Remove(3), policy=PSK, entropy=entropy(1), now=NOW)[1])
    private = replace(private, wire_format=mls.WireFormat.PUBLIC_MESSAGE)
    body = protection.protect_public(
        suite, states[2].secrets.membership_key, private, states[2].context.encode()
    )
    with pytest.raises(RuleViolation) as error:
        mls.process(states[0], mls.MLSMessage(body).encode(), policy=PSK)
    assert error.value.rule == rules.MESSAGE_SIGNATURE.id


def same_signature_otherwise(signature: bytes) -> list[bytes]:
    """Encodings that a lax verifier of Ed25519 takes for the same signature, and some none should take."""
    r, s = signature[:32], int.from_bytes(signature[32:], "little")
    moved = [s + k * ED25519_ORDER for k in (1, 2, 7, 14) if s + k * ED25519_ORDER < 2**256]
    high_bits = [s | 1 << 253, s | 1 << 254, s | 1 << 255]
    signs = [bytes([*r[:31], r[31] ^ 0x80])]
    return [
        *(r + t.to_bytes(32, "little") for t in (*moved, *high_bits)),
        *(sign + signature[32:] for sign in signs),
        signature + b"\x00",
        signature[:63],
        signature * 2,
        bytes(64),
        bytes([1]) + bytes(63),
        b"",
    ]


def test_signatures_have_one_form(suite: mls.CipherSuite) -> None:
    states, outsider = group(suite), outside_sender(suite)
    asked = mls.ask_to_join(newcomer(suite), states[0].group_id, states[0].epoch)
    outside = mls.propose_externally(suite, outsider.signature, states[0].context, mls.Remove(3))
    joined = mls.external_join(newcomer(suite), mls.group_info(states[1]), policy=PSK, entropy=entropy("j"))
    for message in (asked, outside, joined.message):
        body = mls.MLSMessage.decode(message).body
        assert isinstance(body, PublicMessage)
        for signature in same_signature_otherwise(body.auth.signature):
            auth = replace(body.auth, signature=signature)
            with pytest.raises(RuleViolation) as error:
                mls.process(states[0], mls.MLSMessage(replace(body, auth=auth)).encode(), policy=PSK)
            assert error.value.rule == rules.MESSAGE_SIGNATURE.id
    info = mls.MLSMessage.decode(mls.group_info(states[1])).body
    assert isinstance(info, mls.GroupInfo)
    for signature in same_signature_otherwise(info.signature):
        data = mls.MLSMessage(replace(info, signature=signature)).encode()
        with pytest.raises(RuleViolation) as error:
            mls.external_join(newcomer(suite), data, policy=PSK, entropy=entropy("j"))
        assert error.value.rule == rules.GROUP_INFO_SIGNATURE.id
    _, said = mls.encrypt(states[1], b"hello", entropy=entropy("hello"))
    for signature in same_signature_otherwise(opened(suite, said).auth.signature):
        forgery = sealed(states[2], 1, ContentType.APPLICATION, opaque(b"hello") + opaque(signature))
        with pytest.raises(RuleViolation) as error:
            mls.process(states[0], forgery, policy=PSK)
        assert error.value.rule == rules.MESSAGE_SIGNATURE.id


def test_signatures_of_key_packages_and_leaves_have_one_form(suite: mls.CipherSuite) -> None:
    own = newcomer(suite)
    package, leaf = own.key_package, own.key_package.leaf_node
    forms: list[tuple[bytes, str]] = []
    for signature in same_signature_otherwise(package.signature):
        raw = package.raw[: -len(opaque(package.signature))] + opaque(signature)
        forms.append((raw, rules.KEY_PACKAGE_SIGNATURE.id))
    for signature in same_signature_otherwise(leaf.signature):
        raw_leaf = leaf.raw[: -len(opaque(leaf.signature))] + opaque(signature)
        before = package.raw[: package.raw.index(leaf.raw)]
        unsigned = before + raw_leaf + opaque(b"")
        signed = suite.sign_with_label(own.signature.private, b"KeyPackageTBS", unsigned)
        forms.append((unsigned + opaque(signed), rules.LEAF_SIGNATURE.id))
    for raw, rule in forms:
        KeyPackage.decode(raw)
        message, state = forged(suite, 1, ContentType.PROPOSAL, b"\x00\x01" + raw, public=False)
        with pytest.raises(RuleViolation) as error:
            mls.process(state, message, policy=PSK)
        assert error.value.rule == rule


def test_ciphertexts_have_one_form(suite: mls.CipherSuite) -> None:
    """Shortened tags, bytes moved between tag and text, other lengths: well-formed, but opening fails."""
    states = group(suite)
    _, said = mls.encrypt(states[1], b"hello hello hello", entropy=entropy("said"))
    body = mls.MLSMessage.decode(said).body
    assert isinstance(body, PrivateMessage)
    for name in ("ciphertext", "encrypted_sender_data"):
        whole = getattr(body, name)
        others = [whole[:-n] for n in range(1, len(whole) + 1)] + [whole + bytes(n) for n in range(1, 20)]
        others += [whole[1:], whole[::-1], whole[16:] + whole[:16], whole * 2]
        for other in others:
            changed_body = replace(body, **{name: other})
            with pytest.raises(CannotOpen):
                mls.process(states[0], mls.MLSMessage(changed_body).encode(), policy=PSK)


def test_padding_that_is_not_zero_is_refused(suite: mls.CipherSuite) -> None:
    states = group(suite)
    signature = opened(suite, mls.encrypt(states[1], b"hello", entropy=entropy("pad"))[1]).auth.signature
    plaintext = opaque(b"hello") + opaque(signature)
    kind = ContentType.APPLICATION
    mls.process(states[0], sealed(states[2], 1, kind, plaintext + bytes(33)), policy=PSK)
    for at in range(33):
        padding = bytearray(33)
        padding[at] = 0x40
        with pytest.raises(RuleViolation) as error:
            mls.process(states[0], sealed(states[2], 1, kind, plaintext + bytes(padding)), policy=PSK)
        assert error.value.rule == rules.PADDING_ZERO.id


def test_lengths_have_one_form(suite: mls.CipherSuite) -> None:
    """The group id's length in a longer form than needed, at the head of every group message."""
    for name, scene in scenes(suite).items():
        body = mls.MLSMessage.decode(scene.message).body if "tree" not in name else None
        if not isinstance(body, PublicMessage | PrivateMessage):
            continue
        r = Reader(scene.message[4:])
        size = len(r.opaque())
        for prefix in ((0x4000 | size).to_bytes(2, "big"), (0x80000000 | size).to_bytes(4, "big")):
            with pytest.raises(DecodeError):
                scene.take(scene.message[:4] + prefix + scene.message[5:])


def test_a_replayed_message_is_refused_or_changes_nothing(suite: mls.CipherSuite) -> None:
    for name, scene in scenes(suite).items():
        if scene.state is None:
            continue
        once, event = mls.process(scene.state, scene.message, policy=PSK)
        if "private" in name or "application" in name:
            with pytest.raises(ReplayedMessage):
                mls.process(once, scene.message, policy=PSK)
        else:
            assert mls.process(once, scene.message, policy=PSK) == (once, event)
        if isinstance(event, mls.CommitStaged):
            merged = mls.merge(once, event.staged, now=NOW)
            if "everything" not in name:
                assert merged.status is mls.Status.ACTIVE
            with pytest.raises(UnexpectedMessage):
                mls.process(merged, scene.message, policy=PSK)


def test_a_welcome_does_not_lead_into_a_group_twice(suite: mls.CipherSuite) -> None:
    scene = scenes(suite)["welcome of one"]
    joined = scene.take(scene.message)
    assert isinstance(joined, mls.GroupState)
    with pytest.raises(RuleViolation) as error:
        mls.join(
            newcomer(suite),
            scene.message,
            ratchet_tree=joined.tree.encode(),
            policy=PSK,
            known_groups=[joined.group_id],
        )
    assert error.value.rule == rules.GROUP_ID_NEW.id
    with pytest.raises(RuleViolation) as error:
        mls.join(newcomer(suite, "somebody else"), scene.message, policy=PSK)
    assert error.value.rule == rules.WELCOME_FOR_US.id


def test_a_message_of_another_group_is_refused(suite: mls.CipherSuite) -> None:
    """Of a group with another id, and of one that took the same id and reached the same epoch."""
    outsider = outside_sender(suite)
    admits = [
        mls.external_senders_extension([mls.ExternalSender(outsider.signature.public, outsider.credential)])
    ]
    twin = group_of(4, suite, seed="twin", extensions=admits)
    twin, _ = commit_by(twin, 2)
    other = mls.create_group(newcomer(suite), b"other", extensions=admits, entropy=entropy("other"))
    for name, scene in scenes(suite).items():
        if scene.state is None:
            continue
        assert twin[0].group_id == scene.state.group_id
        with pytest.raises(UnexpectedMessage) as error:
            mls.process(other, scene.message, policy=PSK)
        assert error.value.rule == rules.MESSAGE_GROUP.id
        if name.startswith("proposal "):
            continue  # from outside: bound to group id and epoch alone, by §6.1
        with pytest.raises(RemoteProtocolError):
            mls.process(twin[0], scene.message, policy=PSK)


def test_a_commit_of_another_epoch_is_refused(suite: mls.CipherSuite) -> None:
    states = group(suite)
    ahead, _ = commit_by(states, 1)
    _, future = mls.commit(ahead[2], policy=PSK, entropy=entropy("future"), now=NOW)
    _, past = mls.commit(states[2], policy=PSK, entropy=entropy("past"), now=NOW)
    for state, message in ((states[0], future.message), (ahead[0], past.message)):
        with pytest.raises(UnexpectedMessage) as error:
            mls.process(state, message, policy=PSK)
        assert error.value.rule == rules.EPOCH.id
