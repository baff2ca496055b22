"""HPKE and its KEMs: the published vectors, and keys and encapsulations that must be refused."""

from __future__ import annotations

import functools
import json
import lzma
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey

from swarm_protocol import mls
from swarm_protocol.entropy import Entropy
from swarm_protocol.errors import CannotOpen, RemoteProtocolError
from swarm_protocol.mls.aead import AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305
from swarm_protocol.mls.hpke import Context, Hpke, Kem
from swarm_protocol.mls.kdf import HKDF_SHA256, HKDF_SHA384, HKDF_SHA512
from swarm_protocol.testing import SeededEntropy

EXTERNAL = Path(__file__).parents[2] / "vectors" / "external"
SUITES = [mls.CRYPTO.suite(number) for number in (*range(1, 8), 0xF0A1)]
KEMS: dict[int, Kem] = {suite.kem.id: suite.kem for suite in SUITES}
KDFS = {kdf.id: kdf for kdf in (HKDF_SHA256, HKDF_SHA384, HKDF_SHA512)}
AEADS = {aead.id: aead for aead in (AES_128_GCM, AES_256_GCM, CHACHA20_POLY1305)}
X25519, XWING = KEMS[0x0020], KEMS[0x647A]
EXPORT_ONLY = 0xFFFF
hexed = bytes.fromhex
Case = dict[str, Any]
RFC_9180 = [(kem, kdf, aead) for kem in (0x10, 0x12, 0x20, 0x21) for kdf in (1, 3) for aead in (1, 2, 3)]


@functools.cache
def rfc_9180() -> dict[tuple[int, int, int], Case]:
    cases = json.loads(lzma.decompress((EXTERNAL / "hpke" / "rfc9180-test-vectors.json.xz").read_bytes()))
    base = [c for c in cases if c["mode"] == 0 and c["aead_id"] != EXPORT_ONLY]
    return {(c["kem_id"], c["kdf_id"], c["aead_id"]): c for c in base}


@functools.cache
def hpke_pq() -> dict[tuple[int, int, int], Case]:
    cases = json.loads((EXTERNAL / "hpke" / "hpke-pq-test-vectors.json").read_bytes())
    return {(c["kem_id"], c["kdf_id"], c["aead_id"]): c for c in cases}


def fixed(value: bytes) -> Entropy:
    """Entropy that gives this value, whose length must be the one asked for."""

    def entropy(n: int, /) -> bytes:
        assert n == len(value)
        return value

    return entropy


def check_schedule(context: Context, case: Case) -> None:
    """Key, nonce, exporter secret, the first encryption and all exports."""
    assert context._key == hexed(case["key"])
    assert context._nonce == hexed(case["base_nonce"])
    assert context._exporter_secret == hexed(case["exporter_secret"])
    first = case["encryptions"][0]
    aad, plaintext, sealed = hexed(first["aad"]), hexed(first["pt"]), hexed(first["ct"])
    assert context.open(aad, sealed) == plaintext
    assert context.seal(aad, plaintext) == sealed
    assert case["exports"]
    for v in case["exports"]:
        assert context.export(hexed(v["exporter_context"]), v["L"]) == hexed(v["exported_value"])


def test_every_base_case_for_our_algorithms_is_run() -> None:
    assert rfc_9180().keys() == set(RFC_9180)
    xwing = {ids for ids in hpke_pq() if ids[0] == XWING.id}
    assert xwing == {(XWING.id, 1, 3), (XWING.id, 0x11, 3)}


@pytest.mark.parametrize("ids", RFC_9180, ids=str)
def test_rfc_9180_appendix_a(ids: tuple[int, int, int]) -> None:
    case, hpke = rfc_9180()[ids], Hpke(KEMS[ids[0]], KDFS[ids[1]], AEADS[ids[2]])
    keys = hpke.kem.derive_key_pair(hexed(case["ikmR"]))
    assert (keys.private, keys.public) == (hexed(case["skRm"]), hexed(case["pkRm"]))
    assert hpke.kem.from_private(keys.private) == keys
    ephemeral = hpke.kem.derive_key_pair(hexed(case["ikmE"]))
    assert (ephemeral.private, ephemeral.public) == (hexed(case["skEm"]), hexed(case["pkEm"]))
    enc, info = hexed(case["enc"]), hexed(case["info"])
    assert hpke.kem.decap(enc, keys.private, keys.public) == hexed(case["shared_secret"])
    check_schedule(hpke.setup_receiver(enc, keys, info), case)
    # X25519 takes its ephemeral key as it is drawn, the others derive it.
    drawn = ephemeral.private if hpke.kem is X25519 else hexed(case["ikmE"])
    sent, sender = hpke.setup_sender(keys.public, info, fixed(drawn))
    assert sent == enc
    check_schedule(sender, case)


