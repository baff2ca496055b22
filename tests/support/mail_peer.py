"""An ordinary mail program: the standard library's own clients, for the other side of a conversation."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import imaplib
import itertools
import smtplib
import ssl
import threading
import time
from collections.abc import Callable
from email.message import EmailMessage
from typing import Any, TypeAlias

from mail_python import PythonMail
from mail_server import DOMAIN, MailServer

Server: TypeAlias = MailServer | PythonMail
WAIT_S = 45.0
_NUMBERS = itertools.count()


class MailPeer:
    """One account in one program. Everything that blocks does so in a thread."""

    def __init__(self, server: Server, name: str, password: str, *, keeps_sent: bool = False) -> None:
        self.server, self.address, self._password, self._keeps = (
            server,
            f"{name}@{DOMAIN}",
            password,
            keeps_sent,
        )
        self._tls = ssl.create_default_context(cadata=server.certificate)
        self._sending, self._reading = threading.Lock(), threading.Lock()
        self.sent: list[EmailMessage] = []
        self._smtp: smtplib.SMTP | None = None
        self._imap: imaplib.IMAP4 | None = None

    # --- writing ---

    def made(self, to: str, text: str, **headers: str) -> EmailMessage:
        """A mail as programs make them."""
        mail = EmailMessage(policy=email.policy.SMTP)
        fields = {
            "From": self.address,
            "To": to,
            "Subject": "hello",
            "Message-ID": f"<{next(_NUMBERS)}.{time.monotonic_ns()}@{self.address}>",
        }
        for field, value in {**fields, **{n.replace("_", "-"): v for n, v in headers.items()}}.items():
            mail[field] = value
        mail.set_content(text)
        return mail

    async def send(self, mail: EmailMessage | bytes, *to: str) -> None:
        """Send a mail, and keep it where this program keeps what it sent."""
        data = mail if isinstance(mail, bytes) else mail.as_bytes()
        await asyncio.to_thread(self._send, data, list(to) or [str(email.message_from_bytes(data)["To"])])
        if isinstance(mail, EmailMessage):
            self.sent.append(mail)
        if self._keeps:
            await self.append("Sent", data)

    def _send(self, data: bytes, to: list[str]) -> None:
        with self._sending:
            try:
                if self._smtp is not None:
                    self._smtp.noop()
            except smtplib.SMTPServerDisconnected:
                self._smtp = None  # the server was started anew
            if self._smtp is None:
                self._smtp = smtplib.SMTP_SSL("127.0.0.1", self.server.smtps, context=self._tls)
                self._smtp.login(self.address, self._password)
            self._smtp.sendmail(self.address, to, data)

    async def append(self, folder: str, data: bytes) -> None:
        """Put a mail into a folder, unsent."""
        await asyncio.to_thread(self._with, lambda imap: imap.append(folder, "(\\Seen)", "", data))

    # --- reading ---

    def _with(self, act: Callable[[imaplib.IMAP4], Any]) -> Any:
        with self._reading:
            try:
                return act(self._session())
            except (OSError, imaplib.IMAP4.abort):
                _end(self._imap)
                self._imap = None
                return act(self._session())

    def _session(self) -> imaplib.IMAP4:
        if self._imap is None:
            self._imap = imaplib.IMAP4("127.0.0.1", self.server.imap)
            self._imap.starttls(self._tls)
            self._imap.login(self.address, self._password)
        return self._imap

    async def command(self, folder: str, *words: str) -> Any:
        """A command about numbered mails in a folder."""

        def act(imap: imaplib.IMAP4) -> Any:
            imap.select(folder)
            return imap.uid(*words)[1]

        return await asyncio.to_thread(self._with, act)

    async def mails(self, folder: str = "INBOX") -> list[EmailMessage]:
        """All mails of a folder, oldest first."""
        return [parsed(data) for data in await self.raw(folder)]

    async def raw(self, folder: str = "INBOX") -> list[bytes]:
        """The same as they lie there."""

        def act(imap: imaplib.IMAP4) -> list[bytes]:
            if not int(imap.select(folder)[1][0] or b"0"):
                return []
            found = imap.fetch("1:*", "(BODY.PEEK[])")[1]
            return [item[1] for item in found if isinstance(item, tuple)]

        found: list[bytes] = await asyncio.to_thread(self._with, act)
        return found

    async def until(self, wanted: Callable[[EmailMessage], bool], folder: str = "INBOX") -> EmailMessage:
        """The first mail like this, now or soon."""
        async with asyncio.timeout(WAIT_S):
            while True:
                for mail in await self.mails(folder):
                    if wanted(mail):
                        return mail
                await asyncio.sleep(0.2)

    async def settled(self) -> None:
        """Wait until nothing is on its way any more."""
        async with asyncio.timeout(WAIT_S):
            while self.server.waiting():  # noqa: ASYNC110 - another program's files
                await asyncio.sleep(0.05)

    def close(self) -> None:
        """End all connections."""
        _end(self._smtp)
        _end(self._imap)


def _end(line: smtplib.SMTP | imaplib.IMAP4 | None) -> None:
    if line is not None:
        with contextlib.suppress(OSError):
            line.close() if isinstance(line, smtplib.SMTP) else line.shutdown()


def parsed(data: bytes) -> EmailMessage:
    """A mail out of its bytes."""
    return email.message_from_bytes(data, policy=email.policy.default)


def text_of(mail: EmailMessage) -> str:
    """What people read of a mail."""
    part = mail.get_body(("plain",))
    return str(part.get_content()).strip() if part is not None else ""
