"""JSON that somebody has signed, and bytes as Matrix writes them (1.11, appendices, 2 and 3)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from vodozemac import Ed25519PublicKey, Ed25519Signature

from ..model import table, text

OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"


def written(data: bytes) -> str:
    """Base64 as Matrix writes it."""
    return base64.b64encode(data).decode().rstrip("=")


def unpadded(data: str) -> bytes:
    """The reverse. Raises ValueError."""
    try:
        return base64.b64decode(data + "=" * (-len(data) % 4), validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None


def canonical(thing: Mapping[str, Any]) -> bytes:
    """The one form of a value in which it is signed. Raises ValueError for what has none."""
    return json.dumps(
        thing, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def signable(thing: Mapping[str, Any]) -> bytes:
    """What of a value is signed."""
    return canonical({n: v for n, v in thing.items() if n not in {"signatures", "unsigned"}})


def is_signed(thing: Mapping[str, Any], user: str, device: str, key: str) -> bool:
    """Whether a device has signed a value with this key of its own."""
    found = text(table(table(thing.get("signatures")).get(user)), f"ed25519:{device}")
    try:
        signature = Ed25519Signature.from_base64(found)
        Ed25519PublicKey.from_base64(key).verify_signature(signable(thing), signature)
    except (ValueError, RecursionError):
        return False
    return True
