"""Routes about posts for several networks, and about whose words may go where."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from ..domain.consent import ConsentView
from ..domain.post_views import FitView, Picture, PostView
from ..domain.views import Items, MessageView
from .about_talk import LARGE, Limit, NewAttachment
from .about_waiting import Moment, Pause, moment
from .access import Scope
from .node import File, Posting
from .problems import BadRequest
from .route import Body, Call, Query, Route

Text = Annotated[str, Meta(max_length=16_384)]
"""Forty posts of a thread are longer nowhere that counts."""
Id = Annotated[str, Meta(min_length=1, max_length=100)]
Visibility = Literal["", "public", "unlisted", "followers"]


class PostText(Body, frozen=True, kw_only=True):
    """A post for `accounts` on other networks. `title` is a content warning.

    `visibility`: nothing is what is usual on each network. `more` is an address at which all of it stands: a
    text that is too long is cut, and this follows; without it, it becomes a thread. `leave_out`: files that a
    network does not take are left out there, instead of the post.
    """

    accounts: Annotated[tuple[Id, ...], Meta(min_length=1, max_length=32)]
    text: Text = ""
    title: Annotated[str, Meta(max_length=500)] = ""
    sensitive: bool = False
    visibility: Visibility = ""
    language: Annotated[str, Meta(max_length=16, pattern="^[A-Za-z0-9-]*$")] = ""
    more: Annotated[str, Meta(max_length=1000, pattern=r"^(https?://[^\s<>\"]+)?$")] = ""
    leave_out: bool = False


class FileFacts(Body, frozen=True, kw_only=True):
    """A file that is to be sent, without its bytes. `description` says what a picture shows."""

    name: Annotated[str, Meta(min_length=1, max_length=255)]
    media_type: Annotated[str, Meta(max_length=127)] = "application/octet-stream"
    size_bytes: Annotated[int, Meta(ge=0)]
    description: Annotated[str, Meta(max_length=1000)] = ""


class DraftPost(PostText, frozen=True, kw_only=True):
    """A post that is being written."""

    attachments: Annotated[tuple[FileFacts, ...], Meta(max_length=10)] = ()


class NewPost(PostText, frozen=True, kw_only=True):
    """A post to publish, with up to 10 files of 8 MiB together; at `send_at`, or `send_in_s` from now."""

    attachments: Annotated[tuple[NewAttachment, ...], Meta(max_length=10)] = ()
    send_at: Moment = 0
    send_in_s: Pause = 0


class PostEdit(Body, frozen=True, kw_only=True):
    """Another text, everywhere."""

    text: Text


class Resending(Body, frozen=True, kw_only=True):
    """The account on whose network it is tried again."""

    account: Id


class Earlier(Query, frozen=True, kw_only=True):
    """Where to go on; nothing gives the last ones."""

    before: Annotated[str, Meta(max_length=32)] = ""
    limit: Limit = 50


class Target(Body, frozen=True, kw_only=True):
    """A conversation."""

    chat: Id


class Saying(Body, frozen=True, kw_only=True):
    """What a `person`, a `message`'s author, or whoever an `entry` is of, said of their words elsewhere.

    `chat`: of which conversation; all if empty. `scope`: into a conversation, or to where everybody reads.
    `own_word`: they know that they said no before, and take it back.
    """

    person: Annotated[str, Meta(max_length=100)] = ""
    message: Annotated[str, Meta(max_length=100)] = ""
    entry: Annotated[str, Meta(max_length=100)] = ""
    chat: Annotated[str, Meta(max_length=100)] = ""
    scope: Literal["forward", "publish"] = "forward"
    allowed: bool
    own_word: bool = False


def _posting(
    body: PostText, files: tuple[Picture, ...], data: tuple[File, ...] = (), send_at: int = 0
) -> Posting:
    return Posting(
        accounts=body.accounts,
        text=body.text,
        title=body.title,
        sensitive=body.sensitive,
        visibility=body.visibility,
        language=body.language,
        more=body.more,
        leave_out=body.leave_out,
        files=files,
        data=tuple(file.data for file in data),
        send_at=send_at,
    )


async def preview(call: Call, body: DraftPost) -> Items[FitView]:
    """Show what would stand where."""
    files = tuple(Picture(f.name, f.media_type, f.size_bytes, f.description) for f in body.attachments)
    return Items(await call.node.preview_post(_posting(body, files), call.language))


async def make_post(call: Call, body: NewPost) -> PostView:
    """Post. The node knows the key too: a crash between its answer and ours doubles nothing."""
    if not body.text.strip() and not body.attachments:
        raise BadRequest("A post has a text or attachments.", where="body.text")
    files = tuple(Picture(f.name, f.media_type, len(f.data), f.description) for f in body.attachments)
    data = tuple(File(f.name, f.media_type, f.data) for f in body.attachments)
    key = f"{call.access.device}:{call.key}" if call.key else ""
    posting = _posting(body, files, data, moment(body.send_at, body.send_in_s))
    return await call.node.make_post(posting, call.language, key=key)


async def posts(call: Call, query: Earlier) -> Items[PostView]:
    """List posts."""
    found, following = await call.node.posts(call.language, before=query.before, limit=query.limit)
    return Items(found, next=following)


async def post(call: Call) -> PostView:
    """Give a post."""
    return await call.node.post(call.params["post"], call.language)


async def edit_post(call: Call, body: PostEdit) -> PostView:
    """Say it differently."""
    return await call.node.edit_post(call.params["post"], body.text, call.language)


async def delete_post(call: Call) -> PostView:
    """Take it back."""
    return await call.node.delete_post(call.params["post"], call.language)


async def resend_post(call: Call, body: Resending) -> PostView:
    """Try again."""
    return await call.node.resend_post(call.params["post"], body.account, call.language)


async def forward(call: Call, body: Target) -> MessageView:
    """Pass on."""
    return await call.node.forward(call.params["message"], body.chat)


async def consents(call: Call) -> Items[ConsentView]:
    """List consents."""
    return Items(await call.node.consents())


async def put_consent(call: Call, body: Saying) -> Items[ConsentView]:
    """Write down what somebody said."""
    if sum(map(bool, (body.person, body.message, body.entry))) != 1:
        raise BadRequest("A person, a message of theirs, or what they said before.", where="body")
    found = await call.node.put_consent(
        person=body.person,
        message=body.message,
        entry=body.entry,
        chat=body.chat,
        scope=body.scope,
        allowed=body.allowed,
        own_word=body.own_word,
    )
    return Items(found)


ROUTES = (
    Route("POST", "/posts/preview", preview, Scope.READ, "What would stand on each network", once=False),
    Route("POST", "/posts", make_post, Scope.WRITE, "Post a text on several networks", limit=LARGE),
    Route("GET", "/posts", posts, Scope.READ, "Your posts, the latest first, without answers"),
    Route("GET", "/posts/{post}", post, Scope.READ, "A post: how it stands everywhere, and all answers"),
    Route("PATCH", "/posts/{post}", edit_post, Scope.WRITE, "Change what it says, on all networks"),
    Route("DELETE", "/posts/{post}", delete_post, Scope.WRITE, "Take it back, on all networks"),
    Route("POST", "/posts/{post}/resend", resend_post, Scope.WRITE, "Try again on one network"),
    Route("POST", "/messages/{message}/forward", forward, Scope.WRITE, "Pass a message on"),
    Route("GET", "/consents", consents, Scope.READ, "What people said about their words going elsewhere"),
    Route("PUT", "/consents", put_consent, Scope.WRITE, "Write down what somebody said about that"),
)
