"""Commands about the address book: people, whichever networks they are on."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import click

from ..domain.book import ChangeView, ImportView, LinkView, PersonView, SuggestionView
from ..domain.views import Items
from ..errors import ConfigError, NotFound, UsageError
from .client import at
from .commands_private import carry_, people_invite_, private_
from .group import command, group, option
from .session import Session
from .terminal import clean, named, table, when, working

SHOWN = 200
"""Entries of an import that are listed; all are counted."""


def _networks(session: Session, links: tuple[LinkView, ...]) -> str:
    """On which networks somebody is, each once."""
    return ", ".join(dict.fromkeys(link.network or session.t("people.node") for link in links))


def _address(link: LinkView) -> str:
    return link.handle or (link.name if not link.network else link.remote_id)


def _who(person: PersonView) -> str:
    """A person with the addresses that tell them from others of that name."""
    addresses = ", ".join(_address(link) for link in person.links[:3])
    return f"{clean(person.name)} ({clean(addresses)})"


def _every(session: Session, limit: int) -> Iterator[PersonView]:
    """People by name, page by page."""
    after = ""
    while limit > 0:
        page = session.client.get("/people", Items[PersonView], after=after, limit=min(limit, 200))
        yield from page.items
        limit, after = limit - len(page.items), page.next
        if not after:
            return


@command("list")
@option("--limit", type=click.IntRange(1, 1_000_000), default=1_000_000)
def _list(session: Session, limit: int) -> None:
    people = tuple(_every(session, limit))
    if not session.give(Items(people)):
        rows = [
            (
                p.id,
                p.name,
                _networks(session, p.links),
                str(p.unread or ""),
                when(p.last_at) if p.last_at else "",
            )
            for p in people
        ]
        table(session.t("people.heads").split("|"), rows, none=session.t("people.none"))


@command("show")
@click.argument("who")
def _show(session: Session, who: str) -> None:
    person = session.client.get(at("people", session.find("person", who)), PersonView)
    if session.give(person):
        return
    t = session.t
    session.say(f"{clean(person.name)} ({person.id})")
    rows = [
        (
            link.id,
            link.network or t("people.node"),
            _address(link),
            _reason(session, link.reason, link.cause),
            t("people.preferred") if link.id == person.preferred else "",
        )
        for link in person.links
    ]
    table(t("people.links").split("|"), rows)
    for way in person.ways:
        state = t(f"way.{way.why}") if way.why else t(f"privacy.{way.privacy or 'unknown'}")
        carries = f"; {t('carries.' + way.carries)}" if way.carries and way.carries != "can" else ""
        network = clean(way.network) or t("people.node")
        session.say(t("people.way", chat=way.chat, network=network, state=state + carries))
    if not person.ways:
        session.say(t("people.no-way"))
    print_proofs(session, person)
    if any(link.node for link in person.links) and not any(link.contact for link in person.links):
        session.say(t("people.has-node", name=named(person.name)))


def print_proofs(session: Session, person: PersonView) -> None:
    """Print which accounts a person claims, and what was seen of it."""
    t = session.t
    rows = [
        (
            proof.network,
            proof.address,
            t("proof.ok.private" if proof.private and proof.state == "ok" else f"proof.{proof.state}"),
            when(proof.seen_at) if proof.seen_at else t("proof.never"),
            t(f"proof.why.{proof.why}") if proof.why else "",
        )
        for proof in person.proofs
    ]
    if rows:
        table(t("proof.heads").split("|"), rows)


def _reason(session: Session, reason: str, cause: str) -> str:
    """Why an account is somebody's, and what that rests on."""
    said, rests = session.t(f"reason.{reason}"), f"cause.{cause}"
    return f"{said} ({session.t(rests)})" if cause and rests in session.t else said


@command("rename")
@click.argument("who")
@click.argument("name")
def _rename(session: Session, who: str, name: str) -> None:
    path = at("people", session.find("person", who))
    person = session.client.call("PATCH", path, {"name": name}, PersonView)
    if not session.give(person):
        session.say(session.t("people.renamed", name=clean(person.name)))


@command("prefer")
@click.argument("who")
@click.argument("account", required=False)
@option("--off", is_flag=True)
def _prefer(session: Session, who: str, account: str | None, *, off: bool) -> None:
    if off == (account is not None):
        raise UsageError("An account of theirs, or --off.", hint="`swarmnode people show` lists them.")
    person = session.client.get(at("people", session.find("person", who)), PersonView)
    link = None if account is None else _link(person, account)
    wanted = "" if link is None else link.id
    person = session.client.call("PATCH", at("people", person.id), {"preferred": wanted}, PersonView)
    if not session.give(person):
        where = "" if link is None else (link.network or session.t("people.node"))
        said = "people.prefers" if link else "people.prefers-nothing"
        session.say(session.t(said, name=clean(person.name), network=where))


def _link(person: PersonView, text: str) -> LinkView:
    """The account of a person that is meant: an id, an address, or the only one on a network."""
    folded = text.casefold()
    for fitting in (
        [link for link in person.links if link.id == text],
        [link for link in person.links if folded in {_address(link).casefold(), link.remote_id.casefold()}],
        [link for link in person.links if (link.network or "node") == folded],
    ):
        if len(fitting) == 1:
            return fitting[0]
    raise NotFound(
        f"{person.name} has no account {text!r}, or several.",
        hint="`swarmnode people show` lists them with their ids.",
    )


