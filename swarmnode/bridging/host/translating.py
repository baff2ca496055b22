"""What bridges say themselves is put into all languages when it comes: later the bridge may be gone."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from swarm_bridges.api import Batch, Event, MessageSeen
from swarm_bridges.sentences import ENGLISH, Sentences

from ...texts import LANGUAGES


def translated(batch: Batch, says: Callable[[str], Sentences]) -> Batch:
    """The batch, with each notice in all languages; `says` gives a bridge's sentences in one."""
    if not any(isinstance(event, MessageSeen) and event.notice is not None for event in batch.events):
        return batch
    known = {language: says(language) for language in LANGUAGES if language != "en"}
    events = tuple(_in_all(event, known) for event in batch.events)
    return msgspec.structs.replace(batch, events=events)


def _in_all(event: Event, known: dict[str, Sentences]) -> Event:
    if not isinstance(event, MessageSeen) or event.notice is None:
        return event
    said = event.notice
    english = ENGLISH.filled(said.says, said.facts)
    filled = {language: sentences.filled(said.says, said.facts) for language, sentences in known.items()}
    others = {language: text for language, text in filled.items() if text != english}
    return msgspec.structs.replace(event, notice=msgspec.structs.replace(said, others=others))
