"""Files in encrypted rooms: the server has bytes that it cannot read, an event how to (1.11, 11.12.1.7).

    {"url": "mxc://…", "v": "v2", "key": {…, "k": KEY}, "iv": IV, "hashes": {"sha256": HASH}}

What of this is needed stands behind the address of a `RemoteFile`: `mxc://…#KEY.IV.HASH`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from ..model import table, text
from .signing import unpadded, written

PIECE = 1 << 16


class Key(msgspec.Struct, frozen=True):
    """With what a file is opened: 32 bytes, 16 and 32."""

    key: bytes
    iv: bytes
    sha256: bytes

    def __repr__(self) -> str:
        return "Key(...)"

    @classmethod
    def of(cls, written: str) -> Key | None:
        """The reverse of `str`; None is no key."""
        try:
            made = cls(*(unpadded(_standard(part)) for part in written.split(".")))
        except (TypeError, ValueError):
            return None
        return made if (len(made.key), len(made.iv), len(made.sha256)) == (32, 16, 32) else None

    def __str__(self) -> str:
        return ".".join(map(_url_safe, (self.key, self.iv, self.sha256)))

    def opened(self, sealed: bytes | bytearray) -> Iterator[bytes]:
        """What was closed, in pieces. Raises ValueError, before any, if these are other bytes."""
        from . import ciphers  # noqa: PLC0415 - 7 MiB, for those who want it

        if not hmac.compare_digest(hashlib.sha256(sealed).digest(), self.sha256):
            raise ValueError("these are not the bytes that were closed")
        follows, view = ciphers.counter(self.key, self.iv), memoryview(sealed)
        return (follows(bytes(view[at : at + PIECE])) for at in range(0, len(sealed), PIECE))


def closed(data: bytes, random: Callable[[int], bytes]) -> tuple[bytes, dict[str, Any]]:
    """A file's bytes as the server gets them, and what an event says of them, but for their address."""
    from . import ciphers  # noqa: PLC0415 - as above

    key, iv = random(32), random(8) + bytes(8)  # the counter begins at 0, so that it does not run over
    sealed = ciphers.counter(key, iv)(data)
    jwk = {
        "kty": "oct",
        "key_ops": ["encrypt", "decrypt"],
        "alg": "A256CTR",
        "k": _url_safe(key),
        "ext": True,
    }
    hashed = written(hashlib.sha256(sealed).digest())
    return sealed, {"v": "v2", "key": jwk, "iv": written(iv), "hashes": {"sha256": hashed}}


def address_of(file: Mapping[str, Any]) -> str:
    """Where the file of an event lies, and how it is opened; nothing where the event does not say so."""
    url, jwk, hashes = text(file, "url"), table(file.get("key")), table(file.get("hashes"))
    try:
        parts = (unpadded(_standard(t)) for t in (text(jwk, "k"), text(file, "iv"), text(hashes, "sha256")))
        key = Key(*parts)
    except ValueError:
        return ""
    good = file.get("v") == "v2" and jwk.get("alg") == "A256CTR" and url.startswith("mxc://")
    return f"{url}#{key}" if good and "#" not in url and Key.of(str(key)) else ""


def _standard(text_: str) -> str:
    """Base64 in the one alphabet, from either, without what pads it."""
    return text_.rstrip("=").replace("-", "+").replace("_", "/")


def _url_safe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
