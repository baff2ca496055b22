"""Events as messages, and documents as content. Pure: recorded events are enough to test it."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, unquote

from ...api import Actor, IntentId, LocalFile, MessageRef, MessageSeen, Origin, RemoteFile, Rendered
from ...document import Block, Break, Document, Link, Mention, Paragraph, Text
from ...text import from_html, from_plain, to_html
from . import polls
from .model import ENCRYPTED, MEGOLM, MESSAGE, STICKER, THREAD, Event, number, table, text
from .rooms import Room, local_part
from .sealed.files import address_of

HTML = "org.matrix.custom.html"
FILES = {"m.image": "image/*", "m.video": "video/*", "m.audio": "audio/*", "m.file": ""}
PERSON = re.compile(
    r"https://matrix\.to/#/(@[^/?#]{1,255})(?:[?#].*)?\Z|matrix:u/([^/?#]{1,255})(?:[?#].*)?\Z"
)
REPLY = frozenset({"mx-reply"})
OPAQUE = "swarmnode.opaque.1"
"""The field of a message in which bytes for another node lie, as base64."""
MAX_OPAQUE = 32 << 10
"""An event has 64 KiB with all that servers add, and base64 makes 3 bytes 4; in an encrypted room twice."""
MAX_SENTENCE = 500
OURS = re.compile(r"swarm\.(.{1,200})\.(\d{1,4})")
"""The key under which a part of an intent is sent."""


def key_of(intent: str, number_: int) -> str:
    """The transaction id of a part."""
    return f"swarm.{intent}.{number_}"


def intent_of(key: str) -> tuple[IntentId, int] | None:
    """The intent and the part of a transaction id, if it is one of `key_of`."""
    found = OURS.fullmatch(key)
    return (IntentId(found[1]), int(found[2])) if found else None


def is_message(event: Event) -> bool:
    """Whether it says something to people, edits included."""
    if event.state_key is not None or opaque_of(event) is not None:
        return False
    return event.type in {MESSAGE, STICKER, ENCRYPTED} or event.type in polls.STARTS


def opaque_of(event: Event) -> bytes | None:
    """The bytes of another node that a message carries; None where it carries none."""
    if event.type != MESSAGE or not (written := text(event.content, OPAQUE)):
        return None
    try:
        return base64.b64decode(written, validate=True)
    except ValueError:
        return None


def message_of(event: Event, room: Room, owner: str, origin: Origin, *, sealed: bool = False) -> MessageSeen:
    """An event of `is_message` as a message; of an edit what it says now. `sealed`: it came encrypted."""
    edit = event.replaced
    said: Mapping[str, Any] = event.content
    if edit:
        said = table(said.get("m.new_content")) or said
    mine, about = event.sender == owner, event.relation
    own = intent_of(event.transaction) if mine and not edit else None
    thread = text(about, "event_id") if about.get("rel_type") == THREAD else ""
    answered = text(table(about.get("m.in_reply_to")), "event_id")
    if thread and about.get("is_falling_back") is True:
        answered = ""
    closed = event.type == ENCRYPTED
    asked = polls.question_of(event.type, said, event.sender) if event.type in polls.STARTS else None
    body = Document() if closed else body_of(said, event, room, answered=bool(answered))
    return MessageSeen(
        ref=MessageRef(room.ref, edit or event.event_id),
        actor=Actor(event.sender, is_owner=mine),
        body=body if asked is None else asked.body,
        revision=event.event_id if edit else "0",
        echo_of=own[0] if own else None,
        reply_to=MessageRef(room.ref, answered) if answered else None,
        thread_root=MessageRef(room.ref, thread) if thread else None,
        files=() if closed else files_of(said, event.type),
        poll=None if asked is None else polls.counted(asked, (), frozenset(), owner),
        foreign_crypto=MEGOLM if sealed or closed else "",
        unreadable="encrypted" if closed else "",
        origin=origin,
        remote_time=event.time,
    )


# --- what is said ---


def body_of(said: Mapping[str, Any], event: Event, room: Room, *, answered: bool = False) -> Document:
    """The words of a message. A file's name is not among them, unless somebody wrote something there."""
    kind, words = text(said, "msgtype"), text(said, "body")
    if (kind in FILES or event.type == STICKER) and not _has_caption(said):
        return Document() if _address(said) else from_plain(f"[{text(said, 'filename') or words}]")
    if said.get("format") == HTML and text(said, "formatted_body"):
        body = from_html(text(said, "formatted_body"), link=_mentioned, hide=REPLY)
    else:
        body = from_plain(_without_fallback(words) if answered else words)
    return _acted(body, event.sender, room) if kind == "m.emote" else body


def _has_caption(said: Mapping[str, Any]) -> bool:
    """Whether the words are more than the file's name (1.10, 11.2.1.7)."""
    return text(said, "filename") not in {"", text(said, "body")}


