"""An IMAP session (RFC 9051, RFC 3501): commands one after the other, answers as values, IDLE.

One command runs at a time; who holds `Imap.folder` has a folder for more than one. A command that was given
up half-way leaves a connection of which nobody knows what comes next: it is closed then.
"""

from __future__ import annotations

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from socket import socket

from ...api import AuthExpired, AuthRevoked, BridgeError, Gone, Interrupted, Limited, Refused, Temporary
from . import grammar
from .grammar import Status, Value, number, pairs, ranges, string
from .line import LOST, Clear, Line, Place

ANSWER_S = 60.0
MAX_LITERAL = 48 << 20
MAX_ANSWERS = 20_000
"""Answers to one command."""
NEWS = frozenset({"EXISTS", "EXPUNGE", "FETCH", "VANISHED"})


class Unwelcome(Temporary):
    """The server does not want this session now."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A folder when it was selected. `modseq` is 0 where the server counts no changes (RFC 7162)."""

    validity: int
    uidnext: int
    exists: int
    modseq: int


@dataclass(slots=True)
class Answer:
    """What came before the end of a command."""

    said: list[tuple[Value, ...]] = field(default_factory=list, repr=False)
    codes: list[str] = field(default_factory=list)
    """Words in brackets, in upper case."""

    def code(self, name: str) -> int:
        """The number behind a word in brackets, or 0."""
        found = (c.split() for c in self.codes)
        return next((number(words[1]) for words in found if len(words) > 1 and words[0] == name), 0)


