"""Requests: a joiner says who they are, to the inviter alone (spec 40 §3).

A request is sealed by HPKE to the key in the bundle. The transcript is not in it: it is the info of HPKE and
stands in front of what is signed, so a request for another invite, or one that saw another bundle, does not
open. From the same HPKE context both sides export two keys that nobody else has: the answer is sealed under
one, the group starts with the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .. import cbor, labels
from ..cbor import Record, Value
from ..entropy import Entropy
from ..errors import LimitError, UsageError
from ..identity.chain import Node, Sigchain
from ..identity.credential import check_leaf
from ..identity.keys import PersonaId
from ..mailbox.records import QueueRecord
from ..mls.aead import CHACHA20_POLY1305
from ..mls.ciphersuite import CRYPTO
from ..mls.hpke import Context, Hpke, KemKeyPair, XWing
from ..mls.kdf import HKDF_SHA256
from ..mls.key_package import KeyPackage, OwnKeyPackage
from ..mls.state import Policy
from ..mls.validation import check_key_package, check_lifetime, check_support
from . import rules
from .bundle import Invitation, read_queues, write_queues
from .group import group_extensions
from .offer import Offer
from .stamp import is_stamp

INV_ID, ENC, SEALED = range(1, 4)
CHAIN, KEY_PACKAGE, QUEUES, NOTE, STAMP, SIGNATURE = range(1, 7)

HPKE = Hpke(XWing(), HKDF_SHA256, CHACHA20_POLY1305)
_ENC_SIZE = 1120

MAX_ADDRESS_REQUEST = 32_000
"""Bytes of a sealed request to an address: one envelope, for parts of strangers would wait for each other."""

Invited: TypeAlias = Invitation | Offer
"""What a request answers: a link with its bundle, or an offer in a conversation (spec 53)."""

_FORM_ONLY = Policy(lambda _leaf, _previous: None, lambda _view: None)
"""Key packages are checked for form; whom they belong to, the chain says."""


@dataclass(frozen=True, slots=True)
class MeetingKeys:
    """What who asked and who was asked share: names of the meeting and the request, and two secrets."""

    transcript: bytes
    request: bytes
    """The hash of the sealed request."""
    psk: bytes = field(repr=False)
    answer: bytes = field(repr=False)

    @classmethod
    def export(cls, context: Context, transcript: bytes, sealed: bytes) -> MeetingKeys:
        """Export the secrets of a request's HPKE context."""
        return cls(
            transcript,
            labels.SEALED_REQUEST.hash(sealed),
            context.export(labels.MEETING_PSK.prefix, rules.KEY_SIZE),
            context.export(labels.ANSWER.prefix, rules.KEY_SIZE),
        )

    @property
    def psk_id(self) -> bytes:
        """The name of the PSK in the group."""
        return labels.MEETING_PSK_ID.hash(self.transcript + self.request)


@dataclass(frozen=True, slots=True)
class Draft:
    """A request that waits for its stamp, if the bundle asks for one."""

    invitation: Invited
    own: OwnKeyPackage = field(repr=False)
    content: bytes = field(repr=False)

    @property
    def challenge(self) -> bytes:
        """What the stamp is searched for, 32 bytes."""
        return stamp_challenge(self.invitation.transcript, self.content)


def stamp_challenge(transcript: bytes, content: bytes) -> bytes:
    """What a stamp is for: this meeting, and a request without stamp and signature."""
    return labels.STAMP.hash(transcript + content)


def draft_request(
    invitation: Invited,
    own: OwnKeyPackage,
    chain: Sigchain,
    queues: Sequence[QueueRecord],
    *,
    note: str = "",
) -> Draft:
    """Say who we are: `own` is a key package of a node of `chain`, `queues` are where answers go.

    Raises:
        LimitError: the note is too long.
    """
    if not is_note(note, address=invitation.is_address):
        raise LimitError(rules.REQUEST_NOTE.text)
    key_package = own.key_package.encode()
    fields: dict[int, Value] = {
        CHAIN: chain.encode(),
        KEY_PACKAGE: key_package,
        QUEUES: write_queues(queues),
        NOTE: note,
    }
    return Draft(invitation, own, cbor.encode(fields))


