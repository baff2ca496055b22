"""Protecting and opening messages (RFC 9420 §6.1 to §6.3).

Pure functions over what they need, for the group's code and for the test vectors. The reuse guard is XORed
into the nonce, so that even a state restored by accident does not use a key and nonce twice (§6.3.1).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..entropy import Entropy
from ..errors import CannotOpen
from . import rules
from .ciphersuite import CipherSuite, same
from .codec import Reader, u16, u32
from .fast_init import fast_init
from .framing import (
    AuthenticatedContent,
    ContentType,
    FramedContent,
    FramedContentAuthData,
    PrivateAAD,
    PrivateMessage,
    PublicMessage,
    Sender,
    SenderType,
    WireFormat,
    encode_body,
    read_body,
)
from .leaf_node import MLS_10
from .secret_tree import MessageKey, RatchetKind

_CONTEXT_SENDERS = (SenderType.MEMBER, SenderType.NEW_MEMBER_COMMIT)


def framed_content_tbs(wire_format: WireFormat, content: FramedContent, group_context: bytes) -> bytes:
    """FramedContentTBS (§6.1): what is signed."""
    context = group_context if content.sender.type in _CONTEXT_SENDERS else b""
    return u16(MLS_10) + u16(wire_format) + content.raw + context


def sign(
    suite: CipherSuite,
    private: bytes,
    wire_format: WireFormat,
    content: FramedContent,
    group_context: bytes,
) -> bytes:
    """Sign content for one wire format (§6.1)."""
    tbs = framed_content_tbs(wire_format, content, group_context)
    return suite.sign_with_label(private, b"FramedContentTBS", tbs)


def is_signed(suite: CipherSuite, public: bytes, message: AuthenticatedContent, group_context: bytes) -> bool:
    """Whether the signature of content verifies (§6.1)."""
    tbs = framed_content_tbs(message.wire_format, message.content, group_context)
    return suite.verify_with_label(public, b"FramedContentTBS", tbs, message.auth.signature)


def membership_tag(
    suite: CipherSuite, membership_key: bytes, message: AuthenticatedContent, group_context: bytes
) -> bytes:
    """The MAC that shows that a PublicMessage comes from a member (§6.2)."""
    tbs = framed_content_tbs(message.wire_format, message.content, group_context)
    return suite.mac(membership_key, tbs + message.auth.encode())


def protect_public(
    suite: CipherSuite, membership_key: bytes, message: AuthenticatedContent, group_context: bytes
) -> PublicMessage:
    """Make a PublicMessage; only members' get a membership tag."""
    tag = None
    if message.content.sender.type is SenderType.MEMBER:
        tag = membership_tag(suite, membership_key, message, group_context)
    return PublicMessage(message.content, message.auth, tag)


def unprotect_public(
    suite: CipherSuite, membership_key: bytes, message: PublicMessage, group_context: bytes
) -> AuthenticatedContent:
    """Check a PublicMessage's membership tag where it has one.

    Raises:
        RuleViolation: the tag is wrong.
    """
    authenticated = AuthenticatedContent(WireFormat.PUBLIC_MESSAGE, message.content, message.auth)
    if message.membership_tag is not None:
        expected = membership_tag(suite, membership_key, authenticated, group_context)
        rules.require(same(expected, message.membership_tag), rules.MEMBERSHIP_TAG)
    return authenticated


@fast_init
@dataclass(frozen=True, slots=True)
class SenderData:
    """Which leaf sent a PrivateMessage, and at which step of its ratchet (§6.3.2)."""

    leaf_index: int
    generation: int
    reuse_guard: bytes


def sender_data_key(suite: CipherSuite, sender_data_secret: bytes, ciphertext: bytes) -> MessageKey:
    """Key and nonce of the sender data, from a sample of the ciphertext (§6.3.2)."""
    aead = suite.hpke.aead
    sample = ciphertext[: suite.kdf.size]
    key, nonce = suite.expand_with_labels(
        sender_data_secret, sample, (b"key", aead.key_size), (b"nonce", aead.nonce_size)
    )
    return MessageKey(key, nonce)