class Imap:
    """A session, logged in. Made by `open`."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._tags = 0
        self._lock = asyncio.Lock()
        self._selected = ""
        self.abilities: frozenset[str] = frozenset()
        self.closed = False

    @classmethod
    async def open(
        cls, connected: socket, place: Place, tls: ssl.SSLContext, user: str, password: str
    ) -> Imap:
        """Log in over a connected socket.

        Raises:
            AuthExpired: the server does not accept the login.
            BridgeError: it cannot be spoken with.
        """
        line = await Line.open(connected, place, tls, _ask_for_tls)
        made = cls(line)
        try:
            async with asyncio.timeout(ANSWER_S):
                if place.security == "tls":
                    _greeted(await line.readline())
            await made._learn()
            await made._log_in(user, password)
            await made._learn()
        except TimeoutError:
            made.close()
            raise Temporary("no answer came") from None
        except Interrupted as e:
            made.close()
            raise Temporary(str(e)) from None
        except BaseException:
            made.close()
            raise
        return made

    async def _learn(self) -> None:
        answer = await self.command("CAPABILITY")
        words = [w for said in answer.said if said[:1] == ("CAPABILITY",) for w in said[1:]]
        self.abilities = frozenset(w.upper() for w in words if isinstance(w, str))

    async def _log_in(self, user: str, password: str) -> None:
        if "AUTH=PLAIN" in self.abilities:
            secret = base64.b64encode(f"\0{user}\0{password}".encode())
            await self._run(["AUTHENTICATE", "PLAIN"], continued=secret, login=True)
        elif "LOGINDISABLED" not in self.abilities:
            await self._run(["LOGIN", string(user), string(password)], login=True)
        else:
            raise Refused("the server offers no login with a password")

    async def lost(self) -> None:
        """Wait until the connection is lost, also between two commands. Raises Interrupted then."""
        await self._line.lost()

    def close(self) -> None:
        """End it at once."""
        self.closed = True
        self._line.close()

    async def bye(self) -> None:
        """End it politely."""
        try:
            async with asyncio.timeout(2):
                await self.command("LOGOUT")
        except (BridgeError, TimeoutError):
            pass
        finally:
            self.close()

    # --- commands ---

    async def command(self, *words: str | bytes) -> Answer:
        """Run a command; bytes among its words go as literals.

        Raises:
            Interrupted: the connection is lost.
            BridgeError: what the server says, see `error_of`.
        """
        async with self._lock:
            return await self._run(words)

    async def _run(
        self, words: Iterable[str | bytes], *, continued: bytes = b"", login: bool = False
    ) -> Answer:
        if self.closed:
            raise Interrupted(LOST)
        self._tags += 1
        tag, answer = f"s{self._tags}", Answer()
        with self._closed_if_it_fails():
            async with asyncio.timeout(ANSWER_S) as limit:
                said: Status | str | None = await self._send(tag, words, answer)
                while said is None:
                    said = await self._next(tag, answer)
                    limit.reschedule(asyncio.get_running_loop().time() + ANSWER_S)
                    if said == "+":
                        await self._line.write(continued + b"\r\n")
                        continued, said = b"", None
        assert isinstance(said, Status)
        if said.kind != "OK":
            raise error_of(said, login=login)
        answer.codes.append(said.code)
        return answer

    async def _send(self, tag: str, words: Iterable[str | bytes], answer: Answer) -> Status | None:
        """Send a command; the server must invite each literal. A status: it refused before the end."""
        data = tag.encode()
        for word in words:
            if isinstance(word, str):
                data += b" " + word.encode("ascii", "replace")
                continue
            await self._line.write(data + b" {%d}\r\n" % len(word))
            while (said := await self._next(tag, answer)) is None:
                pass
            if isinstance(said, Status):
                return said
            data = word
        await self._line.write(data + b"\r\n")
        return None

    async def _next(self, tag: str, answer: Answer, first: bytes = b"") -> Status | str | None:
        """Read one answer: the end of the command, `+`, or None for all that comes before."""
        line = first or await self._line.readline()
        mine = f"{tag} ".encode()
        if line.startswith(b"+"):
            return "+"
        if line.startswith(mine) and (end := grammar.status(line[len(mine) :])) is not None:
            return end
        if (news := grammar.status(line[2:])) is not None and line.startswith(b"* "):
            answer.codes.append(news.code)
            return None
        pieces: list[tuple[bytes, bytes | None]] = []
        size = 0
        while True:
            text, more = grammar.literal(line)
            if more is None:
                pieces.append((text, None))
                break
            size += more
            if size > MAX_LITERAL:
                raise Interrupted("the server says too much at once")
            pieces.append((text, await self._line.read(more)))
            line = await self._line.readline()
        said = grammar.values(pieces)
        if said[:1] == ("*",):
            answer.said.append(said[1:])
        if len(answer.said) > MAX_ANSWERS:
            raise Interrupted("the server says too much at once")
        return None

    # --- folders ---

    @asynccontextmanager
    async def folder(self, name: str) -> AsyncIterator[tuple[Folder, Opened]]:
        """Have a folder for oneself, as it is now.

        Raises:
            Gone: there is no such folder.
            BridgeError: as `command`.
        """
        async with self._lock:
            opened = await self._select(name)
            yield Folder(self), opened

    async def select(self, name: str) -> Opened:
        """Select a folder. Raises as `folder`."""
        async with self._lock:
            return await self._select(name)

    async def _select(self, name: str) -> Opened:
        words = ["SELECT", string(grammar.folder_name(name))]
        if "CONDSTORE" in self.abilities:
            words.append("(CONDSTORE)")
        try:
            answer = await self._run(words)
        except Refused:
            self._selected = ""
            raise Gone("this folder is not there") from None
        self._selected = name
        exists = next((number(s[0]) for s in answer.said if s[1:2] == ("EXISTS",)), 0)
        return Opened(
            answer.code("UIDVALIDITY"),
            answer.code("UIDNEXT"),
            exists,
            answer.code("HIGHESTMODSEQ"),
        )

    async def folders(self) -> dict[str, frozenset[str]]:
        """Folders that can be opened, with what they are for (RFC 6154), in lower case."""
        found: dict[str, frozenset[str]] = {}
        for said in (await self.command("LIST", '""', '"*"')).said:
            if said[:1] == ("LIST",) and len(said) > 3 and isinstance(said[1], tuple):
                marks = frozenset(m.lower() for m in said[1] if isinstance(m, str))
                if not marks & {"\\noselect", "\\nonexistent"}:
                    found[grammar.folder_text(said[3])] = marks
        return found

    async def append(self, folder: str, mail: bytes, flags: str) -> None:
        """Put a mail into a folder."""
        await self.command("APPEND", string(grammar.folder_name(folder)), f"({flags})", mail)

    async def idle(self, name: str, seconds: float) -> bool:
        """Wait until something happens in a folder (RFC 2177), at most so long. True: something did.

        What happens between two calls is told at the second one, since the folder stays selected.
        """
        async with self._lock:
            if self._selected != name:
                await self._select(name)
            self._tags += 1
            tag, answer = f"s{self._tags}", Answer()
            with self._closed_if_it_fails():
                await self._line.write(f"{tag} IDLE\r\n".encode())
                happened = await self._until_news(tag, answer, seconds)
                async with asyncio.timeout(ANSWER_S):
                    await self._line.write(b"DONE\r\n")
                    while not isinstance(await self._next(tag, answer), Status):
                        pass
        return happened

    @contextmanager
    def _closed_if_it_fails(self) -> Iterator[None]:
        """Afterwards nobody knows which answer the next words on the line would belong to."""
        try:
            yield
        except TimeoutError:
            self.close()
            raise Interrupted("no answer came") from None
        except BaseException:
            self.close()
            raise

    async def _until_news(self, tag: str, answer: Answer, seconds: float) -> bool:
        until = asyncio.get_running_loop().time() + seconds
        while True:
            try:
                async with asyncio.timeout_at(until):
                    line = await self._line.readline()
            except TimeoutError:
                return False
            async with asyncio.timeout(ANSWER_S):
                if isinstance(said := await self._next(tag, answer, line), Status):
                    raise error_of(said)
            if any(NEWS.intersection(w for w in s[:2] if isinstance(w, str)) for s in answer.said):
                return True


class Folder:
    """The selected folder, while nobody else has the session."""

    def __init__(self, imap: Imap) -> None:
        self._imap, self._run = imap, imap._run

    async def search(self, *words: str | bytes) -> list[int]:
        """UIDs of the messages that are so, in order."""
        answer = await self._run(["UID", "SEARCH", *words])
        return sorted({number(u) for s in answer.said if s[:1] == ("SEARCH",) for u in s[1:]} - {0})

    async def by_header(self, name: str, value: str) -> list[int]:
        """UIDs of the messages in whose header field this stands."""
        return await self.search("HEADER", name, string(value))

    async def last(self, exists: int, count: int) -> list[int]:
        """UIDs of the last so many messages."""
        if not exists:
            return []
        answer = await self._run(["FETCH", f"{max(1, exists - count + 1)}:*", "(UID)"])
        return sorted(fetched(answer))

    async def fetch(self, uids: Iterable[int], *items: str) -> Mapping[int, dict[str, Value]]:
        """Parts of messages, by UID; those that are gone are left out."""
        wanted = ranges(uids)
        if not wanted:
            return {}
        return fetched(await self._run(["UID", "FETCH", wanted, f"(UID {' '.join(items)})"]))

    async def store(self, uids: Iterable[int], change: str, flags: str) -> None:
        """Set (`+`) or remove (`-`) flags."""
        await self._run(["UID", "STORE", ranges(uids), f"{change}FLAGS.SILENT", f"({flags})"])

    async def move(self, uids: Iterable[int], to: str) -> None:
        """Put messages into another folder (RFC 6851), and out of this one."""
        wanted, target = ranges(uids), string(grammar.folder_name(to))
        if "MOVE" in self._imap.abilities:
            await self._run(["UID", "MOVE", wanted, target])
            return
        await self._run(["UID", "COPY", wanted, target])
        await self.expunge(uids)

    async def expunge(self, uids: Iterable[int]) -> None:
        """Remove messages for good. Without RFC 4315 they are marked, since EXPUNGE would take others too."""
        await self.store(uids, "+", "\\Deleted")
        if "UIDPLUS" in self._imap.abilities:
            await self._run(["UID", "EXPUNGE", ranges(uids)])


def fetched(answer: Answer) -> dict[int, dict[str, Value]]:
    """What FETCH told, by UID."""
    found: dict[int, dict[str, Value]] = {}
    for said in answer.said:
        if said[1:2] == ("FETCH",) and len(said) > 2:
            items = pairs(said[2])
            if uid := number(items.get("UID")):
                found.setdefault(uid, {}).update(items)
    return found


def error_of(said: Status, *, login: bool = False) -> BridgeError:
    """What a refusal stands for (RFC 5530); words of the server are not passed on."""
    code = said.code.partition(" ")[0]
    match code:
        case "AUTHENTICATIONFAILED" | "AUTHORIZATIONFAILED":
            return AuthExpired("the server does not accept the login")
        case "EXPIRED":
            return AuthRevoked("the login has expired")
        case "PRIVACYREQUIRED":
            return Refused("the server wants encryption")
        case "LIMIT" | "OVERQUOTA":
            return Limited(code.lower())
        case "UNAVAILABLE" | "INUSE" | "SERVERBUG" | "CONTACTADMIN":
            return Unwelcome(code.lower())
        case "NONEXISTENT" | "TRYCREATE":
            return Gone(code.lower())
    if login and said.kind == "NO":
        return AuthExpired("the server does not accept the login")
    if said.kind == "BYE":
        return Interrupted("the server said good-bye")
    return Refused(f"the server answered {said.kind}")


def _greeted(line: bytes) -> None:
    if not line.upper().startswith(b"* OK"):
        raise Temporary("the server does not want to talk")


async def _ask_for_tls(clear: Clear) -> None:
    _greeted(await clear.readline())
    await clear.write(b"s0 STARTTLS\r\n")
    while (said := await clear.readline()).startswith(b"* "):
        pass
    if not said.upper().startswith(b"S0 OK"):
        raise Refused("the server offers no encryption")
