"""Mails out of a folder: heads and structures first, then the texts that people read."""

from __future__ import annotations

import email.utils
from collections import defaultdict
from collections.abc import Iterable, Sequence

from ...api import Refused
from . import words
from .convert import MAX_TEXT, Mail
from .grammar import Value, number
from .headers import Head
from .imap import Folder, Imap
from .sealed import MAX_SEALED
from .structure import Body, body

MAX_HEAD = 64 << 10
"""Bytes of a head; what is longer was made to be long."""
HEAD = f"BODY.PEEK[HEADER]<0.{MAX_HEAD}>"
ABOUT = ("FLAGS", "INTERNALDATE", HEAD)


async def heads(box: Folder, name: str, validity: int, uids: Iterable[int]) -> list[Mail]:
    """Mails without anything but their heads and flags, by UID."""
    return [_mail(name, validity, uid, got) for uid, got in sorted((await box.fetch(uids, *ABOUT)).items())]


async def find(imap: Imap, message_id: str, folders: Iterable[str]) -> Mail | None:
    """The first mail with this id, without its texts; a folder that cannot be read has none."""
    if message_id.endswith(".invalid") or not message_id.isascii():
        return None
    for folder in folders:
        try:
            async with imap.folder(folder) as (box, opened):
                uids = await box.by_header("Message-ID", f"<{message_id}>")
                if found := await heads(box, folder, opened.validity, uids[-1:]):
                    return found[0]
        except Refused:
            continue
    return None


async def mails(box: Folder, name: str, validity: int, uids: Sequence[int]) -> list[Mail]:
    """Mails with their texts, by UID. One that the server cannot give is left out.

    Raises:
        BridgeError: as `Imap.command`.
    """
    try:
        got = await box.fetch(uids, *ABOUT, "RFC822.SIZE", "BODYSTRUCTURE")
        found = [_mail(name, validity, uid, items) for uid, items in sorted(got.items())]
        return await _with_texts(box, found)
    except Refused:
        if len(uids) < 2:
            return []
        half = len(uids) // 2
        return [m for some in (uids[:half], uids[half:]) for m in await mails(box, name, validity, some)]


async def _with_texts(box: Folder, found: Sequence[Mail]) -> list[Mail]:
    alike: dict[tuple[str, ...], list[Mail]] = defaultdict(list)
    for mail in found:
        alike[_wanted(mail)].append(mail)
    made: list[Mail] = []
    for parts, some in alike.items():
        texts: dict[int, dict[str, bytes]] = {}
        if parts:
            items = [f"BODY.PEEK[{part}]<0.{MAX_TEXT}>" for part in parts]
            got = await box.fetch([m.uid for m in some], *items)
            texts = {uid: {p: _bytes(i.get(f"BODY[{p}]<0>")) for p in parts} for uid, i in got.items()}
        made.extend(
            Mail(m.folder, m.validity, m.uid, m.head, m.at, m.body, texts.get(m.uid, {}), m.flags, m.size)
            for m in some
        )
    return sorted(made, key=lambda m: m.uid)


async def sealed_part(box: Folder, mail: Mail) -> bytes:
    """What is encrypted of a mail, out of its encoding; nothing where the mail is gone."""
    part = mail.body.sealed
    assert part is not None
    item = f"BODY[{part.number}]<0>"
    got = await box.fetch([mail.uid], f"BODY.PEEK[{part.number}]<0.{MAX_SEALED}>")
    return words.decoded(_bytes(got.get(mail.uid, {}).get(item)), part.encoding)


def _wanted(mail: Mail) -> tuple[str, ...]:
    """Parts to be read: the texts, or what a report says, and of the mail that it is about the head."""
    if mail.body.crypto:
        return ()
    if mail.body.opaque is not None:
        return (mail.body.opaque.number,)
    report = {
        "message/delivery-status": "{}",
        "message/global-delivery-status": "{}",
        "message/rfc822": "{}.HEADER",
        "text/rfc822-headers": "{}",
    }
    about = [report[p.kind].format(p.number) for p in mail.body.report if p.kind in report]
    return (*(p.number for p in mail.body.texts), *about)


def _mail(name: str, validity: int, uid: int, items: dict[str, Value]) -> Mail:
    flags = items.get("FLAGS")
    structure = items.get("BODYSTRUCTURE")
    return Mail(
        folder=name,
        validity=validity,
        uid=uid,
        head=Head(_bytes(items.get("BODY[HEADER]<0>"))),
        at=_time(items.get("INTERNALDATE")),
        body=body(structure) if isinstance(structure, tuple) else Body(),
        texts={},
        flags=frozenset(f.lower() for f in flags if isinstance(f, str))
        if isinstance(flags, tuple)
        else frozenset(),
        size=number(items.get("RFC822.SIZE")),
    )


def _bytes(value: Value) -> bytes:
    return value if isinstance(value, bytes) else b""


def _time(value: Value) -> float:
    """An INTERNALDATE, Unix seconds; 0 for what is none."""
    try:
        text = _bytes(value).decode("latin-1").strip().replace("-", " ", 2)
        return max(0.0, email.utils.parsedate_to_datetime(text).timestamp())
    except (ValueError, TypeError, IndexError, OverflowError, OSError):
        return 0.0
