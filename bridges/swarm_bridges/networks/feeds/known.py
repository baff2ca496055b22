"""What is known of a feed's entries: which were told, and as what.

Feeds name their entries badly: without ids, with one id for several, with ids that say nothing. What is told
depends on what is known, so a crash between telling and noting must not make the two differ. Therefore the
cursor that is stored with a batch holds what the batch adds (`Step`); `Known` lies apart, under the feed's
own name, and what a start finds in the cursor alone is added to it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from .dates import believed
from .model import Entry

MAX_KNOWN = 20_000
"""Entries that are remembered of one feed; the oldest are forgotten."""
MAX_ID = 500
"""Characters of an id that stands for itself; a longer one is hashed."""


class Item(msgspec.Struct, frozen=True, array_like=True):
    """An entry that was told."""

    raw: bytes
    """Digest of what the feed says."""
    shown: bytes
    """Digest of what of that is shown. The two differ in pictures that count readers, and the like."""
    revision: int
    number: int
    """Its place in the order in which entries came."""


class Known(msgspec.Struct):
    """All that were told."""

    items: dict[bytes, Item] = {}
    repeated: set[bytes] = set()
    """Ids that the feed has used for several entries."""
    last: int = 0
    """The last number that was given."""
    step: int = 0
    """How many batches there were."""


class Step(msgspec.Struct, frozen=True, array_like=True):
    """What one batch adds: the cursor of the account."""

    feed: str
    """The feed's key."""
    step: int
    items: dict[bytes, Item]
    last: int


def digest(*parts: object) -> bytes:
    """Eight bytes that stand for values."""
    return hashlib.blake2b(msgspec.msgpack.encode(parts), digest_size=8).digest()


def add(known: Known, step: Step) -> bool:
    """Add what a batch told; whether that was not done before."""
    if step.step <= known.step:
        return False
    known.items.update(step.items)
    known.last, known.step = step.last, step.step
    if len(known.items) > MAX_KNOWN:
        kept = sorted(known.items.items(), key=lambda pair: pair[1].number)[-MAX_KNOWN:]
        known.items = dict(kept)
    return True


@dataclass(frozen=True, slots=True)
class Fresh:
    """An entry that says something new."""

    id: str
    key: bytes
    raw: bytes
    entry: Entry
    before: Item | None


def fresh(entries: Iterable[Entry], known: Known, now: float) -> list[Fresh]:
    """What is new or changed, the oldest first. Ids that stand for several are noted in `known`."""
    found: dict[bytes, Fresh] = {}
    for id_, raw, entry in _named(entries, known):
        key = digest(id_)
        before = known.items.get(key)
        if before is None or before.raw != raw:
            found.setdefault(key, Fresh(id_, key, raw, entry, before))
    ordered = list(reversed(found.values()))  # documents begin with what is newest
    times = [believed(one.entry.published or one.entry.updated, now) for one in ordered]
    if all(time is not None for time in times):
        pairs = sorted(zip(times, ordered, strict=True), key=lambda pair: pair[0] or 0.0)
        ordered = [one for _, one in pairs]
    return ordered


def _named(entries: Iterable[Entry], known: Known) -> Iterable[tuple[str, bytes, Entry]]:
    """Entries with their ids and digests. What stands there twice, word for word, is one."""
    groups: dict[str, dict[bytes, Entry]] = {}
    for entry in entries:
        raw = digest(entry.title, entry.link, entry.markup, entry.author, [file.url for file in entry.files])
        groups.setdefault(_id(entry), {}).setdefault(raw, entry)
    for id_, group in groups.items():
        key = digest(id_)
        if len(group) > 1:
            known.repeated.add(key)
        told = known.items.get(key)
        for raw, entry in group.items():
            if key not in known.repeated or (told is not None and told.raw == raw):
                yield id_, raw, entry
            else:
                yield f"{id_} {digest(entry.link, entry.title).hex()}", raw, entry


def _id(entry: Entry) -> str:
    """What an entry is known by: its id, else its link, else what it says."""
    id_ = entry.id or entry.link
    if not id_:
        return f"says:{digest(entry.title, entry.markup).hex()}"
    return id_ if len(id_) <= MAX_ID and id_.isprintable() else f"long:{digest(id_).hex()}"


def gone_ids(deleted: Iterable[str], items: Mapping[bytes, Item]) -> list[str]:
    """Which of the entries that a feed takes back were told."""
    return [id_ for id_ in deleted if digest(id_) in items]
