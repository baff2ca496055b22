"""What an account answers that says a few parts and then cannot go on."""

from __future__ import annotations

import msgspec
import pytest

from swarm_bridges.api import (
    Accepted,
    BridgeError,
    ConversationRef,
    IntentId,
    Interrupted,
    Limited,
    MessageRef,
    Outcome,
    Outgoing,
    Refused,
    Rendered,
    Temporary,
    Unknown,
)
from swarm_bridges.parts import part_by_part
from swarm_bridges.text import from_plain

ROOM = ConversationRef("room")
THREE = Outgoing(
    intent=IntentId("i"),
    key="i",
    attempt=1,
    conversation=ROOM,
    parts=tuple(Rendered(from_plain(text), text) for text in ("one", "two", "three")),
)
REFS = tuple(MessageRef(ROOM, str(number)) for number in range(3))


async def said(out: Outgoing, fails_at: int = -1, error: BridgeError | None = None) -> Outcome:
    async def say(number: int) -> MessageRef:
        if error is not None and number == fails_at:
            raise error
        return REFS[number]

    return await part_by_part(out, say)


async def test_all_are_said_in_order() -> None:
    assert await said(THREE) == Accepted(REFS)


async def test_what_stands_from_before_is_not_said_again() -> None:
    again = msgspec.structs.replace(THREE, done_parts=REFS[:2])
    assert await said(again, 1, Refused("said twice")) == Accepted(REFS)


@pytest.mark.parametrize("error", [Temporary("no"), Limited("no", wait_s=3), Interrupted("no")])
async def test_the_node_knows_which_parts_stand(error: BridgeError) -> None:
    assert await said(THREE, 2, error) == Unknown("no", REFS[:2])


@pytest.mark.parametrize("error", [Temporary("no"), Limited("no", wait_s=3)])
@pytest.mark.parametrize("done", [0, 1])
async def test_nothing_new_was_taken(error: BridgeError, done: int) -> None:
    with pytest.raises(type(error)):
        await said(msgspec.structs.replace(THREE, done_parts=REFS[:done]), done, error)


async def test_bytes_may_have_left_with_the_first() -> None:
    assert await said(THREE, 0, Interrupted("no")) == Unknown("no", ())


@pytest.mark.parametrize("number", range(3))
async def test_what_is_refused_is_refused(number: int) -> None:
    with pytest.raises(Refused):
        await said(THREE, number, Refused("no"))
