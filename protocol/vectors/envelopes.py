"""Vectors of envelopes, frames and parts (spec 20)."""

from __future__ import annotations

from nacl.bindings import crypto_aead_xchacha20poly1305_ietf_encrypt

from swarm_protocol import cbor, labels
from swarm_protocol import envelope as env
from swarm_protocol.cbor import Value
from swarm_protocol.envelope import rules
from swarm_protocol.envelope.parts import Part
from swarm_protocol.envelope.seal import pad
from swarm_protocol.rules import Rule

from .forge import Made, vector

KEY = env.QueueKey(bytes(range(32)))
NONCE = bytes(range(64, 88))
HELLO = env.Frame(env.Kind.MLS_PRIVATE, b"hello", 7)


def by_nonce(_: int) -> bytes:
    """The entropy of these envelopes."""
    return NONCE


def seal(padded: bytes, *, version: bytes = b"\x01", key: env.QueueKey = KEY) -> bytes:
    """An envelope around any bytes."""
    return version + NONCE + crypto_aead_xchacha20poly1305_ietf_encrypt(padded, version, NONCE, key.secret)


def envelopes(made: Made) -> None:
    """Envelopes (spec 20 §1, §2): the bytes are the array of the queue's key and the envelope."""

    def add(
        name: str, envelope: bytes, comment: str, expect: str = "cannot-open", rule: Rule | None = None
    ) -> None:
        data = cbor.encode([KEY.secret, envelope])
        vector(made, f"envelope/envelope/{name}", data, expect, comment, rule)

    for bucket in env.Bucket:
        frame = env.Frame(env.Kind.OFFER, bytes(bucket.room - 100), 0)
        add(
            f"bucket-{bucket}",
            env.seal_envelope(KEY, frame, entropy=by_nonce),
            "no smaller one will do",
            "ok",
        )
    good = env.seal_envelope(KEY, HELLO, entropy=by_nonce)
    hidden = env.seal_envelope(KEY, HELLO, entropy=by_nonce, at_least=env.Bucket.LARGE)
    add("hidden", hidden, "a small frame in a large envelope", "ok")
    marks = env.Frame(env.Kind.OFFER, b"\x80\x00\x80" + bytes(9), 0)
    add("padding-inside", env.seal_envelope(KEY, marks, entropy=by_nonce), "a payload like padding", "ok")
    full = env.Bucket.SMALL.room - 7
    add(
        "full",
        env.seal_envelope(KEY, env.Frame(env.Kind.OFFER, b"\xff" * full, 0), entropy=by_nonce),
        "padding of one byte",
        "ok",
    )

    data = HELLO.encode()
    later = pad(cbor.encode({1: 11, 2: b"", 3: 0}), env.Bucket.SMALL)
    add("frame-kind", seal(later), "well sealed, of a later kind", "unsupported", rules.FRAME_KIND)
    add("cannot-open", good[:-1] + bytes([good[-1] ^ 1]), "the last bit of the tag is changed")
    add("cannot-open.nonce", good[:1] + b"\x00" + good[2:], "the nonce is changed")
    add("cannot-open.text", good[:25] + b"\x00" + good[26:], "the ciphertext is changed")
    add("cannot-open.key", seal(pad(data, env.Bucket.SMALL), key=env.QueueKey(bytes(32))), "another key")
    add("cannot-open.version", seal(pad(data, env.Bucket.SMALL), version=b"\x02"), "version 2")
    add("cannot-open.version-alone", b"\x02" + good[1:], "version 1 that claims to be 2")
    add("cannot-open.size", good + b"\x00", "513 bytes")
    add("cannot-open.size-inside", seal(data + b"\x80"), "well sealed, but of no bucket's size")
    add("cannot-open.short", b"\x01", "one byte")
    add("cannot-open.empty", b"", "nothing")
    add("cannot-open.padding", seal(data.ljust(471, b"\x00")), "padding without its mark")
    add("cannot-open.padding-mark", seal((data + b"\x81").ljust(471, b"\x00")), "another mark")
    add("cannot-open.padding-zeros", seal(bytes(471)), "zeros alone")


