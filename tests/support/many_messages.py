"""A long conversation in a moment: the last message that came, stored again and again."""

from __future__ import annotations

from swarmnode.services.step import Step
from swarmnode.storage.shelves import MESSAGES


def repeat_the_last(step: Step, text: str, count: int, **more: object) -> None:
    """Store `count` messages like the last one, which says `text`; `more` are columns that differ."""
    like = MESSAGES.all(step.tx)[-1]
    assert like.body_id is not None
    data = step.tx.bodies.get(like.body_id)
    assert data is not None
    for number in range(count):
        row_id = MESSAGES.add(
            step.tx,
            conversation_id=like.conversation_id,
            author_id=like.author_id,
            seq=1000 + number,
            name=number.to_bytes(32, "big"),
            lamport=like.lamport,
            height=like.height,
            signature=like.signature,
            wall_s=like.wall_s,
            type=like.type,
            mine=False,
            shown=True,
            body_id=step.tx.bodies.put(data),
            state="received",
            stored_at=step.wall_s,
            **more,
        )
        step.tx.search.add(row_id, text)