def _mentioned(url: str, _: Mapping[str, str]) -> Mention | None:
    found = PERSON.match(url)
    if found is None:
        return None
    user = unquote(found[1]) if found[1] else "@" + unquote(found[2])
    return Mention(user, f"@{local_part(user)}") if ":" in user else None


def _without_fallback(words: str) -> str:
    """Without the lines that repeat what is answered, which older clients put before (1.11, 11.3.2)."""
    lines = words.split("\n")
    if not lines[0].startswith("> <@"):
        return words
    rest = next((n for n, line in enumerate(lines) if not line.startswith(">")), len(lines))
    return "\n".join(lines[rest:]).lstrip("\n")


def _acted(body: Document, sender: str, room: Room) -> Document:
    """`/me waves` as what others see: the name before it."""
    person = room.people.get(sender)
    name = Text(f"* {(person.name if person else '') or local_part(sender)} ")
    first = body.blocks[0] if body.blocks else None
    if isinstance(first, Paragraph):
        return Document((Paragraph((name, *first.children)), *body.blocks[1:]))
    return Document((Paragraph((name,)), *body.blocks))


def files_of(said: Mapping[str, Any], kind: str = MESSAGE) -> tuple[RemoteFile, ...]:
    """The file of a message, if one can find it again."""
    msgtype, url = text(said, "msgtype"), _address(said)
    if (msgtype not in FILES and kind != STICKER) or not url:
        return ()
    info = table(said.get("info"))
    usual = FILES.get(msgtype, "image/*") or "application/octet-stream"
    return (
        RemoteFile(
            id=url,
            name=(text(said, "filename") or text(said, "body"))[:255],
            media_type=text(info, "mimetype")[:255] or usual,
            size_bytes=number(info, "size"),
        ),
    )


def _address(said: Mapping[str, Any]) -> str:
    """Where a file lies: at `url`, or closed at `file`."""
    if closed := table(said.get("file")):
        return address_of(closed)
    url = text(said, "url")
    return url if url.startswith("mxc://") and "#" not in url else ""


# --- what is to be said ---


def opaque(words: str, blob: bytes) -> dict[str, Any]:
    """A message with bytes for another node; `words` are for the people that see it in other clients."""
    said = {"msgtype": "m.notice", "body": words[:MAX_SENTENCE], OPAQUE: base64.b64encode(blob).decode()}
    return {**said, "m.mentions": {}}


def content_of(part: Rendered, where: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The content of a part; with what `Media.upload` has said of its file, if it has one."""
    said: dict[str, Any] = {"msgtype": "m.text", "body": part.text}
    if part.files:
        said = {**_file(part.files[0], part.text), **(where or {})}
    if not _is_plain(part.body):
        said |= {"format": HTML, "formatted_body": to_html(part.body, mention=_page)}
    if people := sorted(_people(part.body.blocks)):
        said["m.mentions"] = {"user_ids": people}
    else:
        said["m.mentions"] = {}
    return said


def _file(file: LocalFile, words: str) -> dict[str, Any]:
    kind = file.media_type.partition("/")[0]
    named = file.name or "file"
    return {
        "msgtype": f"m.{kind}" if f"m.{kind}" in FILES else "m.file",
        "body": words or file.description or named,
        "filename": named,
        "info": {"mimetype": file.media_type, "size": file.size_bytes},
    }


def edited(said: dict[str, Any], target: str) -> dict[str, Any]:
    """An edit, with what clients show that know no edits."""
    shown = {**said, "body": f"* {said['body']}"}
    if "formatted_body" in said:
        shown["formatted_body"] = f"* {said['formatted_body']}"
    about = {"rel_type": "m.replace", "event_id": target}
    # Who was mentioned before is not called again.
    return {**shown, "m.mentions": {}, "m.new_content": said, "m.relates_to": about}


def related(said: dict[str, Any], answered: str, root: str) -> dict[str, Any]:
    """An answer, or a message of a thread."""
    about: dict[str, Any] = {}
    if root:
        about = {"rel_type": THREAD, "event_id": root, "is_falling_back": not answered}
    if answered or root:
        about["m.in_reply_to"] = {"event_id": answered or root}
    return {**said, "m.relates_to": about} if about else said


def _page(mention: Mention) -> str:
    return f"https://matrix.to/#/{quote(mention.remote_id, safe='@:')}"


def _is_plain(body: Document) -> bool:
    """Whether the text alone says the same: clients make links of URLs by themselves."""
    return all(
        isinstance(block, Paragraph)
        and all(isinstance(node, Text | Break) or _is_url(node) for node in block.children)
        for block in body.blocks
    )


def _is_url(node: object) -> bool:
    return isinstance(node, Link) and node.children == (Text(node.url),)


def _people(nodes: Any) -> set[str]:
    """Who is mentioned in blocks, lists and lines."""
    found: set[str] = set()
    waiting: list[Block | Any] = list(nodes)
    while waiting:
        node = waiting.pop()
        if isinstance(node, Mention):
            found.add(node.remote_id)
        for name in ("children", "items"):
            waiting.extend(getattr(node, name, ()))
    return found
