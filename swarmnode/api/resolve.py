"""What a person means: an exact id, a name of one thing, or the start of one id or name.

In this order, and without regard to case for names. If several fit, or none, the answer says which there are:
who types a name at a terminal is not made to guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import msgspec

from ..domain.views import ChatView
from ..errors import NotFound
from .node import Node
from .ports import TokenStore

Kind = Literal[
    "contact", "conversation", "message", "invite", "relay", "device", "network", "account", "person", "talk"
]
SHOWN = 8
"""Candidates that an error lists."""

LIST_COMMAND = {
    "contact": "contacts",
    "conversation": "conversations",
    "message": "read CONVERSATION",
    "invite": "invite --list",
    "relay": "relay list",
    "device": "devices",
    "network": "bridge list",
    "account": "bridge status",
    "person": "people list",
    "talk": "inbox",
}


class Named(msgspec.Struct, frozen=True):
    """A thing by its id and the name that people see."""

    id: str
    name: str


async def resolve(node: Node, tokens: TokenStore, kind: Kind, text: str) -> Named:
    """Find what `text` means.

    Raises:
        NotFound: nothing fits, or several things do; the hint lists candidates.
    """
    text = text.strip()
    if kind == "talk":
        return await _talk(node, text)
    if kind == "message":
        things: Sequence[Named] = [Named(id_, id_) for id_ in await node.messages_like(text.lower())]
    else:
        things = await _things(node, tokens, kind)
    return pick(things, kind, text)


async def _talk(node: Node, text: str) -> Named:
    """A person, or a conversation. With a person there may be several; of one alone its id is given."""
    chats = await node.chats()
    people = [Named(id_, name) for id_, name in await node.names()]
    of_person = {chat.id: chat.person for chat in chats}
    # Who is named by the conversation is named too: it is not another thing that fits.
    titled = [Named(of_person[c.id] or c.id, title) for c in chats for title in _titles(c)]
    known = [Named(c.id, c.title) for c in chats if c.id == text]
    found = pick(known or [*people, *titled], "talk", text)
    theirs = [chat.id for chat in chats if chat.person == found.id]
    return Named(theirs[0], found.name) if len(theirs) == 1 else found


async def _things(node: Node, tokens: TokenStore, kind: Kind) -> Sequence[Named]:
    match kind:
        case "contact":
            return [Named(c.id, c.name) for c in await node.contacts()]
        case "person":
            return [Named(id_, name) for id_, name in await node.names()]
        case "conversation":
            return [Named(c.id, title) for c in await node.chats() for title in _titles(c)]
        case "invite":
            return [Named(i.id, i.note) for i in await node.invites()]
        case "network":
            return [Named(n.id, n.name) for n in await node.networks()]
        case "account":
            found = await node.accounts()
            return [Named(a.id, name) for a in found for name in (a.display, a.network)]
        case "relay":
            return [Named(r.id, r.address) for r in await node.relays()]
        case _:
            return [Named(t.id, t.label) for t in await tokens.all()]


def _titles(chat: ChatView) -> tuple[str, ...]:
    """A conversation is meant by its title in any language."""
    return chat.title, *chat.title_translations.values()


def pick(things: Sequence[Named], kind: Kind, text: str) -> Named:
    """The one of these that is meant; raises like `resolve`."""
    folded = text.casefold()
    ranks = (
        [t for t in things if t.id == text],
        [t for t in things if t.name.casefold() == folded],
        [t for t in things if text and t.id.startswith(text.lower())],
        [t for t in things if folded and t.name.casefold().startswith(folded)],
    )
    for fitting in ranks:
        if len({t.id for t in fitting}) == 1:
            return fitting[0]
        if fitting:
            raise NotFound(f"Several fit: {_list(fitting)}.", hint="Give more of the name, or the id.")
    there = f"There are: {_list(things)}. " if things and kind != "message" else ""
    hint = f"{there}`swarmnode {LIST_COMMAND[kind]}` shows all."
    if not things and kind in {"contact", "conversation", "person", "talk"}:
        hint = "There is nobody yet: `swarmnode invite`, or `swarmnode accept LINK`."
    raise NotFound(f"No {kind} fits {text!r}.", hint=hint)


def _list(things: Sequence[Named]) -> str:
    names = ", ".join(
        f"{t.name} ({t.id[:8]})" if t.name and t.name != t.id else t.id[:16] for t in things[:SHOWN]
    )
    return names + (", …" if len(things) > SHOWN else "")
