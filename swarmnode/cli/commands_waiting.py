"""Commands about what has not left yet, and about deletions with their receipts."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path

import click

from ..domain.deletions import DeletionView, Receipts
from ..domain.later import OutboxView
from ..domain.views import Items, MessageView
from ..errors import ConfigError, UsageError
from .client import at
from .group import Group, command, group, option
from .said import show, titled
from .session import Session
from .terminal import clean, duration, new_file, short, table, when


def moment(at_time: str | None, in_time: str | None) -> dict[str, object]:
    """What --at and --in ask for, as requests have it.

    Raises:
        UsageError: both are given, or one says no time.
    """
    if at_time is not None and in_time is not None:
        raise UsageError("Only one of --at and --in.")
    if in_time is not None:
        return {"send_in_s": duration(in_time)}
    return {} if at_time is None else {"send_at": unix(at_time)}


def unix(text: str, *, now: datetime | None = None) -> int:
    """A time of day of today, or a date with one, by the clock of this machine.

    Raises:
        UsageError: it is neither.
    """
    said = text.strip()
    try:
        if re.fullmatch(r"\d{1,2}:\d{2}", said):
            hour, minute = map(int, said.split(":"))
            now = now or datetime.now().astimezone()
            # Not in the zone of this hour: on the day on which clocks are changed the other one has another.
            found = now.replace(hour=hour, minute=minute, second=0, microsecond=0, tzinfo=None)
        else:
            found = datetime.fromisoformat(said)
        return int(found.timestamp())
    except (ValueError, OverflowError, OSError):
        raise UsageError(f"{text!r} is no time.", hint="For example 18:30 or 2027-03-01T09:00.") from None


@command("outbox")
def outbox_(session: Session) -> None:
    """List all that is not gone yet."""
    found = session.client.get("/outbox", Items[OutboxView])
    if not session.give(found):
        rows = [_row(session, item) for item in found.items]
        table(session.t("outbox.heads").split("|"), rows, none=session.t("outbox.none"))


def _row(session: Session, item: OutboxView) -> tuple[str, ...]:
    title = titled(session, item)
    where = f"[{item.network}] {title}" if item.network else title or ", ".join(item.accounts)
    at_time = when(item.send_at) if item.send_at else ""
    return short(item.message), where, session.t(f"outbox.{item.what}"), at_time, item.says, item.text[:40]


@command("leave")
@click.argument("message")
@option("--at", "at_time", metavar="TIME")
@option("--in", "in_time", metavar="DURATION")
def leave_(session: Session, message: str, at_time: str | None, in_time: str | None) -> None:
    """Let what waits for its time leave now, or at another time."""
    path = at("messages", session.find("message", message), "time")
    view = session.client.call("PUT", path, moment(at_time, in_time), MessageView)
    if not session.give(view):
        show(session, view)


class _ById(Group):
    """A group whose command `show` may be left out before a number."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command."""
        return super().resolve_command(ctx, ["show", *args] if args and args[0].isdecimal() else args)


@command("show")
@click.argument("deletion")
def _show(session: Session, deletion: str) -> None:
    view = session.client.get(at("deletions", deletion), DeletionView)
    if not session.give(view):
        print_deletion(session, view)


def print_deletion(session: Session, view: DeletionView) -> None:
    """How a deletion stands at each place."""
    session.say(session.t("deletions.head", id=view.id, at=when(view.at), n=len(view.targets)))
    for place in view.places:
        since = f"  {when(place.at)}" if place.at else ""
        network = f"[{clean(place.network)}] " if place.network else ""
        session.say(f"    {network}{clean(place.says)}{since}")
    if view.receipts:
        session.say(session.t("deletions.statement", id=view.id))


@command("save")
@click.argument("deletion")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
def _save(session: Session, deletion: str, file: Path) -> None:
    import msgspec  # noqa: PLC0415

    receipts = session.client.get(at("deletions", deletion, "receipts"), Receipts)
    try:
        with new_file(file) as out:
            out.write(msgspec.json.format(msgspec.json.encode(receipts), indent=2) + b"\n")
    except OSError as e:
        raise ConfigError(f"{file} cannot be written: {e.strerror}.", hint="Name a new file.") from None
    if not session.give({"path": str(file), "receipts": len(receipts.receipts)}):
        session.say(session.t.count("deletions.saved", len(receipts.receipts), path=file))


@group("deletions", _show, _save, kind=_ById)
@option("--limit", type=click.IntRange(1, 200), default=20)
@option("--before", metavar="CURSOR", default="")
def deletions_(session: Session, limit: int, before: str) -> None:
    """List what was destroyed, and how it stands."""
    found = session.client.get("/deletions", Items[DeletionView], limit=limit, before=before)
    if not session.give(found):
        rows = [
            (view.id, when(view.at), str(len(view.targets)), _together(session, view)) for view in found.items
        ]
        table(session.t("deletions.heads").split("|"), rows, none=session.t("deletions.none"))


def _together(session: Session, view: DeletionView) -> str:
    others = [place for place in view.places if place.where in {"node", "network"}]
    done = sum(place.state in {"confirmed", "never-had"} for place in others)
    if not others:
        return session.t("deletions.here-alone")
    return session.t("deletions.confirmed", done=done, of=len(others))
