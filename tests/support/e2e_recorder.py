"""`swarmnode` with an ear at its ciphers and its links: what was sealed, and what left, goes into a file.

    SWARMNODE_TEST_RECORD=FILE python e2e_recorder.py --home DIR run ...

The program is the product's. Before an AEAD of MLS or an outer envelope seals, a line says with which key and
nonce; before a frame leaves over a link to a relay, a line says which envelope is in it. Lines are written at
once, so that a kill loses none.

    mls       <hash of the key> <nonce> <hash of the ciphertext>
    envelope  <hash of the key> <nonce> <hash of the envelope> <hash of the MLS ciphertext in it, or ->
    left      <hash of the envelope>
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any, cast

from swarm_protocol import mls
from swarm_protocol.envelope import Frame, Kind, seal
from swarm_protocol.mailbox import Send
from swarm_protocol.mailbox import frames as mailbox_frames
from swarm_protocol.mls import aead
from swarm_protocol.mls.framing import PrivateMessage
from swarmnode.cli.main import main
from swarmnode.delivery.link import Link


def short(data: bytes) -> str:
    """A name for bytes that tells nothing of them."""
    return hashlib.sha256(data).hexdigest()[:24]


class Ear:
    """Appends lines to a file."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, *words: str) -> None:
        """Write one line."""
        os.write(self._file, (" ".join(words) + "\n").encode())


def listen(ear: Ear) -> None:
    """Put the ear at the ciphers and at the links of this process."""
    for cipher in (aead.AES_128_GCM, aead.AES_256_GCM, aead.CHACHA20_POLY1305):
        object.__setattr__(cipher, "_cipher", _heard(cast("Any", cipher)._cipher, ear))
    seal_padded = cast("Any", seal)._encrypt

    def sealing(padded: bytes, aad: bytes, nonce: bytes, key: bytes) -> bytes:
        sealed = cast("bytes", seal_padded(padded, aad, nonce, key))
        ear("envelope", short(key), nonce.hex(), short(aad + nonce + sealed), _inside(padded))
        return sealed

    cast("Any", seal)._encrypt = sealing
    send = Link.send

    async def sending(link: Link, data: bytes) -> None:
        frame = mailbox_frames.Frame.decode(data)
        if frame.type is Send.type:
            ear("left", short(Send.read(frame.body).blob))
        await send(link, data)

    cast("Any", Link).send = sending


def _heard(make: Callable[[bytes], Any], ear: Ear) -> Callable[[bytes], Any]:
    class Heard:
        def __init__(self, key: bytes) -> None:
            self._key, self._real = key, make(key)

        def encrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
            sealed = cast("bytes", self._real.encrypt(nonce, data, aad))
            ear("mls", short(self._key), nonce.hex(), short(sealed))
            return sealed

        def decrypt(self, nonce: bytes, data: bytes, aad: bytes) -> bytes:
            return cast("bytes", self._real.decrypt(nonce, data, aad))

    return Heard


def _inside(padded: bytes) -> str:
    frame = Frame.decode(seal.unpad(padded))
    if frame.kind is not Kind.MLS_PRIVATE:
        return "-"
    body = mls.MLSMessage.decode(frame.payload).body
    return short(body.ciphertext) if isinstance(body, PrivateMessage) else "-"


if __name__ == "__main__":
    listen(Ear(os.environ["SWARMNODE_TEST_RECORD"]))
    main()
