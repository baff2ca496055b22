"""What a simulated person does at the screen and sees on it, in calls of the node's services.

Each takes the open step and the node's memory, as all services do. What they give back is plain: ids, texts,
and `Shown` for the model.
"""

from __future__ import annotations

from sim_model import Shown

from swarm_protocol.content import body_of
from swarm_protocol.content.bodies import Edit, Reply, Text
from swarm_protocol.identity import RecoveryKit
from swarmnode.domain.views import MessageState
from swarmnode.domain.words import Words
from swarmnode.services import identity, meeting, messages, queues, relays, views
from swarmnode.services.node import Node
from swarmnode.services.step import Step
from swarmnode.storage.shelves import (
    ALERTS,
    CONTACTS,
    HELD,
    INVITES,
    MESSAGES,
    OUTBOX,
    PARTS,
    QUEUES_IN,
    RECEIPT_INTENTS,
)

ARRIVED = {MessageState.DELIVERED, MessageState.READ}


def create(step: Step, node: Node, name: str) -> None:
    identity.create(step, node, name, RecoveryKit.generate(step.entropy))


def use_relay(step: Step, node: Node, link: str) -> None:
    relays.use(step, node, link)


def invite(step: Step, node: Node) -> str:
    return meeting.invite(step, node, "one-time").id


def link_of(step: Step, node: Node, invite_id: str) -> str:
    """The link of an invite; empty until a relay holds the bundle."""
    del node
    row = INVITES.get(step.tx, int(invite_id))
    assert row is not None
    return meeting.view_of(row).link


def accept(step: Step, node: Node, link: str) -> None:
    meeting.accept(step, node, link)


def persona(step: Step, node: Node) -> bytes:
    del step
    return node.me.chain.persona_id


def chat_with(step: Step, node: Node, persona_id: bytes) -> str:
    """The conversation with a persona that is confirmed; empty where there is none yet."""
    del node
    contact = CONTACTS.one(step.tx, persona_id=persona_id, standing="confirmed")
    return "" if contact is None else views.contact(step, contact).chat


def contact_of(step: Step, node: Node, persona_id: bytes) -> int:
    """The row of a contact."""
    del node
    contact = CONTACTS.one(step.tx, persona_id=persona_id)
    assert contact is not None
    return contact.id


def send(step: Step, node: Node, chat: str, text: str, reply_to: str) -> str:
    return messages.send(step, node, chat, Words(text, reply_to)).id


def edit(step: Step, node: Node, message: str, text: str) -> None:
    messages.edit(step, node, message, text)


def react(step: Step, node: Node, message: str, symbol: str) -> None:
    messages.react(step, node, message, symbol)


def delete(step: Step, node: Node, message: str) -> None:
    messages.delete(step, node, [message], everywhere=True)


def look(step: Step, node: Node, chat: str) -> list[str]:
    """Mark all of a chat as read; the ids of what was unread."""
    conversation = messages.find(step, chat)
    unread = MESSAGES.all(step.tx, conversation_id=conversation.id, unread=True)
    count = messages.mark_read(step, node, chat)
    assert count == len(unread)
    return [row.name.hex() for row in unread]


def screen(step: Step, node: Node, chat: str, who: str, other: str) -> list[Shown]:
    """A whole conversation as its screen shows it, page by page from the end."""
    conversation, found, before = messages.find(step, chat), list[Shown](), ""
    while True:
        page = views.page(step, node, conversation, before=before, limit=100)
        if not page.items:
            return found
        before = page.prev
        found[:0] = [
            Shown(
                id=view.id,
                mine=view.mine,
                text=view.text,
                deleted=view.kind == "deleted",
                edited=view.edited,
                reply_to=view.reply_to,
                reactions=frozenset((who if by == "me" else other, symbol) for by, symbol in view.reactions),
                delivered=view.mine and view.state in ARRIVED,
                unread=view.unread,
            )
            for view in page.items
        ]


def unread(step: Step, node: Node, chat: str) -> int:
    return views.chat(step, node, messages.find(step, chat)).unread


def stored(step: Step, node: Node) -> set[str]:
    """The ids of all messages that are on this disk."""
    del node
    return {row.name.hex() for row in MESSAGES.all(step.tx)}


def texts(step: Step, node: Node) -> set[str]:
    """Every text that is on this disk in some body, shown or not."""
    del node
    bodies = step.tx.bodies.get_many(row.body_id for row in MESSAGES.all(step.tx) if row.body_id is not None)
    said = (body_of(data) for data in bodies.values())
    return {body.text for body in said if isinstance(body, Text | Reply | Edit)}


def owes(step: Step, node: Node, rid: bytes, n: int) -> bool | None:
    """Whether a message of a queue was not dealt with yet; None where the queue is not the node's."""
    del node
    queue = QUEUES_IN.one(step.tx, rid=rid)
    return None if queue is None else not queues.cursor_of(queue).has(n)


def unfinished(step: Step, node: Node) -> list[str]:
    """What a node that is at rest must not have."""
    found = [f"#{row.id} waits in the outbox ({row.state})" for row in OUTBOX.all(step.tx)]
    found += [f"a message of epoch {row.epoch} is held" for row in HELD.all(step.tx)]
    found += [f"a part of {row.scope} is left over" for row in PARTS.all(step.tx)]
    found += ["a receipt is owed" for _ in RECEIPT_INTENTS.all(step.tx)]
    found += [f"an alert about a contact: {row.kind}" for row in ALERTS.all(step.tx)]
    if node.quarantine:
        found.append(f"it is in quarantine: {node.quarantine}")
    return found
