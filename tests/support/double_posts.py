"""The part of a node in memory that is about posts and consent; see `double_node`."""

from __future__ import annotations

from dataclasses import replace

from swarmnode.api.node import Posting
from swarmnode.domain.consent import ConsentView
from swarmnode.domain.post_views import FitView, NoteView, PieceView, PlaceView, PostView
from swarmnode.domain.views import MessageView
from swarmnode.errors import NoConsent, NotFound

FITS = FitView(
    account="acc1",
    network="pigeon",
    display="coo@pigeon.example",
    limit=10,
    pieces=(PieceView("a text (1/2)", 12), PieceView("and more (2/2)", 14)),
    notes=(NoteView("thread", "2", "a thread of 2 posts"),),
)
PLACE = PlaceView(
    account="acc1",
    network="pigeon",
    display="coo@pigeon.example",
    state="refused",
    reason="too-long",
    says="NOT POSTED: more than 40 posts there",
)
SENT = PlaceView(
    account="acc2", network="dove", display="coo", state="sent", says="sent", messages=("m1",), there=1
)
POST = PostView(id="post1", text="a text", wall_s=1_800_000_000, state="partly", places=(SENT, PLACE))
YES = ConsentView(
    id="1", name="Ana", network="pigeon", remote_id="ana", scope="forward", allowed=True, own_word=False, at=1
)


class DoublePosts:
    """Posts once, and passes on what is not Ana's."""

    def _note(self, name: str, *arguments: object, always: bool = False) -> None:
        raise NotImplementedError

    def hear(self, chat: str, text: str, *, mine: bool = False) -> MessageView:
        raise NotImplementedError

    async def preview_post(self, post: Posting, language: str = "en") -> tuple[FitView, ...]:
        self._note("preview_post", post, language)
        return (FITS,)

    async def make_post(self, post: Posting, language: str = "en", *, key: str) -> PostView:
        self._note("make_post", post, language, key)
        if post.send_at:
            return replace(POST, id="w7", text=post.text, state="scheduled", places=(), send_at=post.send_at)
        return replace(POST, text=post.text)

    async def posts(
        self, language: str = "en", *, before: str = "", limit: int = 50
    ) -> tuple[tuple[PostView, ...], str]:
        self._note("posts", language, before, limit)
        return (POST,), "1"

    async def post(self, post: str, language: str = "en") -> PostView:
        self._note("post", post, language)
        if post != POST.id:
            raise NotFound("There is no such post.")
        return replace(POST, answer_count=1, answers=(self.hear("d" * 32, "so it is"),))

    async def edit_post(self, post: str, text: str, language: str = "en") -> PostView:
        self._note("edit_post", post, text, language)
        return replace(POST, text=text, edited=True)

    async def delete_post(self, post: str, language: str = "en") -> PostView:
        self._note("delete_post", post, language)
        return replace(POST, text="", deleted=True)

    async def resend_post(self, post: str, account: str, language: str = "en") -> PostView:
        self._note("resend_post", post, account, language)
        return POST

    async def forward(self, message: str, chat: str) -> MessageView:
        self._note("forward", message, chat)
        if chat == "b9":
            raise NoConsent("the author has not let these words go there", hint="Ask Ana.")
        return self.hear(chat, "Ana:\n\n> so it is", mine=True)

    async def consents(self) -> tuple[ConsentView, ...]:
        self._note("consents")
        return (YES,)

    async def put_consent(
        self,
        *,
        person: str,
        message: str,
        entry: str = "",
        chat: str,
        scope: str,
        allowed: bool,
        own_word: bool,
    ) -> tuple[ConsentView, ...]:
        self._note("put_consent", person, message or entry, chat, scope, allowed, own_word)
        return (replace(YES, scope=scope, allowed=allowed, own_word=own_word),)
