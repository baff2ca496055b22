"""What a core remembers of one account: the rules of the journal, small and in memory.

The node's own journal does the same in a database; this one is for authors' tests, and short enough to be
read as the explanation of what happens to a bridge's events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from .. import notices
from ..api import (
    Accepted,
    ActorSeen,
    Batch,
    ClaimsSeen,
    ConversationGone,
    ConversationRef,
    ConversationSeen,
    Coverage,
    Cursor,
    Event,
    IdentityMoved,
    IntentId,
    MarksNow,
    MessageGone,
    MessageRef,
    MessageSeen,
    OpaqueSeen,
    Outgoing,
    ReactionsNow,
    ReceiptMoved,
)
from ..text import to_plain


@dataclass(slots=True)
class Intent:
    """Something that the owner wants. `state` is `calling`, `waiting`, `accepted`, `unknown` or `refused`."""

    out: Outgoing
    state: str = "waiting"
    refs: tuple[MessageRef, ...] = ()
    error: str = ""
    calls: int = 0


@dataclass(frozen=True, slots=True)
class Shown:
    """A message as a screen shows it."""

    event: MessageSeen
    intent: IntentId | None = None
    reactions: Mapping[str, frozenset[str]] = field(default_factory=dict)
    marks: MarksNow | None = None

    @property
    def text(self) -> str:
        """What it says."""
        return to_plain(self.event.body)

    @property
    def mine(self) -> bool:
        """Whether it stands on the owner's side."""
        return self.event.actor.is_owner