def frames(made: Made) -> None:
    """Frames (spec 20 §3): the bytes are one."""

    def add(name: str, value: Value, comment: str, rule: Rule | None = None) -> None:
        expect = "ok" if rule is None else "unsupported" if rule is rules.FRAME_KIND else "decode"
        vector(made, f"envelope/frame/{name}", cbor.encode(value), expect, comment, rule)

    for kind in env.Kind:
        add(kind.name.lower().replace("_", "-"), {1: int(kind), 2: b"", 3: 2**63 - 1}, "a kind of frame")
    add("frame-kind", {1: 11, 2: b"", 3: 0}, "a kind of a later version", rules.FRAME_KIND)
    add("frame-kind.zero", {1: 0, 2: b"", 3: 0}, "no kind", rules.FRAME_KIND)
    add("record-field", {1: 1, 2: b""}, "without link_seq", cbor.FIELD)
    add("record-field.payload", {1: 1, 2: "", 3: 0}, "a payload of text", cbor.FIELD)
    add("record-critical", {1: 1, 2: b"", 3: 0, -1: 0}, "something that must be understood", cbor.CRITICAL)
    add("cbor-size", {1: 1, 2: bytes(rules.MAX_FRAME), 3: 0}, "too large for an envelope", cbor.SIZE)


def parts(made: Made) -> None:
    """Parts (spec 20 §4): the bytes are the array of their payloads, in the order in which they come."""
    first, second, third = env.split(env.Kind.MLS_WELCOME, bytes(2 * rules.PART_SIZE))

    def add(name: str, payloads: list[bytes], comment: str, expect: str, rule: Rule | None = None) -> None:
        vector(made, f"envelope/parts/{name}", cbor.encode(list(payloads)), expect, comment, rule)

    def one(name: str, changes: dict[int, Value], comment: str, rule: Rule) -> None:
        fields = {1: third.name, 2: third.index, 3: third.count, 4: third.data, **changes}
        add(name, [cbor.encode(fields)], comment, "decode", rule)

    add("whole", [p.encode() for p in (first, second, third)], "in order", "whole")
    add("order", [p.encode() for p in (third, first, second)], "in another order", "whole")
    again = (second, second, first, third, first)
    add("again", [p.encode() for p in again], "some of them twice", "whole")
    add("waiting", [p.encode() for p in (first, third)], "one is missing", "waiting")
    most = env.split(env.Kind.OFFER, bytes(rules.MAX_WHOLE - 9))
    assert len(most) == rules.MAX_PARTS
    add("largest", [most[15].encode()], "the last of 16 parts", "waiting")

    one("part-count", {2: 0, 3: 1}, "a part alone", rules.PART_COUNT)
    one("part-count.17", {3: 17}, "17 parts", rules.PART_COUNT)
    one("part-index", {2: 3}, "number 3 of 3, counted from 0", rules.PART_INDEX)
    one("part-size", {4: b""}, "the last one is empty", rules.PART_SIZE_RULE)
    one("part-size.large", {4: bytes(rules.PART_SIZE + 1)}, "it is too large", rules.PART_SIZE_RULE)
    one("part-size.first", {2: 0}, "a part before the last that is not full", rules.PART_SIZE_RULE)
    one("record-field", {1: bytes(31)}, "a name of 31 bytes", cbor.FIELD)

    other = Part(first.name, 0, 3, b"\x01" * rules.PART_SIZE)
    add("part-agrees", [first.encode(), other.encode()], "two first parts", "rule", rules.PART_AGREES)
    fewer = Part(first.name, 1, 2, b"\x00")
    add("part-agrees.count", [first.encode(), fewer.encode()], "3 parts, or 2", "rule", rules.PART_AGREES)
    many = [Part(bytes([n]) * 32, 15, 16, b"\x00").encode() for n in range(5)]
    add("part-budget", many, "five frames of 16 parts are unfinished", "rule", rules.PART_BUDGET)

    def together(name: str, whole: Value | bytes, comment: str, rule: Rule, expect: str = "rule") -> None:
        data = whole if isinstance(whole, bytes) else cbor.encode(whole)
        both = data[: rules.PART_SIZE], data[rules.PART_SIZE :]
        made_of = [Part(labels.PARTS.hash(data), i, 2, piece).encode() for i, piece in enumerate(both)]
        add(name, made_of, comment, expect, rule)

    size = rules.PART_SIZE
    wrong = Part(first.name, 1, 3, b"\x01" * size)
    in_all = [p.encode() for p in (first, wrong, third)]
    add("part-name", in_all, "one part is not of this frame", "rule", rules.PART_NAME)
    together("part-whole", {1: 7, 2: bytes(size)}, "a part of parts", rules.PART_WHOLE)
    together("part-whole.link-seq", {1: 1, 2: bytes(size), 3: 0}, "with a link_seq", rules.PART_WHOLE)
    together("part-whole.bytes", b"\xff" * (size + 1), "no encoding", rules.PART_WHOLE)
    together("frame-kind", {1: 11, 2: bytes(size)}, "a later kind", rules.FRAME_KIND, "unsupported")
