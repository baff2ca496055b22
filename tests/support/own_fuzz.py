"""The fuzzer's targets of our own protocol that decode: bytes and texts as they come from anybody.

What is accepted is written again and must be the same bytes, but for keys that the reader does not know;
what is refused is refused by an error of the other side's. `own_fuzz_deep.py` has what lies behind seals and
signatures. The inputs to begin with are the vectors (`protocol/vectors/`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from fuzzing import Target, mutate_bytes, mutate_cbor, says_no_more
from own_vectors import ROOM, Vector

from swarm_bridges import armour
from swarm_protocol import carriage, carry, cbor, claims, nearby, sync
from swarm_protocol import content as con
from swarm_protocol import envelope as env
from swarm_protocol import identity as idn
from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as mt
from swarm_protocol.carriage import rules as carriage_rules
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox import frames
from swarm_protocol.meeting.bundle import Bundle
from swarm_protocol.meeting.text import LinkKind, parse_link
from swarmnode.cli.explain import explain
from swarmnode.delivery.link import split_address
from swarmnode.errors import UsageError

MAX_ENCODING = 1 << 22
"""Bytes of an input; a chain of full size has some 3 MiB."""


def vectors(kind: str, pick: Callable[[Any], Iterable[bytes]] | None = None) -> list[bytes]:
    """The bytes of all vectors of a folder, or what `pick` takes out of the values that they encode."""
    found = [Vector.read(path).data for path in sorted((ROOM / kind).iterdir())]
    if pick is None:
        return found
    return [item for data in found for item in pick(cbor.decode(data, max_size=MAX_ENCODING))]


def value_of(data: bytes, kind: type) -> Any:
    """The value that an input encodes, or an empty one if it is of another kind."""
    try:
        value = cbor.decode(data, max_size=MAX_ENCODING)
    except RemoteProtocolError:
        return kind()
    return value if isinstance(value, kind) else kind()


def decoder(decode: Callable[[bytes], Any], encode: Callable[[Any], bytes]) -> Callable[[bytes], bool]:
    """A target of something that is decoded and encoded again."""

    def accepts(data: bytes) -> bool:
        try:
            value = decode(data)
        except RemoteProtocolError:
            return False
        again = encode(value)
        assert decode(again) == value
        assert again == data or says_no_more(*(cbor.decode(d, max_size=MAX_ENCODING) for d in (again, data)))
        return True

    return accepts


def encoded(value: Any) -> bytes:
    """What most types have."""
    return bytes(value.encode())


def command(data: bytes) -> bool:
    """A command to a relay. Its signature is kept aside, so it is put back."""
    try:
        frame, body = mbx.read_command(data)
    except RemoteProtocolError:
        return False
    signed = {} if frame.signature is None else {4: frame.signature}
    again = cbor.encode({1: int(body.type), 2: frame.number, 3: dict(body.fields()), **signed})
    assert mbx.read_command(again)[1] == body
    assert says_no_more(cbor.decode(again), cbor.decode(data))
    return True


def answer(data: bytes) -> bool:
    """An answer or a notice of a relay. Errors that are not known here count as INTERNAL."""
    try:
        number, said = mbx.read_answer(data)
    except RemoteProtocolError:
        return False
    again = frames.encode(number, said)
    assert mbx.read_answer(again) == (number, said)
    internal = isinstance(said, mbx.Error) and said.code is mbx.ErrorCode.INTERNAL
    assert internal or says_no_more(cbor.decode(again), cbor.decode(data))
    return True


def parts(data: bytes) -> bool:
    """Payloads of parts as they come; what they make together is one of the kinds of frames."""
    reassembler, came = env.Reassembler(), False
    for payload in value_of(data, list):
        try:
            part = env.Part.decode(payload if isinstance(payload, bytes) else b"")
            reassembler, outcome = reassembler.add(part, now=0)
        except RemoteProtocolError:
            continue
        came = True
        if isinstance(outcome, env.Whole):
            assert outcome.kind is not env.Kind.PART
    assert sum(waiting.count for waiting in reassembler.waiting.values()) <= 64
    return came


def link(data: bytes) -> bool:
    """The text of a link; what is read is written in one way."""
    text = data.decode(errors="replace")
    try:
        kind, _ = parse_link(text, *LinkKind)
        if kind is LinkKind.SAFETY:
            return False
        read = (mt.RelayLink if kind is LinkKind.RELAY else mt.InviteLink).parse
        found = read(text)
    except RemoteProtocolError:
        return False
    assert read(found.format()) == found
    return True


def code_text(data: bytes) -> bool:
    """A spoken code as somebody typed it."""
    words = ["crater", "robot", "zebra"]
    try:
        code = mt.Code.parse(data.decode(errors="replace"), words)
    except RemoteProtocolError:
        return False
    assert mt.Code.parse(str(code), words) == code
    return True


def safety_qr(data: bytes) -> bool:
    """The text of a safety code, as a camera reads it: it may be anything."""
    own, other = idn.PersonaId(b"1" * 32), idn.PersonaId(b"2" * 32)
    return mt.check_qr(data.decode(errors="replace"), own, other, bytes(32)) is not mt.QrOutcome.NOT_A_CODE


def carried(data: bytes) -> bool:
    """A bundle, in pieces whose size the first byte says: the records until it is damaged."""
    step = 1 + data[0] if data else 1
    came = list[carry.Record]()
    try:
        for record in carry.read(data[at : at + step] for at in range(1, len(data), step)).records:
            came.append(record)
    except RemoteProtocolError:
        return bool(came)
    return True


def carried_code(data: bytes) -> bool:
    """The text of a QR code that carries one record."""
    try:
        record = carry.from_text(data.decode(errors="replace"))
    except RemoteProtocolError:
        return False
    assert carry.from_text(carry.to_text(record)) == record
    return True


def fragments(data: bytes) -> bool:
    """What a conversation brings, in pieces: an array of fragments, of which some are bytes of anybody."""
    came, taken = carriage.Reassembler(), False
    for now, blob in enumerate(value_of(data, list)):
        try:
            fragment = carriage.Fragment.decode(blob if isinstance(blob, bytes) else b"")
        except RemoteProtocolError:
            continue
        assert fragment.encode() == blob
        whole = None
        try:
            came, whole = came.add(fragment, now=now)
        except RemoteProtocolError:
            came = came.without(fragment.name)
        taken = True
        assert len(came.waiting) <= carriage_rules.MAX_WAITING
        assert whole is None or carriage.name_of(whole.thing, whole.data) == whole.name
    return taken


def armoured(data: bytes) -> bool:
    """A text of anybody that may hold bytes."""
    blob = armour.opened(data.decode(errors="replace"))
    if blob is None:
        return False
    assert armour.opened(armour.armoured(blob, "")) == blob
    return True


def beacons(data: bytes) -> bool:
    """The texts of a service on the network: an array of pairs."""
    pairs = [pair for pair in value_of(data, list) if isinstance(pair, list) and len(pair) == 2]
    texts = {k: v for k, v in pairs if isinstance(k, bytes) and (v is None or isinstance(v, bytes))}
    try:
        found = nearby.decode_txt(texts)
    except RemoteProtocolError:
        return False
    assert nearby.encode_txt(found).items() <= texts.items()
    return True


def address(data: bytes) -> bool:
    """Host and port, in a record of somebody's."""
    try:
        host, port = split_address(data.decode(errors="replace"))
    except UsageError:
        return False
    assert split_address(f"[{host}]:{port}" if ":" in host else f"{host}:{port}") == (host, port)
    return True


