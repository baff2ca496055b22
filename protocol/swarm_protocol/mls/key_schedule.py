"""The key schedule: from one epoch's secret to the next (RFC 9420 §8)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from .ciphersuite import CipherSuite
from .codec import opaque, u16
from .hpke import KemKeyPair
from .proposals import PreSharedKeyID


@dataclass(frozen=True, slots=True)
class EpochSecrets:
    """What an epoch's secret gives, as far as it is kept (§8, table 4)."""

    sender_data_secret: bytes = field(repr=False)
    exporter_secret: bytes = field(repr=False)
    external_secret: bytes = field(repr=False)
    confirmation_key: bytes = field(repr=False)
    membership_key: bytes = field(repr=False)
    resumption_psk: bytes = field(repr=False)
    epoch_authenticator: bytes
    init_secret: bytes = field(repr=False)


def joiner_secret(
    suite: CipherSuite, init_secret: bytes, commit_secret: bytes, group_context: bytes
) -> bytes:
    """The secret that a Welcome carries."""
    extracted = suite.kdf.extract(init_secret, commit_secret)
    return suite.expand_with_label(extracted, b"joiner", group_context, suite.kdf.size)


def welcome_secret(suite: CipherSuite, joiner: bytes, psk_secret: bytes) -> bytes:
    """The secret under which a Welcome's GroupInfo is encrypted."""
    return suite.derive_secret(suite.kdf.extract(joiner, psk_secret), b"welcome")


def epoch_secret(suite: CipherSuite, joiner: bytes, psk_secret: bytes, group_context: bytes) -> bytes:
    """The secret from which all of an epoch follows."""
    member = suite.kdf.extract(joiner, psk_secret)
    return suite.expand_with_label(member, b"epoch", group_context, suite.kdf.size)


def derive_epoch(suite: CipherSuite, secret: bytes) -> tuple[EpochSecrets, bytes]:
    """Give the epoch's secrets and, apart, its encryption secret, which only the secret tree may have."""

    def derive(label: bytes) -> bytes:
        return suite.derive_secret(secret, label)

    secrets = EpochSecrets(
        sender_data_secret=derive(b"sender data"),
        exporter_secret=derive(b"exporter"),
        external_secret=derive(b"external"),
        confirmation_key=derive(b"confirm"),
        membership_key=derive(b"membership"),
        resumption_psk=derive(b"resumption"),
        epoch_authenticator=derive(b"authentication"),
        init_secret=derive(b"init"),
    )
    return secrets, derive(b"encryption")


def external_key(suite: CipherSuite, secrets: EpochSecrets) -> KemKeyPair:
    """The key pair to which an outsider seals its ExternalInit (§8.3)."""
    return suite.kem.derive_key_pair(secrets.external_secret)


EXTERNAL_INIT_LABEL = b"MLS 1.0 external init secret"
"""Exporter context with which an external commit gets its init secret (§8.3)."""


def export(suite: CipherSuite, exporter_secret: bytes, label: bytes, context: bytes, size: int) -> bytes:
    """MLS-Exporter (§8.5): `size` bytes for the application."""
    derived = suite.derive_secret(exporter_secret, label)
    return suite.expand_with_label(derived, b"exported", suite.hash(context), size)


def psk_secret(suite: CipherSuite, psks: Sequence[tuple[PreSharedKeyID, bytes]]) -> bytes:
    """Chain pre-shared keys, in the order of their proposals, into one secret (§8.4)."""
    secret = suite.zero
    for index, (psk_id, psk) in enumerate(psks):
        extracted = suite.kdf.extract(suite.zero, psk)
        label = psk_id.encode() + u16(index) + u16(len(psks))
        psk_input = suite.expand_with_label(extracted, b"derived psk", label, suite.kdf.size)
        secret = suite.kdf.extract(psk_input, secret)
    return secret


def confirmed_transcript_hash(suite: CipherSuite, interim: bytes, content: bytes, signature: bytes) -> bytes:
    """Chain a commit into the transcript (§8.2); `content` is wire format and FramedContent."""
    return suite.hash(interim + content + opaque(signature))


def interim_transcript_hash(suite: CipherSuite, confirmed: bytes, confirmation_tag: bytes) -> bytes:
    """The transcript with the commit's confirmation tag (§8.2)."""
    return suite.hash(confirmed + opaque(confirmation_tag))
