"""Polls (MSC3381): a question, votes that refer to it, and an end. What stands, the server is asked.

Clients send them under two names: as the proposal was tried, and as it became part of Matrix. Both are read;
what is said here has the first, which all clients know, and a vote has that of its question. Votes are events
of their own, closed in encrypted rooms like all others, so they are counted here and not by the server.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from ... import api
from ...api import NotSupported, PollOption, Refused
from ...document import Document
from ...text import from_plain
from .client import V1, Client, path
from .model import MAX_ID, Event, events_of, table, text, texts

TRIED, STABLE = "org.matrix.msc3381.", "m."
TRIED_TEXT = "org.matrix.msc1767.text"
STARTS = frozenset({"m.poll.start", TRIED + "poll.start"})
ANSWERS = frozenset({"m.poll.response", TRIED + "poll.response"})
ENDS = frozenset({"m.poll.end", TRIED + "poll.end"})
REFERENCE = "m.reference"
MOST_ANSWERS = 20
"""Of one question, says the proposal."""
MOST_PAGES = 20
"""Of a hundred votes each."""
MAX_WORDS = 2_000


class Question(msgspec.Struct, frozen=True):
    """What is asked, of whom and how. `choices` are ids and words; `most` of them one may take."""

    words: str
    choices: tuple[tuple[str, str], ...]
    most: int
    disclosed: bool
    author: str

    @property
    def body(self) -> Document:
        """The question as people see it."""
        return from_plain(self.words)


def question_of(kind: str, said: Mapping[str, Any], author: str) -> Question | None:
    """The question of a start; None is none."""
    stable = kind == "m.poll.start"
    asked = table(said.get("m.poll" if stable else kind))
    choices = dict[str, str]()
    given = asked.get("answers")
    for raw in given[:MOST_ANSWERS] if isinstance(given, list) else ():
        id_ = text(table(raw), "m.id" if stable else "id")
        if 0 < len(id_) <= MAX_ID and id_ not in choices:
            choices[id_] = _words(table(raw))
    most = asked.get("max_selections")
    if not choices:
        return None
    return Question(
        words=_words(table(asked.get("question"))) or _words(said),
        choices=tuple(choices.items()),
        most=most if isinstance(most, int) and not isinstance(most, bool) and most > 0 else 1,
        disclosed=text(asked, "kind").endswith("poll.disclosed") or asked.get("kind") == "m.disclosed",
        author=author,
    )


def _words(said: Mapping[str, Any]) -> str:
    """A text as either form has it."""
    many = said.get("m.text")
    first = table(many[0]) if isinstance(many, list) and many else {}
    return (text(first, "body") or text(said, TRIED_TEXT) or text(said, "body"))[:MAX_WORDS]


def counted(asked: Question, about: Iterable[Event], moderators: frozenset[str], owner: str) -> api.Poll:
    """The poll as votes and its end make it. Of each person the last vote counts, of those before the end."""
    known = sorted(about, key=lambda event: (event.origin_server_ts, event.event_id))
    may_end = moderators | {asked.author}
    ended = next((e.time for e in known if e.type in ENDS and e.sender in may_end), None)
    last: dict[str, tuple[str, ...]] = {}
    for event in known:
        if event.type in ANSWERS and not event.redacted and (ended is None or event.time <= ended):
            last[event.sender] = _vote(asked, event)
    shown = asked.disclosed or ended is not None
    return api.Poll(
        options=tuple(
            PollOption(id_, words, sum(id_ in vote for vote in last.values()) if shown else None)
            for id_, words in asked.choices
        ),
        multiple=asked.most > 1,
        closed=ended is not None,
        mine=frozenset(last.get(owner, ())),
    )


def _vote(asked: Question, event: Event) -> tuple[str, ...]:
    """What somebody wants; nothing, where that is none of the choices."""
    said = event.content
    if event.type == "m.poll.response":
        chosen = texts(said.get("m.selections"), 100)
    else:
        chosen = texts(table(said.get(event.type)).get("answers"), 100)
    known = {id_ for id_, _ in asked.choices}
    return tuple(dict.fromkeys(chosen))[: asked.most] if known.issuperset(chosen) else ()


async def about(client: Client, room: str, target: str) -> list[Event]:
    """All events that refer to a question. Raises Gone where there is no such event."""
    found: list[Event] = []
    after = ""
    where = V1 + path("rooms", room, "relations", target, REFERENCE)
    for _ in range(MOST_PAGES):
        page = await client.get(where, limit=100, from_=after)
        found += events_of(page.get("chunk"))
        if not (after := text(page, "next_batch")):
            break
    return found


# --- what is to be said ---


def start(words: str, poll: api.Poll) -> tuple[str, dict[str, Any]]:
    """A question of the owner's, as an event's type and content.

    Raises:
        NotSupported: it would end by itself, or has too many choices.
    """
    if poll.closes_at is not None:
        raise NotSupported("polls end here when somebody ends them, not at a time")
    if not 0 < len(poll.options) <= MOST_ANSWERS:
        raise NotSupported(f"a poll has 1 to {MOST_ANSWERS} choices here")
    name = TRIED + "poll.start"
    choices = [{"id": option.id, TRIED_TEXT: option.text} for option in poll.options]
    listed = "".join(f"\n{n}. {option.text}" for n, option in enumerate(poll.options, 1))
    asked = {
        "question": {"msgtype": "m.text", "body": words, TRIED_TEXT: words},
        "kind": TRIED + "poll.disclosed",
        "max_selections": len(choices) if poll.multiple else 1,
        "answers": choices,
    }
    return name, {name: asked, TRIED_TEXT: words + listed}


def answer(kind: str, asked: Question, target: str, options: frozenset[str]) -> tuple[str, dict[str, Any]]:
    """A vote on a question of this type. Raises Refused for what cannot be chosen."""
    if not options <= {id_ for id_, _ in asked.choices}:
        raise Refused("this is none of the choices")
    if len(options) > asked.most:
        raise Refused(f"one may choose {asked.most} here")
    relation, chosen = {"rel_type": REFERENCE, "event_id": target}, sorted(options)
    if kind == "m.poll.start":
        return "m.poll.response", {"m.relates_to": relation, "m.selections": chosen}
    name = TRIED + "poll.response"
    return name, {"m.relates_to": relation, name: {"answers": chosen}}
