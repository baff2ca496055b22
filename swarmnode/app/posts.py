"""What a person wants of posts for several networks, and of passing words on."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from swarm_bridges.api import LocalFile

from ..api.node import Posting
from ..bridging.core import consents, forwarding, post_screens, posted, posts
from ..bridging.core.posts import Said
from ..domain.consent import ConsentView, Scope
from ..domain.post_views import FitView, NoteView, PlaceView, PostView
from ..domain.views import MessageView
from ..errors import Conflict
from ..services.node import Node
from ..services.step import Step
from ..storage.shelves import IDEMPOTENCY
from ..texts import Texts
from .bridges import Bridges


class Posts(Bridges):
    """The part of `api.node.Node` that is about posts and consent."""

    async def preview_post(self, post: Posting, language: str = "en") -> tuple[FitView, ...]:
        """See `api.node.Node`."""
        wish = _said(post).wish()
        found = await self._look(lambda step, _: posts.preview(step, wish, post.accounts))
        t = Texts(language)
        return tuple(_fit(view, t) for view in found)

    async def make_post(self, post: Posting, language: str = "en", *, key: str) -> PostView:
        """See `api.node.Node`."""
        asked, name = hashlib.sha256(repr(replace(post, data=())).encode()).digest(), f"post:{key}"
        said = _said(post)

        def make(step: Step, node: Node) -> PostView:
            node.require_writable()
            before = IDEMPOTENCY.get(step.tx, name) if key else None
            if before is not None:
                if before.request_hash != asked:
                    raise Conflict("this key was used for another message", hint="Take a new one.")
                return post_screens.view(step, before.response.decode())
            made = posted.post_id(posts.make(step, said, post.accounts, post.data))
            if key:
                IDEMPOTENCY.put(
                    step.tx, key=name, request_hash=asked, status=200, response=made.encode(), at=step.wall_s
                )
            return post_screens.view(step, made)

        return _post(await self._do(make), Texts(language))

    async def posts(
        self, language: str = "en", *, before: str = "", limit: int = 50
    ) -> tuple[tuple[PostView, ...], str]:
        """See `api.node.Node`."""
        found, following = await self._look(
            lambda step, _: post_screens.some(step, before=before, limit=limit)
        )
        t = Texts(language)
        return tuple(_post(view, t) for view in found), following

    async def post(self, post: str, language: str = "en") -> PostView:
        """See `api.node.Node`."""
        return _post(await self._look(lambda step, _: post_screens.view(step, post)), Texts(language))

    async def edit_post(self, post: str, text: str, language: str = "en") -> PostView:
        """See `api.node.Node`."""

        def edit(step: Step, node: Node) -> None:
            node.require_writable()
            posts.edit(step, post, text)

        await self._do(edit)
        return await self.post(post, language)

    async def delete_post(self, post: str, language: str = "en") -> PostView:
        """See `api.node.Node`."""
        await self.runner.do(lambda step, _: posts.delete(step, post), frees=True)
        return await self.post(post, language)

    async def resend_post(self, post: str, account: str, language: str = "en") -> PostView:
        """See `api.node.Node`."""

        def resend(step: Step, node: Node) -> None:
            node.require_writable()
            posts.resend(step, post, account)

        await self._do(resend)
        return await self.post(post, language)

    async def forward(self, message: str, chat: str) -> MessageView:
        """See `api.node.Node`."""
        return await self._do(lambda step, node: forwarding.forward(step, node, message, chat))

    async def consents(self) -> tuple[ConsentView, ...]:
        """See `api.node.Node`."""
        return tuple(await self._look(lambda step, _: consents.listed(step)))

    async def put_consent(
        self, *, person: str, message: str, chat: str, scope: str, allowed: bool, own_word: bool
    ) -> tuple[ConsentView, ...]:
        """See `api.node.Node`."""

        def put(step: Step, node: Node) -> list[ConsentView]:
            return consents.put(
                step,
                node,
                person=person,
                message=message,
                chat=chat,
                scope=Scope(scope),
                allowed=allowed,
                own_word=own_word,
            )

        return tuple(await self._do(put))


def _said(post: Posting) -> Said:
    return Said(
        text=post.text,
        title=post.title,
        sensitive=post.sensitive,
        visibility=post.visibility,
        language=post.language,
        more=post.more,
        leave_out=post.leave_out,
        files=tuple(
            LocalFile(
                id="",
                name=file.name,
                media_type=file.media_type,
                size_bytes=file.size_bytes,
                description=file.description,
            )
            for file in post.files
        ),
    )


# Sentences


def _fit(view: FitView, t: Texts) -> FitView:
    notes = tuple(NoteView(n.code, n.about, t(f"post.note.{n.code}", about=n.about)) for n in view.notes)
    facts = {"about": view.about, "choices": ", ".join(view.visibilities) or "-"}
    says = t(f"post.no.{view.refused}", **facts) if view.refused else ""
    return replace(view, notes=notes, says=says)


def _post(view: PostView, t: Texts) -> PostView:
    return replace(view, places=tuple(_place(place, t) for place in view.places))


def _place(place: PlaceView, t: Texts) -> PlaceView:
    """How a place is, as a sentence, with what became of an edit or a deletion."""
    asked = place.state == "maybe" and place.reason == "asked"
    says = t("message.asked" if asked else f"post.state.{place.state}")
    if place.reason and not asked and place.state != "maybe":
        says += f": {_why(place.reason, t)}"
    if place.change:
        says += "; " + t(f"post.{place.change}.{place.change_state}", why=_why(place.change_reason, t))
    return replace(place, says=says)


def _why(reason: str, t: Texts) -> str:
    """A code as words; what a network said in its own words as it is."""
    code = reason.replace(" ", "-")
    known = next((id_ for id_ in (f"post.why.{code}", f"why.{code}") if id_ in t), "")
    return t(known) if known else reason
