"""Which messages belong to a post: its parts on each network, and what answers them.

Of each message that answers another the row names that one, so the thread under a post is a walk over rows:
upwards, to tell screens that a post was answered, and downwards, to show it. It does not matter what came
first.
"""

from __future__ import annotations

import sqlalchemy as sa

from ...domain.post_views import POST
from ...services.news import tell
from ...services.step import Step
from ...storage.bridge_shelves import (
    ALIASES,
    PARTS,
    PLACES,
    POSTS,
    REMOTE_MESSAGES,
    PlaceRow,
    RemoteMessage,
)
from ...storage.shelf import Prepared

DEPTH = 32
"""How far up an answer is followed to its post."""
SHOWN = 200
"""Answers that are shown with a post, the last ones."""
_THREAD = """
WITH RECURSIVE part(id) AS (
  SELECT message_id FROM post_part JOIN post_place ON post_place.id = place_id WHERE post_id = :post
), thread(id, room, name) AS (
  SELECT m.id, m.conversation_id, m.remote_id FROM part JOIN remote_message m ON m.id = part.id
  UNION
  SELECT m.id, m.conversation_id, m.remote_id FROM thread
    JOIN remote_message m ON m.answers_in = thread.room AND m.answers = thread.name
  UNION
  SELECT m.id, m.conversation_id, m.remote_id FROM thread
    JOIN remote_alias ON message_id = thread.id
    JOIN remote_message m ON m.answers_in = thread.room AND m.answers = alias
), answer(id) AS (
  SELECT thread.id FROM thread
    JOIN remote_conversation r ON r.id = room JOIN remote_message m ON m.id = thread.id
  WHERE thread.id NOT IN (SELECT id FROM part) AND m.gone_at IS NULL AND r.kind <> 'notifications'
)
"""
_LAST = (
    "SELECT m.id FROM answer JOIN remote_message m USING (id) ORDER BY m.wall_s DESC, m.id DESC LIMIT :most"
)
_ANSWERS = Prepared(sa.text(_THREAD + _LAST))
_COUNT = Prepared(sa.text(_THREAD + "SELECT count(*) FROM answer"))  # noqa: S608 - of fixed texts
_STANDING = Prepared(
    sa.text(
        "SELECT count(*) FROM post_part JOIN post_place ON post_place.id = place_id"
        " JOIN remote_message m ON m.id = message_id WHERE post_id = :post AND m.gone_at IS NULL"
    )
)
_ANY = Prepared(sa.text("SELECT id FROM post_part LIMIT 1"))
_EMPTY = Prepared(sa.text("SELECT id, body_id FROM post WHERE id NOT IN (SELECT post_id FROM post_place)"))


def post_id(number: int) -> str:
    """A post's id on screens."""
    return f"{POST}{number}"


def any_there(step: Step) -> bool:
    """Whether there are posts at all."""
    return _ANY.scalar(step.tx) is not None


def tell_of(step: Step, row: RemoteMessage) -> None:
    """A message has changed: tell screens of the post that it is a part of, or answers."""
    place = _place_of(step, row.id) or _answered(step, row)
    if place is not None:
        tell(step, "post.changed", post=post_id(place.post_id))


def _place_of(step: Step, message_id: int) -> PlaceRow | None:
    part = PARTS.one(step.tx, message_id=message_id)
    return None if part is None else PLACES.get(step.tx, part.place_id)


def _answered(step: Step, row: RemoteMessage) -> PlaceRow | None:
    at: RemoteMessage | None = row
    for _ in range(DEPTH):
        if at is None or at.answers is None or at.answers_in is None:
            return None
        at = _named(step, at.answers_in, at.answers)
        if at is not None and (place := _place_of(step, at.id)) is not None:
            return place
    return None


def _named(step: Step, room_id: int, name: str) -> RemoteMessage | None:
    row = REMOTE_MESSAGES.one(step.tx, conversation_id=room_id, remote_id=name)
    if row is not None:
        return row
    alias = ALIASES.one(step.tx, conversation_id=room_id, alias=name)
    return None if alias is None else REMOTE_MESSAGES.get(step.tx, alias.message_id)


def answers(step: Step, post: int) -> tuple[int, list[RemoteMessage]]:
    """How many answers a post has on all networks, and the last of them by time."""
    ids = [found for (found,) in _ANSWERS.rows(step.tx, {"post": post, "most": SHOWN})][::-1]
    rows = (REMOTE_MESSAGES.get(step.tx, found) for found in ids)
    return count(step, post), [row for row in rows if row is not None]


def count(step: Step, post: int) -> int:
    """How many answers a post has on all networks."""
    return int(_COUNT.scalar(step.tx, {"post": post}))


def part_gone(step: Step, message_id: int) -> None:
    """A message is taken back. If it was the last one of a post, its text is destroyed with it."""
    place = _place_of(step, message_id)
    if place is not None and not _STANDING.scalar(step.tx, {"post": place.post_id}):
        destroy(step, place.post_id)


def destroy(step: Step, post: int) -> None:
    """Destroy the text of a post. Its row stays, so that its owner sees what became of it."""
    row = POSTS.get(step.tx, post)
    if row is not None and row.gone_at is None:
        if row.body_id is not None:
            step.tx.bodies.shred([row.body_id])
        POSTS.change(step.tx, post, body_id=None, gone_at=step.wall_s)
        tell(step, "post.changed", post=post_id(post))


def forget_empty(step: Step) -> None:
    """Forget posts of which nothing is left, since all their accounts are gone."""
    found = _EMPTY.rows(step.tx)
    step.tx.bodies.shred([body for _, body in found if body is not None])
    for number, _ in found:
        POSTS.drop(step.tx, id=number)
