"""A mail's head: who, to whom, after what, from a program or from a person. Pure.

Everything in a head is the sender's word. Broken heads are common and hostile ones are sent on purpose, so
nothing here raises; what cannot be read is as if it were not there.
"""

from __future__ import annotations

import email.parser
import email.utils
import hashlib
import re
from dataclasses import dataclass, field
from email.message import Message
from functools import cached_property

from . import words

MAX_IDS = 100
"""Of the messages before it that a mail names; the first one and the last ones count."""
MAX_ID = 400
MAX_PEOPLE = 500
MAX_SUBJECT = 250
ADDRESS = re.compile(r"[^\s@<>\"(),;:\\\x00-\x1f\x7f]{1,64}@[^\s@<>\"(),;:\\\x00-\x1f\x7f]{1,255}")
_ID = re.compile(r"<\s*([^<>\s]+)\s*>")
_REPLY = re.compile(
    r"^\s*(re|aw|antw|sv|vs|odp|r|ref|tr|wg|fwd?|回复|答复)\s*(\[\d+\])?\s*[:\uff1a]\s*", re.IGNORECASE
)
_LIST_ID = re.compile(r"<([^<>\s]{1,200})>\s*$")
_MAILTO = re.compile(r"<mailto:([^>?\s]{1,300})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in a head. The address is in lower case."""

    address: str
    name: str = ""


@dataclass(frozen=True)
class Head:
    """What a head says. Ids are without angle brackets; `message_id` is made up where there is none."""

    raw: bytes = field(repr=False)

    @cached_property
    def _fields(self) -> Message:
        return email.parser.BytesHeaderParser().parsebytes(self.raw)

    def every(self, name: str) -> list[str]:
        """All fields of a name, as they stand there."""
        # What is not ASCII comes as halves of characters, which stand for the bytes that were there.
        found = [str(value) for value in self._fields.get_all(name, [])]
        return [words.text(v.encode("utf-8", "surrogateescape")) for v in found]

    def first(self, name: str) -> str:
        """The first field of a name, in one line, decoded."""
        return next((words.line(value) for value in self.every(name)), "")

    def people(self, *names: str) -> tuple[Person, ...]:
        """Everybody in these fields, each once."""
        found: dict[str, Person] = {}
        for value in (v for name in names for v in self.every(name)):
            try:
                pairs = email.utils.getaddresses([value])
            except (RecursionError, ValueError, IndexError):
                continue
            for name, address in pairs[:MAX_PEOPLE]:
                if ADDRESS.fullmatch(address):
                    low = address.lower()
                    found.setdefault(low, Person(low, words.line(name)[:200]))
        return tuple(found.values())[:MAX_PEOPLE]

    def ids(self, name: str) -> tuple[str, ...]:
        """Ids of messages in a field, in order."""
        found = [_bounded(i) for value in self.every(name) for i in _ID.findall(value)]
        return tuple(found if len(found) <= MAX_IDS else [found[0], *found[1 - MAX_IDS :]])

    @cached_property
    def sender(self) -> Person:
        """The author, as they call themselves; one that is not there is nobody's address."""
        return next(iter(self.people("From") or self.people("Sender")), Person("unknown@unknown.invalid"))

    @cached_property
    def message_id(self) -> str:
        """Its id; for one without, a hash of its head."""
        given = self.every("Message-ID")
        found = _ID.findall(given[0]) or [given[0].strip()] if given else [""]
        if not found[0] or re.search(r"\s", found[0]):
            return f"none.{hashlib.sha256(self.raw).hexdigest()[:32]}@none.invalid"
        return _bounded(found[0])

    @cached_property
    def before(self) -> tuple[str, ...]:
        """Ids of the messages that it follows, the first one first."""
        found = dict.fromkeys(self.ids("References"))
        found.update(dict.fromkeys(self.ids("In-Reply-To")))
        return tuple(i for i in found if i != self.message_id)

    @cached_property
    def answers(self) -> str:
        """The id of what it answers, or an empty text."""
        direct = [i for i in self.ids("In-Reply-To") if i != self.message_id]
        return (direct or [*self.before[-1:], ""])[0]

    @cached_property
    def subject(self) -> str:
        """What it is about."""
        return self.first("Subject")[:MAX_SUBJECT]

    @cached_property
    def topic(self) -> str:
        """The subject without the signs of answers."""
        return topic_of(self.subject)

    @cached_property
    def is_sealed(self) -> bool:
        """Whether it is encrypted, all of it."""
        return self.first("Content-Type").lower().startswith("multipart/encrypted")

    @cached_property
    def list_id(self) -> str:
        """The mailing list that it came over (RFC 2919), in lower case, or an empty text."""
        value = self.first("List-Id")
        found = _LIST_ID.search(value)
        return (found[1] if found else "").lower()

    @cached_property
    def list_name(self) -> str:
        """How the list calls itself."""
        return _LIST_ID.sub("", self.first("List-Id")).strip().strip('"')[:200] or self.list_id

    @cached_property
    def list_post(self) -> str:
        """Where one writes to the list (RFC 2369), or an empty text."""
        found = _MAILTO.search(self.first("List-Post"))
        address = found[1].lower() if found else ""
        return address if ADDRESS.fullmatch(address) else ""

    @cached_property
    def is_automatic(self) -> bool:
        """Whether a program wrote it (RFC 3834)."""
        value = self.first("Auto-Submitted").lower()
        return bool(value) and not value.startswith("no")

    @cached_property
    def is_for_many(self) -> bool:
        """Whether it is no word of one person to another: a newsletter, a notice, an advertisement."""
        if self.first("Auto-Submitted").lower().startswith("auto-generated"):
            return True
        if self.first("Precedence").lower() in {"bulk", "list", "junk"} and not self.before:
            return True
        return bool(self.every("List-Unsubscribe")) and not self.list_id

    @cached_property
    def time(self) -> float | None:
        """When its sender says that it was sent, Unix seconds."""
        try:
            return email.utils.parsedate_to_datetime(self.first("Date")).timestamp()
        except (ValueError, TypeError, IndexError, OverflowError, OSError):
            return None


def topic_of(subject: str) -> str:
    """A subject without the signs of answers."""
    found = subject
    while (shorter := _REPLY.sub("", found)) != found:
        found = shorter
    return found.strip()


def _bounded(message_id: str) -> str:
    clean = message_id.strip()
    if len(clean) <= MAX_ID and clean.isprintable():
        return clean
    return f"long.{hashlib.sha256(clean.encode()).hexdigest()[:32]}@long.invalid"
