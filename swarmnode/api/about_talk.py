"""Routes about conversations and messages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from ..domain.views import ChatView, DraftView, Found, Items, MessageView, Page
from ..errors import NotFound
from .about_waiting import Moment, Pause, moment
from .access import Scope
from .node import File, Words
from .problems import BadRequest
from .route import Body, Call, Query, Route

LARGE = 12 * 1024 * 1024
"""Files of 8 MiB, which other networks take, are 11 MiB in base64."""

Text = Annotated[str, Meta(max_length=32_768)]
Limit = Annotated[int, Meta(ge=1, le=200)]
MONTH_S = 366 * 24 * 3600


class NewAttachment(Body, frozen=True, kw_only=True):
    """A file to send; its bytes are in base64. `description` says what a picture shows."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    media_type: Annotated[str, Meta(max_length=127)] = "application/octet-stream"
    data: Annotated[bytes, Meta(max_length=8 * 1024 * 1024)]
    description: Annotated[str, Meta(max_length=1000)] = ""


class NewMessage(Body, frozen=True, kw_only=True):
    """Something to say. Contacts take 4 files of 256 KiB together, other networks up to 10 of 8 MiB.

    It leaves at `send_at` (Unix seconds) or `send_in_s` from now, up to a year ahead; else at once.
    """

    text: Text = ""
    reply_to: str = ""
    attachments: Annotated[tuple[NewAttachment, ...], Meta(max_length=10)] = ()
    expire_s: Annotated[int, Meta(ge=0, le=MONTH_S)] | None = None
    send_at: Moment = 0
    send_in_s: Pause = 0


class NewText(Body, frozen=True, kw_only=True):
    """Another text."""

    text: Text


class Reaction(Body, frozen=True, kw_only=True):
    """A symbol; an empty one takes the reaction back."""

    symbol: Annotated[str, Meta(max_length=32)]


class ReadUpTo(Body, frozen=True, kw_only=True):
    """The last message that was read."""

    up_to: str


class Timer(Body, frozen=True, kw_only=True):
    """Seconds after which later messages disappear; 0 for never."""

    seconds: Annotated[int, Meta(ge=0, le=MONTH_S)]


class Draft(Body, frozen=True, kw_only=True):
    """What is being written. With `instead` it is kept only in place of that text: else `conflict`."""

    text: Text
    instead: Text | None = None


class Searching(Body, frozen=True, kw_only=True):
    """What to look for; any text is allowed."""

    text: Annotated[str, Meta(min_length=1, max_length=500)]
    chat: str = ""
    limit: Limit = 20
    cursor: str = ""


class Stretch(Query, frozen=True, kw_only=True):
    """Which messages: at most one of the three; none gives the last ones."""

    before: str = ""
    after: str = ""
    around: str = ""
    limit: Limit = 50


class Waiting(Query, frozen=True, kw_only=True):
    """How long to wait, in seconds."""

    timeout_s: Annotated[float, Meta(ge=0, le=600)] = 30


async def chats(call: Call) -> Items[ChatView]:
    """List conversations."""
    return Items(await call.node.chats())


async def chat(call: Call) -> ChatView:
    """Give a conversation."""
    return await call.node.chat(call.params["chat"])


async def messages(call: Call, query: Stretch) -> Page:
    """Give messages."""
    if sum(map(bool, (query.before, query.after, query.around))) > 1:
        raise BadRequest("Only one of before, after and around.", where="query")
    return await call.node.messages(
        call.params["chat"], before=query.before, after=query.after, around=query.around, limit=query.limit
    )


def words_of(body: NewMessage) -> Words:
    """What is to be said. Raises BadRequest where that is nothing."""
    if not body.text and not body.attachments:
        raise BadRequest("A message has a text or attachments.", where="body.text")
    files = tuple(File(a.name, a.media_type, a.data, a.description) for a in body.attachments)
    return Words(body.text, body.reply_to, files, body.expire_s)


