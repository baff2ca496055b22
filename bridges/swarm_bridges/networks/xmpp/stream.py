"""A stream to an XMPP server: slixmpp below, and above it what the bridge needs of it.

Of slixmpp we use the stream: XML, TLS, SASL, binding, stream management (XEP-0198), answers to others'
questions (XEP-0030, XEP-0115). Its own ways to connect, to wait and to try again are left aside: the
connection comes from the context, and when it is lost, `lost` says why and nothing more happens.

**Commit, then acknowledge.** Stream management counts what was handled. We count a message when its batch is
committed (`done`), so that what we never stored is sent again to the session that takes up this one.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from typing import Any
from xml.etree.ElementTree import Element

import slixmpp
from slixmpp.stanza import Iq, Message, Presence

from ...api import AuthExpired, BridgeError, Interrupted, Refused, Temporary
from ...tls import encrypted
from . import errors
from .stanzas import AVATAR, BOOKMARKS, CLAIMS, LIMITS, MAX_STANZA, PING, PRESENCE, ROSTER, element

# It writes stanzas, and so what people say, into its log.
logging.getLogger("slixmpp").setLevel(logging.CRITICAL + 1)

RESOURCE = "swarmnode"
"""One for all: a second node with this account shows as a conflict, and what a crash left is replaced."""
LOST = "the connection was lost"
SILENT_S = 10.0
"""Until the server's first word, or its half of TLS where that comes first."""
OPEN_S = 60.0
ANSWER_S = 30.0
CLOSE_S = 2.0
PLUGINS = ("xep_0030", "xep_0060", "xep_0115", "xep_0163", "xep_0198", "xep_0199")


