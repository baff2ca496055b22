"""What a person wants of posts for several networks, and of passing words on."""

from __future__ import annotations

from ..api.node import Posting
from ..domain.consent import ConsentView
from ..domain.post_views import FitView, PostView
from ..domain.views import MessageView
from .bridges import Bridges


class Posts(Bridges):
    """The part of `api.node.Node` that is about posts and consent.

    What does the work is loaded when it is wanted: half a MiB that most nodes never need.
    """

    async def preview_post(self, post: Posting, language: str = "en") -> tuple[FitView, ...]:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415 - see the class, here and below

        return await self._look(posting.preview(post, language))

    async def make_post(self, post: Posting, language: str = "en", *, key: str) -> PostView:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        return await self._do(posting.make(post, language, key))

    async def posts(
        self, language: str = "en", *, before: str = "", limit: int = 50
    ) -> tuple[tuple[PostView, ...], str]:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        return await self._look(posting.some(language, before, limit))

    async def post(self, post: str, language: str = "en") -> PostView:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        return await self._look(posting.show(post, language))

    async def edit_post(self, post: str, text: str, language: str = "en") -> PostView:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        return await self._do(posting.edit(post, text, language))

    async def delete_post(self, post: str, language: str = "en") -> PostView:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        return await self.runner.do(posting.delete(post, language), frees=True)

    async def resend_post(self, post: str, account: str, language: str = "en") -> PostView:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        return await self._do(posting.resend(post, account, language))

    async def forward(self, message: str, chat: str) -> MessageView:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        return await self._do(posting.forward(message, chat))

    async def consents(self) -> tuple[ConsentView, ...]:
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        return await self._look(posting.ledger())

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
        """See `api.node.Node`."""
        from . import posting  # noqa: PLC0415

        put = posting.put_consent(
            person=person,
            message=message,
            entry=entry,
            chat=chat,
            scope=scope,
            allowed=allowed,
            own_word=own_word,
        )
        return await self._do(put)
