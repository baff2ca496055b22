"""Vectors of carrying (spec 51), of what is nearby (spec 52), and of carriage (spec 53)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from swarm_protocol import carriage, carry, cbor, nearby
from swarm_protocol import meeting as met
from swarm_protocol.carriage import rules as carriage_rules
from swarm_protocol.carry import rules
from swarm_protocol.cbor import Value
from swarm_protocol.envelope import Bucket
from swarm_protocol.nearby import rules as nearby_rules
from swarm_protocol.rules import Rule
from swarm_protocol.testing import SeededEntropy

from .forge import AWAY, HOME, Made, vector

NOW = 1_800_000_000
PAIR = carry.Pair(bytes(range(32)), HOME.leaf_sig.public, AWAY.leaf_sig.public)
BACK = carry.Pair(PAIR.secret, PAIR.other, PAIR.own)
TAG = carry.CARRY.sent(PAIR, carry.CARRY.period(NOW))
RECORDS = [carry.Record(TAG, 1, bytes([n]) * 512) for n in range(3)]
BUNDLE_ID = bytes(range(16))
HEADER = rules.MAGIC + b"\x01" + BUNDLE_ID


def bundle(records: Sequence[carry.Record] = RECORDS) -> bytes:
    """A bundle."""
    return b"".join(carry.write(BUNDLE_ID, records))


def bundles(made: Made) -> None:
    """Bundles (spec 51 §1): the bytes are one. Tags (§2), acknowledgements (§3) and codes (§4)."""

    def add(name: str, data: bytes, comment: str, rule: Rule | None = None, expect: str = "") -> None:
        expect = expect or ("decode" if rule else "3 records")
        vector(made, f"carry/bundle/{name}", data, expect, comment, rule)

    good = bundle()
    start, each = len(HEADER), len(RECORDS[0].encode())
    add("three", good, "three envelopes")
    add("none", bundle([]), "nothing", expect="0 records")
    later = carry.Record(TAG, 200, b"of a later version")
    add("unknown-class", bundle([later, *RECORDS]), "a record of a later version is passed over")
    add("bundle-magic", b"S" + good[1:], "other words", rules.BUNDLE_MAGIC)
    add("bundle-version", good[:16] + b"\x02" + good[17:], "version 2", rules.BUNDLE_VERSION, "unsupported")
    long = good[: start + 17] + b"\x84\x01" + good[start + 19 :]
    add("bundle-record", long, "a byte too much of data", rules.BUNDLE_RECORD_SIZE)
    second = start + each + 100
    flipped = good[:second] + b"\xff" + good[second + 1 :]
    add("bundle-check", flipped, "a byte of the second record", rules.BUNDLE_CHECK)
    swapped = good[:start] + good[start + each : start + 2 * each] + good[start:]
    add("bundle-check.order", swapped, "the second record first", rules.BUNDLE_CHECK)
    add("bundle-check.id", good[:20] + b"\xff" + good[21:], "another id", rules.BUNDLE_CHECK)
    add("bundle-complete", good[:-43], "ends before its last record", rules.BUNDLE_COMPLETE)
    add("bundle-complete.record", good[: second + 9], "ends in the second record", rules.BUNDLE_COMPLETE)
    add("bundle-complete.header", good[:20], "ends in the header", rules.BUNDLE_COMPLETE)
    add("bundle-end", good + b"\x00", "a byte behind", rules.BUNDLE_END)
    check = good[-43 - rules.CHECK_SIZE : -43]
    miscounted = carry.Record(bytes(16), 0, (4).to_bytes(8, "big")).encode(check)
    add("bundle-end.count", good[:-43] + miscounted, "counts four of three", rules.BUNDLE_END)

    week = carry.CARRY.period(NOW)
    back = carry.CARRY.awaited(PAIR, week)
    fields: dict[int, Value] = {1: PAIR.secret, 2: PAIR.own, 3: PAIR.other, 4: week, 5: TAG, 6: back}
    fields |= {7: PAIR.key_out.secret, 8: PAIR.key_in.secret}
    vector(made, "carry/tag/both", cbor.encode(fields), "ok", "from one to the other, and back")

    def ack(name: str, hashes: Value, comment: str, rule: Rule | None = None) -> None:
        data = cbor.encode({1: hashes})
        vector(made, f"carry/ack/{name}", data, "decode" if rule else "ok", comment, rule)

    names = sorted(carry.carried_hash(record.data) for record in RECORDS)
    ack("three", [*names], "three envelopes")
    ack("ack-hashes", [*names[::-1]], "falling", rules.ACK_HASHES)
    ack("ack-hashes.twice", [names[0], names[0]], "one twice", rules.ACK_HASHES)
    ack("ack-hashes.none", [], "none", rules.ACK_HASHES)
    ack("ack-hashes.short", [names[0][1:]], "31 bytes", rules.ACK_HASHES)

    def code(name: str, text: str, comment: str, rule: Rule | None = None) -> None:
        vector(made, f"carry/code/{name}", text.encode(), "decode" if rule else "ok", comment, rule)

    text = carry.to_text(RECORDS[0])
    even = carry.to_text(carry.Record(TAG, 1, bytes(3)))
    code("even", even, "an even number of bytes")
    code("odd", carry.to_text(carry.Record(TAG, 1, bytes(2))), "an odd number of bytes")
    code("envelope", text, "a small envelope")
    code("code-text", text.lower(), "small letters", rules.CODE_TEXT)
    code("code-text.prefix", "SWARM:2C/" + text[9:], "another prefix", rules.CODE_TEXT)
    code("code-text.group", text[:9] + ":::" + text[12:], "three characters above 65,535", rules.CODE_TEXT)
    code("code-text.last", text[:9] + "A", "one character alone", rules.CODE_TEXT)
    code("code-text.long", text[:9] + "0" * 4290, "longer than a code can be", rules.CODE_TEXT)
    code("bundle-check", text[:30] + "00" + text[32:], "two characters changed", rules.BUNDLE_CHECK)
    code("bundle-complete", text[:-30], "cut", rules.BUNDLE_COMPLETE)
    code("bundle-end", even + "000", "more behind", rules.BUNDLE_END)


def beacons(made: Made) -> None:
    """Texts with beacons (spec 52 §1): array of keys and values. And the tags of an hour, with a knock."""

    def add(name: str, texts: Mapping[bytes, bytes], comment: str, rule: Rule | None = None) -> None:
        packed = cbor.encode([[key, value] for key, value in texts.items()])
        vector(made, f"nearby/texts/{name}", packed, "decode" if rule else "ok", comment, rule)

    texts = nearby.encode_txt(nearby.announce([PAIR], now=NOW, entropy=SeededEntropy("beacons")))
    pairs = [carry.Pair(bytes([n]) * 32, PAIR.own, PAIR.other) for n in range(33)]
    many = nearby.encode_txt(nearby.announce(pairs, now=NOW, entropy=SeededEntropy("beacons")))
    add("eight", texts, "one contact, and seven random ones")
    add("sixty-four", many, "33 contacts")
    add("unknown-key", {**texts, b"later": b"x"}, "a key of a later version")
    wrong = nearby_rules.BEACON_TEXTS
    add("beacon-texts", {**texts, b"b0": texts[b"b0"][8:]}, "seven", wrong)
    add("beacon-texts.half", {**texts, b"b0": texts[b"b0"] + b"x"}, "eight and a bit", wrong)
    add("beacon-texts.version", {**texts, b"v": b"2"}, "version 2", wrong)
    add("beacon-texts.place", {b"v": b"1", b"b1": texts[b"b0"]}, "in the second text alone", wrong)

    hour, nonce = nearby.BEACON.period(NOW), bytes(range(16))
    tags = nearby.BEACON.sent(PAIR, hour), nearby.DOOR_NAME.sent(PAIR, hour)
    first = nearby.knock(PAIR, now=NOW, entropy=lambda _: nonce)
    keys = nearby.key_out(PAIR).secret, nearby.key_in(PAIR).secret
    hours: Mapping[int, Value] = {
        1: PAIR.secret, 2: PAIR.own, 3: PAIR.other, 4: NOW, 5: tags[0], 6: tags[1], 7: nonce, 8: first,
        9: keys[0], 10: keys[1]
    }  # fmt: skip
    vector(made, "nearby/tags/hour", cbor.encode(hours), "ok", "beacon, name and knock, and both keys")

    def knock(name: str, frame: bytes, comment: str, expect: str, now: int = NOW) -> None:
        packed = cbor.encode([BACK.secret, BACK.own, BACK.other, now, frame])
        vector(made, f"nearby/knock/{name}", packed, expect, comment)

    knock("now", first, "in this hour", "ok")
    knock("late", first, "a clock that is 24 hours behind", "ok", NOW + 24 * 3600)
    knock("too-late", first, "25 hours", "cannot-open", NOW + 25 * 3600)
    knock("proof", first[:-1] + b"\xff", "a wrong proof", "cannot-open")
    knock("short", first[:-1], "cut", "cannot-open")
    knock("back", nearby.knock(BACK, now=NOW, entropy=lambda _: nonce), "the other way", "cannot-open")


def direct_frames(made: Made) -> None:
    """Direct frames (spec 52 §3): array of the ids that were sent, of those that came, and a frame."""

    def add(
        name: str,
        frame: Value,
        comment: str,
        expect: str = "ok",
        rule: Rule | None = None,
        *,
        came: Sequence[bytes] = (),
    ) -> None:
        packed = cbor.encode([[ONE, TWO], [*came], cbor.encode(frame)])
        vector(made, f"nearby/direct/{name}", packed, expect, comment, rule)

    small: Mapping[int, Value] = {1: 1, 2: THREE, 3: bytes(512)}
    add("envelope", small, "an envelope")
    add("envelope-huge", {**small, 3: bytes(int(Bucket.HUGE))}, "the largest")
    add("stored", {1: 2, 2: [ONE, TWO]}, "both are stored")
    add("busy", {1: 3, 2: [TWO]}, "one is not kept")
    add("direct-type", {1: 4}, "type 4", "unsupported", nearby_rules.DIRECT_TYPE)
    add("direct-bucket", {**small, 3: bytes(513)}, "513 bytes", "decode", nearby_rules.DIRECT_BUCKET)
    add("direct-once", small, "it waits", "rule", nearby_rules.DIRECT_ONCE, came=[THREE])
    full = [bytes([n]) * 16 for n in range(100, 164)]
    add("direct-window", small, "the 65th", "rule", nearby_rules.DIRECT_WINDOW, came=full)
    answer = nearby_rules.DIRECT_ANSWER
    add("direct-answer", {1: 2, 2: [THREE]}, "never sent", "rule", answer)
    add("direct-answer.order", {1: 2, 2: [TWO, ONE]}, "falling", "rule", answer)
    add("direct-answer.none", {1: 3, 2: []}, "nothing", "rule", answer)


ONE, TWO, THREE = (bytes([n]) * 16 for n in (1, 2, 3))


def fragments(made: Made) -> None:
    """Fragments (spec 53 §1): the bytes are one. And what several make together (§2): an array of them."""
    whole = bytes(range(256)) * 2
    parts = [part.encode() for part in carriage.fragments_of(carriage.Thing.ENVELOPE, whole, 200)]

    def add(name: str, data: bytes, comment: str, rule: Rule | None = None, expect: str = "decode") -> None:
        vector(made, f"carriage/fragment/{name}", data, expect if rule else "ok", comment, rule)

    add("first", parts[0], "the first of three")
    add("last", parts[2], "the last of three")
    add(
        "fragment-version",
        b"\x02" + parts[0][1:],
        "version 2",
        carriage_rules.FRAGMENT_VERSION,
        "unsupported",
    )
    later = parts[0][:1] + b"\x09" + parts[0][2:]
    add("fragment-version.class", later, "a later class", carriage_rules.FRAGMENT_VERSION, "unsupported")
    add("fragment-size", parts[0][:16], "a header alone", carriage_rules.FRAGMENT_SIZE)
    past = parts[0][:10] + b"\x03\x03" + parts[0][12:]
    add("fragment-count", past, "the fourth of three", carriage_rules.FRAGMENT_COUNT)
    many = parts[0][:11] + b"\x29" + parts[0][12:]
    add("fragment-count.many", many, "one of 41", carriage_rules.FRAGMENT_COUNT)
    add(
        "fragment-count.none",
        parts[0][:11] + b"\x00" + parts[0][12:],
        "of none",
        carriage_rules.FRAGMENT_COUNT,
    )
    add("fragment-check", parts[0][:-1], "cut by one byte", carriage_rules.FRAGMENT_CHECK)
    add(
        "fragment-check.order",
        parts[0][:10] + b"\x01" + parts[0][11:],
        "renumbered",
        carriage_rules.FRAGMENT_CHECK,
    )

    def together(name: str, blobs: list[bytes], expect: str, comment: str, rule: Rule | None = None) -> None:
        vector(made, f"carriage/together/{name}", cbor.encode([*blobs]), expect, comment, rule)

    together("three", parts, "whole", "in order")
    together("any-order", [parts[2], parts[0], parts[2], parts[1]], "whole", "in another order, one twice")
    together("waiting", parts[:2], "waiting", "one lacks")
    again = [part.encode() for part in carriage.fragments_of(carriage.Thing.ENVELOPE, whole, 300)]
    together("anew", [*parts[:2], *again], "whole", "cut anew for larger messages")
    first = carriage.Fragment.decode(parts[0])
    other = carriage.Fragment(first.thing, first.name, 0, 3, bytes(len(first.data))).encode()
    together("fragment-name", [other, *parts[1:]], "rule", "another first one", carriage_rules.FRAGMENT_NAME)
    keys = cbor.encode(
        {
            1: PAIR.secret,
            2: PAIR.own,
            3: PAIR.other,
            4: carriage.key_out(PAIR).secret,
            5: carriage.key_in(PAIR).secret,
        }
    )
    vector(made, "carriage/keys/both", keys, "ok", "the keys of both directions")


def offers(made: Made) -> None:
    """Offers (spec 53 §3): array of an offer and its transcript, or null where it does not hold."""
    key = met.HPKE.kem.from_private(bytes(range(32))).public
    good = met.Offer(bytes(range(16)), key, "Ada", NOW)
    vector(made, "carriage/offer/good", cbor.encode([good.encode(), good.transcript]), "ok", "an offer")
    bad = met.Offer(good.inv_id, key[:-1], "Ada", NOW).encode()
    vector(
        made,
        "carriage/offer/offer-key",
        cbor.encode([bad, None]),
        "rule",
        "a key that is a byte too short",
        carriage_rules.OFFER_KEY,
    )
