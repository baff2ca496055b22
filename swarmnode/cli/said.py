"""A message as it is printed for people."""

from __future__ import annotations

from collections.abc import Iterator

from ..domain.later import OutboxView
from ..domain.views import ChatView, MessageView
from .session import Session
from .terminal import clean, length, short, size, when

ASKED = frozenset({"asked", "looking"})
"""Reasons that the state says already."""
NOT_THERE = frozenset({"waiting", "expired"})
"""States of what goes from node to node whose reason is told."""


def said(session: Session, kind: str, text: str) -> str:
    """What a message says."""
    if kind in {"", "text"}:
        return clean(text, lines=True)
    if kind == "timer":
        return session.t("kind.timer" if text != "0" else "kind.timer-off", text=length(int(text)))
    return session.t(f"kind.{kind}", text=clean(text))


def titled(session: Session, chat: ChatView | OutboxView) -> str:
    """How a conversation is called, in the language that is spoken where a bridge calls it so."""
    return chat.title_translations.get(session.t.language, chat.title)


def show(session: Session, message: MessageView) -> None:
    """Print a message with what is known of it."""
    t = session.t
    who = t("me") if message.mine else clean(message.author_name)
    marks = ", ".join(_marks(session, message))
    own = message.translations.get(t.language, message.text)
    text = said(session, message.kind, message.reason if message.kind == "unreadable" else own)
    title = f"{clean(message.title)} | " if message.title else ""
    network = f"[{clean(message.network)}] " if message.network else ""
    line = f"{short(message.id)}  {when(message.wall_s)}  {network}{who}: {title}{text}"
    session.say(f"{line}  ({marks})" if marks else line)
    for index, file in enumerate(message.attachments):
        session.say(
            f"          [{index}] {clean(file.name)} ({clean(file.media_type)}, {size(file.size_bytes)})"
        )
    for number, choice in enumerate(message.poll.choices if message.poll else (), 1):
        votes = "" if choice.votes is None else f": {choice.votes}"
        session.say(f"          {number}) {clean(choice.text)}{votes}{' *' if choice.mine else ''}")
    if message.reactions:
        session.say("          " + " ".join(clean(symbol) for _, symbol in message.reactions))


def _marks(session: Session, message: MessageView) -> Iterator[str]:
    t = session.t
    if message.edited:
        yield t("message.edited")
    if message.mine:
        asked, reason = message.state == "maybe" and message.reason == "asked", message.reason
        state = t("message.asked" if asked else f"message.{message.state}")
        if message.send_at and message.state == "scheduled":
            state = t("message.leaves", at=when(message.send_at))
        told = message.network or message.send_at or message.state in NOT_THERE
        tells = bool(told and reason and reason not in ASKED)
        yield f"{state}: {_why(session, reason)}" if tells else state
    if message.expires_in_s and message.kind == "text":
        yield t("message.expires", duration=length(message.expires_in_s))
    if message.reply_to:
        yield t("message.reply", id=short(message.reply_to))
    if message.thread and message.thread != message.reply_to:
        yield t("message.thread", id=short(message.thread))
    yield from (t(f"mark.{mark}") if f"mark.{mark}" in t else clean(mark) for mark in message.marks)
    yield from (t(f"doing.{kind}") for kind in message.doing if f"doing.{kind}" in t)


def _why(session: Session, reason: str) -> str:
    id_ = f"why.{reason.replace(' ', '-')}"
    return session.t(id_) if id_ in session.t else clean(reason)
