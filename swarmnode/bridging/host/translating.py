"""What bridges say themselves is put into all languages when it comes: later the bridge may be gone."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from swarm_bridges.api import Batch, ConversationSeen, Event, MessageSeen, Notice
from swarm_bridges.notices import title_of
from swarm_bridges.sentences import Sentences

from ...texts import LANGUAGES


def translated(batch: Batch, says: Callable[[str], Sentences]) -> Batch:
    """The batch, with each notice in all languages; `says` gives a bridge's sentences in one."""
    if all(_said(event) is None for event in batch.events):
        return batch
    known = {language: says(language) for language in LANGUAGES if language != "en"}
    events = tuple(_in_all(event, known) for event in batch.events)
    return msgspec.structs.replace(batch, events=events)


def _in_all(event: Event, known: dict[str, Sentences]) -> Event:
    if (said := _said(event)) is None:
        return event
    english = title_of(said)
    filled = {language: sentences.filled(said.says, said.facts) for language, sentences in known.items()}
    others = {language: text for language, text in filled.items() if text != english}
    field = "title" if isinstance(event, ConversationSeen) else "notice"
    return msgspec.structs.replace(event, **{field: msgspec.structs.replace(said, others=others)})


def _said(event: Event) -> Notice | None:
    match event:
        case MessageSeen(notice=said) | ConversationSeen(title=Notice() as said):
            return said
        case _:
            return None
