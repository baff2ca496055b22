"""The events that a node tells screens of, each with its data: ids, states and short codes, no text.

What is told is told after it was stored, to whoever listens then. A screen looks at what an id names; so an
event may be told once too often, and what it means is found where it always stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class EventType:
    """What an event says, and the names of its data; those in `sometimes` are not always there."""

    says: str
    data: tuple[str, ...] = ()
    sometimes: tuple[str, ...] = ()


EVENTS: Mapping[str, EventType] = {
    "node.changed": EventType("the name, or something else that `status` shows"),
    "node.quarantine": EventType("another copy of this node runs: nothing is sent any more"),
    "node.forked": EventType("this node has signed two messages for one place: it runs twice"),
    "settings.changed": EventType("a setting of the node", ("setting",)),
    "contact.new": EventType("somebody is a contact now, confirmed or not yet", ("contact",)),
    "contact.changed": EventType("name, standing or nodes", ("contact",)),
    "contact.removed": EventType("a contact was forgotten, with the conversation", ("contact",)),
    "contact.request": EventType("a stranger asks at an address; the id is `r` and the number", ("request",)),
    "contact.alert": EventType("something about the keys, of this `kind`", ("contact", "kind")),
    "invite.changed": EventType("an invite, given or taken, is in this state now", ("invite", "state")),
    "invite.burnt": EventType("somebody guessed a spoken code wrong; it is worth nothing now", ("invite",)),
    "people.changed": EventType("somebody in the address book: name, accounts or preference", ("person",)),
    "people.removed": EventType("somebody is no longer in the address book", ("person",)),
    "people.suggested": EventType("two people may be one, or that is settled", ("suggestion",)),
    "proofs.changed": EventType("a claim of an account, ours or a contact's, or what was seen of it"),
    "chat.new": EventType("a conversation has begun", ("chat", "contact")),
    "chat.changed": EventType("unread messages, timer, or the way the conversation goes on", ("chat",)),
    "chat.invited": EventType(
        "somebody on another network asks you into a conversation there, or that is settled", ("chat",)
    ),
    "chat.typing": EventType("somebody on another network types there, or stopped", ("chat", "author", "on")),
    "draft.changed": EventType("a draft, perhaps from another screen", ("chat",)),
    "outbox.changed": EventType(
        "something that waits for its time: it was said, changed, taken back, or has left",
        ("message", "chat"),
    ),
    "deletion.changed": EventType("a node has answered for a deletion", ("deletion",)),
    "message.new": EventType("a message, ours or another's", ("chat", "message", "mine")),
    "message.changed": EventType("it was edited, or reacted to", ("chat", "message")),
    "message.deleted": EventType("it is destroyed", ("chat", "message")),
    "message.state": EventType("how far a message of ours is", ("message", "state"), ("chat",)),
    "post.changed": EventType(
        "a post for several networks: how it stands on one of them, or somebody answered", ("post",)
    ),
    "relay.changed": EventType("a relay is up, down or given up", ("relay", "state"), ("reason",)),
    "relay.tickets": EventType("a relay refuses a ticket of ours: they run out", ("relay",)),
    "relay.direct": EventType(
        "our relays pass nothing on to this one: it is called directly, and sees our address",
        ("relay", "reason"),
    ),
    "relay.waiting": EventType(
        "our relays pass nothing on to this one, and it may not be called directly: messages wait",
        ("relay", "reason"),
    ),
    "relay.contradicts": EventType(
        "this relay takes our key to a queue again and again, and then says that there is no such queue: "
        "messages go another way, or wait",
        ("relay",),
    ),
    "queue.dead": EventType("a queue of ours is gone at this relay; another takes its place", ("relay",)),
    "incoming.refused": EventType(
        "something that came breaks a rule and was dropped; `peer` is 0 for strangers",
        ("code", "rule", "peer"),
    ),
    "incoming.unknown": EventType("something came that a newer version may understand", ("kind",)),
    "incoming.poison": EventType(
        "an error of this program: what came is kept aside, see `doctor`",
        ("peer",),
    ),
    "bridge.changed": EventType(
        "an account on another network: its log-in, health or settings", ("account",)
    ),
    "bridge.notice": EventType(
        "an account wants its owner to look; `notice` is empty when that is over",
        ("account", "notice", "way_out"),
    ),
    "bridge.carries": EventType(
        "something sealed is to leave through a conversation on another network", ("chat",)
    ),
    "bridge.removed": EventType("an account was taken out", ("account",)),
    "bridge.claim": EventType(
        "somebody there claims to be somebody else, too; nobody confirms it", ("account",)
    ),
    "bridge.shelved": EventType(
        "something of that network could not be taken in, and was put away", ("account",)
    ),
}
"""Each event by its name, in the order of the documents."""