@dataclass(slots=True)
class Journal:
    """All that is known. `applied` gives the next one, so that a batch is there whole or not at all."""

    cursor: Cursor | None = None
    messages: dict[MessageRef, Shown] = field(default_factory=dict)
    aliases: dict[tuple[ConversationRef, str], MessageRef] = field(default_factory=dict)
    tombs: set[MessageRef] = field(default_factory=set)
    parked: list[Event] = field(default_factory=list)
    conversations: dict[ConversationRef, ConversationSeen] = field(default_factory=dict)
    gone: set[ConversationRef] = field(default_factory=set)
    people: dict[str, ActorSeen] = field(default_factory=dict)
    read: dict[tuple[ConversationRef, str], MessageRef] = field(default_factory=dict)
    coverage: list[Coverage] = field(default_factory=list)
    opaque: list[OpaqueSeen] = field(default_factory=list)
    claims: dict[str, ClaimsSeen] = field(default_factory=dict)
    """By remote ids: what was told last."""
    moves: list[IdentityMoved] = field(default_factory=list)
    intents: dict[IntentId, Intent] = field(default_factory=dict)
    duplicates: int = 0
    refused: int = 0
    """Changes by somebody who may not."""

    def applied(self, batch: Batch) -> Journal:
        """The journal after a batch and its cursor."""
        new = replace(
            self,
            messages=dict(self.messages),
            aliases=dict(self.aliases),
            tombs=set(self.tombs),
            parked=list(self.parked),
            conversations=dict(self.conversations),
            gone=set(self.gone),
            people=dict(self.people),
            read=dict(self.read),
            coverage=list(self.coverage),
            opaque=list(self.opaque),
            claims=dict(self.claims),
            moves=list(self.moves),
            intents={id_: replace(intent) for id_, intent in self.intents.items()},
        )
        for event in batch.events:
            new._take(event)
        if batch.cursor_after is not None:
            new.cursor = batch.cursor_after
        return new

    def timeline(self, conversation: ConversationRef) -> list[Shown]:
        """What a screen shows, in the network's order."""
        found = [shown for ref, shown in self.messages.items() if ref.conversation == conversation]
        return sorted(found, key=lambda shown: shown.event.order or "")

    def accept(self, intent: Intent, accepted: Accepted) -> None:
        """Note that the network has something, whether or not it has told it already."""
        intent.state, intent.refs = "accepted", accepted.refs
        for ref in accepted.refs:
            if (shown := self.messages.get(ref)) is not None:
                self.messages[ref] = replace(shown, intent=intent.out.intent)
        for alias in accepted.aliases:
            self.aliases[intent.out.conversation, alias] = accepted.refs[0]

    def _take(self, event: Event) -> None:
        match event:
            case MessageSeen():
                self._message(event)
            case MessageGone(target=target) | ReactionsNow(target=target) | MarksNow(target=target):
                self._change(event, self.known(target))
            case ConversationSeen(conversation=conversation):
                assert notices.names_itself(event), "a title is a notice where the network has no name"
                known = self.conversations.get(conversation)
                title = event.title if event.title is not None or known is None else known.title
                self.conversations[conversation] = msgspec.structs.replace(event, title=title)
                self.gone.discard(conversation)
            case ConversationGone(conversation=conversation):
                self.gone.add(conversation)
            case ActorSeen(actor=actor):
                self.people[actor.remote_id] = event
            case ReceiptMoved(up_to=up_to, actor=actor, read=True):
                self.read[up_to.conversation, actor.remote_id] = self.known(up_to)
            case Coverage():
                self.coverage.append(event)
            case OpaqueSeen():
                if all(seen.ref != event.ref for seen in self.opaque):
                    self.opaque.append(event)
            case ClaimsSeen(actor=actor):
                self.claims[actor.remote_id] = event
            case IdentityMoved():
                self.moves.append(event)
            case ReceiptMoved():
                pass

    def known(self, ref: MessageRef) -> MessageRef:
        """A message by its first id, whichever of its ids that is."""
        return self.aliases.get((ref.conversation, ref.remote_id), ref)

    def _message(self, event: MessageSeen) -> None:
        assert notices.fits(event), "a body begins with its notice, in English"
        ref = self.known(event.ref)
        for alias in event.aliases:
            self.aliases[ref.conversation, alias] = ref
        if ref in self.tombs:
            return
        known = self.messages.get(ref)
        if known is None:
            self.messages[ref] = Shown(event, self._echoed(event, ref))
            waiting, self.parked = self.parked, []
            for change in waiting:
                self._take(change)
        elif known.event.revision == event.revision:
            self.duplicates += 1
        elif known.event.actor.remote_id != event.actor.remote_id:
            self.refused += 1
        elif _later(event.revision, known.event.revision):
            self.messages[ref] = replace(known, event=event)

    def _echoed(self, event: MessageSeen, ref: MessageRef) -> IntentId | None:
        """The intent that this message is the echo of: by the key, else by an id that the call returned."""
        for id_, intent in self.intents.items():
            if event.echo_of == id_ or ref in intent.refs:
                if len(intent.out.parts) == 1:  # one part of several does not show that all are there
                    intent.state, intent.refs = "accepted", (ref,)
                return id_
        return None

    def _change(self, event: MessageGone | ReactionsNow | MarksNow, target: MessageRef) -> None:
        shown = self.messages.get(target)
        match event:
            case MessageGone(actor=actor):
                if shown is not None and actor is not None and not self._may(actor.remote_id, shown):
                    self.refused += 1
                    return
                self.tombs.add(target)
                self.messages.pop(target, None)
            case _ if shown is None:
                if target not in self.tombs:
                    self.parked.append(event)
            case ReactionsNow(actor=actor, values=values):
                reactions = {**shown.reactions, actor.remote_id: values}
                self.messages[target] = replace(shown, reactions=reactions)
            case MarksNow():
                self.messages[target] = replace(shown, marks=event)

    def _may(self, who: str, shown: Shown) -> bool:
        about = self.conversations.get(shown.event.ref.conversation)
        return who == shown.event.actor.remote_id or (about is not None and who in about.moderators)


def _later(one: str, other: str) -> bool:
    """Numbers are compared as numbers; of other revisions the one that came last counts."""
    return int(one) > int(other) if one.isdecimal() and other.isdecimal() else True