@command("merge")
@click.argument("who")
@click.argument("other")
def _merge(session: Session, who: str, other: str) -> None:
    into, gone = session.find("person", who), session.find("person", other)
    change = session.client.call("POST", at("people", into, "merge"), {"other": gone}, ChangeView)
    if not session.give(change):
        session.say(session.t("people.merged", name=named(who), id=change.id))


@command("split")
@click.argument("who")
@click.argument("accounts", nargs=-1, required=True)
def _split(session: Session, who: str, accounts: tuple[str, ...]) -> None:
    person = session.client.get(at("people", session.find("person", who)), PersonView)
    links = [_link(person, account).id for account in accounts]
    change = session.client.call("POST", at("people", person.id, "split"), {"links": links}, ChangeView)
    if not session.give(change):
        made = next(moved.after for moved in change.moved)
        session.say(session.t("people.split", name=named(person.name), other=made, id=change.id))


@command("undo")
@click.argument("change", required=False, default="last")
def _undo(session: Session, change: str) -> None:
    view = session.client.call("POST", at("people", "changes", change, "undo"), None, ChangeView)
    if not session.give(view):
        session.say(session.t("people.undone", id=view.id, what=session.t(f"change.{view.kind}")))


@command("changes")
@click.argument("who", required=False)
@option("--limit", type=click.IntRange(1, 200), default=20)
def _changes(session: Session, who: str | None, limit: int) -> None:
    person = "" if who is None else session.find("person", who)
    found = session.client.get("/people/changes", Items[ChangeView], person=person, limit=limit)
    if not session.give(found):
        t = session.t
        rows = [
            (
                c.id,
                when(c.at),
                t(f"change.{c.kind}"),
                t(f"cause.{c.cause}") if f"cause.{c.cause}" in t else c.cause,
                ", ".join(f"{m.address}: {m.before} > {m.after}" for m in c.moved),
                t("change.undone") if c.undone else "",
            )
            for c in found.items
        ]
        table(t("change.heads").split("|"), rows, none=t("change.none"))


@command("suggestions")
@option("--limit", type=click.IntRange(1, 200), default=50)
def _suggestions(session: Session, limit: int) -> None:
    found = session.client.get("/people/suggestions", Items[SuggestionView], limit=limit)
    if not session.give(found):
        rows = [(s.id, _who(s.one), _who(s.other), _reason(session, s.reason, s.cause)) for s in found.items]
        table(session.t("suggestion.heads").split("|"), rows, none=session.t("suggestion.none"))


@command("accept")
@click.argument("suggestion")
def _accept(session: Session, suggestion: str) -> None:
    path = at("people", "suggestions", suggestion, "accept")
    change = session.client.call("POST", path, None, ChangeView)
    if not session.give(change):
        session.say(session.t("suggestion.accepted", id=change.id))


@command("refuse")
@click.argument("suggestion")
def _refuse(session: Session, suggestion: str) -> None:
    session.client.do("POST", at("people", "suggestions", suggestion, "refuse"))
    if not session.give({"refused": suggestion}):
        session.say(session.t("suggestion.refused"))


@command("import")
@click.argument("file", required=False, type=click.Path(path_type=Path, dir_okay=False))
@option("--account", metavar="ACCOUNT")
@option("--dry-run", is_flag=True)
def _import(session: Session, file: Path | None, account: str | None, *, dry_run: bool) -> None:
    if (file is None) == (account is None):
        raise UsageError("A file, or --account.", hint="`swarmnode people import --help`")
    body: dict[str, object] = {"dry_run": dry_run}
    if file is not None:
        try:
            body["cards"] = base64.b64encode(file.read_bytes()).decode()
        except OSError as e:
            raise ConfigError(f"{file} cannot be read: {e.strerror}.", hint="Nothing was taken in.") from None
    else:
        body["account"] = session.find("account", account or "")
    with working(session.t("people.importing"), show=not session.json):
        view = session.client.call("POST", "/people/import", body, ImportView)
    if session.give(view):
        return
    t = session.t
    rows = [
        (
            item.name or (t("import.line", line=item.line) if item.line else ""),
            t(f"import.why.{item.why}") if item.why else t(f"import.{item.outcome}"),
            ", ".join(item.addresses),
        )
        for item in view.items[:SHOWN]
    ]
    if dry_run or any(item.why for item in view.items):
        table(t("import.heads").split("|"), rows)
    counts = {"new": view.new, "known": view.known, "suggested": view.suggested, "skipped": view.skipped}
    session.say(t("import.would" if dry_run else "import.done", **counts))
    if view.suggested and not dry_run:
        session.say(t("import.look"))


@command("forget")
@click.argument("who")
@option("--yes", is_flag=True)
def _forget(session: Session, who: str, *, yes: bool) -> None:
    id_ = session.find("person", who)
    if not yes:
        if not session.asks:
            raise UsageError("This cannot be undone.", hint="Say so with --yes.")
        if not session.confirm(session.t("people.really", name=clean(who))):
            raise click.Abort
    session.client.do("DELETE", at("people", id_))
    if not session.give({"forgotten": id_}):
        session.say(session.t("people.forgotten", name=clean(who)))


@group(
    "people",
    *(_list, _show, _merge, _split, _undo, _changes, _suggestions, _accept, _refuse),
    *(_import, _rename, _prefer, _forget),
    *(private_, people_invite_, carry_),
)
def people_(_: Session) -> None:
    """List people."""
    click.get_current_context().invoke(_list)
