"""Vectors of the encoding (spec 09)."""

from __future__ import annotations

from swarm_protocol import cbor
from swarm_protocol.cbor import Value
from swarm_protocol.rules import Rule

from .forge import Made, vector


def encoding(made: Made) -> None:
    """Values, and bytes that are none (spec 09)."""

    def good(name: str, value: Value, comment: str) -> None:
        vector(made, f"encoding/value/{name}", cbor.encode(value), "ok", comment)

    def bad(name: str, data: str, rule: Rule, comment: str) -> None:
        vector(made, f"encoding/value/{name}", bytes.fromhex(data), "decode", comment, rule)

    good("all-types", [0, -1, b"\x00", "ä", True, False, None, [], {}], "one value of each type")
    good("integers", [23, 24, 255, 256, 2**16, 2**32, 2**64 - 1, -24, -25, -(2**64)], "all head lengths")
    good("keys-in-order", {256: 0, -25: 0, -1: 0, 24: 0, 1: 0, 0: 0}, "shorter keys first, then by bytes")
    good("deepest", [[[[[[[[]]]]]]]], "eight arrays inside each other")
    bad("cbor-size", "5a00010000" + "00" * 65536, cbor.SIZE, "65,541 bytes; 65,536 are allowed")
    bad("cbor-complete", "5bffffffffffffffff00", cbor.COMPLETE, "claims a string of 2^64 - 1 bytes")
    bad("cbor-complete.array", "9b000000010000000000", cbor.COMPLETE, "claims 2^32 values")
    bad("cbor-complete.head", "19ff", cbor.COMPLETE, "a head of three bytes has two")
    bad("cbor-complete.empty", "", cbor.COMPLETE, "nothing at all")
    bad("cbor-trailing", "0000", cbor.TRAILING, "two values")
    bad("cbor-definite", "9fff", cbor.DEFINITE, "an array without a length")
    bad("cbor-definite.bytes", "5f4100ff", cbor.DEFINITE, "a byte string in pieces")
    bad("cbor-types", "c11a00000000", cbor.TYPES, "a date")
    bad("cbor-types.bignum", "c24101", cbor.TYPES, "a bignum, though the number is 1")
    bad("cbor-types.shared", "d81c81d81d00", cbor.TYPES, "an array that contains itself")
    bad("cbor-types.float", "f93c00", cbor.TYPES, "1.0")
    bad("cbor-types.undefined", "f7", cbor.TYPES, "undefined")
    bad("cbor-depth", "81" * 9 + "00", cbor.DEPTH, "nine arrays inside each other")
    bad("cbor-items", "991000" + "00" * 4096, cbor.ITEMS, "4,097 values; 4,096 are allowed")
    bad("cbor-keys", "a1616100", cbor.KEYS, "a text as a key")
    bad("cbor-keys.array", "a18000", cbor.KEYS, "an array as a key")
    bad("cbor-text", "61ff", cbor.TEXT, "a text that is not UTF-8")
    bad("cbor-canonical", "1817", cbor.CANONICAL, "23 in two bytes")
    bad("cbor-canonical.length", "580100", cbor.CANONICAL, "a length in two bytes")
    bad("cbor-canonical.order", "a201000000", cbor.CANONICAL, "key 1 before key 0")
    bad(
        "cbor-canonical.order-by-bytes",
        "a21818002000",
        cbor.CANONICAL,
        "key 24 before key -1, which is shorter",
    )
    bad("cbor-canonical.twice", "a200000001", cbor.CANONICAL, "key 0 twice")

    def record(name: str, value: Value, comment: str, rule: Rule | None = None) -> None:
        expect = "decode" if rule else "ok"
        vector(made, f"encoding/record/{name}", cbor.encode(value), expect, comment, rule)

    record("known", {1: 7}, "the one field that this reader knows, a number up to 255")
    record("unknown-key", {1: 7, 40: "later"}, "and one that it does not know")
    record("record-map", [7], "an array", cbor.MAP)
    record("record-field", {2: 7}, "the field is missing", cbor.FIELD)
    record("record-field.type", {1: b"7"}, "the field has another type", cbor.FIELD)
    record("record-field.bool", {1: True}, "true is no number", cbor.FIELD)
    record("record-field.bound", {1: 256}, "the field is too large", cbor.FIELD)
    record("record-critical", {1: 7, -1: 0}, "a negative key that this reader does not know", cbor.CRITICAL)
