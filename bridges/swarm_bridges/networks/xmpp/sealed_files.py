"""Files of messages that are locked (XEP-0454): the server has bytes that it cannot read, a message how to.

    aesgcm://HOST/PATH#IV KEY

in hexadecimal digits without the space, 12 bytes and 32; some older clients have an IV of 16. It lies at the
same address under `https`. The last 16 bytes there say whether all others are what was sealed.

One of the few modules of bridges that import `cryptography` (ADR 0024), and only when it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

from ...api import Refused

SCHEME, WEB = "aesgcm://", "https://"
ADDRESS = re.compile(rf"{SCHEME}([^\s#]+)#((?:[0-9a-fA-F]{{24}}|[0-9a-fA-F]{{32}})[0-9a-fA-F]{{64}})")
IV, KEY, TAG = 12, 32, 16
"""Bytes."""
MOST = 100 << 20
"""Bytes of a sealed file that is opened: it is held whole, for nothing is handed on before all is checked."""
MOST_SEALED = 40 << 20
"""Bytes of a file that is sealed: it is in memory up to three times while that is done."""
PIECE = 1 << 16


def web_address(address: str) -> str:
    """Where a sealed file lies; empty for what is no address of one."""
    found = ADDRESS.fullmatch(address)
    return WEB + found[1] if found else ""


def sealed(data: bytes, random: Callable[[int], bytes]) -> tuple[bytes, str]:
    """What the server gets of a file, and what follows the `#` in its address."""
    key, iv = random(KEY), random(IV)
    sealing = _cipher(key, iv, None).encryptor()
    done = sealing.update(data) + sealing.finalize()
    return done + sealing.tag, (iv + key).hex()


def address_of(url: str, secret: str) -> str:
    """The address of a file that was sealed. Raises Refused where the server's own cannot be written so."""
    made = f"{SCHEME}{url.removeprefix(WEB)}#{secret}"
    if not url.startswith(WEB) or not ADDRESS.fullmatch(made):
        raise Refused("the server's place for files has no address for what is sealed")
    return made


def opened(data: bytearray, address: str) -> Iterator[bytes]:
    """What was sealed, in pieces. Raises ValueError, before any, if these are other bytes."""
    found = ADDRESS.fullmatch(address)
    if found is None or len(data) < TAG:
        raise ValueError("this is no sealed file")
    secret = bytes.fromhex(found[2])
    iv, key = secret[:-KEY], secret[-KEY:]
    view, tag = memoryview(data)[:-TAG], bytes(data[-TAG:])
    for _ in _pieces(view, key, iv, tag):  # once to check it, and again to hand it on: it may be large
        pass
    return _pieces(view, key, iv, tag)


def _pieces(view: memoryview, key: bytes, iv: bytes, tag: bytes) -> Iterator[bytes]:
    from cryptography.exceptions import InvalidTag  # noqa: PLC0415 - as below

    opening = _cipher(key, iv, tag).decryptor()
    for at in range(0, len(view), PIECE):
        yield opening.update(view[at : at + PIECE])
    try:
        opening.finalize()
    except InvalidTag:
        raise ValueError("these are not the bytes that were sealed") from None


def _cipher(key: bytes, iv: bytes, tag: bytes | None) -> Any:
    from cryptography.hazmat.primitives.ciphers import Cipher  # noqa: PLC0415 - 7 MiB, for those who want it
    from cryptography.hazmat.primitives.ciphers.algorithms import AES  # noqa: PLC0415
    from cryptography.hazmat.primitives.ciphers.modes import GCM  # noqa: PLC0415

    return Cipher(AES(key), GCM(iv, tag))
