"""Handing in one mail (RFC 6409, RFC 5321).

Of one mail the server takes all recipients or none: where it refuses one, nothing is sent. Until the dot that
ends the mail nothing was accepted, so what fails before it is certain; what is lost behind it is not.
"""

from __future__ import annotations

import asyncio
import base64
import re
import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from socket import socket

from ...api import AuthExpired, BridgeError, Gone, Interrupted, Limited, Refused, Temporary
from .line import LOST, Clear, Line, Place

ANSWER_S = 60.0
ACCEPT_S = 300.0
"""For the answer to a whole mail: servers look for viruses (RFC 5321, 4.5.3.2.6 asks for ten minutes)."""
MAX_LINES = 100
HELLO = b"EHLO [127.0.0.1]\r\n"
"""Our own name is nobody's business, and none that a server could look up."""
_CODE = re.compile(rb"([2-5][0-9]{2})([ -]?)")
_OF_THIS_MAIL = re.compile(rb"4\.[1267]\.[0-9]")
"""Why it is not taken now is an address, a mailbox, what is in it, or a rule (RFC 3463, 3): others may be."""


@dataclass(frozen=True, slots=True)
class Said:
    """An answer: its code, and its lines without that."""

    code: int
    lines: tuple[bytes, ...]


class Smtp:
    """A session, logged in. Made by `open`; ended by `close`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.abilities: dict[str, str] = {}

    @classmethod
    async def open(
        cls, connected: socket, place: Place, tls: ssl.SSLContext, user: str, password: str
    ) -> Smtp:
        """Log in over a connected socket.

        Raises:
            AuthExpired: the server does not accept the login.
            BridgeError: it cannot be spoken with; nothing was sent.
        """
        line = await Line.open(connected, place, tls, _ask_for_tls)
        made = cls(line)
        try:
            if place.security == "tls":
                _wanted(await _read(line.readline), 220)
            hello = _wanted(await made._ask(HELLO), 250)
            words = (text.decode("latin-1").upper().partition(" ") for text in hello.lines[1:])
            made.abilities = {name: rest for name, _, rest in words}
            await made._log_in(user, password)
        except Interrupted as e:
            made.close()
            raise Temporary(str(e)) from None
        except BaseException:
            made.close()
            raise
        return made

    @property
    def size(self) -> int:
        """Bytes that a mail may have; 0 if the server does not say."""
        text = self.abilities.get("SIZE", "")
        return int(text) if text.isdecimal() and len(text) < 16 else 0

    async def _log_in(self, user: str, password: str) -> None:
        ways = self.abilities.get("AUTH", "").split()
        if "PLAIN" in ways:
            said = await self._ask(b"AUTH PLAIN %s\r\n" % _b64(f"\0{user}\0{password}"))
        elif "LOGIN" in ways:
            _wanted(await self._ask(b"AUTH LOGIN\r\n"), 334)
            _wanted(await self._ask(_b64(user) + b"\r\n"), 334)
            said = await self._ask(_b64(password) + b"\r\n")
        else:
            raise Refused("the server for sending offers no login with a password")
        _wanted(said, 235)

    async def send(
        self, sender: str, recipients: Sequence[str], mail: bytes, last: Callable[[], Awaitable[None]]
    ) -> None:
        """Hand in a mail, whose lines end in CR LF; `last` is called before the dot that ends it.

        Raises:
            Interrupted: it may have been accepted.
            BridgeError: it was not, whatever else.
        """
        if self.size and len(mail) > self.size:
            raise Refused("this mail is larger than the server takes")
        beyond = not all(a.isascii() for a in (sender, *recipients))
        if beyond and "SMTPUTF8" not in self.abilities:
            raise Refused("the server cannot write to such an address")
        more = " SMTPUTF8" if beyond else ""
        try:
            _wanted(await self._ask(f"MAIL FROM:<{sender}>{more}\r\n".encode()), 250)
            for recipient in recipients:
                said = await self._ask(f"RCPT TO:<{recipient}>\r\n".encode())
                if said.code in {550, 551, 553}:
                    raise Gone("the server does not know one of the recipients")
                _wanted(said, 250, 251)
            _wanted(await self._ask(b"DATA\r\n"), 354)
            stuffed = re.sub(rb"(?m)^\.", b"..", mail)
            async with asyncio.timeout(ACCEPT_S):
                await self._line.write(stuffed if stuffed.endswith(b"\r\n") else stuffed + b"\r\n")
        except (Interrupted, TimeoutError):
            raise Temporary(LOST) from None
        await last()
        _wanted(await self._ask(b".\r\n", ACCEPT_S), 250)

    async def _ask(self, data: bytes, seconds: float = ANSWER_S) -> Said:
        try:
            async with asyncio.timeout(seconds):
                await self._line.write(data)
                return await _read(self._line.readline)
        except TimeoutError:
            raise Interrupted("no answer came") from None

    def close(self) -> None:
        """End it at once."""
        self._line.close()


async def _read(readline: Callable[[], Awaitable[bytes]]) -> Said:
    lines: list[bytes] = []
    while len(lines) < MAX_LINES:
        line = (await readline()).rstrip()
        if (found := _CODE.match(line)) is None:
            break
        lines.append(line[4:])
        if found[2] != b"-":
            return Said(int(found[1]), tuple(lines))
    raise Interrupted("the server's answer is none")


def _wanted(said: Said, *codes: int) -> Said:
    if said.code in codes:
        return said
    raise error_of(said)


def error_of(said: Said) -> BridgeError:
    """What a refusal stands for (RFC 5321, 4.2.3; RFC 4954, 6); words of the server are not passed on."""
    code = said.code
    text = f"the server for sending answered {code}"
    match code:
        case 535 | 534 | 538 | 530:
            return AuthExpired("the server for sending does not accept the login")
        case 450 | 451 | 452 if _OF_THIS_MAIL.match(said.lines[-1]):
            return Limited(text, scope="conversation")
        case 450 | 452:
            return Limited(text)
        case _ if code < 500:
            return Temporary(text)
        case _:
            return Refused(text)


def _b64(text: str) -> bytes:
    return base64.b64encode(text.encode())


async def _ask_for_tls(clear: Clear) -> None:
    try:
        _wanted(await _read(clear.readline), 220)
        await clear.write(HELLO)
        _wanted(await _read(clear.readline), 250)
        await clear.write(b"STARTTLS\r\n")
        said = await _read(clear.readline)
    except Interrupted as e:
        raise Temporary(str(e)) from None
    if said.code != 220:
        raise Refused("the server for sending offers no encryption")
