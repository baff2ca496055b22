"""Commands about conversations and messages."""

from __future__ import annotations

import base64
import mimetypes
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from ..domain.book import is_person
from ..domain.bridge_views import is_remote
from ..domain.deletions import DeletionView
from ..domain.views import ChatView, DraftView, Found, MessageState, MessageView, Page
from ..errors import ConfigError, Unreachable, UsageError
from .client import Answered, at
from .commands_waiting import moment
from .group import command, option
from .said import show
from .session import Session
from .terminal import clean, length, new_file, short, size, when, working
from .terminal import duration as seconds_of

MAX_FILES = 256 * 1024
"""Bytes in a message of the node's own; other networks take more."""
MAX_REMOTE_FILES = 8 * 1024 * 1024
WAIT_S = 30.0
ARRIVED = frozenset({MessageState.DELIVERED, MessageState.READ})
GIVEN_UP = frozenset({MessageState.EXPIRED, MessageState.REFUSED})


def file_to_send(path: Path, at_most: int) -> dict[str, object]:
    """A file as requests have it, with its bytes in base64. Raises ConfigError, UsageError."""
    try:
        data = path.read_bytes()
    except OSError as e:
        raise ConfigError(f"{path} cannot be read: {e.strerror}.", hint="Nothing was sent.") from None
    if len(data) > at_most:
        raise UsageError(
            f"{path.name} has {size(len(data))}.", hint=f"A message takes {size(at_most)} of files."
        )
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return {"name": path.name, "media_type": media_type, "data": base64.b64encode(data).decode()}


