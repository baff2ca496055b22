"""Extensions, and the ones that RFC 9420 defines (§13, §11.1, §12.1.8.1, §12.4.3.2).

An extension stays the bytes it came as; those that mean something here have a type that reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from .codec import Reader, Struct, opaque, read_u16, u16, u16_vector, vector
from .credential import Credential
from .fast_init import fast_init


class ExtensionType(IntEnum):
    """Registered extension types (RFC 9420 §17.3)."""

    APPLICATION_ID = 0x0001
    RATCHET_TREE = 0x0002
    REQUIRED_CAPABILITIES = 0x0003
    EXTERNAL_PUB = 0x0004
    EXTERNAL_SENDERS = 0x0005


DEFAULT_EXTENSIONS = frozenset(ExtensionType)
"""Types that every client supports without saying so (§7.2)."""

GREASE = frozenset(0x0A0A + 0x1010 * i for i in range(15))
"""Values that mean nothing and must be passed over (§13.5); the 16th, 0xFAFA, is private use."""


@fast_init
@dataclass(frozen=True, slots=True)
class Extension(Struct):
    """A type and its data, whatever it means."""

    type: int
    data: bytes

    @classmethod
    def read(cls, r: Reader) -> Extension:
        """Read the struct."""
        return cls(r.u16(), r.opaque())

    def encode(self) -> bytes:
        """Encode the struct."""
        return u16(self.type) + opaque(self.data)


def find(extensions: Iterable[Extension], kind: int) -> bytes | None:
    """The data of the first extension of this type, or None."""
    for e in extensions:
        if e.type == kind:
            return e.data
    return None


def encode_extensions(extensions: Iterable[Extension]) -> bytes:
    """`Extension extensions<V>`."""
    return vector(e.encode() for e in extensions)


@dataclass(frozen=True, slots=True)
class RequiredCapabilities(Struct):
    """What every member must support (§11.1)."""

    extensions: tuple[int, ...] = ()
    proposals: tuple[int, ...] = ()
    credentials: tuple[int, ...] = ()

    @classmethod
    def read(cls, r: Reader) -> RequiredCapabilities:
        """Read the struct."""
        return cls(r.vector(read_u16), r.vector(read_u16), r.vector(read_u16))

    def encode(self) -> bytes:
        """Encode the struct."""
        return u16_vector(self.extensions) + u16_vector(self.proposals) + u16_vector(self.credentials)

    def extension(self) -> Extension:
        """As a GroupContext extension."""
        return Extension(ExtensionType.REQUIRED_CAPABILITIES, self.encode())


@dataclass(frozen=True, slots=True)
class ExternalSender(Struct):
    """Somebody outside who may propose (§12.1.8.1)."""

    signature_key: bytes
    credential: Credential

    @classmethod
    def read(cls, r: Reader) -> ExternalSender:
        """Read the struct."""
        return cls(r.opaque(), Credential.read(r))

    def encode(self) -> bytes:
        """Encode the struct."""
        return opaque(self.signature_key) + self.credential.encode()


def external_senders(extensions: Iterable[Extension]) -> tuple[ExternalSender, ...]:
    """The external senders that a group admits; none without the extension.

    Raises:
        DecodeError: the extension's data is malformed.
    """
    data = find(extensions, ExtensionType.EXTERNAL_SENDERS)
    if data is None:
        return ()
    r = Reader(data)
    senders = r.vector(ExternalSender.read)
    r.finish()
    return senders


def external_senders_extension(senders: Iterable[ExternalSender]) -> Extension:
    """The GroupContext extension that admits external senders."""
    return Extension(ExtensionType.EXTERNAL_SENDERS, vector(s.encode() for s in senders))


def required_capabilities(extensions: Iterable[Extension]) -> RequiredCapabilities:
    """What a group requires; nothing without the extension.

    Raises:
        DecodeError: the extension's data is malformed.
    """
    data = find(extensions, ExtensionType.REQUIRED_CAPABILITIES)
    return RequiredCapabilities() if data is None else RequiredCapabilities.decode(data)
