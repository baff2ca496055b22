"""What mail servers report of our mails: that one could not be delivered (RFC 3464). Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...api import Actor, ActorSeen, DeliveryFailed, Event, MessageRef, MessageSeen, Notice, Origin
from ...notices import english
from . import names, words
from .convert import Mail, View, is_for_node, order, place
from .headers import ADDRESS, Head

MAX_RECIPIENTS = 50
REPORTER = "mailer-daemon@report.invalid"
"""Whoever reports: many servers do, under names that mean nothing."""
_STATUS = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
SAYS = {
    (True, True): "This mail was not delivered to {who}: {reason}.",
    (True, False): "This mail was not delivered: {reason}.",
    (False, True): "This mail is late to {who}: {reason}.",
    (False, False): "This mail is late: {reason}.",
}
"""By whether that is final, and whether we know to whom."""
UNKNOWN = "the mail servers do not say why"
REASONS = {
    "1": "there is no such address",
    "2": "the mailbox does not take it",
    "3": "the other mail system does not take it",
    "4": "the other mail server could not be reached",
    "5": "the mail servers did not understand each other",
    "6": "the other side does not take this kind of content",
    "7": "the other side refuses it",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """A mail of ours that somebody did not get. `final` ones are not tried any more."""

    head: Head
    recipient: str
    reason: str
    final: bool


def failures(mail: Mail, view: View) -> list[Failure]:
    """What a report says, if it is one about a mail of ours; others prove nothing, and are mails."""
    kinds = {part.kind: part for part in mail.body.report}
    status = kinds.get("message/delivery-status") or kinds.get("message/global-delivery-status")
    whole, short = kinds.get("message/rfc822"), kinds.get("text/rfc822-headers")
    if status is None or (whole is None and short is None):
        return []
    if whole is not None:
        about = mail.texts.get(f"{whole.number}.HEADER", b"")
    else:
        assert short is not None
        about = words.decoded(mail.texts.get(short.number, b""), short.encoding)
    head = Head(about)
    if names.intent_of(view.key, head.message_id) is None:
        return []
    said = words.text(words.decoded(mail.texts.get(status.number, b""), status.encoding))
    return [f for f in (_failure(head, group) for group in _groups(said)) if f is not None][:MAX_RECIPIENTS]


def _groups(said: str) -> list[dict[str, str]]:
    """Fields of each recipient; the first group is about the whole."""
    groups: list[dict[str, str]] = []
    for block in re.split(r"\n[ \t]*\n", said.replace("\r\n", "\n").strip())[: MAX_RECIPIENTS + 1]:
        fields: dict[str, str] = {}
        for line in re.sub(r"\n[ \t]+", " ", block).split("\n"):
            name, colon, value = line.partition(":")
            if colon:
                fields.setdefault(name.strip().lower(), value.strip())
        groups.append(fields)
    return groups[1:]


def _failure(head: Head, fields: dict[str, str]) -> Failure | None:
    action = fields.get("action", "").lower()
    if action not in {"failed", "delayed"}:
        return None
    given = fields.get("original-recipient") or fields.get("final-recipient", "")
    address = given.partition(";")[2].strip().strip("<>").lower()
    status = _STATUS.search(fields.get("status", ""))
    return Failure(
        head,
        address if ADDRESS.fullmatch(address) else "",
        REASONS.get(status[2][0] if status else "", UNKNOWN),
        final=action == "failed",
    )


def told_of(mail: Mail, view: View, origin: Origin) -> list[Event] | None:
    """A report as what it means: the mail servers answer the mail that failed. None if it is none.

    About bytes of a node people are told nothing: the node says what becomes of what was in them.
    """
    found = failures(mail, view)
    made: list[Event] = []
    for number, failure in enumerate(found):
        where = place(failure.head, view, mine=True)
        target = names.message(where, failure.head.message_id)
        who = Actor(REPORTER)
        facts = {"reason": failure.reason, **({"who": failure.recipient} if failure.recipient else {})}
        said = Notice(SAYS[failure.final, bool(failure.recipient)], facts)
        report = MessageSeen(
            ref=MessageRef(where, mail.head.message_id, str(number) if number else ""),
            actor=who,
            body=english(said),
            notice=said,
            origin=origin,
            remote_time=mail.head.time if mail.head.time is not None else mail.at,
            order=order(mail),
            reply_to=target,
        )
        if not is_for_node(failure.head, view, mine=True):
            made += [ActorSeen(actor=who, name="Mailer-Daemon", bot=True), report]
        if failure.final:
            alone = len(failure.head.people("To", "Cc")) < 2
            made.append(
                DeliveryFailed(
                    target=target,
                    reason=failure.reason,
                    recipient=None if alone or not failure.recipient else Actor(failure.recipient),
                    intent=names.intent_of(view.key, failure.head.message_id),
                    origin=origin,
                )
            )
    return made if found else None


def is_about_node(mail: Mail, view: View) -> bool:
    """Whether it is a report about bytes of a node."""
    return any(is_for_node(failure.head, view, mine=True) for failure in failures(mail, view))