def is_note(note: str, *, address: bool) -> bool:
    """Whether a note has an allowed length."""
    return len(note.encode()) <= rules.NOTE_BYTES if address else len(note) <= rules.NOTE_CHARACTERS


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as its maker keeps it: store all before `sealed` leaves, and repeat that as it is."""

    own: OwnKeyPackage = field(repr=False)
    sealed: bytes = field(repr=False)
    keys: MeetingKeys


def seal_request(draft: Draft, *, stamp: int | None = None, entropy: Entropy) -> Asked:
    """Sign and seal a request.

    Raises:
        UsageError: the bundle asks for a stamp, and this is none.
        LimitError: it is too large for an address.
    """
    invitation, transcript = draft.invitation, draft.invitation.transcript
    bits = invitation.bundle.stamp_bits
    if bits and (stamp is None or not is_stamp(draft.challenge, bits, stamp)):
        raise UsageError(f"this address asks for a stamp of {bits} bits")
    fields = dict(Record.decode(draft.content, "a draft", max_size=rules.MAX_MESSAGE).fields)
    if bits:
        fields[STAMP] = stamp
    signed = transcript + cbor.encode(fields)
    fields[SIGNATURE] = labels.REQUEST_SIGNATURE.sign(draft.own.signature, signed)
    enc, context = HPKE.setup_sender(invitation.bundle.hpke, _info(transcript), entropy)
    sealed = frame_request(invitation, enc, context, cbor.encode(fields))
    if invitation.is_address and len(sealed) > MAX_ADDRESS_REQUEST:
        raise LimitError(f"a request of {len(sealed)} bytes; an address takes {MAX_ADDRESS_REQUEST}")
    return Asked(draft.own, sealed, MeetingKeys.export(context, transcript, sealed))


def frame_request(invitation: Invited, enc: bytes, context: Context, content: bytes) -> bytes:
    """A request as it travels."""
    inv_id = invitation.inv_id
    return cbor.encode({INV_ID: inv_id, ENC: enc, SEALED: context.seal(inv_id, content)})


def _info(transcript: bytes) -> bytes:
    return labels.REQUEST.prefix + transcript


@dataclass(frozen=True, slots=True)
class Request:
    """A request that holds, all of it checked: a persona asks, by one of its nodes."""

    chain: Sigchain
    node: Node
    key_package: KeyPackage = field(repr=False)
    queues: tuple[QueueRecord, ...] = field(repr=False)
    note: str = field(repr=False)
    keys: MeetingKeys

    @property
    def persona_id(self) -> PersonaId:
        """Who asks."""
        return self.chain.persona_id


def request_invite(sealed: bytes) -> bytes:
    """The id of the invite that a request is for, 16 bytes, or DecodeError."""
    return _read_frame(sealed).octets(INV_ID, size=rules.ID_SIZE)


def _read_frame(sealed: bytes) -> Record:
    return Record.decode(sealed, "a sealed request", max_size=rules.MAX_MESSAGE)


def open_request(
    invitation: Invited, hpke: KemKeyPair, sealed: bytes, *, own: PersonaId, now: int
) -> Request:
    """Open a request and check all of it, the costly last. `hpke` is the bundle's pair, `own` who is asked.

    Raises:
        UnexpectedMessage: it names another invite.
        CannotOpen: it is not for this one, or was changed.
        DecodeError: it is no request.
        RuleViolation: a rule is broken, here, of chains and credentials (spec 10), or of key packages (MLS).
    """
    frame = _read_frame(sealed)
    inv_id = frame.octets(INV_ID, size=rules.ID_SIZE)
    if inv_id != invitation.inv_id:
        raise rules.REQUEST_INVITE.unexpected()
    transcript = invitation.transcript
    context = HPKE.setup_receiver(frame.octets(ENC, size=_ENC_SIZE), hpke, _info(transcript))
    content = context.open(inv_id, frame.octets(SEALED, at_most=rules.MAX_MESSAGE))

    r = Record.decode(content, "a request", max_size=rules.MAX_MESSAGE)
    note = r.text(NOTE, at_most=4 * rules.NOTE_CHARACTERS + rules.NOTE_BYTES)
    rules.REQUEST_NOTE.require(is_note(note, address=invitation.is_address))
    queues = read_queues(r, QUEUES, least=invitation.least_queues)
    key_package = KeyPackage.decode(r.octets(KEY_PACKAGE, at_most=rules.MAX_KEY_PACKAGE))
    chain = Sigchain.decode(r.octets(CHAIN, at_most=rules.MAX_CHAIN))
    rules.MEETING_OTHER.require(chain.persona_id != own)
    node = check_package(chain, key_package, now)
    signature = r.octets(SIGNATURE, size=labels.SIGNATURE_SIZE)
    signed = labels.REQUEST_SIGNATURE.verify(node.leaf_sig, transcript + r.without(SIGNATURE), signature)
    rules.REQUEST_SIGNATURE.require(signed)
    if bits := invitation.bundle.stamp_bits:
        challenge = stamp_challenge(transcript, r.without(STAMP, SIGNATURE))
        rules.REQUEST_STAMP.require(STAMP in r and is_stamp(challenge, bits, r.uint(STAMP)))
    return Request(chain, node, key_package, queues, note, MeetingKeys.export(context, transcript, sealed))


def check_package(chain: Sigchain, key_package: KeyPackage, now: int) -> Node:
    """The node of `chain` that a key package is of, if it can be added to a conversation now.

    Raises:
        RuleViolation: a rule of key packages (MLS) or of credentials (spec 10) is broken.
    """
    leaf = key_package.leaf_node
    check_key_package(CRYPTO.suite(rules.SUITE), key_package, _FORM_ONLY)
    check_lifetime(leaf, now)
    check_support(leaf.capabilities, group_extensions(bytes(32)))
    return check_leaf({chain.persona_id: chain}.get, leaf)
