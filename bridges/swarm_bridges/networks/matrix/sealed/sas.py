"""Comparing short texts (1.11, 11.12.2.2): one comparison between this device and another one.

    asked -agree-> waiting -their start, or ours-> begun -keys-> shown -same-> said -their MAC-> done

`heard` takes what the other device says, `agree`, `begin`, `same` and `cancel` what is wanted here. What is
to be said to the other device gathers in `said`. Whatever does not fit ends it: `over`, with a `code`, which
the other device is told. Nothing here waits or asks; time is an argument.

Who begins commits to nothing; who accepts shows the hash of their key before they know the other's. So nobody
in between can choose keys until the texts are equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec
from vodozemac import Curve25519PublicKey, EstablishedSas, Sas

from ..model import table, text, texts
from .emoji import EMOJI
from .signing import canonical, written

VERIFY = "m.key.verification."
METHOD = "m.sas.v1"
AGREEMENT, HASH, MAC = "curve25519-hkdf-sha256", "sha256", "hkdf-hmac-sha256.v2"
SHORT = ("decimal", "emoji")
PATIENCE_S = 600.0
"""After so long a comparison is over (1.11, 11.12.2.1)."""
EARLY_S = 300.0
"""Clocks may differ by so much."""


class Stage(Enum):
    """How far a comparison is."""

    ASKED = "asked"
    WAITING = "waiting"
    BEGUN = "begun"
    SHOWN = "shown"
    SAID = "said"
    DONE = "done"
    OVER = "over"


class Side(msgspec.Struct, frozen=True):
    """A device that compares: its keys, and the master key that it believes to be the owner's, if any."""

    user: str
    device: str
    ed: str
    master: str = ""


def is_timely(content: Mapping[str, Any], now: float) -> bool:
    """Whether a request is neither old nor from the future (1.11, 11.12.2.1)."""
    at = content.get("timestamp")
    return isinstance(at, int) and -PATIENCE_S < at / 1000 - now < EARLY_S


