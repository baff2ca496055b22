"""The kit's network over real servers: a chat with Ada and a thread, faults in a proxy before both servers.

What others say Dovecot gets as Postfix would hand it over (LMTP), so that it comes in the order in which it
was said. What is true of the owner's own is what Ada has in her mailbox. `LACKS` are the checks for which
mail has nothing.
"""

from __future__ import annotations

import email.policy
import imaplib
import itertools
import smtplib
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from typing import Any

from mail_faults import MailFaults
from mail_network import NUMBERS
from mail_peer import text_of
from mail_proxy import MailProxy
from mail_server import DOMAIN, MailServer

from swarm_bridges.api import ConversationRef
from swarm_bridges.networks.mail import names
from swarm_bridges.testing import OWNER, PEER, FakeMessage, FakeNetwork, FakeRoom
from swarm_bridges.testing.network import PASSWORD

LACKS: Mapping[str, str] = {
    "claims": "nobody sees a claim before a mail brings it; that is in test_claims",
    "limits": "no reply of SMTP says for how long to wait",
    "changing_limits": "nothing can be asked but how large a mail may be, and that is asked at the login",
    "deletions": "nobody takes back what others have; what deleting means is in test_session",
    "receipts": "nobody is told that something was read; the owner's own programs are in test_session",
}
MALLORY = "u-mallory"
SETTLED_S = 3.0


class Attachments(dict[str, bytes]):
    """What Ada has got."""

    def __init__(self, look: Callable[[], None]) -> None:
        super().__init__()
        self._look_first = look

    def values(self) -> Any:
        self._look_first()
        return super().values()


