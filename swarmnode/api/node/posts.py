"""Posts for several networks, and whose words may go where."""

from __future__ import annotations

from typing import Protocol

from ...domain.consent import ConsentView
from ...domain.post_views import FitView, PostView
from ...domain.views import MessageView
from .values import Posting


class Posts(Protocol):
    """What is asked of a node about posts."""

    async def preview_post(self, post: Posting, language: str = "en") -> tuple[FitView, ...]:
        """What would stand on each network, or why nothing would; nothing is stored."""
        ...

    async def make_post(self, post: Posting, language: str = "en", *, key: str) -> PostView:
        """Post; the same `key` again gives the same post. UsageError where no network takes it."""
        ...

    async def posts(
        self, language: str = "en", *, before: str = "", limit: int = 50
    ) -> tuple[tuple[PostView, ...], str]:
        """The last posts, or those before a cursor, without answers; and a cursor for more."""
        ...

    async def post(self, post: str, language: str = "en") -> PostView:
        """A post, how it stands on each network, and what was answered on all."""
        ...

    async def edit_post(self, post: str, text: str, language: str = "en") -> PostView:
        """Let a post say something else, on all networks that let it."""
        ...

    async def delete_post(self, post: str, language: str = "en") -> PostView:
        """Take a post back, on all networks that let it; here its text is destroyed at once."""
        ...

    async def resend_post(self, post: str, account: str, language: str = "en") -> PostView:
        """Try again on one network. Conflict where it is there, or on its way."""
        ...

    async def forward(self, message: str, chat: str) -> MessageView:
        """Say in a conversation what a message says. NoConsent where its author did not let it go there."""
        ...

    async def consents(self) -> tuple[ConsentView, ...]:
        """What people said about their words going elsewhere, the latest first."""
        ...

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
        """Write down what a person, a message's author, or whoever an entry is of, said; all that stands."""
        ...