def _guarded(nonce: bytes, reuse_guard: bytes) -> bytes:
    head = int.from_bytes(nonce[:4], "big") ^ int.from_bytes(reuse_guard, "big")
    return u32(head) + nonce[4:]


def ratchet_of(content: ContentType) -> RatchetKind:
    """Which of the sender's two ratchets protects it (§6.3.1)."""
    return RatchetKind.APPLICATION if content is ContentType.APPLICATION else RatchetKind.HANDSHAKE


def protect_private(
    suite: CipherSuite,
    sender_data_secret: bytes,
    message: AuthenticatedContent,
    generation: int,
    key: MessageKey,
    padding: int,
    entropy: Entropy,
) -> PrivateMessage:
    """Encrypt a member's content under the key of a generation.

    `padding` is a block size in bytes: the content is filled with zeros to a multiple of it; 0 for none.
    """
    content = message.content
    plaintext = encode_body(content.body) + message.auth.encode()
    if padding:
        plaintext += bytes(-len(plaintext) % padding)
    reuse_guard = entropy(4)
    aad = PrivateAAD.of(content)
    ciphertext = suite.aead.seal(key.key, _guarded(key.nonce, reuse_guard), aad.content, plaintext)
    sender_key = sender_data_key(suite, sender_data_secret, ciphertext)
    sender_data = suite.aead.seal(
        sender_key.key,
        sender_key.nonce,
        aad.sender_data,
        u32(content.sender.index) + u32(generation) + reuse_guard,
    )
    return PrivateMessage(
        content.group_id,
        content.epoch,
        content.content_type,
        content.authenticated_data,
        sender_data,
        ciphertext,
        aad,
    )


def open_sender_data(suite: CipherSuite, sender_data_secret: bytes, message: PrivateMessage) -> SenderData:
    """Decrypt who sent a PrivateMessage.

    Raises:
        CannotOpen: it does not open.
    """
    key = sender_data_key(suite, sender_data_secret, message.ciphertext)
    data = suite.aead.open(key.key, key.nonce, message.aad.sender_data, message.encrypted_sender_data)
    if len(data) != 12:
        raise CannotOpen
    return SenderData(int.from_bytes(data[:4], "big"), int.from_bytes(data[4:8], "big"), data[8:])


def open_content(
    suite: CipherSuite, message: PrivateMessage, sender: SenderData, key: MessageKey
) -> AuthenticatedContent:
    """Decrypt the content of a PrivateMessage.

    Raises:
        CannotOpen: it does not open.
        RemoteProtocolError: its author put something malformed inside.
    """
    nonce = _guarded(key.nonce, sender.reuse_guard)
    plaintext = suite.aead.open(key.key, nonce, message.aad.content, message.ciphertext)
    r = Reader(plaintext)
    body = read_body(r, message.content_type)
    raw_body = plaintext[: r.pos]
    auth = FramedContentAuthData.read(r, message.content_type)
    rules.require(not any(plaintext[r.pos :]), rules.PADDING_ZERO)
    author, aad = Sender.member(sender.leaf_index), message.aad
    # FramedContent is group and epoch, sender, authenticated data, type, body: the message has all but two.
    group_and_epoch, kind = aad.sender_data[:-1], aad.sender_data[-1:]
    authenticated_data = aad.content[len(aad.sender_data) :]
    raw = group_and_epoch + author.encode() + authenticated_data + kind + raw_body
    content = FramedContent(message.group_id, message.epoch, author, message.authenticated_data, body, raw)
    return AuthenticatedContent(WireFormat.PRIVATE_MESSAGE, content, auth)


def proposal_ref(suite: CipherSuite, message: AuthenticatedContent) -> bytes:
    """The reference under which a commit may name this proposal (§5.2)."""
    return suite.ref_hash("MLS 1.0 Proposal Reference", message.encode())


def transcript_content(message: AuthenticatedContent) -> bytes:
    """The part of ConfirmedTranscriptHashInput before the signature (§8.2)."""
    return u16(message.wire_format) + message.content.raw