class Comparison:
    """`theirs.master` is the master key that the server names: it counts if their device vouches for it."""

    def __init__(self, id_: str, ours: Side, theirs: Side, now: float, *, asked_by_us: bool = False) -> None:
        self.id, self.ours, self.theirs = id_, ours, theirs
        self.stage = Stage.WAITING if asked_by_us else Stage.ASKED
        self.code = ""
        self.vouched = False
        """Whether the other device has vouched for the master key, too."""
        self.said: list[tuple[str, dict[str, Any]]] = []
        self._until = now + PATIENCE_S
        self.ready_at: float | None = None
        """Since when both want to, and the comparing itself may begin."""
        self._sas, self._key = Sas(), ""
        self._start: dict[str, Any] = {}
        self._begun_by_us = False
        self._commitment = ""
        self._shared: EstablishedSas | None = None
        self._short: tuple[str, ...] = ()
        self._macs: dict[str, Any] = {}

    # --- what is wanted here

    def agree(self, now: float) -> None:
        """The owner wants to compare."""
        if self.stage is not Stage.ASKED:
            return
        self.stage = Stage.WAITING
        if self._start:  # older clients begin at once
            self._accept()
        else:
            self.ready_at = now
            self._say("ready", from_device=self.ours.device, methods=[METHOD])

    def begin(self) -> None:
        """Begin the comparing itself, where the other device has agreed to and does not."""
        if self.stage is not Stage.WAITING or self.ready_at is None or self._start:
            return
        self._begun_by_us = True
        self._start = {
            "from_device": self.ours.device,
            "method": METHOD,
            "transaction_id": self.id,
            "key_agreement_protocols": [AGREEMENT],
            "hashes": [HASH],
            "message_authentication_codes": [MAC],
            "short_authentication_string": list(SHORT),
        }
        self.said.append(("start", self._start))

    def same(self) -> None:
        """The owner has seen the same on both."""
        if self.stage is not Stage.SHOWN or self._shared is None:
            return
        self.stage = Stage.SAID
        keys = {f"ed25519:{self.ours.device}": self.ours.ed}
        if self.ours.master:
            keys[f"ed25519:{self.ours.master}"] = self.ours.master
        about = self._about(self.ours, self.theirs)
        macs = {name: self._shared.calculate_mac(key, about + name) for name, key in keys.items()}
        names = ",".join(sorted(macs))
        self._say("mac", mac=macs, keys=self._shared.calculate_mac(names, about + "KEY_IDS"))
        self._compare()

    def cancel(self, code: str) -> None:
        """End it, and tell so."""
        if self.stage not in {Stage.DONE, Stage.OVER}:
            self._say("cancel", code=code, reason=REASONS.get(code, code))
            self._end(code)

    def looked(self, now: float) -> None:
        """Time has passed."""
        if now > self._until:
            self.cancel("m.timeout")

    # --- what the other device says

    def heard(self, kind: str, content: Mapping[str, Any], now: float) -> None:
        """Take what is said, if it is that device that says it (only its MAC proves so) and it fits."""
        match kind, self.stage:
            case "cancel", _:
                if self.stage is not Stage.DONE:
                    self._end(text(content, "code") or "m.user")
            case _, Stage.DONE | Stage.OVER:
                pass
            case "ready", Stage.WAITING if self.ready_at is None:
                self.ready_at = now
                if METHOD not in texts(content.get("methods")):
                    self.cancel("m.unknown_method")
            case "start", Stage.ASKED | Stage.WAITING:
                self._started(content)
            case "accept", Stage.WAITING if self._begun_by_us:
                self._accepted(content)
            case "key", Stage.BEGUN:
                self._keyed(text(content, "key"))
            case "mac", Stage.SHOWN | Stage.SAID if not self._macs:
                self._macs = dict(content)
                if self.stage is Stage.SAID:
                    self._compare()
            case "done", _:
                pass  # the other device is content; whether this one is, its MAC says
            case _:
                self.cancel("m.unexpected_message")

    def _started(self, content: Mapping[str, Any]) -> None:
        if self._begun_by_us:  # both at once: of two devices the one that is first in the alphabet begins
            if self.ours.device < self.theirs.device:
                return
            self._begun_by_us = False
        elif self._start:
            self.cancel("m.unexpected_message")
            return
        offered = {
            AGREEMENT: "key_agreement_protocols",
            HASH: "hashes",
            MAC: "message_authentication_codes",
            "decimal": "short_authentication_string",
        }
        known = content.get("method") == METHOD
        if not known or any(one not in texts(content.get(names)) for one, names in offered.items()):
            self.cancel("m.unknown_method")
            return
        self._start = dict(content)
        if self.stage is Stage.WAITING:
            self._accept()

    def _accept(self) -> None:
        try:
            commitment = self._hash(self._own)
        except (ValueError, RecursionError):
            self.cancel("m.unknown_method")
            return
        self._short = tuple(s for s in SHORT if s in texts(self._start.get("short_authentication_string")))
        self.stage = Stage.BEGUN
        self._say(
            "accept",
            method=METHOD,
            key_agreement_protocol=AGREEMENT,
            hash=HASH,
            message_authentication_code=MAC,
            short_authentication_string=list(self._short),
            commitment=commitment,
        )

    def _accepted(self, content: Mapping[str, Any]) -> None:
        chosen = {
            "key_agreement_protocol": AGREEMENT,
            "hash": HASH,
            "message_authentication_code": MAC,
        }
        self._short = tuple(s for s in SHORT if s in texts(content.get("short_authentication_string")))
        self._commitment = text(content, "commitment")
        if any(content.get(name) != one for name, one in chosen.items()) or "decimal" not in self._short:
            self.cancel("m.unknown_method")
            return
        self.stage = Stage.BEGUN
        self._say("key", key=self._own)

    def _keyed(self, key: str) -> None:
        try:
            if self._begun_by_us and self._hash(key) != self._commitment:
                self.cancel("m.mismatched_commitment")
                return
            self._shared = self._sas.diffie_hellman(Curve25519PublicKey.from_base64(key))
        except ValueError:
            self.cancel("m.key_mismatch")
            return
        self._key, self.stage = key, Stage.SHOWN
        if not self._begun_by_us:
            self._say("key", key=self._own)

    # --- what is compared

    @property
    def emoji(self) -> tuple[tuple[str, str], ...]:
        """Seven pictures with their names, in their order; none where they have numbers alone."""
        if self._shared is None or "emoji" not in self._short:
            return ()
        return tuple(EMOJI[index] for index in self._shared.bytes(self._info).emoji_indices)

    @property
    def numbers(self) -> str:
        """Three numbers that say the same."""
        return "" if self._shared is None else " ".join(map(str, self._shared.bytes(self._info).decimals))

    @property
    def _info(self) -> str:
        us = f"{self.ours.user}|{self.ours.device}|{self._own}|"
        them = f"{self.theirs.user}|{self.theirs.device}|{self._key}|"
        both = us + them if self._begun_by_us else them + us
        return f"MATRIX_KEY_VERIFICATION_SAS|{both}{self.id}"

    @property
    def _own(self) -> str:
        return self._sas.public_key.to_base64()

    def _hash(self, key: str) -> str:
        return written(hashlib.sha256(key.encode() + canonical(self._start)).digest())

    # --- the end

    def _about(self, sender: Side, receiver: Side) -> str:
        places = f"{sender.user}{sender.device}{receiver.user}{receiver.device}{self.id}"
        return f"MATRIX_KEY_VERIFICATION_MAC{places}"

    def _compare(self) -> None:
        """Whether the keys are those that the other device has. Called when both have said "same"."""
        if not self._macs or self._shared is None:
            return
        device = f"ed25519:{self.theirs.device}"
        known = {device: self.theirs.ed}
        if self.theirs.master:
            known[f"ed25519:{self.theirs.master}"] = self.theirs.master
        macs, about = table(self._macs.get("mac")), self._about(self.theirs, self.ours)
        names = ",".join(sorted(map(str, macs)))
        try:
            self._shared.verify_mac(names, about + "KEY_IDS", text(self._macs, "keys"))
            for name in known.keys() & macs.keys():
                self._shared.verify_mac(known[name], about + name, text(macs, name))
        except ValueError:
            self.cancel("m.key_mismatch")
            return
        if device not in macs:
            self.cancel("m.key_mismatch")
            return
        self.vouched = bool(self.theirs.master) and f"ed25519:{self.theirs.master}" in macs
        self.stage = Stage.DONE
        self._say("done")

    def _end(self, code: str) -> None:
        self.stage, self.code = Stage.OVER, code

    def _say(self, kind: str, **content: Any) -> None:
        self.said.append((kind, {"transaction_id": self.id, **content}))


REASONS = {
    "m.user": "The person said no.",
    "m.timeout": "It took too long.",
    "m.accepted": "Another device has taken this up.",
    "m.mismatched_sas": "What was shown was not the same.",
    "m.mismatched_commitment": "A key is not the one that was announced.",
    "m.key_mismatch": "A key is another than expected.",
    "m.unknown_method": "There is no way that both know.",
    "m.unexpected_message": "Something came out of turn.",
    "m.unknown_transaction": "Nothing is known of this.",
}
"""What the other device is told, by code (1.11, 11.12.2.1)."""