def test_x_wing_in_hpke() -> None:
    case, hpke = hpke_pq()[XWING.id, 1, 3], Hpke(XWING, HKDF_SHA256, CHACHA20_POLY1305)
    keys = XWING.from_private(hexed(case["skRm"]))
    check_schedule(hpke.setup_receiver(hexed(case["enc"]), keys, hexed(case["info"])), case)


@pytest.mark.parametrize("kdf", [1, 0x11])
def test_x_wing_as_a_kem_of_hpke(kdf: int) -> None:
    """The KEM is the same whatever the KDF of the suite, one of which is not ours."""
    case = hpke_pq()[XWING.id, kdf, 3]
    keys = XWING.derive_key_pair(hexed(case["ikmR"]))
    assert (keys.private, keys.public) == (hexed(case["skRm"]), hexed(case["pkRm"]))
    assert XWING.decap(hexed(case["enc"]), keys.private, keys.public) == hexed(case["shared_secret"])


@pytest.mark.parametrize("number", range(3))
def test_x_wing(number: int) -> None:
    cases = json.loads((EXTERNAL / "pq" / "xwing-test-vectors.json").read_bytes())
    assert len(cases) == 3
    case = cases[number]
    keys = XWING.from_private(hexed(case["seed"]))
    assert (keys.private.hex(), keys.public.hex()) == (case["sk"], case["pk"])
    assert XWING.decap(hexed(case["ct"]), keys.private, keys.public).hex() == case["ss"]


def test_ml_kem_768_of_the_library() -> None:
    """What X-Wing builds on: keys from seeds, decapsulation, another secret for a wrong ciphertext."""
    text = lzma.decompress((EXTERNAL / "pq" / "kat-mlkem768-first20.rsp.xz").read_bytes()).decode()
    blocks = [
        re.findall(r"^(\w+) = ([0-9a-f]+)$", block, re.MULTILINE) for block in text.split("count = ")[1:]
    ]
    cases = [{name: hexed(value) for name, value in block} for block in blocks]
    assert len(cases) == 20
    for case in cases:
        key = MLKEM768PrivateKey.from_seed_bytes(case["d"] + case["z"])
        assert key.public_key().public_bytes_raw() == case["pk"]
        assert key.decapsulate(case["ct"]) == case["ss"]
        assert key.decapsulate(case["ct_n"]) == case["ss_n"] != case["ss"]


@pytest.mark.parametrize("suite", SUITES, ids=lambda s: s.name)
def test_what_one_seals_only_the_other_opens(suite: mls.CipherSuite) -> None:
    entropy, hpke = SeededEntropy(suite.name), suite.hpke
    keys, other = (suite.kem.derive_key_pair(entropy(suite.kdf.size)) for _ in range(2))
    assert suite.kem.is_valid_public(keys.public)
    enc, sender = hpke.setup_sender(keys.public, b"info", entropy)
    sealed = sender.seal(b"aad", b"text")
    receiver = hpke.setup_receiver(enc, keys, b"info")
    assert receiver.open(b"aad", sealed) == b"text"
    assert receiver.export(b"context", 50) == sender.export(b"context", 50)
    assert receiver.export(b"other", 50) != sender.export(b"context", 50)
    for context, aad, data in [
        (hpke.setup_receiver(enc, keys, b"other"), b"aad", sealed),
        (hpke.setup_receiver(enc, other, b"info"), b"aad", sealed),
        (receiver, b"other", sealed),
        (receiver, b"aad", sealed[:-1]),
        (receiver, b"aad", b""),
    ]:
        with pytest.raises(CannotOpen):
            context.open(aad, data)


