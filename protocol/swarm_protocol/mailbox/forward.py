"""What is sealed to a relay, to reach it through another (spec 30 §5).

In the shape of Oblivious HTTP (RFC 9458): HPKE to the relay's key, and the answer under a key exported from
the same context. The relay in between sees who asks and which relay is meant, the far one what is asked and
nothing of whom. All answers have one length, so that the one in between does not learn what became of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from .. import labels
from ..entropy import Entropy
from ..errors import CannotOpen, LimitError
from ..mls.aead import CHACHA20_POLY1305
from ..mls.hpke import Context, DhKem, Hpke, KemKeyPair, X25519Group
from ..mls.kdf import HKDF_SHA256
from . import rules
from .commands import Send, SKey, read_command
from .frames import Frame

Forwardable: TypeAlias = Send | SKey
"""What a sender says to a queue; said twice it changes nothing, so it needs no nonce of a connection."""

ANSWER_SIZE = 256
"""A padded answer: a receipt has some 180 bytes."""

_ENC, _NONCE = 32, 32
_KEY, _AEAD_NONCE = CHACHA20_POLY1305.key_size, CHACHA20_POLY1305.nonce_size
_HPKE = Hpke(DhKem(0x0020, X25519Group(), HKDF_SHA256), HKDF_SHA256, CHACHA20_POLY1305)


def relay_hpke_key(secret: bytes) -> KemKeyPair:
    """The pair of a relay's key for what is sealed to it, from 32 secret bytes."""
    return _HPKE.kem.from_private(secret)


def is_relay_hpke_key(public: bytes) -> bool:
    """Whether something can be sealed to `public`."""
    return _HPKE.kem.is_valid_public(public)


def _info(relay: bytes) -> bytes:
    return labels.FORWARD.prefix + relay


@dataclass(frozen=True, slots=True)
class Sealer:
    """One side of one exchange: opens, or seals, the answer."""

    _context: Context = field(repr=False)

    def seal_answer(self, frame: bytes, entropy: Entropy) -> bytes:
        """Seal an answer, padded.

        Raises:
            LimitError: it is longer than answers to a sender are.
        """
        if len(frame) > ANSWER_SIZE - 2:
            raise LimitError(f"a sealed answer has at most {ANSWER_SIZE - 2} bytes")
        padded = (len(frame).to_bytes(2, "big") + frame).ljust(ANSWER_SIZE, b"\x00")
        nonce = entropy(_NONCE)
        return nonce + self.seal_padded(padded, nonce)

    def seal_padded(self, padded: bytes, nonce: bytes) -> bytes:
        """Seal what is padded already, without the nonce in front."""
        key, aead_nonce = self._keys(nonce)
        return CHACHA20_POLY1305.seal(key, aead_nonce, b"", padded)

    def open_answer(self, sealed: bytes) -> bytes:
        """The frame that was sealed as an answer.

        Raises:
            CannotOpen: it is not the answer to what was sealed here.
            DecodeError: it is not padded as answers are.
        """
        key, aead_nonce = self._keys(sealed[:_NONCE])
        padded = CHACHA20_POLY1305.open(key, aead_nonce, b"", sealed[_NONCE:])
        end = 2 + int.from_bytes(padded[:2], "big")
        if len(padded) != ANSWER_SIZE or end > ANSWER_SIZE or any(padded[end:]):
            raise rules.FORWARD_ANSWER.undecodable()
        return padded[2:end]

    def _keys(self, nonce: bytes) -> tuple[bytes, bytes]:
        made = self._context.export(labels.FORWARD_ANSWER.prefix + nonce, _KEY + _AEAD_NONCE)
        return made[:_KEY], made[_KEY:]


def seal(relay: bytes, hpke: bytes, frame: bytes, entropy: Entropy) -> tuple[Sealer, bytes]:
    """Seal a signed SEND or SKEY to a relay with these two keys.

    Raises:
        RemoteProtocolError: nothing can be sealed to that key.
    """
    enc, context = _HPKE.setup_sender(hpke, _info(relay), entropy)
    return Sealer(context), enc + context.seal(b"", frame)


def unseal(relay: bytes, keys: KemKeyPair, sealed: bytes) -> tuple[Sealer, Frame, Forwardable]:
    """Open at the relay what `seal` made. Who signed it is not checked yet.

    Raises:
        CannotOpen: it was not sealed to these keys.
        RemoteProtocolError: what was sealed is neither a SEND nor an SKEY.
    """
    if len(sealed) < _ENC:
        raise CannotOpen
    context = _HPKE.setup_receiver(sealed[:_ENC], keys, _info(relay))
    frame, body = read_command(context.open(b"", sealed[_ENC:]))
    if not isinstance(body, Send | SKey):
        raise rules.FORWARD_SEND.unexpected(body.type.name)
    return Sealer(context), frame, body
