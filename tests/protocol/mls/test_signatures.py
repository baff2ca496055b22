"""Signatures: what verifies, and the keys and signatures that must be refused though others take them."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519

from swarm_protocol import mls
from swarm_protocol.errors import UsageError
from swarm_protocol.mls.signatures import Ed448, Ed25519
from swarm_protocol.testing import SeededEntropy

VECTORS = Path(__file__).parents[2] / "vectors" / "external" / "mls" / "crypto-basics.json"
CASES: dict[int, dict[str, Any]] = {c["cipher_suite"]: c for c in json.loads(VECTORS.read_bytes())}
SUITES = [mls.CRYPTO.suite(number) for number in (*range(1, 8), 0xF0A1)]
ED25519, ED448 = Ed25519(), Ed448()

# Ed25519's curve, -x² + y² = 1 + d x² y², in affine coordinates: slow, and plain to see.
P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
Point = tuple[int, int]
NEUTRAL: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    product = D * a[0] * b[0] * a[1] * b[1]
    x = (a[0] * b[1] + a[1] * b[0]) * pow(1 + product, -1, P) % P
    y = (a[1] * b[1] + a[0] * b[0]) * pow(1 - product, -1, P) % P
    return x, y


def times(n: int, a: Point) -> Point:
    out = NEUTRAL
    while n:
        if n & 1:
            out = add(out, a)
        a, n = add(a, a), n >> 1
    return out


def point(y: int) -> Point | None:
    """The point with this y and an even x, if the curve has one."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P:
        return None
    return (P - x if x % 2 else x), y


def encode(x: int, y: int) -> bytes:
    return (y | (x & 1) << 255).to_bytes(32, "little")


def small_order() -> set[Point]:
    """The eight points whose order divides 8: the prime order times points of the whole curve."""
    found: set[Point] = set()
    y = 2
    while len(found) < 8:
        start = point(y)
        if start is not None:
            torsion = times(ORDER, start)
            found |= {times(n, torsion) for n in range(8)}
        y += 1
    return found


SMALL_ORDER = sorted(small_order())
BASE = next(p for p in [point(4 * pow(5, -1, P) % P)] if p)


def encodings() -> list[bytes]:
    """Every 32 bytes that a lenient decoder reads as a point of small order, canonical ones first."""
    canonical = [encode(x, y) for x, y in SMALL_ORDER]
    odd = [encode(1 - x % 2, y) for x, y in SMALL_ORDER if x == 0]  # the sign of a zero
    large = [encode(sign, y + P) for y in {y for _, y in SMALL_ORDER} if y + P < 2**255 for sign in (0, 1)]
    return [*canonical, *sorted({*odd, *large} - set(canonical))]


SMALL_ENCODINGS = encodings()
NOT_CANONICAL = [encode(sign, y) for y in range(P, 2**255) for sign in (0, 1)]
"""Every y that is not below the field's size, with both signs: among them points of large order."""


def test_the_points_of_small_order_are_what_they_should_be() -> None:
    assert len(SMALL_ORDER) == 8
    assert all(times(8, p) == NEUTRAL for p in SMALL_ORDER)
    assert times(ORDER, BASE) == NEUTRAL != times(8, BASE)
    assert len(SMALL_ENCODINGS) == len(set(SMALL_ENCODINGS)) == 14
    keys = ED25519.from_private(bytes(32))
    scalar = int.from_bytes(hashlib.sha512(bytes(32)).digest()[:32], "little") & (2**254 - 8) | 2**254
    assert encode(*times(scalar, BASE)) == keys.public


@pytest.mark.parametrize("public", SMALL_ENCODINGS, ids=bytes.hex)
def test_keys_of_small_order_are_refused(public: bytes) -> None:
    """A signature that needs no private key: R = s B, for a message whose hash kills the key's order."""
    assert not ED25519.is_valid_public(public)
    s = 12345
    r = encode(*times(s, BASE))
    forged = r + s.to_bytes(32, "little")
    messages = [bytes([n]) for n in range(64)]
    assert not any(ED25519.verify(public, m, forged) for m in messages)
    lenient = ed25519.Ed25519PublicKey.from_public_bytes(public)
    assert any(accepts(lenient, forged, m) for m in messages), "the other library would have taken one"