@pytest.mark.parametrize("suite", SUITES, ids=lambda s: s.name)
def test_keys_and_encapsulations_of_a_wrong_length_are_refused(suite: mls.CipherSuite) -> None:
    """One byte too short, too long, nothing at all; nobody reads past the end of what came."""
    entropy, kem = SeededEntropy(0), suite.kem
    keys = kem.derive_key_pair(bytes(suite.kdf.size))
    _, enc = kem.encap(keys.public, entropy)
    for wrong in (b"", keys.public[:-1], keys.public + b"\x00", keys.public[: len(keys.public) // 2]):
        assert not kem.is_valid_public(wrong)
        with pytest.raises(RemoteProtocolError):
            kem.encap(wrong, entropy)
    for wrong in (b"", enc[:-1], enc + b"\x00", enc[: len(enc) // 2]):
        with pytest.raises(CannotOpen):
            kem.decap(wrong, keys.private, keys.public)


def test_a_private_x25519_key_of_a_wrong_length_is_refused() -> None:
    keys = X25519.derive_key_pair(b"ikm")
    for wrong in (b"", keys.private[:-1], keys.private + b"\x00"):
        with pytest.raises(ValueError, match="32 bytes"):
            X25519.from_private(wrong)
        with pytest.raises(CannotOpen):
            X25519.decap(keys.public, wrong, keys.public)


P25519, A = 2**255 - 19, 486662


def square_roots(n: int) -> list[int]:
    """Both square roots modulo 2^255 - 19; none for a non-residue."""
    root = pow(n, (P25519 + 3) // 8, P25519)
    if (root * root - n) % P25519:
        root = root * pow(2, (P25519 - 1) // 4, P25519) % P25519
    return [] if (root * root - n) % P25519 else [root, P25519 - root]


def low_order() -> list[bytes]:
    """Every encoding of a point of the curve or its twist whose order divides 8, computed.

    Doubling takes u to (u² - 1)² / (4 u (u² + A u + 1)). So u = 0 has order 2, u = 1 and u = -1 have order 4,
    and the points of order 8 double to those: with w = u + 1/u and s = 1 or -1, w² - 4 s w = 4 + 4 s A.
    """
    low = {0, 1, P25519 - 1}
    for s in (1, -1):
        for root in square_roots(8 + 4 * s * A):
            w = 2 * s + root
            low.update((w + r) * pow(2, -1, P25519) % P25519 for r in square_roots(w * w - 4))
    encodings = [n for u in sorted(low) for n in (u, u + P25519) if n < 2**255]
    return [(n + top).to_bytes(32, "little") for n in encodings for top in (0, 2**255)]


LOW_ORDER = low_order()


def test_there_are_fourteen_encodings_of_low_order() -> None:
    assert len(set(LOW_ORDER)) == 14


@pytest.mark.parametrize("point", LOW_ORDER, ids=bytes.hex)
def test_points_of_low_order_are_refused(point: bytes) -> None:
    entropy = SeededEntropy(0)
    for kem in (X25519, XWING):
        keys = kem.derive_key_pair(bytes(32))
        _, enc = kem.encap(keys.public, entropy)
        public, wrong = keys.public[:-32] + point, enc[:-32] + point
        assert kem.is_valid_public(keys.public)
        assert not kem.is_valid_public(public)
        with pytest.raises(RemoteProtocolError, match="no key"):
            kem.encap(public, entropy)
        with pytest.raises(CannotOpen):
            kem.decap(wrong, keys.private, keys.public)


@pytest.mark.parametrize("u", [0, 1, 2**448 - 2**224 - 2, 2**448 - 2**224 - 1, 2**448 - 2**224], ids=hex)
def test_points_of_low_order_of_x448_are_refused(u: int) -> None:
    kem, point = KEMS[0x0021], u.to_bytes(56, "little")
    keys = kem.derive_key_pair(bytes(64))
    assert not kem.is_valid_public(point)
    with pytest.raises(RemoteProtocolError):
        kem.encap(point, SeededEntropy(0))
    with pytest.raises(CannotOpen):
        kem.decap(point, keys.private, keys.public)


@pytest.mark.parametrize("kem_id", [0x0010, 0x0011, 0x0012], ids=hex)
def test_points_off_a_nist_curve_are_refused(kem_id: int) -> None:
    kem = KEMS[kem_id]
    keys = kem.derive_key_pair(b"ikm")
    size = len(keys.public) // 2
    off = bytearray(keys.public)
    off[-1] ^= 1
    compressed = bytes([2 + keys.public[-1] % 2]) + keys.public[1 : 1 + size]
    infinity, zero = b"\x00", b"\x04" + bytes(2 * size)
    too_large = b"\x04" + b"\xff" * (2 * size)
    for wrong in (bytes(off), compressed, infinity, zero, too_large, b"\x06" + keys.public[1:]):
        assert not kem.is_valid_public(wrong)
        with pytest.raises(RemoteProtocolError):
            kem.encap(wrong, SeededEntropy(0))
        with pytest.raises(CannotOpen):
            kem.decap(wrong, keys.private, keys.public)


def test_ml_kem_coefficients_out_of_range_are_refused() -> None:
    """FIPS 203 §7.2: each coefficient of the public key is below 3329."""
    keys = XWING.derive_key_pair(b"ikm")
    wrong = b"\xff\xff\xff" + keys.public[3:]
    assert not XWING.is_valid_public(wrong)
    with pytest.raises(RemoteProtocolError):
        XWING.encap(wrong, SeededEntropy(0))


def test_a_changed_ml_kem_ciphertext_gives_another_secret_not_an_error() -> None:
    keys = XWING.derive_key_pair(b"ikm")
    secret, enc = XWING.encap(keys.public, SeededEntropy(0))
    wrong = bytes([enc[0] ^ 1]) + enc[1:]
    assert XWING.decap(enc, keys.private, keys.public) == secret
    assert XWING.decap(wrong, keys.private, keys.public) != secret
