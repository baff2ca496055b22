"""What a message is before and after protection (RFC 9420 §6).

A `FramedContent` keeps its encoding, which is signed, hashed into the transcript and authenticated by the
membership tag: it is made once and never encoded again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum
from functools import lru_cache

from ..errors import DecodeError, UnsupportedVersion
from . import rules
from .codec import Reader, Struct, opaque, opaque_size, u8, u16, u32, u64
from .fast_init import fast_init
from .key_package import KeyPackage
from .leaf_node import MLS_10
from .proposals import Commit, Proposal, encode_proposal, read_proposal
from .welcome import GroupInfo, Welcome


class ContentType(IntEnum):
    """What a message carries (§6)."""

    APPLICATION = 1
    PROPOSAL = 2
    COMMIT = 3


class WireFormat(IntEnum):
    """How an MLSMessage is protected, or what else it is (§6)."""

    PUBLIC_MESSAGE = 1
    PRIVATE_MESSAGE = 2
    WELCOME = 3
    GROUP_INFO = 4
    KEY_PACKAGE = 5


class SenderType(IntEnum):
    """Who speaks (§6)."""

    MEMBER = 1
    EXTERNAL = 2
    NEW_MEMBER_PROPOSAL = 3
    NEW_MEMBER_COMMIT = 4


@fast_init
@dataclass(frozen=True, slots=True)
class Sender(Struct):
    """A member's leaf index, an external sender's index, or a newcomer (then `index` is 0)."""

    type: SenderType
    index: int = 0

    @staticmethod
    @lru_cache(maxsize=1024)
    def member(leaf_index: int) -> Sender:
        """The member at a leaf."""
        return Sender(SenderType.MEMBER, leaf_index)

    @classmethod
    def read(cls, r: Reader) -> Sender:
        """Read the struct."""
        kind = r.u8()
        if not 1 <= kind <= 4:
            raise DecodeError(f"{kind} is no type of sender")
        return cls(SenderType(kind), r.u32() if kind <= SenderType.EXTERNAL else 0)

    def encode(self) -> bytes:
        """Encode the struct."""
        if self.type <= SenderType.EXTERNAL:
            return u8(self.type) + u32(self.index)
        return u8(self.type)


Body = bytes | Proposal | Commit
"""Application data, a proposal, or a commit."""


def read_body(r: Reader, content_type: ContentType) -> Body:
    """Read the body that `content_type` announces."""
    match content_type:
        case ContentType.APPLICATION:
            return r.opaque()
        case ContentType.PROPOSAL:
            return read_proposal(r)
        case ContentType.COMMIT:
            return Commit.read(r)


def read_content_type(r: Reader) -> ContentType:
    """Read a ContentType."""
    kind = r.u8()
    content_type = _CONTENT_TYPES.get(kind)
    if content_type is None:
        raise DecodeError(f"{kind} is no type of content")
    return content_type


_CONTENT_TYPES: dict[int, ContentType] = {kind.value: kind for kind in ContentType}


def content_type_of(body: Body) -> ContentType:
    """The type of a body."""
    if isinstance(body, bytes):
        return ContentType.APPLICATION
    return ContentType.COMMIT if isinstance(body, Commit) else ContentType.PROPOSAL


def encode_body(body: Body) -> bytes:
    """The body as it stands in a FramedContent."""
    if isinstance(body, bytes):
        return opaque(body)
    return body.encode() if isinstance(body, Commit) else encode_proposal(body)


@fast_init
@dataclass(frozen=True, slots=True)
class FramedContent(Struct):
    """Who says what, in which group and epoch (§6)."""

    group_id: bytes
    epoch: int
    sender: Sender
    authenticated_data: bytes
    body: Body = field(repr=False)
    raw: bytes = field(repr=False, compare=False)

    @classmethod
    def make(
        cls,
        group_id: bytes,
        epoch: int,
        sender: Sender,
        authenticated_data: bytes,
        body: Body,
    ) -> FramedContent:
        """Build and encode."""
        content_type = content_type_of(body).to_bytes(1, "big")
        head = opaque(group_id) + u64(epoch) + sender.encode() + opaque(authenticated_data)
        raw = head + content_type + encode_body(body)
        return cls(group_id, epoch, sender, authenticated_data, body, raw)

    @classmethod
    def read(cls, r: Reader) -> FramedContent:
        """Read the struct."""
        start = r.pos
        group_id, epoch, sender, data = r.opaque(), r.u64(), Sender.read(r), r.opaque()
        body = read_body(r, read_content_type(r))
        return cls(group_id, epoch, sender, data, body, r.data[start : r.pos])

    def encode(self) -> bytes:
        """The bytes it was read from or made as."""
        return self.raw

    @property
    def content_type(self) -> ContentType:
        """The type of its body."""
        return content_type_of(self.body)


@fast_init
@dataclass(frozen=True, slots=True)
class FramedContentAuthData:
    """The signature, and a commit's confirmation tag (§6.1)."""

    signature: bytes
    confirmation_tag: bytes | None = None

    @classmethod
    def read(cls, r: Reader, content_type: ContentType) -> FramedContentAuthData:
        """Read the struct."""
        signature = r.opaque()
        return cls(signature, r.opaque() if content_type is ContentType.COMMIT else None)

    def encode(self) -> bytes:
        """Encode the struct."""
        tag = b"" if self.confirmation_tag is None else opaque(self.confirmation_tag)
        return opaque(self.signature) + tag


