"""What the owner says, as a mail. Pure: two attempts make the same bytes, but for the date."""

from __future__ import annotations

import email.policy
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from ...api import LocalFile, Outgoing, Refused, Rendered
from ...text import from_plain, to_html
from . import names, words
from .headers import ADDRESS
from .structure import OPAQUE

MAX_REFERENCES = 30
FOR_NODES = "Encrypted data from one swarmnode to another"
"""What a mail is about that nobody reads."""
_UNSAID = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_POLICY = email.policy.SMTP.clone(max_line_length=76)
_UTF8 = email.policy.SMTPUTF8.clone(max_line_length=76)


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be written. Ids are without angle brackets."""

    message_id: str
    sender: str
    name: str
    to: tuple[str, ...]
    subject: str
    part: Rendered = field(repr=False)
    cc: tuple[str, ...] = ()
    answers: str = ""
    references: tuple[str, ...] = ()
    autocrypt: str = field(default="", repr=False)
    """What the head says of the sender's key."""
    files: Sequence[tuple[LocalFile, bytes]] = field(default=(), repr=False)
    blob: bytes = field(default=b"", repr=False)
    """Of a node, for another one."""

    @property
    def recipients(self) -> tuple[str, ...]:
        """Everybody but the sender."""
        return tuple(a for a in dict.fromkeys((*self.to, *self.cc)) if a != self.sender)


def for_node(message_id: str, sender: str, name: str, to: str, out: Outgoing, blob: bytes) -> Letter:
    """A mail with bytes of a node, and the sentence in `out`; all such mails of two people are one thread."""
    return Letter(
        message_id=message_id,
        sender=sender,
        name=name,
        to=(to,),
        subject=out.title or FOR_NODES,
        part=out.parts[0],
        references=(names.opaque_root(sender, to),),
        blob=blob,
    )


def following(references: Sequence[str], message_id: str) -> tuple[str, ...]:
    """The references of an answer (RFC 5322, 3.6.4). Of long threads, the first and the last ones."""
    found = [*dict.fromkeys(r for r in references if r != message_id), message_id]
    return tuple(found if len(found) <= MAX_REFERENCES else [found[0], *found[1 - MAX_REFERENCES :]])


def written(letter: Letter, now: float) -> bytes:
    """The mail, its lines ending in CR LF. Raises as `made`."""
    return data_of(made(letter, now), letter)


def made(letter: Letter, now: float) -> EmailMessage:
    """The mail.

    Raises:
        Refused: it cannot be a mail.
    """
    mail = EmailMessage(policy=_POLICY)
    try:
        mail["From"] = _address(letter.name, letter.sender)
        mail["To"] = [_address("", a) for a in letter.to]
        if letter.cc:
            mail["Cc"] = [_address("", a) for a in letter.cc]
        mail["Subject"] = words.line(letter.subject.replace("=?", "= ?"))
        mail["Date"] = format_datetime(datetime.fromtimestamp(now, UTC))
        mail["Message-ID"] = f"<{letter.message_id}>"
        if letter.answers:
            mail["In-Reply-To"] = f"<{letter.answers}>"
        if letter.references:
            mail["References"] = " ".join(f"<{r}>" for r in letter.references)
        if letter.blob:
            mail["Auto-Submitted"] = "auto-generated"  # nobody's absence answers it (RFC 3834)
        if letter.autocrypt:
            mail["Autocrypt"] = letter.autocrypt
    except (ValueError, IndexError, MessageError):
        raise Refused("this cannot be written into a mail") from None
    _fill(mail, letter)
    return mail


def data_of(mail: EmailMessage, letter: Letter) -> bytes:
    """The bytes of a mail, its lines ending in CR LF."""
    ascii_only = all(a.isascii() for a in (letter.sender, *letter.recipients))
    return mail.as_bytes(policy=_POLICY if ascii_only else _UTF8)


def _address(name: str, address: str) -> Address:
    if not ADDRESS.fullmatch(address):
        raise Refused("this is no address")
    return Address(words.line(name), addr_spec=address)


def _clean(text: str) -> str:
    """A text without what is no character of mail (RFC 5322, 2.1; RFC 2045, 2.8)."""
    return _UNSAID.sub("", text).encode("utf-8", "replace").decode()


def _fill(mail: EmailMessage, letter: Letter) -> None:
    mail.set_content(_clean(letter.part.text) + "\n", charset="utf-8")
    if letter.part.body.blocks and from_plain(letter.part.text) != letter.part.body:
        mail.add_alternative(_clean(to_html(letter.part.body)) + "\n", subtype="html", charset="utf-8")
    for file, data in letter.files:
        main, _, sub = file.media_type.partition("/")
        if (
            main not in {"image", "audio", "video", "text", "application"}
            or not sub.replace("-", "").replace(".", "").replace("+", "").isalnum()
        ):
            main, sub = "application", "octet-stream"
        mail.add_attachment(data, maintype=main, subtype=sub, filename=words.line(file.name) or "file")
    if letter.blob:
        main, _, sub = OPAQUE.partition("/")
        mail.add_attachment(letter.blob, maintype=main, subtype=sub, filename="swarmnode.bin")
    # Boundaries that the library makes would be random, and another attempt another mail.
    for number, part in enumerate(mail.walk()):
        if part.is_multipart():
            name = f"{letter.message_id} {number}".encode()
            part.set_boundary(f"={hashlib.sha256(name).hexdigest()[:40]}=")
