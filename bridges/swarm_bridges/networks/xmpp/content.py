"""What a message says: its text without what stands there for simple clients alone, and its files."""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit
from xml.etree.ElementTree import Element

from ...api import RemoteFile
from .sealed_files import web_address
from .stanzas import CLIENT, FALLBACK, OOB, REPLY

MAX_FILES = 20


def content(stanza: Element, *, opened: bool = False) -> tuple[str, tuple[RemoteFile, ...]]:
    """The text without what stands there for simple clients alone, and the files.

    Of what was `opened` each line may be the address of a sealed file; elsewhere everybody has read its key.
    """
    text = _without_quote(stanza, stanza.findtext(f"{{{CLIENT}}}body") or "")
    urls = [
        u
        for x in stanza.findall(f"{{{OOB}}}x")[:MAX_FILES]
        if (u := (x.findtext(f"{{{OOB}}}url") or "").strip())
    ]
    good = [url for url in urls if url.startswith(("https://", "http://"))]
    if opened:
        good += [line for line in map(str.strip, text.split("\n")) if web_address(line)][:MAX_FILES]
    files = tuple(_file(url) for url in dict.fromkeys(good))
    shown = {file.id for file in files}
    if shown:
        text = "\n".join(line for line in text.split("\n") if line.strip() not in shown)
    return text, files


def _file(url: str) -> RemoteFile:
    try:
        name = unquote(urlsplit(url).path.rpartition("/")[2])
    except ValueError:
        name = ""
    ending = re.search(r"\.([A-Za-z0-9]{1,5})$", name)
    media_type = _TYPES.get(ending.group(1).lower(), "") if ending else ""
    return RemoteFile(id=url, name=name[:200], media_type=media_type or "application/octet-stream")


_TYPES = {
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "m4a": "audio/mp4",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "opus": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "txt": "text/plain",
    "webm": "video/webm",
    "webp": "image/webp",
}
"""XMPP says nothing of a file's type but by its address."""


def _without_quote(stanza: Element, text: str) -> str:
    """A reply's text without the quoted one, whose place is marked (XEP-0461, 3.2; XEP-0428)."""
    for mark in stanza.iterfind(f"{{{FALLBACK}}}fallback"):
        place = mark.find(f"{{{FALLBACK}}}body")
        if mark.get("for") == REPLY and place is not None:
            start, end = (
                _number(place.get(name), default) for name, default in (("start", 0), ("end", len(text)))
            )
            if 0 <= start <= end <= len(text):
                return text[:start] + text[end:]
    return text


def _number(text: str | None, default: int) -> int:
    if text is None:
        return default
    return int(text) if text.isdecimal() and len(text) < 9 else -1