@fast_init
@dataclass(frozen=True, slots=True)
class AuthenticatedContent(Struct):
    """Content with its authentication, as transcript and references take it (§6.1)."""

    wire_format: WireFormat
    content: FramedContent
    auth: FramedContentAuthData

    @classmethod
    def read(cls, r: Reader) -> AuthenticatedContent:
        """Read the struct."""
        wire_format = _wire_format(r.u16())
        content = FramedContent.read(r)
        return cls(wire_format, content, FramedContentAuthData.read(r, content.content_type))

    def encode(self) -> bytes:
        """Encode the struct."""
        return u16(self.wire_format) + self.content.raw + self.auth.encode()


@fast_init
@dataclass(frozen=True, slots=True)
class PublicMessage(Struct):
    """Signed, and for members authenticated by the membership tag, but readable (§6.2)."""

    content: FramedContent
    auth: FramedContentAuthData
    membership_tag: bytes | None

    @classmethod
    def read(cls, r: Reader) -> PublicMessage:
        """Read the struct; refuses application data, which has to be private."""
        content = FramedContent.read(r)
        auth = FramedContentAuthData.read(r, content.content_type)
        tag = r.opaque() if content.sender.type is SenderType.MEMBER else None
        rules.require(content.content_type is not ContentType.APPLICATION, rules.APPLICATION_PRIVATE)
        return cls(content, auth, tag)

    def encode(self) -> bytes:
        """Encode the struct."""
        tag = b"" if self.membership_tag is None else opaque(self.membership_tag)
        return self.content.raw + self.auth.encode() + tag


@fast_init
@dataclass(frozen=True, slots=True)
class PrivateAAD:
    """The readable start of a PrivateMessage, as both of its encryptions authenticate it.

    `sender_data` is SenderDataAAD (§6.3.2): group, epoch and content type. `content` is PrivateContentAAD
    (§6.3.1): the same with the authenticated data.
    """

    sender_data: bytes
    content: bytes

    @classmethod
    def of(cls, content: FramedContent) -> PrivateAAD:
        """The additional data under which `content` is encrypted."""
        group_and_epoch = content.raw[: opaque_size(len(content.group_id)) + 8]
        head = group_and_epoch + u8(content.content_type)
        return cls(head, head + opaque(content.authenticated_data))


@fast_init
@dataclass(frozen=True, slots=True)
class PrivateMessage(Struct):
    """Encrypted content with an encrypted sender (§6.3)."""

    group_id: bytes
    epoch: int
    content_type: ContentType
    authenticated_data: bytes
    encrypted_sender_data: bytes
    ciphertext: bytes
    aad: PrivateAAD = field(repr=False, compare=False)

    @classmethod
    def read(cls, r: Reader) -> PrivateMessage:
        """Read the struct."""
        start = r.pos
        group_id, epoch, content_type = r.opaque(), r.u64(), read_content_type(r)
        sender_data = r.data[start : r.pos]
        authenticated_data = r.opaque()
        aad = PrivateAAD(sender_data, r.data[start : r.pos])
        return cls(group_id, epoch, content_type, authenticated_data, r.opaque(), r.opaque(), aad)

    def encode(self) -> bytes:
        """Encode the struct."""
        return self.aad.content + opaque(self.encrypted_sender_data) + opaque(self.ciphertext)


MessageBody = PublicMessage | PrivateMessage | Welcome | GroupInfo | KeyPackage

_FORMATS: dict[int, type[MessageBody]] = {
    WireFormat.PUBLIC_MESSAGE: PublicMessage,
    WireFormat.PRIVATE_MESSAGE: PrivateMessage,
    WireFormat.WELCOME: Welcome,
    WireFormat.GROUP_INFO: GroupInfo,
    WireFormat.KEY_PACKAGE: KeyPackage,
}
_WIRE_FORMATS = {body: WireFormat(wire_format) for wire_format, body in _FORMATS.items()}


def _wire_format(value: int) -> WireFormat:
    if not 1 <= value <= 5:
        raise DecodeError(f"wire format {value} is not known")
    return WireFormat(value)


@fast_init
@dataclass(frozen=True, slots=True)
class MLSMessage(Struct):
    """The outermost struct: everything that MLS sends is one (§6)."""

    body: MessageBody

    @property
    def wire_format(self) -> WireFormat:
        """How the body is protected, or what it is."""
        return _WIRE_FORMATS[type(self.body)]

    @classmethod
    def read(cls, r: Reader) -> MLSMessage:
        """Read the struct."""
        version = r.u16()
        if version != MLS_10:
            raise UnsupportedVersion(f"MLS version {version} is not known here")
        wire_format = r.u16()
        body = _FORMATS.get(wire_format)
        if body is None:
            raise DecodeError(f"wire format {wire_format} is not known")
        return cls(body.read(r))

    def encode(self) -> bytes:
        """Encode the struct."""
        return u16(MLS_10) + u16(self.wire_format) + self.body.encode()