def accepts(key: ed25519.Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    try:
        key.verify(signature, message)
    except Exception:  # noqa: BLE001 - any refusal counts
        return False
    return True


@pytest.mark.parametrize("public", NOT_CANONICAL, ids=bytes.hex)
def test_keys_that_are_not_canonical_are_refused(public: bytes) -> None:
    assert not ED25519.is_valid_public(public)
    s = 54321
    forged = encode(*times(s, BASE)) + s.to_bytes(32, "little")
    assert not any(ED25519.verify(public, bytes([n]), forged) for n in range(64))


@pytest.mark.parametrize("r", SMALL_ENCODINGS, ids=bytes.hex)
def test_signatures_with_a_small_r_are_refused(r: bytes) -> None:
    """Whoever holds a key can sign with R of small order; not all implementations agree on such a one."""
    seed = bytes(range(32))
    keys = ED25519.from_private(seed)
    scalar = int.from_bytes(hashlib.sha512(seed).digest()[:32], "little") & (2**254 - 8) | 2**254
    for n in range(32):
        message = bytes([n])
        h = int.from_bytes(hashlib.sha512(r + keys.public + message).digest(), "little")
        assert not ED25519.verify(keys.public, message, r + (h * scalar % ORDER).to_bytes(32, "little"))


def test_a_signature_has_one_form() -> None:
    keys = ED25519.from_private(bytes(32))
    signature = ED25519.sign(keys.private, b"message")
    assert ED25519.verify(keys.public, b"message", signature)
    s = int.from_bytes(signature[32:], "little")
    for k in range(1, 9):
        larger = signature[:32] + (s + k * ORDER).to_bytes(32, "little")
        assert not ED25519.verify(keys.public, b"message", larger), "S is below the order"


@pytest.mark.parametrize("suite", SUITES, ids=lambda s: s.name)
def test_round_trip_and_refusals(suite: mls.CipherSuite) -> None:
    scheme = suite.signature
    keys, other = scheme.generate(SeededEntropy(1)), scheme.generate(SeededEntropy(2))
    assert scheme.from_private(keys.private) == keys != other
    assert scheme.is_valid_public(keys.public)
    signature = scheme.sign(keys.private, b"message")
    assert scheme.verify(keys.public, b"message", signature)
    assert not scheme.verify(other.public, b"message", signature)
    assert not scheme.verify(keys.public, b"messagf", signature)
    for i in range(len(signature)):
        changed = bytearray(signature)
        changed[i] ^= 1 << i % 8
        assert not scheme.verify(keys.public, b"message", bytes(changed))
    for wrong in (b"", signature[:-1], signature + b"\x00", signature + signature):
        assert not scheme.verify(keys.public, b"message", wrong)
    for wrong in (b"", keys.public[:-1], keys.public + b"\x00", keys.public + keys.public):
        assert not scheme.is_valid_public(wrong)
        assert not scheme.verify(wrong, b"message", signature)


@pytest.mark.parametrize("number", range(1, 8))
def test_published_signatures(number: int) -> None:
    suite, v = mls.CRYPTO.suite(number), CASES[number]["sign_with_label"]
    public, label = bytes.fromhex(v["pub"]), v["label"].encode()
    content, signature = bytes.fromhex(v["content"]), bytes.fromhex(v["signature"])
    assert suite.verify_with_label(public, label, content, signature)
    assert not suite.verify_with_label(public, label + b"x", content, signature)
    assert not suite.verify_with_label(public, label, content + b"x", signature)
    assert not suite.verify_with_label(public, b"MLS 1.0 " + label, content, signature)
    keys = suite.signature.from_private(bytes.fromhex(v["priv"]))
    assert keys.public == public
    again = suite.sign_with_label(keys.private, label, content)
    assert suite.verify_with_label(public, label, content, again)
    if number in (1, 3, 4, 6):
        assert again == signature, "EdDSA gives the same signature each time"


@pytest.mark.parametrize("number", [2, 5, 7])
def test_points_that_are_no_ecdsa_keys_are_refused(number: int) -> None:
    scheme = mls.CRYPTO.suite(number).signature
    keys = scheme.generate(SeededEntropy(3))
    size = len(keys.public) // 2
    off = bytearray(keys.public)
    off[-1] ^= 1
    compressed = bytes([2 + keys.public[-1] % 2]) + keys.public[1 : 1 + size]
    for wrong in (bytes(off), compressed, b"\x00", b"\x04" + bytes(2 * size), b"\x04" + b"\xff" * 2 * size):
        assert not scheme.is_valid_public(wrong)


P448 = 2**448 - 2**224 - 1


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [0, 1, P448 - 1, P448, P448 + 1, P448 + 5, 2**454], ids=hex)
def test_ed448_keys_of_small_order_or_not_canonical_are_refused(y: int, sign: int) -> None:
    public = (y | sign << 455).to_bytes(57, "little")
    ed448.Ed448PublicKey.from_public_bytes(public)  # the library looks at the length alone
    assert not ED448.is_valid_public(public)
    neutral = (1).to_bytes(57, "little") + bytes(57)
    assert not any(ED448.verify(public, bytes([n]), neutral) for n in range(16))


@pytest.mark.parametrize("size", [0, 31, 33, 63, 65])
def test_an_ed25519_private_key_of_a_wrong_length_is_a_wrong_call(size: int) -> None:
    with pytest.raises(UsageError):
        ED25519.from_private(bytes(size))
    with pytest.raises(UsageError):
        ED25519.sign(bytes(size), b"message")
