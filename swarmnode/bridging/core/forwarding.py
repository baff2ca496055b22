"""Passing on what somebody said: only where its author lets it go (ADR 0034).

Words of the owner go wherever the owner wants. Words of others go nowhere by themselves; what everybody on a
network could read may go further on that network, as a boost would take it. Whose words a message holds is
remembered, so that passing on what was passed on needs the consent of whoever said it first.
"""

from __future__ import annotations

import msgspec

from swarm_bridges.document import Document, Quote
from swarm_bridges.text import from_plain, to_plain

from ...domain.bridge_views import is_remote
from ...domain.consent import Scope
from ...domain.views import MessageView
from ...domain.words import Words
from ...errors import NoConsent, UsageError
from ...services import contacts
from ...services import messages as own
from ...services.node import Node
from ...services.step import Step
from . import abilities, consent, inbox, outbox, people, rooms, screens, words
from .consent import Provenance


def forward(step: Step, node: Node, message: str, chat: str) -> MessageView:
    """Say in a conversation what a message says, with the name of who said it.

    Raises:
        NotFound: there is no such message, or no such conversation.
        NoConsent: its author did not let these words go there.
        UsageError: it has no words, or stands there already.
    """
    node.require_writable()
    view = inbox.message(step, node, message)
    if view.kind != "text" or not view.text.strip():
        raise UsageError("only words can be passed on", hint="Files: save them, and send them yourself.")
    if view.chat == chat:
        raise UsageError("it stands in this conversation already", hint="Answer it: `--reply`.")
    source = whose(step, view)
    said = "\n\n".join(part for part in (view.title, view.text) if part)
    body = from_plain(said)
    if source is not None:
        package, scope = _target(step, chat)
        source = msgspec.structs.replace(source, scope=scope, hops=(*source.hops, place_of(step, view.chat)))
        if not consent.may_go(step, source, package):
            raise _no(step, source, view)
        if not view.mine:  # else the name stands there already
            body = Document((*from_plain(f"{source.name}:").blocks, Quote(body.blocks)))
    if is_remote(chat):
        forwarded = outbox.send(step, chat, outbox.Saying(body), provenance=source)
        return screens.message(step, outbox.find(step, forwarded))
    sent = own.send(step, node, chat, Words(to_plain(body)))
    if source is not None:
        consent.note(step, sent.id, source)
    return sent


def whose(step: Step, view: MessageView) -> Provenance | None:
    """Whose words a message holds; None: the owner's."""
    if view.mine:
        return consent.carried(step, view.id)
    if not inbox.is_ours(view.id):
        author = contacts.find(step, view.author).persona_id.hex()
        return Provenance(
            package="", author=author, message=view.id, name=view.author_name, place=place_of(step, view.chat)
        )
    row = outbox.find(step, view.id)
    room = rooms.get(step, row.conversation_id)
    said = words.of(step, row)
    seen = "" if said is None else said.visibility
    return Provenance(
        package=outbox.account_of(step, room).package,
        author="" if row.actor_id is None else people.get(step, row.actor_id).remote_id,
        message=row.remote_id or "",
        name=view.author_name,
        place=place_of(step, view.chat),
        public=seen in {"public", "unlisted"} or (room.kind == "feed" and not seen),
    )


def _target(step: Step, chat: str) -> tuple[str, Scope]:
    """The network of a conversation, and whether everybody reads there."""
    if not is_remote(chat):
        own.find(step, chat)
        return "", Scope.FORWARD
    room = rooms.find(step, chat)
    account = outbox.account_of(step, room)
    public = abilities.of(step, account, room).transport_privacy == "public"
    everybody = public or room.kind in {"timeline", "channel"}
    return account.package, Scope.PUBLISH if everybody else Scope.FORWARD


def place_of(step: Step, chat: str) -> str:
    """A conversation as the ledger of consent names it."""
    if not is_remote(chat):
        return consent.place("", own.find(step, chat).conv_id.hex())
    room = rooms.find(step, chat)
    return consent.place(outbox.account_of(step, room).package, room.remote_id)


def _no(step: Step, source: Provenance, view: MessageView) -> NoConsent:
    """Why it must not go, and the ways out."""
    who = (source.package, source.author)
    publish = " --publish" if source.scope == Scope.PUBLISH else ""
    give = f"`swarmnode consent give --message {view.id}{publish}`"
    hint = f"Ask {source.name}. If they let you: {give}."
    if consent.refused(step, who, Scope(source.scope), source.place):
        hint = f"{source.name} said no, and that stands until they themselves say otherwise."
    if view.url:
        hint += f" A link needs nobody's leave: {view.url}"
    return NoConsent("the author has not let these words go there", hint=hint)
