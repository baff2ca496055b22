"""Encrypted mails (PGP/MIME, RFC 3156): a whole mail with a subject of its own inside of another. Pure.

Nothing from outside of the seal is shown beside what was inside, and nothing inside is taken to pieces before
all of it was opened: half-open mails have told their words to whoever had sewn something around them (EFAIL).
"""

from __future__ import annotations

import email
import email.parser
import email.policy
import email.utils
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from email.message import EmailMessage, Message

from . import autocrypt, words
from .autocrypt import Said
from .convert import MAX_TEXT, Mail
from .grammar import Value
from .headers import MAX_SUBJECT
from .structure import body

MAX_SEALED = 16 << 20
"""Bytes of an encrypted mail that is opened."""
SUBJECT = "..."
"""What stands outside in the place of the subject."""
HIDDEN = frozenset({"...", "[...]", "encrypted message"})
MAX_GOSSIP = 50
SIGNED, UNSIGNED = "openpgp", "openpgp_unsigned"
"""How a mail was encrypted: with the signature of the key that was seen in its sender's mails, or without."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was inside."""

    mail: Mail
    gossip: tuple[Said, ...] = field(default=(), repr=False)


def entity(mail: EmailMessage, gossip: Mapping[str, bytes]) -> bytes:
    """The inside of a mail that is to be encrypted; `mail` keeps what mail servers need."""
    inside = EmailMessage(policy=mail.policy)
    inside["Subject"] = mail["Subject"]
    for address, key in gossip.items():
        inside["Autocrypt-Gossip"] = autocrypt.header(address, key, mutual=False)
    for name, value in mail.items():
        if name.lower().startswith("content-"):
            inside[name] = value
    inside.set_payload(mail.get_payload())
    inside.set_param("protected-headers", "v1")
    return inside.as_bytes()


def around(mail: EmailMessage, sealed: bytes) -> None:
    """Let a mail be one around something encrypted."""
    mail.clear_content()
    mail.replace_header("Subject", SUBJECT)
    boundary = hashlib.sha256(str(mail["Message-ID"]).encode()).hexdigest()[:40]
    mail["Content-Type"] = (
        f'multipart/encrypted; protocol="application/pgp-encrypted"; boundary="={boundary}="'
    )
    for kind, text in (("pgp-encrypted", "Version: 1\r\n"), ("octet-stream", sealed.decode("ascii"))):
        part = EmailMessage(policy=mail.policy)
        part["Content-Type"] = f"application/{kind}"
        part.set_payload(text)
        mail.attach(part)


def opened(mail: Mail, inside: bytes, *, signed: bool) -> Opened:
    """A mail as what was inside of it.

    Raises:
        ValueError: that cannot be read.
    """
    try:
        entity = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(inside)
        texts: dict[str, bytes] = {}
        found = body(_value(entity, "1" if not entity.is_multipart() else "", texts))
    except (RecursionError, LookupError, AttributeError, TypeError) as e:
        raise ValueError(type(e).__name__) from None
    subject = mail.subject
    if _protects(entity) and (given := entity.get("Subject")) is not None:
        subject = words.line(str(given))[:MAX_SUBJECT]
    shown = {p.number for p in found.texts}
    whole = replace(
        mail,
        body=replace(found, crypto="", sealed=mail.body.sealed, report=()),
        texts={number: data[:MAX_TEXT] for number, data in texts.items() if number in shown},
        subject=subject,
        opened=SIGNED if signed else UNSIGNED,
    )
    told = [s for value in entity.get_all("Autocrypt-Gossip", []) if (s := autocrypt.parsed(str(value)))]
    return Opened(whole, tuple(told[:MAX_GOSSIP]))


def part(inside: bytes, number: str) -> tuple[bytes, str] | None:
    """A part's bytes as encoded, and how, of what was inside; None if it is not there."""
    entity = email.parser.BytesParser(policy=email.policy.compat32).parsebytes(inside)
    for at, leaf in _leaves(entity, "1" if not entity.is_multipart() else ""):
        if at == number:
            return _payload(leaf), str(leaf.get("Content-Transfer-Encoding", "7bit")).strip().lower()
    return None


def _protects(entity: Message) -> bool:
    """Whether what stands in its head is meant (RFC 9788, and what programs did before)."""
    return entity.get_param("protected-headers") == "v1" or entity.get_param("hp") == "cipher"


def _leaves(entity: Message, where: str) -> Iterator[tuple[str, Message]]:
    if not entity.is_multipart() or entity.get_content_type() == "message/rfc822":
        yield where, entity
        return
    for n, child in enumerate(_children(entity), 1):
        yield from _leaves(child, f"{where}.{n}" if where else f"{n}")


def _children(entity: Message) -> Sequence[Message]:
    payload = entity.get_payload()
    return [child for child in payload if isinstance(child, Message)] if isinstance(payload, list) else []


def _payload(leaf: Message) -> bytes:
    payload = leaf.get_payload()
    if isinstance(payload, list):
        return b"".join(child.as_bytes() for child in _children(leaf))
    return str(payload).encode("utf-8", "surrogateescape")


def _value(entity: Message, where: str, texts: dict[str, bytes]) -> Value:
    """A part as an IMAP server would say it, so that there is one way to read it; `texts` gets its texts."""
    main, _, sub = entity.get_content_type().partition("/")
    if entity.is_multipart() and main == "multipart":
        numbered = ((f"{where}.{n}" if where else f"{n}", c) for n, c in enumerate(_children(entity), 1))
        return (*(_value(child, number, texts) for number, child in numbered), sub)
    data = _payload(entity)
    if main == "text":
        texts[where] = data
    encoding = str(entity.get("Content-Transfer-Encoding", "7bit")).strip()
    leaf = (main, sub, _parameters(entity, "Content-Type"), None, None, encoding, str(len(data)))
    more = (None, None) if main == "text" else (None, None, None, None) if sub == "rfc822" else (None,)
    how = entity.get_content_disposition()
    return (*leaf, *more, (how, _parameters(entity, "Content-Disposition")) if how else None)


def _parameters(entity: Message, header: str) -> Value:
    found = entity.get_params([], header)[1:]
    return tuple(
        x
        for name, value in found
        for x in (name, email.utils.collapse_rfc2231_value(value).encode("utf-8", "replace"))
    )
