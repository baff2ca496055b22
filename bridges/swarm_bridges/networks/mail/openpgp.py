"""OpenPGP (RFC 9580), by Sequoia. Keys are bytes, as they travel.

The library draws its own randomness, and takes the machine's clock: neither can be given to it.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

from pysequoia import Cert, CipherSuite, Profile, Tsk, decrypt, encrypt

T = TypeVar("T")
SESSION_KEY = frozenset({1, 3})
"""Packets with which something encrypted begins (RFC 9580, 5.1, 5.3)."""
_ARMOUR = re.compile(
    rb"-----BEGIN PGP MESSAGE-----[ \t\r]*\n(?:[^\n]*: [^\n]*\n)*\s*\n"
    rb"([A-Za-z0-9+/=\s]*?)(?:\n=[A-Za-z0-9+/]{4}\s*)?\n-----END PGP MESSAGE-----"
)


class Unreadable(Exception):
    """Something cannot be opened: `no_keys`, or `broken`."""


def make(address: str) -> bytes:
    """A secret key for an address, with keys to sign and to encrypt (Ed25519, X25519), as Autocrypt asks."""
    return bytes(Tsk.generate(f"<{address}>", profile=Profile.RFC4880, cipher_suite=CipherSuite.Cv25519))


def public(secret: bytes) -> bytes:
    """The public part of a secret key."""
    return bytes(Tsk.from_bytes(secret).extract_certificate())


def is_usable(key: bytes, now: float) -> bool:
    """Whether one can encrypt to this key at this time."""

    def look() -> bool:
        cert = Cert.from_bytes(key)
        if cert.is_revoked or (cert.expiration is not None and cert.expiration.timestamp() <= now):
            return False
        return bool(encrypt(b"", recipients=[cert]))

    try:
        return _tried(look)
    except Unreadable:
        return False


def seal(data: bytes, keys: Sequence[bytes], secret: bytes) -> bytes:
    """Sign, and encrypt to all of these; armoured.

    Raises:
        Unreadable: one of them is no key to which can be encrypted.
    """
    return _tried(
        lambda: encrypt(
            data, recipients=[Cert.from_bytes(k) for k in keys], signer=Tsk.from_bytes(secret).signer()
        )
    )


def open_sealed(data: bytes, secret: bytes, known: Sequence[bytes]) -> tuple[bytes, bool]:
    """What was encrypted to a key, all of it or nothing, and whether one of the `known` keys has signed it.

    Raises:
        Unreadable: it is not for this key, or not as it left: without its seal nothing is looked at.
    """
    raw = _bare(data)
    if not raw or _first_packet(raw) not in SESSION_KEY:
        raise Unreadable("broken")  # what is signed alone would be opened, too, and pass for encrypted
    decryptor = _tried(lambda: Tsk.from_bytes(secret).decryptor())
    certs = [_tried(lambda key=key: Cert.from_bytes(key)) for key in known]  # type: ignore[misc]
    if certs:
        try:
            return _content(lambda: decrypt(raw, decryptor=decryptor, store=lambda _ids: certs).bytes), True
        except Unreadable as e:
            if str(e) == "no_keys":
                raise
    return _content(lambda: decrypt(raw, decryptor=decryptor).bytes), False


def _content(act: Callable[[], bytes | None]) -> bytes:
    if (found := _tried(act)) is None:
        raise Unreadable("broken")
    return found


def _tried(act: Callable[[], T]) -> T:
    """The library raises RuntimeError, with words for developers; what it did not foresee is no Exception."""
    try:
        return act()
    except (RuntimeError, ValueError, TypeError) as e:
        raise Unreadable("no_keys" if "No key to decrypt" in str(e) else "broken") from None
    except BaseException as e:
        if type(e).__name__ != "PanicException":
            raise
        raise Unreadable("broken") from None


def _bare(data: bytes) -> bytes:
    """Without the armour (RFC 9580, 6.2)."""
    if not data.lstrip().startswith(b"-----BEGIN"):
        return data
    if (found := _ARMOUR.search(data.replace(b"\r\n", b"\n"))) is None:
        return b""
    try:
        return base64.b64decode(re.sub(rb"\s", b"", found[1]), validate=True)
    except binascii.Error:
        return b""


def _first_packet(raw: bytes) -> int:
    """The kind of the first packet (RFC 9580, 4.2); 0 for what is none."""
    first = raw[0]
    if not first & 0x80:
        return 0
    return first & 0x3F if first & 0x40 else (first >> 2) & 0x0F
