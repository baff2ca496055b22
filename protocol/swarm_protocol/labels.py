"""Every purpose that a hash, a signature or a derived key of ours has, each with a label (spec 09 §3).

A label is `swarmnode/1 `, the purpose and a zero byte, in front of what is hashed or signed. No purpose
stands here twice and none holds a zero byte, so bytes made for one purpose never pass for another. MLS signs
with the same node keys; what it signs starts with the length of a short label, a byte below 0x40 (RFC 9420
§5.1.2), and ours with an `s`, so neither passes for the other.

This module is the registry: nobody makes labels elsewhere, and a test looks.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from .mls.kdf import HKDF_SHA256
from .mls.signatures import Ed25519, SignatureKeyPair

LABELS: dict[str, Label] = {}
"""All labels by purpose."""

HASH_SIZE = 32
SIGNATURE_SIZE = 64

_ED25519 = Ed25519()


@dataclass(frozen=True, slots=True)
class Label:
    """A purpose, used by one kind of operation alone."""

    purpose: str

    def __post_init__(self) -> None:
        assert self.purpose.isascii(), "a purpose is plain text"
        assert self.purpose.isprintable(), "a purpose holds no zero byte"
        assert self.purpose not in LABELS, f"{self.purpose} is a purpose already"
        LABELS[self.purpose] = self

    @property
    def prefix(self) -> bytes:
        """The bytes in front."""
        return b"swarmnode/1 " + self.purpose.encode() + b"\x00"


class HashLabel(Label):
    """A purpose of SHA-256."""

    __slots__ = ()

    def hash(self, data: bytes) -> bytes:
        """Hash `data`; 32 bytes. Several values are encoded as one first, so that their ends are clear."""
        return hashlib.sha256(self.prefix + data).digest()


class SignatureLabel(Label):
    """A purpose of Ed25519 signatures."""

    __slots__ = ()

    def sign(self, key: SignatureKeyPair, data: bytes) -> bytes:
        """Sign `data`; 64 bytes, the same each time."""
        return _ED25519.sign(key.private, self.prefix + data)

    def verify(self, public: bytes, data: bytes, signature: bytes) -> bool:
        """Whether the signature is right; False for any key or signature that is malformed."""
        return _ED25519.verify(public, self.prefix + data, signature)


class KeyLabel(Label):
    """A purpose of keys that HKDF-SHA256 derives."""

    __slots__ = ()

    def extract(self, secret: bytes) -> bytes:
        """HKDF-Extract with the label as salt; 32 bytes to derive from."""
        return HKDF_SHA256.extract(self.prefix, secret)

    def derive(self, prk: bytes, context: bytes = b"", *, size: int = 32) -> bytes:
        """HKDF-Expand with the label and `context` as info; `size` bytes."""
        return HKDF_SHA256.expand(prk, self.prefix + context, size)


# Identity (spec 10)
KIT = KeyLabel("kit")
KIT_ROOT = KeyLabel("kit root")
KIT_BACKUP = KeyLabel("kit backup")
PERSONA = HashLabel("persona")
NEXT_ROOT = HashLabel("next root")
RECOVERY_POLICY = HashLabel("recovery policy")
NODE_LABEL = HashLabel("node label")
CLAIM = HashLabel("claim")
LINK = HashLabel("sigchain link")
EVIDENCE = HashLabel("sigchain evidence")
GENESIS_SIGNATURE = SignatureLabel("sign genesis")
LINK_SIGNATURE = SignatureLabel("sign link")
ADDED_SIGNATURE = SignatureLabel("sign added")

# Envelopes (spec 20)
PARTS = HashLabel("parts")

# Content (spec 21)
CONVERSATION = HashLabel("conversation")
COMMITMENT = HashLabel("content commitment")
FORK = HashLabel("author fork")
CONTENT_SIGNATURE = SignatureLabel("sign content")
DELETION_SIGNATURE = SignatureLabel("sign deletion")
ADDRESSES_SIGNATURE = SignatureLabel("sign addresses")

# Mailbox (spec 30)
COMMAND_SIGNATURE = SignatureLabel("sign command")
FORWARDED_SIGNATURE = SignatureLabel("sign forwarded")
RECEIPT_SIGNATURE = SignatureLabel("sign relay receipt")
BLOB = HashLabel("mailbox blob")
TICKET = HashLabel("relay ticket")
TICKET_BATCH = KeyLabel("ticket batch")
INVITE_SLOT = KeyLabel("invite slot")
FORWARD = KeyLabel("forward")
FORWARD_ANSWER = KeyLabel("answer of forward")
RENDEZVOUS_QUEUE = KeyLabel("rendezvous queue")
RENDEZVOUS_KEY = KeyLabel("rendezvous key")

# Sync, carry, nearby, carriage (spec 50-53)
BUNDLE_RECORD = HashLabel("bundle record")
CARRIED = HashLabel("carried envelope")
CARRY_TAG = KeyLabel("carry tag")
CARRY_KEY = KeyLabel("carry key")
BEACON = KeyLabel("beacon")
DOOR_NAME = KeyLabel("door name")
DOOR_PROOF = KeyLabel("door proof")
DIRECT_KEY = KeyLabel("direct key")
CARRIAGE = HashLabel("carriage")
FRAGMENT = HashLabel("fragment")
CARRIAGE_KEY = KeyLabel("carriage key")
OFFERED = HashLabel("offered meeting")

# Meeting (spec 40)
LINK_CHECK = HashLabel("check of a link")
INVITE_BUNDLE = KeyLabel("invite bundle")
SEALED_BUNDLE = HashLabel("sealed bundle")
MEETING = HashLabel("meeting")
REQUEST = KeyLabel("request")
SEALED_REQUEST = HashLabel("sealed request")
REQUEST_SIGNATURE = SignatureLabel("sign request")
STAMP = HashLabel("work stamp")
ANSWER = KeyLabel("answer of request")
ANSWER_SIGNATURE = SignatureLabel("sign answer")
MEETING_PSK = KeyLabel("meeting psk")
MEETING_PSK_ID = HashLabel("meeting psk id")
PAIR_SECRET = KeyLabel("pair secret")
SAFETY = KeyLabel("safety code")
COMMITTER = HashLabel("committer")
CODE_SLOT = KeyLabel("code slot")
CODE = KeyLabel("spoken code")

# Rejoining (spec 41)
REJOINING = HashLabel("rejoining")
REJOIN = KeyLabel("rejoin")
REJOIN_SIGNATURE = SignatureLabel("sign rejoin")

# Claims (spec 42)
CLAIM_TEXT = HashLabel("claim text")
CHALLENGE = HashLabel("challenge")
CHALLENGE_ANSWER = HashLabel("challenge answer")

# Backups, which only their owner reads
BACKUP = KeyLabel("backup")
BACKUP_PACK = HashLabel("backup pack")
