"""Mail for the suite of all bridges: a chat with one person, on real servers."""

from __future__ import annotations

import asyncio
import copy
import itertools
import re
from collections.abc import Mapping
from email.message import EmailMessage
from functools import cached_property

from bridge_owner import ACCOUNT, PATIENCE_S, Owner
from mail_peer import MailPeer, Server, text_of
from mail_server import DOMAIN

from swarm_bridges.api import Outgoing, State
from swarm_bridges.networks.mail import Bridge, Login
from swarm_bridges.networks.mail.names import chat_root, conversation

NUMBERS = itertools.count()


class Chat:
    """`bridge_suite.Peer`: a mail program whose mails all belong to one chat, as answers in it do."""

    def __init__(self, program: MailPeer, other: str) -> None:
        self.program, self.other = program, other
        self._root = f"<{chat_root(program.address, other)}>"
        self._texts: list[str] = []

    def made(self, text: str, **headers: str) -> EmailMessage:
        return self.program.made(self.other, text, **{"References": self._root, **headers})

    async def say(self, text: str) -> None:
        await self.program.send(self.made(text))

    async def _named(self, text: str) -> EmailMessage:
        return await self.program.until(lambda mail: text_of(mail) == text)

    async def reply(self, text: str, answer: str) -> None:
        mail = await self._named(text)
        name = str(mail["Message-ID"])
        references = f"{mail['References'] or self._root} {name}"
        await self.program.send(self.made(answer, In_Reply_To=name, References=references))

    async def send_file(self, name: str, data: bytes) -> None:
        mail = self.made("")
        mail.add_attachment(data, maintype="text", subtype="plain", filename=name)
        await self.program.send(mail)

    async def sees(self, text: str) -> None:
        await self._named(text)
        self._texts = [text_of(mail) for mail in await self.program.mails()]

    async def sees_reply(self, text: str, answer: str) -> None:
        mail = await self._named(answer)
        ids = {str(m["Message-ID"]) for m in self.program.sent if text_of(m) == text}
        assert str(mail["In-Reply-To"]) in ids
        assert str(mail["References"]).split()[-1] in ids

    async def sees_file(self, name: str) -> bytes:
        def has(mail: EmailMessage) -> bool:
            return any(part.get_filename() == name for part in mail.iter_attachments())

        mail = await self.program.until(has)
        part = next(p for p in mail.iter_attachments() if p.get_filename() == name)
        return bytes(part.get_payload(decode=True))

    def texts(self) -> list[str]:
        return self._texts

    async def archive(self) -> list[str]:
        await self.program.settled()
        while True:
            first = await self._archive()
            await asyncio.sleep(0.3)  # a mail that is being moved is in both folders, or in none
            if sorted(first) == sorted(await self._archive()):
                return first

    async def _archive(self) -> list[str]:
        """Each mail once for each time that it was handed in.

        Postfix delivers again what Dovecot had not confirmed when it was stopped (RFC 1047): one mail.
        """
        found = [*await self.program.mails(), *await self.program.mails("Sent")]
        handed_in = {(str(m["Message-ID"]), _queued(m)): text_of(m) for m in found}
        return list(handed_in.values())


def _queued(mail: EmailMessage) -> str:
    """Postfix's own number of a mail that was handed in."""
    ids = (re.search(r"\(Postfix\).*?\bid (\w+)", str(r), re.DOTALL) for r in mail.get_all("Received", []))
    return next((found[1] for found in ids if found), "")


class MailNetwork:
    """`bridge_suite.Network`: two fresh accounts on a server that runs."""

    resume_s = 0.0

    def __init__(self, server: Server) -> None:
        number = next(NUMBERS)
        self.server, self.owner_name, self.friend_name = server, f"owner{number}", f"friend{number}"
        for name in (self.owner_name, self.friend_name):
            server.add(name, f"password of {name}")
        self.owner, self.friend = f"{self.owner_name}@{DOMAIN}", f"{self.friend_name}@{DOMAIN}"
        self.conversation = conversation(self.friend)
        self.answers: Mapping[str, str] = {
            "address": self.owner,
            "password": f"password of {self.owner_name}",
            "imap_host": "127.0.0.1",
            "smtp_host": "127.0.0.1",
            **server.places,
            "certificate": server.certificate,
        }
        self._programs: list[MailPeer] = []

    def from_the_other_side(self) -> MailNetwork:
        """The same chat as the friend's node has it."""
        made = copy.copy(self)
        made.owner_name, made.friend_name = self.friend_name, self.owner_name
        made.owner, made.friend = self.friend, self.owner
        made.conversation = conversation(made.friend)
        made.answers = {
            **self.answers,
            "address": made.owner,
            "password": f"password of {made.owner_name}",
        }
        return made

    def bridge(self) -> Bridge:
        return Bridge()

    def login(self) -> Login:
        return Login()

    def program(self, name: str, *, keeps_sent: bool = False) -> MailPeer:
        """A mail program for an account, which is made if it is not there."""
        if name not in self.server.users:
            self.server.add(name, f"password of {name}")
        made = MailPeer(self.server, name, self.server.users[name], keeps_sent=keeps_sent)
        self._programs.append(made)
        return made

    async def peer(self) -> Chat:
        return Chat(self.program(self.friend_name), self.owner)

    async def other_client(self) -> Chat:
        return Chat(self.program(self.owner_name, keeps_sent=True), self.friend)

    async def entered(self, owner: Owner) -> None:
        account = owner.desk.of(ACCOUNT)
        async with asyncio.timeout(PATIENCE_S):
            while State.CONNECTED not in {health.state for health in account.health}:
                if owner.ended.done():
                    return
                await asyncio.sleep(0.02)

    def stop(self, *, kill: bool = False) -> None:
        self.server.stop(kill=kill)

    def start(self) -> None:
        self.server.start()

    def set_password(self, password: str) -> None:
        self.server.add(self.owner_name, password)

    def remove_account(self) -> None:
        self.server.remove(self.owner_name)

    async def asked(self, out: Outgoing) -> bool:
        """Whether something is in the mailbox: the owner looks there when nothing is on its way any more."""
        box = self._box
        await box.settled()
        found = [*await box.mails(), *await box.mails("Sent")]
        return any(str(mail["Message-ID"]).startswith(f"<{out.intent}~") for mail in found)

    @cached_property
    def _box(self) -> MailPeer:
        return self.program(self.owner_name)

    async def close(self) -> None:
        """End all programs."""
        for program in self._programs:
            program.close()
