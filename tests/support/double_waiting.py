"""The part of a node in memory that is about what has not left, and about deletions; see `double_node`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from swarmnode.domain.deletions import DeletionView, PlaceOfDeletion, Receipts, SignedReceipt
from swarmnode.domain.later import OutboxView
from swarmnode.domain.views import MessageState, MessageView
from swarmnode.errors import NotFound

WAITS = OutboxView(
    message="w1",
    what="message",
    chat="d" * 32,
    title="Ana",
    state="scheduled",
    since=1_800_000_000,
    text="good morning",
    says="leaves at its time",
    send_at=1_800_003_600,
)
PLACES = (
    PlaceOfDeletion("here", "", "shredded", 1, at=1_800_000_000, says="destroyed here"),
    PlaceOfDeletion(
        "node", "Ana", "confirmed", 1, at=1_800_000_002, node="aabbccdd", says="Ana: confirmed, signed"
    ),
)
DELETION = DeletionView(
    ("00" * 32,),
    "shredded",
    asked=True,
    id="1",
    at=1_800_000_000,
    chats=("d" * 32,),
    places=PLACES,
    receipts=1,
)
SIGNED = SignedReceipt(
    request="00" * 32,
    conversation="00" * 32,
    persona="00" * 32,
    leaf_sig="00" * 32,
    name="Ana",
    targets=(("00" * 32, "done"),),
    chain_seq=0,
    policy=0,
    statement="00",
    signature="00" * 64,
    sigchain="00",
    at=1_800_000_002,
)


class DoubleWaiting:
    """One thing waits, one was deleted."""

    def _note(self, name: str, *arguments: object, always: bool = False) -> None:
        raise NotImplementedError

    async def _alter(self, message: str, **changes: object) -> MessageView:
        raise NotImplementedError

    async def outbox(self, language: str = "en") -> tuple[OutboxView, ...]:
        self._note("outbox", language)
        return (WAITS,)

    async def move(self, message: str, send_at: int) -> MessageView:
        self._note("move", message, send_at)
        return await self._alter(message, state=MessageState.SCHEDULED, send_at=send_at)

    async def delete(
        self, messages: Sequence[str], *, everywhere: bool, language: str = "en"
    ) -> DeletionView:
        self._note("delete", tuple(messages), everywhere, language)
        for message in messages:
            await self._alter(message, kind="deleted", text="")
        return replace(DELETION, targets=tuple(messages), asked=everywhere)

    async def deletions(
        self, language: str = "en", *, before: str = "", limit: int = 50
    ) -> tuple[tuple[DeletionView, ...], str]:
        self._note("deletions", language, before, limit)
        return (DELETION,), ""

    async def deletion(self, deletion: str, language: str = "en") -> DeletionView:
        self._note("deletion", deletion, language)
        if deletion != DELETION.id:
            raise NotFound("There is no such deletion.")
        return DELETION

    async def deletion_receipts(self, deletion: str) -> Receipts:
        self._note("deletion_receipts", deletion)
        return Receipts("swarmnode deletion receipts 1", deletion, DELETION.at, (SIGNED,))
