"""Takes bytes apart: what a frame, a blob or a link is, as far as it can be read without any key.

The readers are those of the protocol, each strict, tried from the most to the least particular; what none
takes is shown as CBOR, or by its size. Keys and ciphertexts are shown by their lengths, ids by their starts.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from swarm_protocol import cbor
from swarm_protocol.content.message import Message
from swarm_protocol.envelope import rules as envelope_rules
from swarm_protocol.envelope.frame import Frame as EnvelopeFrame
from swarm_protocol.envelope.frame import Kind as FrameKind
from swarm_protocol.envelope.parts import Part
from swarm_protocol.envelope.seal import Bucket
from swarm_protocol.errors import ProtocolError, RemoteProtocolError
from swarm_protocol.identity.chain import decode_links
from swarm_protocol.identity.link import Link
from swarm_protocol.mailbox.answers import read_answer
from swarm_protocol.mailbox.commands import read_command
from swarm_protocol.mailbox.records import QueueRecord
from swarm_protocol.mls.framing import MLSMessage
from swarm_protocol.mls.key_package import KeyPackage
from swarm_protocol.mls.welcome import Welcome

if TYPE_CHECKING:
    from ..domain.deletions import SignedReceipt

SHORT = 8
MAX_DEPTH = 12


@dataclass(frozen=True, slots=True)
class Explained:
    """A thing, what it says, and what is inside."""

    label: str
    value: str = ""
    inside: tuple[Explained, ...] = ()


def explain(data: bytes) -> Explained:
    """Say what these bytes are."""
    for reader in READERS:
        try:
            found = reader(data)
        except ProtocolError:
            continue
        if found is not None:
            return found
    return Explained("nothing known", _bytes(data))


def _link(data: bytes) -> Explained | None:
    """An invite's, a relay's or a safety link. Its secrets are not shown."""
    if not data[:64].lstrip().lower().startswith(b"swarm:"):
        return None
    from swarm_protocol.meeting.link import InviteLink, RelayLink  # noqa: PLC0415
    from swarm_protocol.meeting.text import LinkKind, parse_link  # noqa: PLC0415

    text = data.decode("ascii", errors="replace")
    try:
        kind, _ = parse_link(text, *LinkKind)
    except RemoteProtocolError as e:
        return Explained("damaged link", str(e))
    if kind is LinkKind.RELAY:
        relay = RelayLink.parse(text)
        return Explained("relay link", inside=(Explained("relay", relay.at.address), _pin(relay.at.pin)))
    if kind is LinkKind.SAFETY:
        return Explained("safety code", "for comparing, on two screens")
    invite = InviteLink.parse(text)
    relays = tuple(Explained("relay", at.address, (_pin(at.pin),)) for at in invite.fetch)
    ends = (Explained("expires at", str(invite.expires_at)),) if invite.expires_at is not None else ()
    return Explained("address" if kind is LinkKind.ADDRESS else "one-time invite", inside=(*relays, *ends))


def _receipts(data: bytes) -> Explained | None:
    """Receipts of a deletion: which of them hold, and what they say."""
    from . import explain_receipts as receipts  # noqa: PLC0415

    found = receipts.read(data)
    if found is None:
        return None

    def one(receipt: SignedReceipt) -> Explained:
        why = receipts.fault(receipt)
        counted = Counter(status for _, status in receipt.targets)
        inside = (
            Explained("signed by", f"node {receipt.leaf_sig[:SHORT]}… of persona {receipt.persona[:SHORT]}…"),
            Explained("called here", receipt.name),
            Explained("says", ", ".join(f"{status}: {number}" for status, number in counted.items())),
            Explained("sigchain at", f"link {receipt.chain_seq}"),
            Explained("came", receipts.when(receipt.at)),
            *(Explained(status, name) for name, status in receipt.targets),
        )
        return Explained("receipt", f"DOES NOT HOLD: {why}" if why else "verified", inside)

    about = f"deletion {found.deletion}, {receipts.when(found.at)}; statements of nodes, no proof"
    return Explained("deletion receipts", about, tuple(map(one, found.receipts)))


def _pin(pin: bytes) -> Explained:
    return Explained("pin", pin[:SHORT].hex() + "…")


def _mls(data: bytes) -> Explained:
    message = MLSMessage.decode(data)
    return Explained("MLS message", message.wire_format.name, _fields(message.body))


def _command(data: bytes) -> Explained:
    frame, body = read_command(data)
    return Explained(
        "command to a relay", frame.type.name, (Explained("number", str(frame.number)), *_fields(body))
    )


def _answer(data: bytes) -> Explained:
    number, body = read_answer(data)
    label = "answer of a relay" if number else "notice of a relay"
    return Explained(label, body.type.name, (Explained("number", str(number)), *_fields(body)))


def _frame(data: bytes) -> Explained:
    """A frame of an envelope, with what it carries."""
    frame = EnvelopeFrame.decode(data)
    payload = _part(frame.payload) if frame.kind is FrameKind.PART else explain(frame.payload)
    return Explained("frame", frame.kind.name, (Explained("link seq", str(frame.link_seq)), payload))


def _part(payload: bytes) -> Explained:
    try:
        return Explained("part", inside=_fields(Part.decode(payload)))
    except RemoteProtocolError as e:
        return Explained("damaged part", str(e))


def _envelope(data: bytes) -> Explained | None:
    """A sealed envelope: all that shows is its version and its size."""
    sizes = {int(bucket): bucket for bucket in Bucket}
    if len(data) not in sizes or data[0] != envelope_rules.VERSION:
        return None
    inside = (
        Explained("version", str(data[0])),
        Explained("size", f"{len(data)} B ({sizes[len(data)].name.lower()})"),
        Explained("room for a frame", f"{sizes[len(data)].room} B"),
    )
    return Explained("sealed envelope", "opens with the key of its queue only", inside)


def _chain(data: bytes) -> Explained | None:
    links = decode_links(data)
    inside = tuple(Explained(f"link {link.seq}", type(link.body).__name__, _fields(link)) for link in links)
    return Explained("sigchain", f"{len(links)} links, not verified", inside) if links else None


def _bundle(data: bytes) -> Explained | None:
    """A bundle file. What it carries is counted; whom it is for does not show."""
    from swarm_protocol.carry import bundle, rules  # noqa: PLC0415

    if not data.startswith(rules.MAGIC):
        return None
    counted: Counter[str] = Counter()
    damage: tuple[Explained, ...] = ()
    try:
        for record in bundle.read([data]).records:
            counted[f"records of class {record.kind}, {len(record.data)} B each"] += 1
    except RemoteProtocolError as e:  # what came whole before the damage counts
        damage = (Explained("damaged", str(e)),)
    inside = tuple(Explained(label, str(number)) for label, number in counted.items())
    return Explained("bundle file", f"{len(data)} B", (*inside, *damage))


def _cbor(data: bytes) -> Explained:
    return _tree("CBOR", cbor.decode(data))


def _plain(label: str, decode: Callable[[bytes], object]) -> Callable[[bytes], Explained]:
    """A reader for a type whose fields say enough."""

    def read(data: bytes) -> Explained:
        return Explained(label, inside=_fields(decode(data)))

    return read


READERS: tuple[Callable[[bytes], Explained | None], ...] = (
    _link,
    _receipts,
    _bundle,
    _command,
    _answer,
    _frame,
    _plain("content message", Message.decode),
    _plain("link of a sigchain", Link.decode),
    _chain,
    _plain("queue record", QueueRecord.decode),
    _mls,
    _plain("key package", KeyPackage.decode),
    _plain("welcome", Welcome.decode),
    _envelope,
    _cbor,
)


def _fields(value: object, depth: int = 0) -> tuple[Explained, ...]:
    """The fields of a dataclass. Bytes that it keeps out of `repr` are shown by their length."""
    return tuple(_field_trees(value, depth))


def _field_trees(value: object, depth: int) -> Iterator[Explained]:
    if not dataclasses.is_dataclass(value) or depth > MAX_DEPTH:
        return
    for item in dataclasses.fields(value):
        found = getattr(value, item.name)
        label = item.name.replace("_", " ")
        if isinstance(found, bytes) and not item.repr:
            yield Explained(label, f"{len(found)} B, not shown")
        elif found is not None and (item.repr or item.compare):
            yield _tree(label, found, depth + 1)


def _tree(label: str, value: object, depth: int = 0) -> Explained:
    match value:
        case bytes():
            return Explained(label, _bytes(value))
        case Enum():
            return Explained(label, value.name)
        case tuple() | list():
            return Explained(
                label, f"{len(value)}", tuple(_tree(str(i), v, depth + 1) for i, v in enumerate(value))
            )
        case Mapping():
            return Explained(label, inside=tuple(_tree(str(k), v, depth + 1) for k, v in value.items()))
        case _ if dataclasses.is_dataclass(value):
            return Explained(label, type(value).__name__, _fields(value, depth))
        case _:
            return Explained(label, str(value))


def _bytes(data: bytes) -> str:
    """A length and the start."""
    start = data[:SHORT].hex()
    return f"{len(data)} B: {start}{'…' if len(data) > SHORT else ''}" if data else "0 B"
