"""JSON that somebody has signed (Matrix 1.11, appendices, 2 and 3)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from vodozemac import Ed25519PublicKey, Ed25519Signature

from ..model import table, text

OLM = "m.olm.v1.curve25519-aes-sha2"
MEGOLM = "m.megolm.v1.aes-sha2"


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