async def send(call: Call, body: NewMessage) -> MessageView:
    """Say something. The node knows the key too: a crash between its answer and ours doubles nothing."""
    return await call.node.send(
        call.params["chat"],
        words_of(body),
        send_at=moment(body.send_at, body.send_in_s),
        key=f"{call.access.device}:{call.key}" if call.key else "",
    )


async def message(call: Call) -> MessageView:
    """Give a message."""
    return await call.node.message(call.params["message"])


async def edit(call: Call, body: NewText) -> MessageView:
    """Say it differently."""
    return await call.node.edit(call.params["message"], body.text)


async def react(call: Call, body: Reaction) -> MessageView:
    """React."""
    return await call.node.react(call.params["message"], body.symbol)


async def resend(call: Call) -> MessageView:
    """Send again."""
    return await call.node.resend(call.params["message"])


async def cancel(call: Call) -> MessageView:
    """Take back."""
    return await call.node.cancel(call.params["message"])


async def delivery(call: Call, query: Waiting) -> MessageView:
    """Wait."""
    return await call.node.wait_delivered(call.params["message"], query.timeout_s)


async def attachment(call: Call) -> File:
    """Give a file."""
    index = call.params["index"]
    if not index.isdecimal() or len(index) > 2:
        raise NotFound("There is no such attachment.")
    return await call.node.attachment(call.params["message"], int(index))


async def mark_read(call: Call, body: ReadUpTo) -> ChatView:
    """Mark as read."""
    return await call.node.mark_read(call.params["chat"], body.up_to)


async def set_timer(call: Call, body: Timer) -> ChatView:
    """Set the timer."""
    return await call.node.set_timer(call.params["chat"], body.seconds)


async def draft(call: Call) -> DraftView:
    """Give the draft."""
    return DraftView(await call.node.draft(call.params["chat"]))


async def set_draft(call: Call, body: Draft) -> None:
    """Keep a draft."""
    await call.node.set_draft(call.params["chat"], body.text, instead=body.instead)


async def search(call: Call, body: Searching) -> Found:
    """Find messages."""
    return await call.node.search(body.text, chat=body.chat, limit=body.limit, cursor=body.cursor)


ROUTES = (
    Route("GET", "/chats", chats, Scope.READ, "All conversations, the latest first"),
    Route("GET", "/chats/{chat}", chat, Scope.READ, "One conversation"),
    Route("GET", "/chats/{chat}/messages", messages, Scope.READ, "Messages in the order of the screen"),
    Route("POST", "/chats/{chat}/messages", send, Scope.WRITE, "Say something", limit=LARGE),
    Route("POST", "/chats/{chat}/read", mark_read, Scope.WRITE, "Mark as read up to a message"),
    Route("PUT", "/chats/{chat}/timer", set_timer, Scope.WRITE, "Let later messages disappear"),
    Route("GET", "/chats/{chat}/draft", draft, Scope.READ, "The draft"),
    Route("PUT", "/chats/{chat}/draft", set_draft, Scope.WRITE, "Keep a draft", once=False),
    Route("GET", "/messages/{message}", message, Scope.READ, "One message"),
    Route("PATCH", "/messages/{message}", edit, Scope.WRITE, "Change what it says"),
    Route("PUT", "/messages/{message}/reaction", react, Scope.WRITE, "React, or take it back"),
    Route("POST", "/messages/{message}/resend", resend, Scope.WRITE, "Try an expired message again"),
    Route("POST", "/messages/{message}/cancel", cancel, Scope.WRITE, "Take back what has not left yet"),
    Route("GET", "/messages/{message}/delivery", delivery, Scope.READ, "Wait until the other side has it"),
    Route("GET", "/messages/{message}/attachments/{index}", attachment, Scope.READ, "A file of a message"),
    Route("POST", "/search", search, Scope.READ, "Find messages", once=False),
)