@command("send")
@click.argument("who")
@click.argument("text")
@option("--file", "files", multiple=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@option("--wait", is_flag=True)
@option("--timeout", type=click.FloatRange(min=0), default=60, metavar="SECONDS")
@option("--reply", metavar="MESSAGE")
@option("--expire", metavar="DURATION")
@option("--via", metavar="WAY")
@option("--at", "at_time", metavar="TIME")
@option("--in", "in_time", metavar="DURATION")
def send_(
    session: Session,
    who: str,
    text: str,
    files: tuple[Path, ...],
    reply: str | None,
    expire: str | None,
    via: str | None,
    at_time: str | None,
    in_time: str | None,
    timeout: float,
    *,
    wait: bool,
) -> int:
    """Send a message, now or later; with --wait until the other side has stored it."""
    where = session.find("talk" if via is None else "person", who)
    most = MAX_REMOTE_FILES if is_remote(where) or is_person(where) else MAX_FILES
    body: dict[str, object] = {"text": text, "attachments": [file_to_send(path, most) for path in files]}
    if reply is not None:
        body["reply_to"] = session.find("message", reply)
    if expire is not None:
        body["expire_s"] = seconds_of(expire)
    body |= moment(at_time, in_time)
    if is_person(where):
        view = _say_to(session, where, body if via is None else {**body, "via": via})
    else:
        view = session.client.call("POST", at("chats", where, "messages"), body, MessageView)
    if wait:
        view = _wait(session, view, timeout)
        if not _arrived(view):
            raise Unreachable(
                f"Not delivered within {timeout:g} s: {view.state}.",
                hint=f"It is kept and will be delivered later: message {short(view.id)}.",
            )
    if not session.give(view):
        state = session.t(f"message.{view.state}")
        if view.send_at:
            state = session.t("message.leaves", at=when(view.send_at))
        session.say(session.t("sent", id=short(view.id), state=state))
    return 0


def _say_to(session: Session, person: str, body: dict[str, object]) -> MessageView:
    """Say something to a person, and ask which way where that has to be chosen."""
    path = at("people", person, "messages")
    try:
        return session.client.call("POST", path, body, MessageView)
    except Answered as e:
        if not e.choices or not session.asks:
            raise
        choices = e.choices
    t = session.t
    session.say(t("choose.why"))
    for way in choices:
        privacy = t(f"privacy.{way.privacy or 'unknown'}")
        marks = t("choose.was") if way.was else t("choose.would") if way.would else ""
        session.say(f"    {way.via}  {clean(way.network)}  {clean(way.address)}  {privacy}  {marks}".rstrip())
    via = click.prompt(t("choose.which"), type=click.Choice([way.via for way in choices]))
    return session.client.call("POST", path, {**body, "via": via}, MessageView)


def _wait(session: Session, view: MessageView, timeout_s: float) -> MessageView:
    """Ask again and again, each time for half a minute at most."""
    end = time.monotonic() + timeout_s
    with working(session.t("send.waiting"), show=not session.json):
        while not _arrived(view) and (left := end - time.monotonic()) > 0:
            path = at("messages", view.id, "delivery")
            view = session.client.get(path, MessageView, timeout_s=round(min(left, WAIT_S), 3))
            if view.state in GIVEN_UP or view.reason == "asked":
                break
    return view


def _arrived(view: MessageView) -> bool:
    """Whether the other side has it; many networks say no more than that they have it themselves."""
    return view.state in ARRIVED or (bool(view.network) and view.state is MessageState.SENT)


@command("read")
@click.argument("conversation")
@option("--limit", type=click.IntRange(1, 200), default=20)
@option("--before", metavar="CURSOR", default="")
@option("--follow", is_flag=True)
@option("--peek", is_flag=True)
def read_(session: Session, conversation: str, limit: int, before: str, *, follow: bool, peek: bool) -> None:
    """Show messages and mark them as read; with --follow also those to come."""
    place = _Place(session, session.find("talk", conversation))
    # The stream is opened first, so that nothing falls between what is there and what comes.
    events = session.client.stream("/events") if follow else None
    page = session.client.get(place.messages, Page, limit=limit, before=before)
    if follow or not session.give(page):
        _show_all(session, page.items)
    if page.items and not before and not peek:
        place.mark(page)
    if events is None:
        return
    seen = {message.id for message in page.items}
    for new in _coming(session, events, place, limit):
        unseen = [message for message in new if message.id not in seen]
        seen |= {message.id for message in unseen}
        _show_all(session, unseen)
        if unseen and not peek:
            for message in unseen:
                _mark(session, message.chat, message)


class _Place:
    """What is read: a conversation, or all of those with a person."""

    def __init__(self, session: Session, id_: str) -> None:
        self._session, self._id = session, id_
        self._path = at("people" if is_person(id_) else "chats", id_)
        self.messages = f"{self._path}/messages"

    def has(self, chat: str) -> bool:
        """Whether a conversation belongs to it."""
        if not is_person(self._id):
            return chat == self._id
        try:
            return self._session.client.get(at("chats", chat), ChatView).person == self._id
        except Answered:  # it is gone already
            return False

    def mark(self, page: Page) -> None:
        """Mark what was shown as read."""
        up_to = page.next if is_person(self._id) else page.items[-1].id
        self._session.client.do("POST", f"{self._path}/read", {"up_to": up_to})


def _coming(
    session: Session, events: Iterator[tuple[str, Any]], place: _Place, limit: int
) -> Iterator[Sequence[MessageView]]:
    """Messages of a conversation as they come; after a break in the events the last ones again."""
    for kind, data in events:
        if kind == "message.new" and place.has(data.get("chat")):
            yield [session.client.get(at("messages", data["message"]), MessageView)]
        elif kind == "resync":
            yield session.client.get(place.messages, Page, limit=limit).items


def _mark(session: Session, conversation: str, last: MessageView) -> None:
    session.client.do("POST", at("chats", conversation, "read"), {"up_to": last.id})


def _show_all(session: Session, messages: Sequence[MessageView]) -> None:
    for message in messages:
        if not session.give(message):
            show(session, message)


def _change(session: Session, method: str, message: str, path: str, body: dict[str, object] | None) -> None:
    """Change one message, and show it."""
    id_ = session.find("message", message)
    view = session.client.call(method, at("messages", id_) + path, body, MessageView)
    if not session.give(view):
        show(session, view)


@command("react")
@click.argument("message")
@click.argument("symbol")
def react_(session: Session, message: str, symbol: str) -> None:
    """React to a message; an empty symbol takes it back."""
    _change(session, "PUT", message, "/reaction", {"symbol": symbol})


@command("edit")
@click.argument("message")
@click.argument("text")
def edit_(session: Session, message: str, text: str) -> None:
    """Change what a message says."""
    _change(session, "PATCH", message, "", {"text": text})


@command("resend")
@click.argument("message")
def resend_(session: Session, message: str) -> None:
    """Try an expired message again."""
    _change(session, "POST", message, "/resend", None)


@command("cancel")
@click.argument("message")
def cancel_(session: Session, message: str) -> None:
    """Take a message back that has not left yet, and show what it said."""
    view = session.client.call(
        "POST", at("messages", session.find("message", message), "cancel"), None, MessageView
    )
    if not session.give(view):
        session.say(session.t("cancelled", id=short(view.id)))
        session.say(clean(view.text, lines=True))


@command("confirm")
@click.argument("message")
def confirm_(session: Session, message: str) -> None:
    """Say that a message which may have been sent is there."""
    _change(session, "POST", message, "/confirm", None)


@command("mark")
@click.argument("message")
@click.argument("name", type=click.Choice(["favourite", "boost", "bookmark"]))
@option("--off", is_flag=True)
def mark_(session: Session, message: str, name: str, *, off: bool) -> None:
    """Set a mark on a post, or take it away."""
    _change(session, "PUT", message, f"/marks/{name}", {"on": not off})


@command("vote")
@click.argument("message")
@click.argument("choices", nargs=-1, required=True, type=click.IntRange(1))
def vote_(session: Session, message: str, choices: tuple[int, ...]) -> None:
    """Vote in a poll, by the numbers that `read` shows."""
    view = session.client.get(at("messages", session.find("message", message)), MessageView)
    known = () if view.poll is None else view.poll.choices
    if not all(number <= len(known) for number in choices):
        raise UsageError("This message has no such choice.")
    wanted = [known[number - 1].id for number in choices]
    _change(session, "POST", view.id, "/vote", {"choices": wanted})


@command("delete")
@click.argument("messages", nargs=-1, required=True)
@option("--everywhere", is_flag=True)
def delete_(session: Session, messages: tuple[str, ...], *, everywhere: bool) -> None:
    """Destroy messages."""
    ids = [session.find("message", message) for message in messages]
    view = session.client.call("POST", "/deletions", {"ids": ids, "everywhere": everywhere}, DeletionView)
    if not session.give(view):
        session.say(session.t.count("deleted", len(view.targets)))
        if view.asked:
            session.say(session.t("deleted.asked", id=view.id))


@command("search")
@click.argument("text")
@option("--conversation", default="", metavar="CONVERSATION")
@option("--limit", type=click.IntRange(1, 200), default=20)
@option("--cursor", default="")
def search_(session: Session, text: str, conversation: str, limit: int, cursor: str) -> None:
    """Find messages."""
    where = session.find("conversation", conversation) if conversation else ""
    body = {"text": text, "chat": where, "limit": limit, "cursor": cursor}
    found = session.client.call("POST", "/search", body, Found)
    if session.give(found):
        return
    for hit in found.items:
        who = session.t("me") if hit.message.mine else clean(hit.message.author_name)
        network = f"[{clean(hit.message.network)}] " if hit.message.network else ""
        snippet = clean(hit.snippet.replace("\x02", "[").replace("\x03", "]"))
        session.say(f"{short(hit.message.id)}  {when(hit.message.wall_s)}  {network}{who}: {snippet}")
    session.say(session.t.count("search.found", len(found.items)))


@command("timer")
@click.argument("conversation")
@click.argument("duration")
def timer_(session: Session, conversation: str, duration: str) -> None:
    """Let later messages disappear after a while."""
    seconds = seconds_of(duration)
    path = at("chats", session.find("conversation", conversation), "timer")
    view = session.client.call("PUT", path, {"seconds": seconds}, ChatView)
    if not session.give(view):
        said = "timer.on" if view.timer_s else "timer.off"
        session.say(session.t(said, duration=length(view.timer_s)))


@command("draft")
@click.argument("conversation")
@click.argument("text", required=False)
def draft_(session: Session, conversation: str, text: str | None) -> None:
    """Show the draft of a conversation, or keep one."""
    path = at("chats", session.find("conversation", conversation), "draft")
    if text is not None:
        session.client.do("PUT", path, {"text": text})
        view = DraftView(text)
    else:
        view = session.client.get(path, DraftView)
    if not session.give(view):
        session.say(clean(view.text, lines=True))


@command("save")
@click.argument("message")
@click.argument("index", type=click.IntRange(0, 99))
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def save_(session: Session, message: str, index: int, file: Path) -> None:
    """Save a file of a message."""
    data = session.client.download(
        at("messages", session.find("message", message), "attachments", str(index))
    )
    try:
        with new_file(file) as out:
            out.write(data)
    except OSError as e:
        raise ConfigError(f"{file} cannot be written: {e.strerror}.", hint="Name a new file.") from None
    if not session.give({"path": str(file), "size_bytes": len(data)}):
        session.say(session.t("files.written", path=file, size=size(len(data))))