class MailKit(FakeNetwork):
    """One world of a check: accounts of its own on a server that all share."""

    def __init__(self, server: MailServer) -> None:
        super().__init__()
        number = next(NUMBERS)
        self._server, self._password, self._numbers_of_mails = server, PASSWORD, itertools.count()
        self._names = {OWNER: f"owner{number}", PEER: f"friend{number}", MALLORY: f"third{number}"}
        self._garden = f"garden{number}@{DOMAIN}"
        self.rooms = {"r1": FakeRoom("r1", "direct", title="Ada"), "r2": FakeRoom("r2", title="Garden")}
        self.faults: MailFaults = MailFaults()
        self.proxy = MailProxy(server, self.faults)
        self._tls = ssl.create_default_context(cadata=server.certificate)
        self.files = Attachments(self._look)
        self._seen = 0
        """The last number of Ada's inbox that was looked at."""
        self._ada: imaplib.IMAP4_SSL | None = None
        self._lmtp: smtplib.LMTP | None = None

    # --- what the kit asks

    def answers(self) -> Mapping[str, str]:
        return {
            "address": self._address(OWNER),
            "password": self._password,
            "imap_host": "127.0.0.1",
            "imap_port": str(self.proxy.imap),
            "imap_security": "tls",
            "smtp_host": "127.0.0.1",
            "smtp_port": str(self.proxy.smtp),
            "smtp_security": "tls",
            "certificate": self._server.certificate,
        }

    def _address(self, who: str) -> str:
        return f"{self._names[who]}@{DOMAIN}"

    def conversation(self, room: str) -> ConversationRef:
        return names.conversation(self._address(PEER)) if room == "r1" else names.thread(self._garden)

    def actor_id(self, who: str, room: str) -> str:  # noqa: ARG002 - the same in both
        return self._address(who)

    def address(self, who: str) -> tuple[str, str]:
        return (self._address(who),) * 2

    # --- what people do

    def say(self, text: str, *, who: str = PEER, room: str = "r1", nonce: str = "", **more: Any) -> str:  # noqa: ARG002
        id_ = f"said{next(self._numbers_of_mails)}.{self._names[OWNER]}@{DOMAIN}"
        self._say(self._made(id_, text, who, room, more), who)
        self.messages[id_] = FakeMessage(id_, room, who, text)
        return id_

    def _made(self, id_: str, text: str, who: str, room: str, more: Mapping[str, Any]) -> EmailMessage:
        mail = EmailMessage(policy=email.policy.SMTP)
        mail["From"] = Address(self.people[who], addr_spec=self._address(who))
        mail["To"] = self._address(PEER if who == OWNER else OWNER)
        mail["Subject"] = self.rooms[room].title
        mail["Message-ID"] = f"<{id_}>"
        chat = names.chat_root(self._address(OWNER), self._address(PEER))
        before = [chat if room == "r1" else self._garden]
        if "reply_to" in more:
            mail["In-Reply-To"] = f"<{more['reply_to']}>"
            before.append(more["reply_to"])
        if id_ != self._garden:
            mail["References"] = " ".join(f"<{name}>" for name in before)
        mail.set_content(text, cte="base64")
        if "html" in more:
            mail.add_alternative(more["html"], subtype="html")
        return mail

    def _say(self, mail: EmailMessage, who: str) -> None:
        self._look()  # what was said before lies before it
        data = mail.as_bytes()
        if who == OWNER:
            self._append(data)
        for _ in range(2 if self.duplicate else 1):
            self._deliver(PEER if who == OWNER else OWNER, data)
        self.change("said")

    def say_file(self, name: str, content: bytes, media_type: str = "image/png") -> str:
        id_ = f"file{next(self._numbers_of_mails)}.{self._names[OWNER]}@{DOMAIN}"
        mail = self._made(id_, "a file", PEER, "r1", {})
        main, _, sub = media_type.partition("/")
        mail.add_attachment(content, maintype=main, subtype=sub, filename=name)
        self._say(mail, PEER)
        return id_

    def say_opaque(self, blob: bytes) -> str:
        id_ = f"opaque{next(self._numbers_of_mails)}.{self._names[OWNER]}@{DOMAIN}"
        mail = self._made(id_, "for a node", PEER, "r1", {})
        mail.add_attachment(blob, maintype="application", subtype="vnd.swarmnode.opaque", filename="x")
        self._say(mail, PEER)
        return id_

    def record(self, count: int, *, room: str = "r1") -> None:
        for number in range(count):
            id_ = self._garden if not number else f"old{number}.{self._garden}"
            self._deliver(OWNER, self._made(id_, f"old words {number}", PEER, room, {}).as_bytes())

    def change(self, kind: str, **what: Any) -> None:
        if what.get("rev") == "?":
            said = str(what["text"])
            broken = f"From: x\r\nContent-Type: multipart/mixed\r\nSubject: {said}\r\n\r\n{said}"
            self._deliver(OWNER, broken.encode())
        super().change(kind, **what)

    def _deliver(self, who: str, data: bytes) -> None:
        to = [self._address(who)]
        try:
            self._handing_over().sendmail("ada@example.test", to, data)
        except (OSError, smtplib.SMTPException):
            self._lmtp = None
            self._handing_over().sendmail("ada@example.test", to, data)

    def _handing_over(self) -> smtplib.LMTP:
        if self._lmtp is None:
            self._lmtp = smtplib.LMTP(str(self._server.open / "run" / "lmtp"))
        return self._lmtp

    def _append(self, data: bytes) -> None:
        box = imaplib.IMAP4_SSL("127.0.0.1", self._server.imaps, ssl_context=self._tls)
        box.login(self._address(OWNER), self._password)
        box.append("Sent", "(\\Seen)", "", data)
        box.logout()

    # --- what Ada has

    def said(self, room: str = "r1") -> list[FakeMessage]:
        self._look()
        return super().said(room)

    def _look(self) -> None:
        """Note what is new in Ada's mailbox, when nothing is on its way there."""
        limit = time.monotonic() + SETTLED_S
        while self._server.waiting() and time.monotonic() < limit:
            time.sleep(0.005)
        if self._ada is None:
            self._ada = imaplib.IMAP4_SSL("127.0.0.1", self._server.imaps, ssl_context=self._tls)
            self._ada.login(self._address(PEER), PASSWORD)
            self._ada.select(readonly=True)
        self._ada.noop()
        count = int((self._ada.response("EXISTS")[1] or [None])[-1] or self._seen)
        if count <= self._seen:
            return
        found = self._ada.fetch(f"{self._seen + 1}:{count}", "(BODY.PEEK[])")[1]
        self._seen = count
        for item in found:
            if isinstance(item, tuple):
                self._note(email.message_from_bytes(item[1], policy=email.policy.default))

    def _note(self, mail: EmailMessage) -> None:
        id_, of = str(mail["Message-ID"]).strip().strip("<>"), str(mail["From"])
        if id_ in self.messages and self.messages[id_].author == OWNER and id_.startswith("said"):
            return  # from the owner's other program
        assert self._address(OWNER) in of
        key = id_ if id_ not in self.messages else f"{id_} again"
        reply = str(mail["In-Reply-To"] or "").strip("<>")
        self.messages[key] = FakeMessage(key, "r1", OWNER, text_of(mail), more={"reply_to": reply})
        for part in mail.iter_attachments():
            self.files[f"{key} {part.get_filename()}"] = bytes(part.get_payload(decode=True))

    # --- what goes wrong

    def expire(self) -> None:
        """The password is changed at the server."""
        self._password = f"{PASSWORD} battery"
        self._server.add(self._names[OWNER], self._password)
        time.sleep(1.1)  # Dovecot looks at its file once in a second
        self.cut()

    def cut(self) -> None:
        self.proxy.cut()

    # --- running it

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        for name in self._names.values():
            self._server.add(name, PASSWORD)
        async with self.proxy:
            try:
                yield ""
            finally:
                if self._ada is not None:
                    self._ada.shutdown()
                if self._lmtp is not None:
                    self._lmtp.close()
