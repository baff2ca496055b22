"""Files inside a message (spec 21 §3): small ones, whole, encrypted and signed with what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..cbor import Record, Value
from . import rules


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file: its name (no path), its media type as the sender believes it, its bytes, and what it shows."""

    name: str = field(repr=False)
    media_type: str
    data: bytes = field(repr=False)
    description: str = field(default="", repr=False)

    def fields(self) -> dict[int, Value]:
        """Give the fields."""
        described: dict[int, Value] = {4: self.description} if self.description else {}
        return {1: self.name, 2: self.media_type, 3: self.data, **described}


def read_attachments(r: Record, key: int) -> tuple[Attachment, ...]:
    """The attachments of a body, none where it has no `key`.

    Raises:
        DecodeError: too many or too large, or a name that would leave the folder it is written to.
    """
    if key not in r:
        return ()
    items = [Record.of(item, "an attachment") for item in r.array(key, at_most=rules.MAX_ATTACHMENTS)]
    attachments = tuple(
        Attachment(
            i.text(1, at_most=rules.MAX_FILE_NAME),
            i.text(2, at_most=rules.MAX_MEDIA_TYPE),
            i.octets(3, at_most=rules.MAX_ATTACHED),
            i.text(4, at_most=rules.MAX_DESCRIPTION) if 4 in i else "",
        )
        for i in items
    )
    if sum(len(a.data) + len(a.description.encode()) for a in attachments) > rules.MAX_ATTACHED:
        raise rules.ATTACHMENTS_SIZE.undecodable()
    if not all(_is_name(a.name) and _is_media_type(a.media_type) for a in attachments):
        raise rules.ATTACHMENT_NAME.undecodable()
    return attachments


def attachment_fields(attachments: Sequence[Attachment], key: int) -> dict[int, Value]:
    """The field of a body that holds them; there is none where there are none."""
    return {key: [a.fields() for a in attachments]} if attachments else {}


def _is_name(name: str) -> bool:
    return name.isprintable() and name not in {"", ".", ".."} and not any(c in name for c in "/\\")


def _is_media_type(media_type: str) -> bool:
    return media_type.isascii() and media_type.isprintable()