def inspected(data: bytes) -> bool:
    """What `swarmnode inspect` is given; it has something to say about any bytes."""
    return explain(data).label != "nothing known"


ADDRESSES = (
    b"relay.example.org:443",
    b"[::1]:8471",
    b"10.0.0.1:1",
    b"a:0",
    b":1",
    b"[]:1",
    b"a:b:1",
    b"a:\xb2",
)
_FIRST_BYTE = b"\x63"
"""In front of bundles: pieces of a hundred bytes."""


def _all_kinds() -> list[bytes]:
    """A vector of each folder, for who takes any bytes."""
    folders = sorted(path for path in ROOM.glob("*/*") if path.is_dir())
    return [vectors(path.relative_to(ROOM).as_posix())[0] for path in folders]


def _decoders() -> dict[str, Target]:
    """Targets of what has `decode` and `encode`, and the folder that its vectors are in."""
    plain: dict[str, tuple[Callable[[bytes], Any], Callable[[Any], bytes], Callable[[], list[bytes]]]] = {
        "cbor": (cbor.decode, cbor.encode, partial(vectors, "encoding/value")),
        "identity-chain": (idn.Sigchain.decode, encoded, partial(vectors, "identity/chain")),
        "identity-evidence": (idn.Evidence.decode, encoded, partial(vectors, "identity/evidence")),
        "envelope-frame": (env.Frame.decode, encoded, partial(vectors, "envelope/frame")),
        "envelope-part": (
            env.Part.decode,
            encoded,
            partial(vectors, "envelope/parts", lambda payloads: payloads[:2]),
        ),
        "content-message": (
            con.Message.decode,
            lambda message: message.data,
            partial(vectors, "content/message", lambda v: v[1:2]),
        ),
        "content-link": (
            con.AuthorLink.decode,
            encoded,
            partial(vectors, "content/chain", lambda v: v[3][:1]),
        ),
        "content-fork": (con.Fork.decode, encoded, partial(vectors, "content/fork")),
        "content-addresses": (
            con.AddressRecord.decode,
            lambda record: record.data,
            partial(vectors, "content/addresses"),
        ),
        "mailbox-record": (mbx.QueueRecord.decode, encoded, partial(vectors, "mailbox/record")),
        "mailbox-control": (mbx.QueueControl.decode, encoded, partial(vectors, "mailbox/control")),
        "sync-have": (sync.Have.decode, encoded, partial(vectors, "sync/have")),
        "sync-request": (sync.Request.decode, encoded, partial(vectors, "sync/request")),
        "sync-copy": (sync.decode_copy, encoded, partial(vectors, "sync/copy")),
        "claims": (claims.decode_opened, claims.encode_opened, partial(vectors, "claims/opened")),
        "carry-ack": (carry.BundleAck.decode, encoded, partial(vectors, "carry/ack")),
        "carriage-offer": (mt.Offer.decode, encoded, partial(vectors, "carriage/offer", lambda v: v[:1])),
        "meeting-bundle": (Bundle.decode, encoded, _bundles),
    }
    return {
        name: Target(decoder(decode, encode), seeds, mutate_cbor)
        for name, (decode, encode, seeds) in plain.items()
    }


