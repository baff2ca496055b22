"""Commands about posts for several networks, and about whose words may go where."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from ..domain.consent import ConsentView
from ..domain.post_views import FitView, PlaceView, PostView
from ..domain.views import Items, MessageView
from ..errors import UsageError
from .client import at
from .commands_talk import MAX_REMOTE_FILES, file_to_send
from .commands_waiting import moment
from .group import Group, command, group, option
from .said import show
from .session import Session
from .terminal import clean, short, table, when

COMMON = {"--json": 1, "--home": 2, "--lang": 2}
"""How many words an option takes that stands before a command, too."""


FACTS = ("name", "media_type", "description")
"""What a preview is told of a file, besides its size."""


class _Posts(Group):
    """`swarmnode post TEXT --to ACCOUNT`: what is none of its commands is what is to be said."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        at_, args = 0, list(args)
        while at_ < len(args) and (name := args[at_].partition("="))[0] in COMMON:
            at_ += 1 if name[1] else COMMON[name[0]]
        if at_ < len(args) and args[at_] not in {*self.commands, "--help", "-h"}:
            args.insert(at_, "say")
        return super().parse_args(ctx, args)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, which for any other word is `say`."""
        return super().get_command(ctx, cmd_name) or self.commands["say"]


@command("say")
@click.argument("text")
@option("--to", "accounts", multiple=True, required=True, metavar="ACCOUNT")
@option("--file", "files", multiple=True, type=click.Path(path_type=Path, dir_okay=False), metavar="FILE")
@option("--alt", "alts", multiple=True, metavar="TEXT")
@option("--title", default="")
@option("--visibility", type=click.Choice(["public", "unlisted", "followers"]), default=None)
@option("--language", "language_of_text", default="", metavar="CODE")
@option("--more", default="", metavar="URL")
@option("--leave-out", is_flag=True)
@option("--at", "at_time", metavar="TIME")
@option("--in", "in_time", metavar="DURATION")
@option("--dry-run", is_flag=True)
def say_(
    session: Session,
    text: str,
    accounts: tuple[str, ...],
    files: tuple[Path, ...],
    alts: tuple[str, ...],
    title: str,
    visibility: str | None,
    language_of_text: str,
    more: str,
    at_time: str | None,
    in_time: str | None,
    *,
    leave_out: bool,
    dry_run: bool,
) -> None:
    """Post a text on several networks, now or later, or show what would stand there."""
    if len(alts) > len(files):
        raise UsageError(
            "There is nothing for this --alt to describe.", hint="One for each --file, in order."
        )
    said = {
        "accounts": [session.find("account", account) for account in accounts],
        "text": text,
        "title": title,
        "sensitive": bool(title),
        "visibility": visibility or "",
        "language": language_of_text,
        "more": more,
        "leave_out": leave_out,
    }
    described = [
        (path, {**file_to_send(path, MAX_REMOTE_FILES), "description": alt})
        for path, alt in zip(files, [*alts, *[""] * len(files)], strict=False)
    ]
    if dry_run:
        facts = [
            {**{name: file[name] for name in FACTS}, "size_bytes": path.stat().st_size}
            for path, file in described
        ]
        found = session.client.call("POST", "/posts/preview", {**said, "attachments": facts}, Items[FitView])
        if not session.give(found):
            for fit in found.items:
                _print_fit(session, fit)
        return
    attachments = [file for _, file in described]
    asked = {**said, "attachments": attachments, **moment(at_time, in_time)}
    view = session.client.call("POST", "/posts", asked, PostView)
    if not session.give(view):
        _print(session, view)
        leaves = view.state == "scheduled"
        session.say(session.t("post.leaves" if leaves else "post.posted", id=view.id, at=when(view.send_at)))


def _print_fit(session: Session, view: FitView) -> None:
    t = session.t
    session.say(f"{clean(view.network)}  {clean(view.display)}  {clean(view.visibility)}".rstrip())
    if view.refused:
        session.say(f"    {t('post.state.refused')}: {clean(view.says)}")
    for piece in view.pieces:
        text = clean(piece.text, lines=True).replace("\n", "\n    ")
        size = "" if view.limit is None else t("post.fits", length=piece.length, limit=view.limit)
        session.say(f"    {text}  ({size})" if size else f"    {text}")
    for note in view.notes:
        session.say(f"    - {clean(note.says)}")


@command("list")
@option("--limit", type=click.IntRange(1, 200), default=20)
@option("--before", metavar="CURSOR", default="")
def list_(session: Session, limit: int, before: str) -> None:
    """List posts, the latest first."""
    found = session.client.get("/posts", Items[PostView], limit=limit, before=before)
    if session.give(found):
        return
    t = session.t
    rows = [
        (
            view.id,
            when(view.wall_s),
            t(f"post.state.{view.state}"),
            ", ".join(place.network for place in view.places),
            str(view.answer_count or ""),
            _text(session, view)[:60],
        )
        for view in found.items
    ]
    table(t("post.heads").split("|"), rows, none=t("post.none"))


@command("show")
@click.argument("post")
def show_(session: Session, post: str) -> None:
    """Show a post: how it stands everywhere, and what was answered."""
    view = session.client.get(at("posts", post), PostView)
    if session.give(view):
        return
    _print(session, view)
    if view.answers:
        session.say(session.t.count("post.answers", view.answer_count))
        for message in view.answers:
            show(session, message)


def _print(session: Session, view: PostView) -> None:
    title = f"{clean(view.title)} | " if view.title else ""
    session.say(f"{view.id}  {when(view.wall_s)}  {title}{_text(session, view)}")
    for place in view.places:
        session.say(f"    {clean(place.network)}  {clean(place.display)}  {_place(place)}".rstrip())


def _text(session: Session, view: PostView) -> str:
    return session.t("post.deleted") if view.deleted else clean(view.text, lines=True)


def _place(place: PlaceView) -> str:
    ids = " ".join(short(message) for message in place.messages)
    link = f"  {clean(place.url)}" if place.url else ""
    return f"{clean(place.says)}{link}" + (f"  ({ids})" if ids else "")


def _change(session: Session, method: str, path: str, body: dict[str, object] | None) -> None:
    view = session.client.call(method, path, body, PostView)
    if not session.give(view):
        _print(session, view)


@command("edit")
@click.argument("post")
@click.argument("text")
def edit_(session: Session, post: str, text: str) -> None:
    """Let a post say something else, on all networks that let it."""
    _change(session, "PATCH", at("posts", post), {"text": text})


@command("delete")
@click.argument("post")
def delete_(session: Session, post: str) -> None:
    """Take a post back, on all networks that let it."""
    _change(session, "DELETE", at("posts", post), None)


@command("resend")
@click.argument("post")
@option("--to", "account", required=True, metavar="ACCOUNT")
def resend_(session: Session, post: str, account: str) -> None:
    """Try again on one network."""
    _change(session, "POST", at("posts", post, "resend"), {"account": session.find("account", account)})


@group("post", say_, list_, show_, edit_, delete_, resend_, kind=_Posts)
def post_(_: Session) -> None:
    """List posts."""
    click.get_current_context().invoke(list_, limit=20, before="")


# Words of others


@command("forward")
@click.argument("message")
@option("--to", "conversation", required=True, metavar="CONVERSATION")
def forward_(session: Session, message: str, conversation: str) -> None:
    """Pass on what a message says."""
    path = at("messages", session.find("message", message), "forward")
    view = session.client.call(
        "POST", path, {"chat": session.find("conversation", conversation)}, MessageView
    )
    if not session.give(view):
        session.say(session.t("sent", id=short(view.id), state=session.t(f"message.{view.state}")))


@command("list")
def consents_(session: Session) -> None:
    """List what people said about their words going elsewhere."""
    found = session.client.get("/consents", Items[ConsentView])
    if not session.give(found):
        _ledger(session, found.items)


def _ledger(session: Session, entries: Sequence[ConsentView]) -> None:
    t = session.t
    rows = [
        (
            entry.name,
            entry.network,
            t("consent.yes" if entry.allowed else "consent.no"),
            t(f"consent.{entry.scope}"),
            _where(session, entry),
            when(entry.at),
        )
        for entry in entries
    ]
    table(t("consent.heads").split("|"), rows, none=t("consent.none"))


def _where(session: Session, entry: ConsentView) -> str:
    title = entry.chat_title_translations.get(session.t.language, entry.chat_title)
    return title or entry.chat or session.t("consent.everything")


def _write(
    session: Session,
    who: str | None,
    message: str | None,
    conversation: str | None,
    *,
    publish: bool,
    allowed: bool,
    own_word: bool = False,
) -> None:
    if (who is None) == (message is None):
        raise UsageError("Name somebody, or with --message a message of theirs.")
    body = {
        "person": "" if who is None else session.find("person", who),
        "message": "" if message is None else session.find("message", message),
        "chat": "" if conversation is None else session.find("conversation", conversation),
        "scope": "publish" if publish else "forward",
        "allowed": allowed,
        "own_word": own_word,
    }
    found = session.client.call("PUT", "/consents", body, Items[ConsentView])
    if not session.give(found):
        _ledger(session, found.items)


@command("give")
@click.argument("who", required=False)
@option("--message", metavar="MESSAGE")
@option("--conversation", metavar="CONVERSATION")
@option("--publish", is_flag=True)
@option("--they-said-so", "own_word", is_flag=True)
def give_(
    session: Session,
    who: str | None,
    message: str | None,
    conversation: str | None,
    *,
    publish: bool,
    own_word: bool,
) -> None:
    """Write down that somebody lets their words go elsewhere."""
    _write(session, who, message, conversation, publish=publish, allowed=True, own_word=own_word)


@command("withdraw")
@click.argument("who", required=False)
@option("--message", metavar="MESSAGE")
@option("--conversation", metavar="CONVERSATION")
@option("--publish", is_flag=True)
def withdraw_(
    session: Session, who: str | None, message: str | None, conversation: str | None, *, publish: bool
) -> None:
    """Write down that somebody does not want that."""
    _write(session, who, message, conversation, publish=publish, allowed=False)


@group("consent", consents_, give_, withdraw_)
def consent_(_: Session) -> None:
    """List what people said."""
    click.get_current_context().invoke(consents_)
