"""What screens see of posts, made of rows. Reading only: any snapshot will do."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import bindparam

from ...domain.post_views import THERE, PlaceView, PostView, place_state, together
from ...domain.views import AttachmentView
from ...errors import NotFound, UsageError
from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import ACCOUNTS, PLACES, POSTS, PlaceRow, PostRow, RemoteMessage
from ...storage.shelf import Prepared
from . import intents, later, posted, posts, screens, words
from .posts import Said
from .writing import message_id

_LAST = Prepared(
    sa.select(*POSTS.columns)
    .where(tables.post.c.id < bindparam("before"))
    .order_by(tables.post.c.id.desc())
    .limit(bindparam("limit"))
)
_TOP = (1 << 63) - 1


def view(step: Step, post: str) -> PostView:
    """A post, how it stands everywhere, and what was answered.

    Raises:
        NotFound: there is none.
    """
    row = posts.find(step, post)
    count, rows = posted.answers(step, row.id)
    return _view(step, row, count, rows)


def some(step: Step, *, before: str = "", limit: int = 50) -> tuple[list[PostView], str]:
    """The last posts, or those before a cursor, the latest first, without answers; and a cursor for more.

    Raises:
        UsageError: no cursor of ours.
    """
    try:
        top = min(int(before), _TOP) if before else _TOP
    except ValueError:
        raise UsageError(f"{before!r} is no cursor") from None
    rows = POSTS.query(step.tx, _LAST, {"before": top, "limit": limit})
    shown = [_view(step, row, posted.count(step, row.id), []) for row in rows]
    return shown, str(rows[-1].id) if len(rows) == limit else ""


def everything(step: Step) -> list[PostView]:
    """All posts, in the order in which they were made, without answers."""
    return [_view(step, row, posted.count(step, row.id), []) for row in POSTS.all(step.tx)]


def _view(step: Step, row: PostRow, count: int, answers: list[RemoteMessage]) -> PostView:
    said = posts.said_of(step, row) or Said()
    places = tuple(_place(step, place) for place in PLACES.all(step.tx, post_id=row.id))
    return PostView(
        id=posted.post_id(row.id),
        text=said.text,
        wall_s=row.created_at,
        state=together(place.state for place in places),
        places=places,
        title=said.title,
        sensitive=said.sensitive,
        visibility=said.visibility,
        language=said.language,
        edited=row.edited,
        deleted=row.gone_at is not None,
        attachments=_attachments(said),
        answer_count=count,
        answers=tuple(screens.shown(step, answers)),
    )


def held(step: Step, post: str) -> PostView:
    """A post that waits for its time, or was taken back before.

    Raises:
        NotFound: there is none.
    """
    row = later.find(step, post)
    wish = later.wish_of(step, row)
    said = posts.Said() if wish is None else wish.post
    if said is None:
        raise NotFound("there is no such post")
    state = "deleted" if wish is None else "refused" if row.reason else "scheduled"
    names = () if wish is None else wish.accounts
    owners = (ACCOUNTS.one(step.tx, account=account) for account in names)
    return PostView(
        id=post,
        text=said.text,
        wall_s=row.created_at,
        state=state,
        places=tuple(PlaceView(o.account, o.package, o.display, state, row.reason) for o in owners if o),
        title=said.title,
        sensitive=said.sensitive,
        visibility=said.visibility,
        language=said.language,
        deleted=wish is None,
        attachments=_attachments(said),
        send_at=0 if wish is None else row.send_at,
    )


def _attachments(said: Said) -> tuple[AttachmentView, ...]:
    files = said.files
    return tuple(AttachmentView(f.name, f.media_type, f.size_bytes, f.description) for f in files)


def _place(step: Step, place: PlaceRow) -> PlaceView:
    owner = ACCOUNTS.get(step.tx, place.account_id)
    assert owner is not None
    rows = posts.parts(step, place)
    states = ["deleted" if row.gone_at is not None else row.state for row in rows]
    state = place_state(place.refused, states)
    change, changed, why = _changed(step, place, rows)
    reasons = (row.reason for row, its in zip(rows, states, strict=True) if its == state)
    return PlaceView(
        account=owner.account,
        network=owner.package,
        display=owner.display,
        state=state,
        reason=place.refused or ("" if state in THERE or state == "deleted" else next(reasons, "")),
        messages=tuple(message_id(row) for row in rows),
        there=sum(its in THERE for its in states),
        url=_url(step, rows),
        change=change,
        change_state=changed,
        change_reason=why,
    )


def _changed(step: Step, place: PlaceRow, rows: list[RemoteMessage]) -> tuple[str, str, str]:
    """What was wanted last, how far that is, and why it is not done."""
    kind = place.change
    if not kind:
        return "", "", ""
    if place.cannot:
        return kind, "refused", place.cannot
    for row in rows:
        if intents.open_about(step, row.id, ("edit", "delete")):
            return kind, "doing", ""
    for row in rows:
        said, _, why = row.reason.partition(": ")
        if row.gone_at is None and said.partition(" ")[0] in {"edit", "delete"}:
            return kind, "refused", why or said.partition(" ")[2]
    return kind, "done", ""


def _url(step: Step, rows: list[RemoteMessage]) -> str:
    for row in rows:
        if row.gone_at is None and (said := words.of(step, row)) is not None and said.url:
            return said.url
    return ""