def _bundles() -> list[bytes]:
    """What bundles hold, out of their seals."""
    opened = []
    for text, sealed in (value_of(data, list) for data in vectors("meeting/bundle")):
        try:
            opened.append(mt.Invitation.open(mt.InviteLink.parse(text), sealed).bundle.encode())
        except RemoteProtocolError:
            continue
    return opened


DECODING: dict[str, Target] = {
    **_decoders(),
    "mailbox-command": Target(command, partial(vectors, "mailbox/command"), mutate_cbor),
    "mailbox-answer": Target(answer, partial(vectors, "mailbox/answer"), mutate_cbor),
    "envelope-parts": Target(parts, partial(vectors, "envelope/parts"), mutate_cbor, slow=True),
    "meeting-link": Target(link, partial(vectors, "meeting/link"), mutate_bytes),
    "meeting-code-text": Target(
        code_text, partial(vectors, "meeting/code-text", lambda v: [v[0].encode()]), mutate_bytes
    ),
    "meeting-qr": Target(safety_qr, partial(vectors, "meeting/qr", lambda v: [v[0].encode()]), mutate_bytes),
    "carry-bundle": Target(
        carried, lambda: [_FIRST_BYTE + data for data in vectors("carry/bundle")], mutate_bytes
    ),
    "carry-code": Target(carried_code, partial(vectors, "carry/code"), mutate_bytes),
    "carriage": Target(fragments, partial(vectors, "carriage/together"), mutate_cbor),
    "armour": Target(
        armoured, lambda: [armour.armoured(bytes(n), "Private:").encode() for n in (0, 9, 99)], mutate_bytes
    ),
    "nearby-texts": Target(beacons, partial(vectors, "nearby/texts"), mutate_cbor),
    "address": Target(address, lambda: ADDRESSES, mutate_bytes),
    "inspect": Target(inspected, _all_kinds, mutate_cbor, slow=True),
}
