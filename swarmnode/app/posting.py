"""What is done in a step for posts and consent, and the sentences about it. Loaded with the first of them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypeAlias, TypeVar

from swarm_bridges.api import LocalFile

from ..api.node import Posting
from ..bridging.core import consents, forwarding, later, post_screens, posts
from ..bridging.core.posts import Said
from ..domain.consent import ConsentView, Scope
from ..domain.post_views import FitView, NoteView, PlaceView, PostView
from ..domain.views import MessageView
from ..errors import Conflict
from ..services.node import Node
from ..services.step import Step
from ..storage.shelves import IDEMPOTENCY
from ..texts import Texts

T = TypeVar("T")
Wish: TypeAlias = Callable[[Step, Node], T]
"""What `delivery.runner` runs."""


def preview(post: Posting, language: str) -> Wish[tuple[FitView, ...]]:
    """What would stand where."""
    wish, t = _said(post).wish(), Texts(language)
    return lambda step, _: tuple(_fit(view, t) for view in posts.preview(step, wish, post.accounts))


def make(post: Posting, language: str, key: str) -> Wish[PostView]:
    """Post; the same key again gives the same post."""
    same = replace(post, data=(), send_at=0)  # "in five seconds" is another time when it is said again
    asked, name = hashlib.sha256(repr(same).encode()).digest(), f"post:{key}"
    said = _said(post)

    def make_(step: Step, node: Node) -> PostView:
        node.require_writable()
        before = IDEMPOTENCY.get(step.tx, name) if key else None
        if before is not None:
            if before.request_hash != asked:
                raise Conflict("this key was used for another message", hint="Take a new one.")
            return _made(step, before.response.decode(), language)
        made = later.put_post(step, said, post.accounts, post.data, send_at=post.send_at)
        if key:
            IDEMPOTENCY.put(
                step.tx, key=name, request_hash=asked, status=200, response=made.encode(), at=step.wall_s
            )
        return _made(step, made, language)

    return make_


def some(language: str, before: str, limit: int) -> Wish[tuple[tuple[PostView, ...], str]]:
    """The last posts, or those before a cursor."""
    t = Texts(language)

    def look(step: Step, _: Node) -> tuple[tuple[PostView, ...], str]:
        found, following = post_screens.some(step, before=before, limit=limit)
        return tuple(_with_words(view, t) for view in found), following

    return look


def show(post: str, language: str) -> Wish[PostView]:
    """A post."""
    return lambda step, _: _made(step, post, language)


def edit(post: str, text: str, language: str) -> Wish[PostView]:
    """Let it say something else."""

    def edit_(step: Step, node: Node) -> PostView:
        node.require_writable()
        if later.is_later(post) and not later.find(step, post).became:
            later.edit(step, node, post, text)
        else:
            posts.edit(step, _left(step, post), text)
        return _made(step, post, language)

    return edit_


def delete(post: str, language: str) -> Wish[PostView]:
    """Take it back."""

    def delete_(step: Step, node: Node) -> PostView:
        if later.is_later(post) and not later.find(step, post).became:
            later.cancel(step, node, post)
        else:
            posts.delete(step, _left(step, post))
        return _made(step, post, language)

    return delete_


def resend(post: str, account: str, language: str) -> Wish[PostView]:
    """Try again on one network."""

    def resend_(step: Step, node: Node) -> PostView:
        node.require_writable()
        posts.resend(step, _left(step, post), account)
        return _made(step, post, language)

    return resend_


def forward(message: str, chat: str) -> Wish[MessageView]:
    """Pass a message on."""
    return lambda step, node: forwarding.forward(step, node, message, chat)


def ledger() -> Wish[tuple[ConsentView, ...]]:
    """What people said about their words."""
    return lambda step, _: tuple(consents.listed(step))


def put_consent(
    *, person: str, message: str, entry: str, chat: str, scope: str, allowed: bool, own_word: bool
) -> Wish[tuple[ConsentView, ...]]:
    """Write down what somebody said."""

    def put(step: Step, node: Node) -> tuple[ConsentView, ...]:
        found = consents.put(
            step,
            node,
            person=person,
            message=message,
            entry=entry,
            chat=chat,
            scope=Scope(scope),
            allowed=allowed,
            own_word=own_word,
        )
        return tuple(found)

    return put


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


def _left(step: Step, post: str) -> str:
    """The post that this one became, if it had waited for its time."""
    return (later.is_later(post) and later.find(step, post).became) or post


def _made(step: Step, post: str, language: str) -> PostView:
    """A post; one that waits for its time stands nowhere yet."""
    left = _left(step, post)
    found = post_screens.held(step, left) if later.is_later(left) else post_screens.view(step, left)
    return _with_words(found, Texts(language))


# Sentences


def _fit(view: FitView, t: Texts) -> FitView:
    notes = tuple(NoteView(n.code, n.about, t(f"post.note.{n.code}", about=n.about)) for n in view.notes)
    facts = {"about": view.about, "choices": ", ".join(view.visibilities) or "-"}
    says = t(f"post.no.{view.refused}", **facts) if view.refused else ""
    return replace(view, notes=notes, says=says)


def _with_words(view: PostView, t: Texts) -> PostView:
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
