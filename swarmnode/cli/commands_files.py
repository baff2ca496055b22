"""Commands about files: carrying messages by hand, backups, the end."""

from __future__ import annotations

from pathlib import Path

import click

from ..domain.views import CarryView, StatusView
from ..errors import UsageError
from .group import command, group, option
from .secret import at_hand, recovery_words
from .session import Session
from .terminal import clean, size, working

FILE = click.Path(path_type=Path, dir_okay=False)


def _path(file: Path) -> str:
    """The path as the node understands it: it has another working folder."""
    return str(file.absolute())


@command("out")
@click.argument("file", type=FILE)
@option("--for", "contact", metavar="CONTACT")
def _out(session: Session, file: Path, contact: str | None) -> None:
    id_ = session.find("contact", contact) if contact else ""
    with working(session.t("files.working"), show=not session.json):
        view = session.client.call("POST", "/carry/out", {"path": _path(file), "contact": id_}, CarryView)
    if not session.give(view):
        session.say(session.t.count("carry.out", view.records, path=file, size=size(view.size_bytes)))


@command("in")
@click.argument("file", type=FILE)
def _in(session: Session, file: Path) -> None:
    with working(session.t("files.working"), show=not session.json):
        view = session.client.call("POST", "/carry/in", {"path": _path(file)}, CarryView)
    if not session.give(view):
        session.say(session.t.count("carry.in", view.new, foreign=view.foreign, skipped=view.skipped))


@group("carry", _out, _in)
def carry_(_: Session) -> None:
    """Say that one of the two is needed."""
    raise UsageError(
        "Out of the node, or into it?", hint="`swarmnode carry out FILE` or `swarmnode carry in FILE`"
    )


def _write(session: Session, route: str, file: Path) -> None:
    from ..api.about_node import Written  # noqa: PLC0415

    with working(session.t("files.working"), show=not session.json):
        view = session.client.call("POST", route, {"path": _path(file)}, Written)
    if not session.give(view):
        session.say(session.t("files.written", path=clean(view.path), size=size(view.size_bytes)))


@command("backup")
@click.argument("file", type=FILE)
def backup_(session: Session, file: Path) -> None:
    """Write a sealed backup."""
    _write(session, "/backups", file)
    session.say(session.t("backup.holds"))


@command("export")
@click.argument("file", type=FILE)
def export_(session: Session, file: Path) -> None:
    """Write everything, readable for other programs."""
    _write(session, "/exports", file)
    session.say(session.t("export.readable"))


@command("restore")
@click.argument("backup", type=FILE, required=False)
@option("--words-file", type=FILE, metavar="FILE")
@option("--passphrase-file", type=FILE, metavar="FILE")
def restore_(
    session: Session, backup: Path | None, words_file: Path | None, passphrase_file: Path | None
) -> None:
    """Bring a persona back on an empty home."""
    words = recovery_words(session, words_file)
    passphrase = at_hand(session, passphrase_file, keyring=False)
    if passphrase is None and session.asks:
        passphrase = click.prompt(session.t("passphrase.new"), hide_input=True, confirmation_prompt=True)
    body = {"words": words, "backup": _path(backup) if backup else None, "passphrase": passphrase}
    with working(session.t("files.working"), show=not session.json):
        view = session.client.call("POST", "/identity/restore", body, StatusView)
    if not session.give(view):
        session.say(session.t("restore.done", name=clean(view.name)))


@command("wipe")
@option("--confirm", metavar="NAME")
def wipe_(session: Session, confirm: str | None) -> None:
    """Destroy the key, then all files."""
    if confirm is None:
        if not session.asks:
            raise UsageError(
                "This destroys everything.", hint="Say so with --confirm and the persona's name."
            )
        confirm = click.prompt(session.t("wipe.confirm"))
    session.client.do("POST", "/wipe", {"confirm": confirm})
    if not session.give({"wiped": True}):
        session.say(session.t("wipe.done"))
