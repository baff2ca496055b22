"""What a server can do, from what it says of itself (`/api/v2/instance`, `/api/v1/instance`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ... import armour
from ...api import Capabilities, Level, Repeat

NAME = re.compile(r"([A-Za-z][A-Za-z0-9-]*)[/ ]v?(\d+)\.(\d+)")
HOUR_S = 3600.0
SENTENCE = 120
"""Characters of a direct post that carries bytes which are left for a sentence to people."""
MOST_CARRIED = 4096
"""Bytes in a direct post: other servers have limits of their own, and people see these posts."""
SNAC_ID = 10
"""Digits before the MD5 of a post's address in ids of snac2."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server. `media` is bytes at most by media type."""

    software: str = "mastodon"
    version: tuple[int, int] = (0, 0)
    max_text: int = 500
    link_cost: int | None = None
    max_files: int = 4
    media: tuple[tuple[str, int], ...] = ()
    max_options: int = 4
    streaming: str = ""
    """Where its WebSockets are, if it says so."""

    @property
    def snac(self) -> bool:
        """Whether it is snac2, which is unlike the others in the following ways."""
        return self.software == "snac"

    @property
    def keyed(self) -> bool:
        """Whether an `Idempotency-Key` is known again. Others take no notice of it."""
        return self.software in {"mastodon", "pleroma", "akkoma"}

    @property
    def keeps_lines(self) -> bool:
        """Whether a connection can be used twice: snac2 closes it without a word."""
        return not self.snac

    @property
    def streams(self) -> bool:
        """Whether it has WebSockets: snac2 names an address at which there is nothing."""
        return bool(self.streaming) and not self.snac

    @property
    def tells_direct(self) -> bool:
        """Whether direct posts are told from those for followers: old ones of snac2 call both private."""
        return not self.snac or self.version >= (2, 84)

    @property
    def deletes(self) -> bool:
        """Whether posts can be deleted."""
        return not self.snac or self.version >= (2, 84)

    @property
    def ordered(self) -> bool:
        """Whether ids, as numbers or texts, are in the order of the posts."""
        return not self.snac

    @property
    def makes_polls(self) -> bool:
        """Whether polls can be made, not only voted in."""
        return not self.snac

    @property
    def visibilities(self) -> tuple[str, ...]:
        """Whom posts can be for."""
        return ("public", "unlisted", "followers", "direct") if self.tells_direct else ("public", "unlisted")

    def short(self, status_id: str) -> str:
        """The part of a post's id that does not change.

        snac2 puts the time of the last edit before it, and writes that of a boost in upper case.
        """
        return status_id[SNAC_ID:].lower() if self.snac and len(status_id) == SNAC_ID + 32 else status_id

    def long(self, remote_id: str) -> str:
        """An id that the server understands."""
        return "0" * SNAC_ID + remote_id if self.snac and len(remote_id) == 32 else remote_id

    def order(self, status_id: str) -> str | None:
        """A post's place, as text: numbers grow in length too."""
        if not self.ordered:
            return None
        return status_id.zfill(20) if status_id.isascii() and status_id.isdigit() else status_id

    def capabilities(self, kind: str, addressed: int = 0) -> Capabilities:
        """What can be done. `addressed` characters of each post are names of those whom it is for."""
        carried = 0
        levels = dict.fromkeys(
            ("text", "edit", "reply", "file", "poll", "post", "favourite", "boost", "bookmark", "claim"),
            Level.FULL,
        )
        if self.deletes:
            levels["delete"] = Level.FULL
        if not self.makes_polls:
            levels["poll"] = Level.PARTIAL
        if kind == "direct":
            levels = {n: level for n, level in levels.items() if n not in {"post", "boost"}}
            room = armour.room(self.max_text - addressed, "x" * SENTENCE)
            carried = min(room, MOST_CARRIED)
            levels |= {"opaque": Level.FULL} if carried else {}
        elif kind == "list":
            del levels["post"]
        elif kind == "notifications":
            levels = {}
        return Capabilities(
            version=f"3 {kind} {self.software} {self.version} {self.max_text} {addressed} {self.max_files}",
            levels=levels,
            max_text=max(1, self.max_text - addressed),
            text_unit="codepoint",
            link_cost=self.link_cost,
            media=dict(self.media),
            max_files=self.max_files,
            visibilities=() if kind != "timeline" else self.visibilities,
            repeat=Repeat.KEYED if self.keyed else Repeat.LOOKUP,
            repeat_window_s=HOUR_S if self.keyed else None,
            echo="id",
            opaque_bytes=carried,
            opaque_form="text" if carried else "none",
            transport_privacy="operator_reads" if kind == "direct" else "public",
        )


def server_of(told: Any) -> Server:
    """Read an instance's description; what is not there, or makes no sense, is as usual."""
    told = told if isinstance(told, Mapping) else {}
    software, version = _software(_text(told.get("version")))
    configuration = _table(told.get("configuration"))
    statuses, media = _table(configuration.get("statuses")), _table(configuration.get("media_attachments"))
    urls = _table(configuration.get("urls")) or _table(told.get("urls"))
    most = _number(statuses.get("max_characters"), _number(told.get("max_toot_chars"), 500))
    cost = _number(statuses.get("characters_reserved_per_url"), 0)
    return Server(
        software=software,
        version=version,
        max_text=most,
        link_cost=cost if software == "mastodon" and cost else None,
        max_files=_number(statuses.get("max_media_attachments"), 4),
        media=tuple(_media(media)),
        max_options=_number(_table(configuration.get("polls")).get("max_options"), 4),
        streaming=_text(urls.get("streaming")) or _text(urls.get("streaming_api")),
    )


def _software(version: str) -> tuple[str, tuple[int, int]]:
    """`4.3.1+glitch` is a Mastodon; others say `2.7.2 (compatible; Pleroma 2.5.0)`.

    GoToSocial says a number alone too, which begins with nought: that may be anything.
    """
    found = NAME.search(version)
    if found is None:
        numbers = re.match(r"v?([1-9]\d{0,2})\.(\d{1,3})", version)
        return ("mastodon", (int(numbers[1]), int(numbers[2]))) if numbers else ("unknown", (0, 0))
    return found[1].lower(), (int(found[2]), int(found[3]))


def _media(media: Mapping[str, Any]) -> list[tuple[str, int]]:
    types = media.get("supported_mime_types")
    names = [t for t in types if isinstance(t, str)] if isinstance(types, list) else ["image/*", "video/*"]
    image, video = (_number(media.get(f"{kind}_size_limit"), 10_000_000) for kind in ("image", "video"))
    return [(name, image if name.startswith("image/") else video) for name in sorted(names)[:50]]


def _table(told: Any) -> Mapping[str, Any]:
    return told if isinstance(told, Mapping) else {}


def _text(told: Any) -> str:
    return told[:500] if isinstance(told, str) else ""


def _number(told: Any, usual: int) -> int:
    return told if isinstance(told, int) and not isinstance(told, bool) and 0 < told < 1 << 40 else usual
