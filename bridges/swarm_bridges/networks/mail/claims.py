"""Which persona an account belongs to, said in mails to one person, and believed where the domain signs it.

    Swarm-Claim: swarm:1:...

Providers sign few fields of a head, and none of ours, but always the body. So such a mail says the same once
more where nobody sees it: at the very beginning of its body, before its first part (RFC 2046, 5.1.1). Who has
withdrawn all claims says `none`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from email.message import EmailMessage

import msgspec

from ...api import Actor, BridgeError, ClaimsSeen, Context
from ...claims import texts_in
from . import dkim
from .convert import Mail, View
from .imap import Folder

FIELD = "Swarm-Claim"
NONE = "none"
MAX_MAIL = 4 << 20
"""Bytes of a mail that is fetched for its signature; another one will come."""
MAX_FIELD = 2_000
AGAIN_S = 7 * 86_400.0
"""What was believed is looked at again after this, or when it changes."""
MAX_KNOWN = 5_000


async def put(ctx: Context, claims: tuple[str, ...]) -> None:
    """Say exactly these from now on."""
    await ctx.kv.put({"claims": msgspec.json.encode(claims)})


async def own(ctx: Context) -> str:
    """What the owner's mails say; nothing where nothing was ever claimed."""
    value = await ctx.kv.get("claims")
    return "" if value is None else " ".join(msgspec.json.decode(value, type=tuple[str, ...])) or NONE


def say(mail: EmailMessage, text: str) -> None:
    """Let a mail say it, in its head and before its body."""
    mail[FIELD] = text
    if not mail.is_multipart():
        name = hashlib.sha256(f"claim {mail['Message-ID']}".encode()).hexdigest()[:40]
        mail.make_mixed(boundary=f"={name}=")
    mail.preamble = f"{FIELD}: {text}"


class Listener:
    """Hears what others' mails claim, and tells it once."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._told: dict[tuple[str, bool], tuple[tuple[str, ...], float]] = {}
        """By address and whether it was believed: what was told, and until when it stands."""

    async def heard(self, box: Folder, found: Iterable[Mail], view: View) -> list[ClaimsSeen]:
        """What is news in these mails. Raises as `Folder.fetch`."""
        told = []
        for mail in found:
            said, address = claimed(mail, view), mail.head.sender.address
            if said is None or not self._is_news(address, said, authentic=True):
                continue
            authentic = await self._is_signed(box, mail, said)
            if authentic or self._is_news(address, said, authentic=False):
                if len(self._told) >= MAX_KNOWN:
                    self._told.clear()
                self._told[address, authentic] = said, self._ctx.clock.now() + AGAIN_S
                told.append(
                    ClaimsSeen(actor=Actor(address), claims=said, where="header", authentic=authentic)
                )
        return told

    def _is_news(self, address: str, said: tuple[str, ...], *, authentic: bool) -> bool:
        claims, until = self._told.get((address, authentic), ((), 0.0))
        return claims != said or self._ctx.clock.now() > until

    async def _is_signed(self, box: Folder, mail: Mail, said: tuple[str, ...]) -> bool:
        """Whether the domain of the author, and none else, answers for what a mail says."""
        domain = mail.head.sender.address.rpartition("@")[2]
        signatures = [s for s in dkim.signatures(lines(mail.head.raw)) if s.domain == domain]
        data = await whole(box, mail) if signatures and mail.size <= MAX_MAIL else b""
        head, body = dkim.split(data)
        for signature in signatures if data else ():
            in_body = begins(body) == said
            if not signature.covers_all("from", head) or not (in_body or signature.covers_all(FIELD, head)):
                continue
            try:
                records = await self._ctx.txt_records(signature.key_name)
            except BridgeError:
                self._ctx.log.info("no_name_service")
                continue
            now = self._ctx.clock.now()
            if any(dkim.verified(data, signature, record, now) for record in records):
                return True
        return False


def claimed(mail: Mail, view: View) -> tuple[str, ...] | None:
    """What a mail of one person to another says in its head; None where it says nothing."""
    head = mail.head
    said = " ".join(head.every(FIELD))[:MAX_FIELD]
    for_one = mail.body.opaque is not None or not head.is_for_many  # a node's mails are sent by a program
    if not said or view.is_me(head.sender.address) or head.list_id or not for_one:
        return None
    if len(head.people("From")) != 1:
        return None
    return texts_in(said) or (() if said.strip() == NONE else None)


def begins(body: bytes) -> tuple[str, ...] | None:
    """What the beginning of a body says; None where it is none of ours."""
    first, _, rest = body[:MAX_FIELD].partition(b"\r\n")
    name, _, text = first.decode("latin-1").partition(": ")
    if name != FIELD or not rest.startswith((b"\r\n--", b"--")):
        return None
    return texts_in(text) or (() if text == NONE else None)


async def whole(box: Folder, mail: Mail) -> bytes:
    """A mail as it was signed. Raises as `Folder.fetch`."""
    got = await box.fetch([mail.uid], f"BODY.PEEK[]<0.{MAX_MAIL}>")
    data = got.get(mail.uid, {}).get("BODY[]<0>")
    return lines(data) if isinstance(data, bytes) else b""


def lines(data: bytes) -> bytes:
    """With CR LF at each line's end, as mails travel and are signed: not all servers keep that."""
    return re.sub(rb"\r?\n", b"\r\n", data)
