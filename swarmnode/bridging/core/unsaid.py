"""As `inbox`, also for what waits for its time (`later`): what a person does with a message, left or not."""

from __future__ import annotations

from collections.abc import Sequence

from ...domain.views import MessageView
from ...errors import NotFound
from ...services.node import Node
from ...services.step import Step
from . import inbox, later


def message(step: Step, node: Node, message: str) -> MessageView:
    """One message; of what has left, what it became."""
    if later.is_later(message):
        return later.view(step, node, later.find(step, message))
    return inbox.message(step, node, message)


def messages_like(step: Step, prefix: str) -> list[str]:
    """Ids of messages that start so, at most 3: those that are numbers are meant as they are."""
    if not later.is_later(prefix):
        return inbox.messages_like(step, prefix)
    try:
        later.find(step, prefix)
    except NotFound:
        return []
    return [prefix]


def edit(step: Step, node: Node, message: str, text: str) -> MessageView:
    """Let it say something else; what has not left is just changed."""
    if later.is_later(message):
        return later.edit(step, node, message, text)
    return inbox.edit(step, node, message, text)


def resend(step: Step, node: Node, message: str) -> MessageView:
    """Send again what was given up; what waits for its time leaves now."""
    if later.is_later(message):
        return later.move(step, node, message, 0)
    return inbox.resend(step, node, message)


def cancel(step: Step, node: Node, message: str) -> MessageView:
    """Take back what has not left; the answer has its text."""
    if later.is_later(message):
        return later.cancel(step, node, message)
    return inbox.cancel(step, node, message)


def take_back(step: Step, node: Node, messages: Sequence[str]) -> list[str]:
    """Of messages that are to be deleted: take back those that wait for their time; the others."""
    for message in messages:
        if later.is_later(message):
            later.cancel(step, node, message)
    return [message for message in messages if not later.is_later(message)]
