"""What a person wants of conversations and messages, turned into steps of the runner."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable

from swarm_protocol.content import Message, Reply, Text

from ..api.node import File, Words
from ..bridging.core import inbox, later, unsaid
from ..delivery.news import ENDED
from ..domain.bridge_views import is_remote
from ..domain.views import ChatView, Found, GapView, Hit, MessageState, MessageView, Page
from ..errors import Conflict, NotFound, StorageError, UsageError
from ..services import indexing, messages, views
from ..services.node import Node
from ..services.step import Step
from ..storage.shelves import IDEMPOTENCY, MessageRow
from .posts import Posts


class Talk(Posts):
    """The part of `api.node.Node` that is about conversations."""

    async def chats(self) -> tuple[ChatView, ...]:
        """See `api.node.Node`."""
        return tuple(await self._look(inbox.chats))

    async def chat(self, chat: str) -> ChatView:
        """See `api.node.Node`."""
        return await self._look(lambda step, node: inbox.chat(step, node, chat))

    async def messages(
        self, chat: str, *, before: str = "", after: str = "", around: str = "", limit: int = 50
    ) -> Page:
        """See `api.node.Node`."""

        def look(step: Step, node: Node) -> Page:
            return inbox.page(step, node, chat, before=before, after=after, around=around, limit=limit)

        return await self._look(look)

    async def message(self, message: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._look(lambda step, node: unsaid.message(step, node, message))

    async def messages_like(self, prefix: str) -> tuple[str, ...]:
        """See `api.node.Node`."""
        return await self._look(lambda step, _: tuple(unsaid.messages_like(step, prefix)))

    async def send(self, chat: str, what: Words, *, send_at: int = 0, key: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._say(lambda _: chat, chat, what, send_at=send_at, key=key)

    async def _say(
        self, where: Callable[[Step], str], whom: str, what: Words, *, send_at: int, key: str
    ) -> MessageView:
        """Say something in the conversation that `where` finds; `whom` is what was asked for."""
        names = [file.name for file in what.attachments]
        asked = hashlib.sha256(repr((whom, what.text, what.reply_to, names)).encode()).digest()
        name = f"send:{key}"

        def say(step: Step, node: Node) -> MessageView:
            before = IDEMPOTENCY.get(step.tx, name) if key else None
            if before is not None:
                if before.request_hash != asked:
                    raise Conflict("this key was used for another message", hint="Take a new one.")
                return unsaid.message(step, node, before.response.decode())
            view = later.put(step, node, where(step), what, send_at=send_at)
            if key:
                IDEMPOTENCY.put(
                    step.tx,
                    key=name,
                    request_hash=asked,
                    status=200,
                    response=view.id.encode(),
                    at=step.wall_s,
                )
            return view

        return await self._do(say)

    async def edit(self, message: str, text: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: unsaid.edit(step, node, message, text))

    async def react(self, message: str, symbol: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: inbox.react(step, node, message, symbol))

    async def resend(self, message: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: unsaid.resend(step, node, message))

    async def cancel(self, message: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: unsaid.cancel(step, node, message))

    async def wait_delivered(self, message: str, timeout_s: float) -> MessageView:
        """See `api.node.Node`."""
        async with self.runner.news() as news:
            view = await self.message(message)
            try:
                async with asyncio.timeout(timeout_s):
                    while (
                        view.state in _not_there(view) and view.kind != "deleted" and view.reason != "asked"
                    ):
                        told = await news.get()
                        if told is ENDED or told.data.get("message") in {message, view.id}:
                            view = await self.message(message)
            except TimeoutError:
                pass
        return view

    async def attachment(self, message: str, index: int) -> File:
        """See `api.node.Node`."""
        if inbox.is_ours(message):
            return await self._remote_file(message, index)

        def look(step: Step, _: Node) -> File:
            row: MessageRow = messages.message_row(step, message)
            data = None if row.body_id is None else step.tx.bodies.get(row.body_id)
            body = None if data is None else Message.decode(data).body
            if not isinstance(body, Text | Reply) or not 0 <= index < len(body.attachments):
                raise NotFound("there is no such file in this message")
            file = body.attachments[index]
            return File(file.name, file.media_type, file.data)

        return await self._look(look)

    async def mark_read(self, chat: str, up_to: str) -> ChatView:
        """See `api.node.Node`."""

        def mark(step: Step, node: Node) -> int:
            return inbox.mark_read(step, node, chat, up_to)

        while await self._do(mark) >= messages.MARKED_AT_ONCE:
            pass  # thousands are marked in portions, so that others have a turn
        return await self.chat(chat)

    async def set_timer(self, chat: str, seconds: int) -> ChatView:
        """See `api.node.Node`."""
        if is_remote(chat):
            raise UsageError("on other networks messages do not disappear by themselves")

        def put(step: Step, node: Node) -> ChatView:
            messages.set_timer(step, node, chat, seconds)
            return views.chat(step, node, messages.find(step, chat))

        return await self._do(put)

    async def draft(self, chat: str) -> str:
        """See `api.node.Node`."""
        return (await self.chat(chat)).draft

    async def set_draft(self, chat: str, text: str, *, instead: str | None = None) -> None:
        """See `api.node.Node`."""

        def put(step: Step, node: Node) -> None:
            if instead is not None and inbox.chat(step, node, chat).draft != instead:
                raise Conflict("another screen has written there meanwhile")
            inbox.set_draft(step, chat, text)

        await self._do(put)

    async def search(self, text: str, *, chat: str = "", limit: int = 20, cursor: str = "") -> Found:
        """See `api.node.Node`."""

        def look(step: Step, node: Node) -> tuple[list[Hit], str]:
            return inbox.search(step, node, text, chat=chat, limit=limit, cursor=cursor)

        scope = "all messages that are stored here and not deleted"
        gaps = await self._look(lambda step, _: inbox.gaps(step, chat))
        try:
            if await self._look(lambda step, _: indexing.is_behind(step)):
                while await self._do(indexing.catch_up):
                    pass
        except StorageError:  # the rest can be searched all the same
            scope += ", but for the newest: nothing can be written into the index now"
            gaps.insert(0, GapView("newest"))
        hits, following = await self._look(look)
        return Found(tuple(hits), following, scope, tuple(gaps))


def _not_there(view: MessageView) -> set[MessageState]:
    """States in which a message may still arrive; many networks say no more than that they have it."""
    waiting = {MessageState.SCHEDULED, MessageState.QUEUED, MessageState.WAITING}
    return {*waiting, MessageState.MAYBE if view.network else MessageState.SENT}
