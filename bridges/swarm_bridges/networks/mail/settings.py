"""An account's settings, as its login has left them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .headers import ADDRESS
from .line import SECURITIES, Place

MAX_FOLDERS = 50
ENCRYPT = ("always", "never")
USUAL_SIZE = 20_000_000
"""Bytes of a mail where the server does not say how large one may be."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the servers are, what is read, how the owner is called."""

    user: str
    imap: Place
    smtp: Place
    folders: tuple[str, ...]
    """Those that are read; `sent` is among them."""
    sent: str
    trash: str
    name: str
    addresses: tuple[str, ...]
    """The owner's further ones."""
    certificate: str
    size: int
    """Bytes that a mail may have."""
    encrypt: str
    """`always` where the others want it too, `never` (answers alone, and no key is told), or nothing: when
    others begin."""


def settings_of(owner: str, given: Mapping[str, str]) -> Settings:
    """Settings with what is usual in the place of what is missing or makes no sense."""
    size = given.get("size", "")
    sent = given.get("sent", "")
    folders = ("INBOX", sent, *given.get("folders", "").split("\n"))
    return Settings(
        user=given.get("user") or owner,
        imap=place_of(owner, given, "imap", 993),
        smtp=place_of(owner, given, "smtp", 465),
        folders=tuple(dict.fromkeys(f for f in folders if f))[:MAX_FOLDERS],
        sent=sent,
        trash=given.get("trash", ""),
        name=given.get("name", ""),
        addresses=tuple(
            a for a in given.get("addresses", "").lower().replace(",", " ").split() if ADDRESS.fullmatch(a)
        ),
        certificate=given.get("certificate", ""),
        encrypt=given.get("encrypt", "") if given.get("encrypt") in ENCRYPT else "",
        size=int(size) if size.isdecimal() and 0 < len(size) < 12 and int(size) else USUAL_SIZE,
    )


def place_of(owner: str, given: Mapping[str, str], kind: str, usual: int) -> Place:
    """A server. Ports that everybody knows say how they are encrypted; others speak TLS at once."""
    text = given.get(f"{kind}_port", "")
    port = int(text) if text.isdecimal() and len(text) < 6 and 0 < int(text) < 65536 else usual
    security = given.get(f"{kind}_security", "")
    if security not in SECURITIES:
        security = "starttls" if port in {143, 587, 25} else "tls"
    host = given.get(f"{kind}_host") or f"{kind}.{owner.rpartition('@')[2]}"
    return Place(host, port, security)
