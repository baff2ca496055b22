"""Who asks, and what they may.

Whoever can open the socket in the home folder (mode 600) owns the node. Everybody else shows a token, in a
cookie (browsers) or an `Authorization: Bearer` header (programs). The first token comes for a pairing code: 8
characters that the owner reads off the terminal, good for 10 minutes, one use and 5 guesses in all. Of 31^8
codes that leaves somebody who guesses one chance in 170 milliards. A code is never part of a URL, where
histories and logs would keep it.

Of a token the node keeps a hash. A cookie alone changes nothing: a write must also carry a header that only a
page of ours can read from `GET /session`.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from swarm_protocol.entropy import Entropy

from ..domain.time import Instant
from ..errors import AccessDenied, NodeError
from .ports import Token, TokenStore
from .problems import TooMany, Unauthorized

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without what is read wrongly: 0 and O, 1, I and L."""

CODE_LENGTH, CODE_LIFE_S, CODE_GUESSES = 8, 600, 5
TOKEN_SIZE, ID_SIZE = 32, 8
USED_EVERY_S = 60
"""How old a noted use may get before it is written again: not each request writes."""


class Scope(IntEnum):
    """What somebody may do; each scope includes those below it."""

    PUBLIC = 0
    READ = 1
    WRITE = 2
    ADMIN = 3
    OWNER = 4
    """Over the socket in the home only: whoever asks could read and write the owner's files anyway."""


Granted = Literal["read", "write", "admin"]
"""Scopes that a token can have."""


@dataclass(frozen=True, slots=True)
class Access:
    """Who asks: a token's id or `owner`, and what they may."""

    device: str
    kind: Literal["socket", "cookie", "bearer", "nobody"]
    scope: Scope
    csrf: str = field(default="", repr=False)

    def require(self, scope: Scope) -> None:
        """Raise Unauthorized or AccessDenied unless they may do this."""
        if self.scope >= scope:
            return
        if scope is Scope.OWNER:
            raise AccessDenied(
                "This works on the node's own machine only.", hint="Use the command line there: `swarmnode`."
            )
        if self.kind == "nobody":
            raise Unauthorized(
                "This screen is not paired with the node.",
                hint="Run `swarmnode pair` where the node runs, and enter the code that it prints.",
            )
        raise AccessDenied(
            f"This screen may not do that: it takes the scope {scope.name.lower()}.",
            hint="Pair it anew with a wider scope: `swarmnode pair --scope`.",
        )


OWNER = Access("owner", "socket", Scope.OWNER)
NOBODY = Access("nobody", "nobody", Scope.PUBLIC)


@dataclass(slots=True)
class _Code:
    text: str = field(repr=False)
    scope: Granted
    ends: float
    guesses: int = CODE_GUESSES


@dataclass(slots=True)
class Throttle:
    """Slows down who guesses a passphrase: three tries are free, then the wait doubles up to a minute.

    Guesses take turns: each costs the memory of a key derivation, and none starts before the last is judged.
    """

    wrong: int = 0
    until: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def check(self, tick: float) -> None:
        """Raise TooMany if it is too early."""
        if tick < self.until:
            raise TooMany(int(self.until - tick) + 1)

    def failed(self, tick: float) -> None:
        """Note a wrong guess."""
        self.wrong += 1
        if self.wrong >= 3:
            self.until = tick + min(2.0 ** (self.wrong - 3), 60.0)


