"""What messages do to other messages, and who may (spec 21 §7): pure rules over messages that were admitted.

A change that comes before its target waits for it. One that is not allowed stays in its author's chain and
does nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from ..errors import RuleViolation
from ..identity import PersonaId
from . import rules
from .bodies import DeleteRcpt, DeleteReq, Edit, React, Reply, Text
from .message import Message


def check_change(change: Message, target: Message, *, may_react: Collection[PersonaId]) -> None:
    """Check that an edit or a react may do what it does to `target`, a chained message of its conversation.

    Raises:
        RuleViolation: it is about another message, about one that cannot be changed so, or by somebody who
            may not.
    """
    body = change.body
    rules.CHANGE_TARGET.require(isinstance(body, Edit | React) and body.target == target.id)
    if isinstance(body, Edit):
        rules.CHANGE_TARGET.require(isinstance(target.body, Text | Reply))
        rules.CHANGE_PERSONA.require(change.author.persona_id == target.author.persona_id)
    else:
        rules.CHANGE_TARGET.require(not isinstance(target.body, Edit | React))
        rules.CHANGE_PERSONA.require(change.author.persona_id in may_react)


def latest_edit(target: Message, changes: Iterable[Message]) -> Message | None:
    """The edit that counts: of those that are allowed, the last by lamport, then by id; None without any.

    The others are history, which is kept as the conversation's policy says.
    """
    edits = (m for m in changes if isinstance(m.body, Edit) and _allowed(m, target, ()))
    return max(edits, key=_rank, default=None)


def reactions(
    target: Message, changes: Iterable[Message], *, may_react: Collection[PersonaId]
) -> dict[PersonaId, str]:
    """The reaction of each persona: its last by lamport, then by id, unless that took it back."""
    reacts = (m for m in changes if isinstance(m.body, React) and _allowed(m, target, may_react))
    out: dict[PersonaId, str] = {}
    for message in sorted(reacts, key=_rank):
        assert isinstance(message.body, React), "they were chosen so"
        out[message.author.persona_id] = message.body.symbol
    return {persona_id: symbol for persona_id, symbol in out.items() if symbol}


def check_deletion(
    request: Message, authors: Iterable[PersonaId], *, moderators: Collection[PersonaId]
) -> None:
    """Check that who asks may: `authors` are the personas of the targets that we know.

    Raises:
        RuleViolation: they are not the author of each, nor a moderator.
    """
    by = request.author.persona_id
    rules.DELETION_PERSONA.require(
        isinstance(request.body, DeleteReq) and (by in moderators or all(by == author for author in authors))
    )


def check_answer(receipt: Message, request: Message) -> None:
    """Check that a delete_rcpt answers this delete_req, for all its targets.

    Raises:
        UnexpectedMessage: it answers another one, or for other messages.
    """
    body, asked = receipt.body, request.body
    if not (
        isinstance(body, DeleteRcpt)
        and isinstance(asked, DeleteReq)
        and body.request == request.id
        and tuple(target for target, _ in body.statuses) == asked.targets
    ):
        raise rules.DELETION_ANSWER.unexpected()


def _allowed(change: Message, target: Message, may_react: Collection[PersonaId]) -> bool:
    try:
        check_change(change, target, may_react=may_react)
    except RuleViolation:
        return False
    return True


def _rank(message: Message) -> tuple[int, bytes]:
    return message.standing.lamport, message.id