class Stream(slixmpp.ClientXMPP):
    """One session at a server, over several connections if the server can resume.

    Args:
        jid: the account.
        password: its password.
        random: gives random bytes.
        now: gives Unix seconds.
        tls: see `tls.trusting`.
        message, presence, roster: called with what comes, in order. A message comes with the number to be
            given to `done`.
        ended: called when a connection is lost.
        name: of this session at the server.
    """

    def __init__(
        self,
        jid: str,
        password: str,
        *,
        random: Callable[[int], bytes],
        now: Callable[[], float],
        tls: ssl.SSLContext,
        message: Callable[[Element, int], None] = lambda _message, _number: None,
        presence: Callable[[Element], None] = lambda _presence: None,
        roster: Callable[[Element], None] = lambda _query: None,
        ended: Callable[[], None] = lambda: None,
        name: str = RESOURCE,
    ) -> None:
        self._random, self.now = random, now
        self.max_stanza = MAX_STANZA
        """Bytes that a stanza may have, as the server has last said (XEP-0478)."""
        super().__init__(f"{jid}/{name}", password, ssl_context=tls)
        for plugin in PLUGINS:
            self.register_plugin(plugin)
        for node in (AVATAR, BOOKMARKS, CLAIMS):
            self.hear(node)
        management: Any = self.plugin["xep_0198"]
        management.send_ack = self._acknowledge
        self._management = management
        self._message, self._presence, self._roster, self._ended_too = message, presence, roster, ended
        self._uncommitted: dict[int, None] = {}
        self._owes_ack = False
        self._asked: dict[str, tuple[str, asyncio.Future[Element]]] = {}
        """By id, whom we have asked."""
        self._opened: asyncio.Future[bool] | None = None
        self._limit: asyncio.Timeout | None = None
        """Of a session that is being opened, until the server has said something."""
        self._reason: BridgeError | None = None
        self._securing = False
        self.lost: asyncio.Future[None] = self.loop.create_future()
        self.add_filter("in", self._incoming)
        for event, handler in (
            ("session_start", lambda _: self._settle(resumed=False)),
            ("session_resumed", lambda _: self._settle(resumed=True)),
            ("failed_auth", lambda failure: self._note(errors.of_login(failure.xml))),
            ("failed_all_auth", lambda _: self._note(AuthExpired("no way to log in was accepted"))),
            ("stream_error", lambda error: self._note(errors.of_stream(error.xml))),
            ("roster_update", lambda iq: self._roster(iq.xml)),
            ("disconnected", lambda _: self._ended()),
        ):
            self.add_event_handler(event, handler)

    def new_id(self) -> str:
        """An id for a stanza; slixmpp asks for it."""
        return self._random(12).hex()

    def hear(self, node: str) -> None:
        """Be told of what others publish there, from the next session on."""
        self.plugin["xep_0163"].add_interest(node)

    # --- connections ---

    async def open(self, line: socket, *, direct_tls: bool = False) -> bool:
        """Log in over a connection while `run_filters` runs. True: the session of before goes on.

        Raises:
            AuthExpired: the server does not accept the login.
            Temporary: it cannot be spoken with now.
        """
        if self._uncommitted:
            self._uncommitted.clear()
            self.event("session_end")
        self.init_plugins()  # type: ignore[no-untyped-call]
        self._opened, self._reason, self.lost = self.loop.create_future(), None, self.loop.create_future()
        # What slixmpp looks at to know that somebody still wants this connection.
        self._current_connection_attempt = self.loop.create_future()
        try:
            async with asyncio.timeout(SILENT_S) as self._limit:
                if direct_tls:
                    tls = self.get_ssl_context()
                    tls.set_alpn_protocols(
                        ["xmpp-client"]
                    )  # XEP-0368, 2: one port may serve several protocols
                    await encrypted(line, lambda: self, tls, self.boundjid.host)
                    self._speaks()
                else:
                    await self.loop.create_connection(lambda: self, sock=line)
                return await self._opened
        except (OSError, TimeoutError) as e:
            self.abort()
            raise Temporary(f"no session ({type(e).__name__})") from None
        finally:
            self._limit = None

    def _speaks(self) -> None:
        """The server has said something: it has more time for the rest."""
        if self._limit is not None and not self._limit.expired():
            self._limit.reschedule(self.loop.time() + OPEN_S)
            self._limit = None

    async def close(self) -> None:
        """End the session, politely where the connection still stands."""
        self.event("session_end")
        if self.transport is not None:
            self.send_raw(self.stream_footer)
            self.transport.close()
            await self._gone()

    def abort(self) -> None:
        """Break the connection, also one that ends already: as `tls.cut`, where slixmpp has its own."""
        with suppress(AttributeError):
            super().abort()

    async def drop(self) -> None:
        """Break the connection, if it stands; the server keeps the session for a while."""
        self.abort()
        if self.transport is not None:
            await self._gone()

    async def _gone(self) -> None:
        await asyncio.wait({self.lost}, timeout=CLOSE_S)
        self.abort()

    async def _handle_stream_features(self, features: Any) -> bool | None:
        self._speaks()
        encrypted = self.transport is not None and self.transport.get_extra_info("ssl_object") is not None
        if not encrypted and "starttls" not in features["features"]:
            self._note(Refused("the server offers no encryption"))
            self.abort()
            return True
        limit = features.xml.findtext(f"{{{LIMITS}}}limits/{{{LIMITS}}}max-bytes") or ""
        self.max_stanza = int(limit) if limit.isdecimal() and len(limit) < 12 else MAX_STANZA
        return await super()._handle_stream_features(features)

    async def start_tls(self) -> bool:
        """Encrypt; slixmpp asks for it."""
        self._securing = True
        done = await super().start_tls()
        self._securing = False
        return done

    def _note(self, reason: BridgeError) -> None:
        self._reason = self._reason or reason

    def _settle(self, *, resumed: bool) -> None:
        if self._opened is not None and not self._opened.done():
            self._opened.set_result(resumed)

    def _ended(self) -> None:
        reason = self._reason or Interrupted(LOST)
        while not self.waiting_queue.empty():  # what never left must not leave in another session
            self.waiting_queue.get_nowait()
        for _, future in self._asked.values():
            if not future.done():
                future.set_exception(Interrupted(LOST))
        if self._opened is not None and not self._opened.done():
            early = self._reason or Temporary(
                "the server's certificate is not trusted" if self._securing else LOST
            )
            self._opened.set_exception(early)
            self._opened.exception()  # seen: where encryption failed, nobody waits for it yet
        if not self.lost.done():
            self.lost.set_exception(reason)
            self.lost.exception()  # seen: whoever is interested awaits it
        self._ended_too()

    # --- what comes ---

    def _incoming(self, stanza: Any) -> Any:
        if isinstance(stanza, Message):
            number = int(self._management.handled)
            self._uncommitted[number] = None
            self._message(stanza.xml, number)
            return None
        if isinstance(stanza, Presence):
            self._presence(stanza.xml)
            return None
        return None if isinstance(stanza, Iq) and self._is_answer(stanza.xml) else stanza

    def done(self, *numbers: int) -> None:
        """These messages are stored, or nothing that is to be."""
        for number in numbers:
            self._uncommitted.pop(number, None)
        if self._owes_ack and not self._uncommitted:
            self._acknowledge()

    def _acknowledge(self) -> None:
        if self.transport is None:
            return
        self._owes_ack = bool(self._uncommitted)
        handled = next(iter(self._uncommitted)) - 1 if self._uncommitted else self._management.handled
        self.send_raw(f"<a xmlns='urn:xmpp:sm:3' h='{handled}'/>")

    # --- what goes ---

    def put(self, stanza: Element) -> None:
        """Send a message or a presence. Raises NoSession."""
        if not self._session_started:
            raise errors.NoSession("not connected")
        kind = Message if stanza.tag.endswith("}message") else Presence
        self.send(kind(stream=self, xml=stanza))

    async def appear(self) -> None:
        """Be there for others, with the true hash of what this client hears (XEP-0115).

        slixmpp reckons it before it has gathered everything, and servers that check it would tell us nothing
        of what others publish. Raises Temporary where there is no session.
        """
        await self.plugin["xep_0115"].update_caps(broadcast=False)
        self.put(Element(PRESENCE))

    async def ask(
        self, payload: Element, *, to: str = "", kind: str = "get", within_s: float | None = None
    ) -> Element:
        """Send an `iq`, and give the answer's.

        Raises:
            NoSession: there is no session.
            Interrupted: the line was lost, or, as NoAnswer, none came within so many seconds, or `ANSWER_S`.
            BridgeError: what the answer says, see `errors.of_stanza`.
        """
        if not self._session_started:
            raise errors.NoSession("not connected")
        iq: Any = self.Iq(stype=kind)
        iq["id"] = name = self.new_id()
        if to:
            iq["to"] = to
        iq.xml.append(payload)
        answer: asyncio.Future[Element] = self.loop.create_future()
        self._asked[name] = to, answer
        try:
            self.send(iq)
            async with asyncio.timeout(ANSWER_S if within_s is None else within_s):
                got = await answer
        except TimeoutError:
            raise errors.NoAnswer("no answer came") from None
        finally:
            del self._asked[name]
        if got.get("type") == "error":
            raise errors.of_stanza(got, self.now())
        return got

    def _is_answer(self, stanza: Element) -> bool:
        """Whether this answers us. slixmpp's own way breaks over errors that it does not know."""
        to, answer = self._asked.get(stanza.get("id", ""), ("", None))
        if answer is None or stanza.get("type") not in {"result", "error"}:
            return False
        mine = {"", self.boundjid.bare, self.boundjid.full, self.boundjid.host}
        if stanza.get("from", "") not in ({to} | mine if to in mine else {to}):
            return False
        if not answer.done():
            answer.set_result(stanza)
        return True

    async def reached(self) -> None:
        """Wait until the server has taken all that was sent before: it works in order (RFC 6120, 10.1).

        Raises:
            Interrupted: no answer came, or there is no session any more.
        """
        try:
            await self.ask(element(PING, "ping"))
        except Interrupted:
            raise
        except errors.NoSession:
            raise Interrupted(LOST) from None
        except BridgeError:
            pass  # a server that does not know pings answers too

    async def address_book(self) -> Element:
        """The address book, as it is now."""
        return await self.ask(element(ROSTER, "query"))