class Gate:
    """Pairs screens and recognises them."""

    def __init__(self, tokens: TokenStore, *, clock: Callable[[], Instant], entropy: Entropy) -> None:
        self.tokens = tokens
        self.clock = clock
        self.unlocking = Throttle()
        self._entropy = entropy
        self._code: _Code | None = None
        self._ends: dict[str, asyncio.Event] = {}

    def pair(self, scope: Granted) -> tuple[str, int]:
        """Make a pairing code, which replaces one that is open; and say when it ends, in Unix seconds."""
        now = self.clock()
        self._code = _Code(self._draw_code(), scope, now.tick + CODE_LIFE_S)
        return f"{self._code.text[:4]}-{self._code.text[4:]}", now.wall_s + CODE_LIFE_S

    def _draw_code(self) -> str:
        """Draw each character with equal odds: bytes of the alphabet's last, broken round are skipped."""
        fair, text = 256 - 256 % len(ALPHABET), ""
        while len(text) < CODE_LENGTH:
            text += "".join(ALPHABET[b % len(ALPHABET)] for b in self._entropy(16) if b < fair)
        return text[:CODE_LENGTH]

    async def open(self, code: str, label: str, kind: Literal["cookie", "bearer"]) -> tuple[Token, str]:
        """Give a token for a pairing code; the second value is what to show, and is kept nowhere.

        Raises:
            AccessDenied: it is not the code, or there is none open. A code dies of its last wrong guess.
        """
        open_ = self._code
        scope = self._use(code)
        secret = base64.urlsafe_b64encode(self._entropy(TOKEN_SIZE)).decode().rstrip("=")
        now = self.clock().wall_s
        token = Token(
            self._entropy(ID_SIZE).hex(), label, kind, scope, token_hash(secret), created_at=now, used_at=now
        )
        try:
            await self.tokens.put(token)
        except NodeError:
            self._code = open_  # nothing came of it: the code is still good
            raise
        return token, secret

    def _use(self, code: str) -> Granted:
        open_, said = self._code, "".join(code.split()).replace("-", "").upper()
        if open_ is None or self.clock().tick >= open_.ends:
            self._code = None
            raise AccessDenied("No pairing code is open.", hint="Run `swarmnode pair` for a new one.")
        if not hmac.compare_digest(open_.text.encode(), said.encode()):
            open_.guesses -= 1
            if not open_.guesses:
                self._code = None
            raise AccessDenied(
                "This is not the pairing code.",
                hint=f"{open_.guesses} guesses are left; `swarmnode pair` makes a new code.",
            )
        self._code = None
        return open_.scope

    def end_of(self, device: str) -> asyncio.Event:
        """Set when a device is revoked: what it listens to ends then."""
        return self._ends.setdefault(device, asyncio.Event())

    async def revoke(self, device: str) -> bool:
        """Take a device's right away; whether it had one."""
        had = await self.tokens.delete(device)
        if had:
            self.end_of(device).set()
        return had

    async def who(self, authorization: str, cookie: str) -> Access:
        """Recognise who shows a header or a cookie; the header counts if there are both.

        Raises:
            Unauthorized: a header that is not known here.
        """
        scheme, _, shown = authorization.partition(" ")
        if authorization and scheme.lower() != "bearer":
            raise Unauthorized("This node takes bearer tokens.", hint="Send `Authorization: Bearer TOKEN`.")
        secret = shown.strip() if authorization else cookie
        token = await self.tokens.find(token_hash(secret)) if secret and secret.isascii() else None
        kind: Literal["cookie", "bearer"] = "bearer" if authorization else "cookie"
        if token is None or token.kind != kind:
            if authorization:
                raise Unauthorized("This token is not known here.", hint="It may have been revoked.")
            return NOBODY
        now = self.clock().wall_s
        if abs(now - token.used_at) >= USED_EVERY_S:
            await self.tokens.used(token.id, now)
        return Access(token.id, kind, Scope[token.scope.upper()], csrf_of(secret) if kind == "cookie" else "")


def token_hash(secret: str) -> bytes:
    """What is kept of a token. It has 256 random bits, so that a plain hash suffices."""
    return hashlib.sha256(b"swarmnode token " + secret.encode()).digest()


def csrf_of(secret: str) -> str:
    """What a page shows beside its cookie."""
    return hashlib.sha256(b"swarmnode csrf " + secret.encode()).hexdigest()
