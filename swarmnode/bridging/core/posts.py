"""Posts: one text on several networks, each with its own outcome (ADR 0034).

A post has a place on each network, and a place has the messages that the post is there. These are messages
like all others: they are sent, come back, are answered and are taken back as those are, and a network that
refuses, or is down, holds up no other. What a place is like is read from its messages, never kept twice.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from swarm_bridges import api
from swarm_bridges.api import Level
from swarm_bridges.text import from_plain

from ...domain.fitting import Fitted, Wish, fit
from ...domain.post_views import FitView, NoteView, Picture, PieceView, is_post
from ...errors import Conflict, NotFound, UsageError
from ...services.news import tell
from ...services.step import Step
from ...storage.bridge_shelves import (
    ACCOUNTS,
    FILES,
    PARTS,
    PLACES,
    POSTS,
    ROOMS,
    AccountRow,
    PlaceRow,
    PostRow,
    RemoteConversation,
    RemoteMessage,
)
from . import abilities, accounts, decisions, entries, files, intents, outbox, posted, rooms, unsent, words
from .intents import Payload
from .packed import pack, unpack
from .writing import message_id, writing

DRY = "`swarmnode post --dry-run` shows for each network what would stand there, or why nothing would."


class Said(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a post says; destroyed with its body."""

    text: str = ""
    title: str = ""
    sensitive: bool = False
    visibility: str = ""
    language: str = ""
    more: str = ""
    leave_out: bool = False
    files: tuple[api.LocalFile, ...] = ()
    """Their ids say nothing: each place has copies of its own."""

    def wish(self) -> Wish:
        """The same, to be fitted."""
        pictures = (Picture(f.name, f.media_type, f.size_bytes, f.description) for f in self.files)
        return Wish(
            text=self.text,
            title=self.title,
            visibility=self.visibility,
            files=tuple(pictures),
            more=self.more,
            leave_out=self.leave_out,
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """What would be done on one network."""

    account: AccountRow
    room: RemoteConversation | None
    """Its timeline; None: it has none."""
    can: api.Capabilities
    fitted: Fitted = field(repr=False)


# What would stand where


def plan(step: Step, account: AccountRow, wish: Wish) -> Plan:
    """Fit a post to an account."""
    room, can = _timeline(step, account)
    return Plan(account, room, can, fit(wish, can))


def preview(step: Step, wish: Wish, wanted: Sequence[str]) -> list[FitView]:
    """What would stand on the networks of these accounts.

    Raises:
        NotFound: there is no such account.
    """
    return [fit_view(plan(step, accounts.find(step, account), wish)) for account in dict.fromkeys(wanted)]


def plans(step: Step, said: Said, wanted: Sequence[str]) -> list[Plan]:
    """What `make` does on each network; raises as that, and changes nothing."""
    planned = [plan(step, accounts.find(step, account), said.wish()) for account in dict.fromkeys(wanted)]
    if all(made.fitted.refused for made in planned):
        raise UsageError("this can be posted on none of these networks", hint=DRY)
    return planned


def fit_view(made: Plan) -> FitView:
    """A plan as screens see it, without sentences."""
    fitted, can = made.fitted, made.can
    return FitView(
        account=made.account.account,
        network=made.account.package,
        display=made.account.display,
        limit=can.max_text,
        unit=can.text_unit,
        link_cost=can.link_cost,
        visibility=fitted.visibility,
        visibilities=tuple(name for name in can.visibilities if name != "direct"),
        pieces=tuple(PieceView(piece.text, piece.length) for piece in fitted.pieces),
        files=fitted.files,
        notes=tuple(NoteView(note.code, note.about) for note in fitted.notes),
        refused=fitted.refused,
        about=fitted.about,
    )


def _timeline(step: Step, account: AccountRow) -> tuple[RemoteConversation | None, api.Capabilities]:
    """Where an account posts, and what can be done there."""
    for room in ROOMS.all(step.tx, account_id=account.id, kind="timeline", gone=False):
        can = abilities.of(step, account, room)
        if can.levels.get("post", Level.REJECTED) >= Level.FALLBACK:
            return room, can
    known = accounts.capabilities(step, account, None)
    return None, api.Capabilities(version="" if known is None else known.version, levels={})


# Posting


def make(step: Step, said: Said, wanted: Sequence[str], data: Sequence[bytes] = ()) -> int:
    """Post something; its number. `data` are the bytes of its files. Where it is refused, that is noted.

    Raises:
        NotFound: there is no such account.
        UsageError: it is refused everywhere.
    """
    planned = plans(step, said, wanted)
    post = POSTS.make(step.tx, body_id=step.tx.bodies.put(pack(said)), created_at=step.wall_s)
    for made in planned:
        refused = made.fitted.refused
        place = PLACES.make(step.tx, post_id=post.id, account_id=made.account.id, refused=refused)
        if not refused:
            _say(step, place, made, said, dict(enumerate(data)))
    _tell(step, post)
    return post.id


def _say(
    step: Step,
    place: PlaceRow,
    made: Plan,
    said: Said,
    data: Mapping[int, bytes],
    *,
    skip: int = 0,
    after: RemoteMessage | None = None,
) -> None:
    """Write down what a post is on one network.

    `data` are bytes of files by number. What is appended to messages that are there skips so many pieces,
    and answers the last of them, `after`.
    """
    assert made.room is not None
    numbers = () if skip else made.fitted.files
    taken = [said.files[number] for number in numbers]
    there = zip(taken, (data[number] for number in numbers), strict=True)
    bodies = files.put(step, [files.with_bytes(file, body) for file, body in there])
    stored = [msgspec.structs.replace(f, id=body.id) for f, body in zip(taken, bodies, strict=True)]
    parts = [api.Rendered(from_plain(piece.text), piece.text) for piece in made.fitted.pieces[skip:]]
    parts[0] = msgspec.structs.replace(parts[0], files=tuple(stored))
    payload = Payload(
        parts=tuple(parts),
        reply_to=None if after is None else after.id,
        title=said.title,
        sensitive=said.sensitive,
        visibility=made.fitted.visibility,
        language=said.language,
    )
    with writing(step, made.account) as now:
        for row in outbox.put(now, made.room, "post", payload):
            PARTS.add(step.tx, place_id=place.id, message_id=row.id)


# Changing


def edit(step: Step, post: str, text: str) -> None:
    """Let a post say something else, on all networks that let it.

    Raises:
        NotFound, Conflict: there is no such post; it was taken back.
        UsageError: it would say nothing.
    """
    row = find(step, post)
    said = said_of(step, row)
    if said is None:
        raise Conflict("this post was taken back")
    if not text.strip() and not said.files:
        raise UsageError("there is nothing to say", hint="Take it back: `swarmnode post delete`.")
    new = msgspec.structs.replace(said, text=text)
    if row.body_id is not None:
        step.tx.bodies.shred([row.body_id])
    POSTS.change(step.tx, row.id, body_id=step.tx.bodies.put(pack(new)), edited=True)
    for place in PLACES.all(step.tx, post_id=row.id):
        rows = _standing(step, place)
        if _nowhere(step, rows):  # it is said in the new words when it is sent again
            PLACES.change(step.tx, place.id, change="", cannot="")
        else:
            cannot = _edit_place(step, row, place, new, rows)
            PLACES.change(step.tx, place.id, change="edit", cannot=cannot)
    _tell(step, row)


def _edit_place(step: Step, post: PostRow, place: PlaceRow, said: Said, rows: Sequence[RemoteMessage]) -> str:
    """Let a place say something else; why it cannot, or nothing."""
    made = plan(step, _account(step, place), said.wish())
    if made.fitted.refused:
        return made.fitted.refused
    if all(_not_left(step, row) for row in rows):
        data = _bytes(step, post, said)
        if not data.keys() >= set(made.fitted.files):
            return "not-whole"
        _withdraw(step, place, rows)
        _say(step, place, made, said, data)
        return ""
    if any(unsent.is_nowhere(step, row) for row in rows):
        return "not-whole"
    return _edit_there(step, place, rows, made, said)


def _edit_there(step: Step, place: PlaceRow, rows: Sequence[RemoteMessage], made: Plan, said: Said) -> str:
    """Edit the messages of a place: more are appended, and those that are too many are taken back."""
    pieces, now_s = made.fitted.pieces, step.wall_s
    if made.can.levels.get("edit", Level.REJECTED) < Level.FALLBACK:
        return "no-edits"
    if made.can.edit_within_s is not None and now_s - rows[0].wall_s > made.can.edit_within_s:
        return "too-old"
    if len(pieces) < len(rows) and (code := _no_deletes(step, made.can, rows[0])):
        return code
    for row, piece in zip(rows, pieces, strict=False):
        old = words.of(step, row)
        if old is None or old.text != piece.text:
            outbox.edit(step, message_id(row), piece.text)
    for row in rows[len(pieces) :]:
        outbox.delete(step, message_id(row))
    if len(pieces) > len(rows):
        _say(step, place, made, said, {}, skip=len(rows), after=rows[-1])
    return ""


def delete(step: Step, post: str) -> None:
    """Take a post back, on all networks that let it; its text is destroyed here at once.

    Raises:
        NotFound: there is no such post.
    """
    row = find(step, post)
    posted.destroy(step, row.id)
    for place in PLACES.all(step.tx, post_id=row.id):
        cannot = ""
        for part in _standing(step, place):
            there = not unsent.is_nowhere(step, part) and not _not_left(step, part)
            can = abilities.of(step, _account(step, place), rooms.get(step, part.conversation_id))
            code = _no_deletes(step, can, part) if there else ""
            if not code:
                outbox.delete(step, message_id(part))
            cannot = cannot or code
        PLACES.change(step.tx, place.id, change="delete", cannot=cannot)
    _tell(step, row)


def _no_deletes(step: Step, can: api.Capabilities, row: RemoteMessage) -> str:
    if can.levels.get("delete", Level.REJECTED) < Level.FALLBACK:
        return "no-deletes"
    old = can.delete_within_s is not None and step.wall_s - row.wall_s > can.delete_within_s
    return "too-old" if old else ""


def resend(step: Step, post: str, account: str) -> None:
    """Try again on one network where it was refused, given up, or nobody knows whether it arrived.

    Raises:
        NotFound: it has no such place.
        Conflict: it is there, or on its way; or it was taken back.
        UsageError: the network does not take it; the post says why.
    """
    row = find(step, post)
    owner = accounts.find(step, account)
    place = PLACES.one(step.tx, post_id=row.id, account_id=owner.id)
    said = said_of(step, row)
    if place is None or said is None:
        raise NotFound("this post is not there" if place is None else "this post was taken back")
    standing = _standing(step, place)
    asked = next((part for part in standing if (part.state, part.reason) == ("maybe", "asked")), None)
    lost = next((part for part in standing if part.state in {"refused", "expired"}), None)
    if asked is not None:
        decisions.answer(step, message_id(asked), sent=False)
    elif lost is not None and (not row.edited or not _nowhere(step, standing)):
        decisions.again(step, message_id(lost))
    elif _nowhere(step, standing):
        _say_anew(step, row, place, said, standing)
    else:
        raise Conflict("it is there, or on its way")
    PLACES.change(step.tx, place.id, refused="", change="", cannot="")
    _tell(step, row)


def _nowhere(step: Step, standing: Sequence[RemoteMessage]) -> bool:
    """Whether a network has nothing of a post, and nothing is on its way there."""
    return all(unsent.is_nowhere(step, part) for part in standing)


def _say_anew(
    step: Step, post: PostRow, place: PlaceRow, said: Said, standing: Sequence[RemoteMessage]
) -> None:
    made = plan(step, _account(step, place), said.wish())
    if made.fitted.refused:
        raise UsageError("this network does not take the post", hint=DRY)
    data = _bytes(step, post, said)
    if not data.keys() >= set(made.fitted.files):
        raise Conflict("the files of this post are no longer here", hint="Post it anew.")
    _withdraw(step, place, standing)
    _say(step, place, made, said, data)


def _withdraw(step: Step, place: PlaceRow, rows: Iterable[RemoteMessage]) -> None:
    """Destroy messages that no network has. Others take their place: the post is not gone with them."""
    PARTS.drop(step.tx, place_id=place.id)
    for row in rows:
        outbox.delete(step, message_id(row))


# Small things


def find(step: Step, post: str) -> PostRow:
    """A post by its id on screens.

    Raises:
        NotFound: there is none.
    """
    row = POSTS.get(step.tx, int(post.removeprefix("post"))) if is_post(post) else None
    if row is None:
        raise NotFound("there is no such post", hint="`swarmnode post list` shows them.")
    return row


def said_of(step: Step, row: PostRow) -> Said | None:
    """What a post says; None once it is taken back."""
    data = None if row.body_id is None else step.tx.bodies.get(row.body_id)
    return None if data is None else unpack(data, Said)


def parts(step: Step, place: PlaceRow) -> list[RemoteMessage]:
    """The messages that a post is on one network, in order."""
    return [entries.get(step, part.message_id) for part in PARTS.all(step.tx, place_id=place.id)]


def _standing(step: Step, place: PlaceRow) -> list[RemoteMessage]:
    """Those that are not taken back, and are not to be."""
    return [
        row
        for row in parts(step, place)
        if row.gone_at is None and not intents.open_about(step, row.id, ("delete",))
    ]


def _bytes(step: Step, post: PostRow, said: Said) -> dict[int, bytes]:
    """The bytes of a post's files by number, as far as its places have them."""
    found = dict[int, bytes]()
    for place in PLACES.all(step.tx, post_id=post.id) if said.files else []:
        numbers = plan(step, _account(step, place), said.wish()).fitted.files
        for row in parts(step, place)[:1]:
            stored = FILES.all(step.tx, message_id=row.id, remote_id="")
            if len(stored) == len(numbers):
                bodies = step.tx.bodies.get_many(file.body_id for file in stored)
                found |= {n: bodies[f.body_id] for n, f in zip(numbers, stored, strict=True)}
    return found


def _account(step: Step, place: PlaceRow) -> AccountRow:
    row = ACCOUNTS.get(step.tx, place.account_id)
    assert row is not None
    return row


def _not_left(step: Step, row: RemoteMessage) -> bool:
    sending = unsent.sending(step, row)
    return sending is not None and unsent.not_left(sending, row)


def _tell(step: Step, row: PostRow) -> None:
    tell(step, "post.changed", post=posted.post_id(row.id))
