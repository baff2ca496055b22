"""Commands about proofs: accounts on other networks that are the owner's, and others'."""

from __future__ import annotations

import click

from ..domain.book import PersonView
from ..domain.pages import is_address
from ..domain.proofs import OwnProofView
from ..domain.views import Items
from ..errors import NotFound, UsageError
from .client import at
from .commands_book import print_proofs
from .group import command, group, option
from .session import Session
from .terminal import clean, named, table, when, working


@command("list")
def _list(session: Session) -> None:
    found = session.client.get("/proofs", Items[OwnProofView])
    if not session.give(found):
        rows = [
            (proof.id, proof.network, proof.address, _state(session, proof), _names(session, proof))
            for proof in found.items
        ]
        table(session.t("proofs.heads").split("|"), rows, none=session.t("proofs.none"))


def _state(session: Session, proof: OwnProofView) -> str:
    said = session.t(f"proofs.state.{proof.state}", at=when(proof.at))
    why = f"proofs.why.{proof.why}"
    return f"{said}: {session.t(why)}" if proof.why and why in session.t else said


def _names(session: Session, proof: OwnProofView) -> str:
    return ", ".join(known.name for known in proof.known_to) or session.t("proofs.nobody")


@command("make")
@click.argument("account")
@option("--to", multiple=True, metavar="WHO")
@option("--yes", is_flag=True)
def _make(session: Session, account: str, to: tuple[str, ...], *, yes: bool) -> None:
    body = {
        "account": account if is_address(account) else session.find("account", account),
        "open_to": [session.find("contact", who) for who in to],
    }
    t = session.t
    if not yes:
        if not session.asks:
            raise UsageError("Everybody will see that there is a node.", hint="Say so with --yes.")
        plan = session.client.call("POST", "/proofs", {**body, "dry_run": True}, OwnProofView)
        session.say(t(f"proofs.place.{plan.place}", address=clean(plan.address), network=plan.network))
        session.say(_written(plan) if plan.place != "page" else t("proofs.page.later"))
        session.say(t("proofs.means"))
        session.say(t("proofs.known", names=clean(_names(session, plan))))
        if not session.confirm(t("proofs.really")):
            raise click.Abort
    with working(t("proofs.making"), show=not session.json):
        made = session.client.call("POST", "/proofs", body, OwnProofView)
    if not session.give(made):
        session.say(f"{clean(made.address)}: {_state(session, made)}")
        if made.place == "page" and made.state != "there":
            session.say(t("proofs.page.put"))
            session.say(_written(made))
        session.say(t("proofs.known", names=clean(_names(session, made))))


def _written(proof: OwnProofView) -> str:
    """What stands there, as its place has it."""
    text = clean(proof.text)
    return f'    <link rel="me" href="{text}">' if proof.place == "page" else f"    {text}"


@command("open")
@click.argument("proof")
@click.argument("who", nargs=-1, required=True)
def _open(session: Session, proof: str, who: tuple[str, ...]) -> None:
    id_, open_to = _find(session, proof).id, [session.find("contact", one) for one in who]
    view = session.client.call("POST", at("proofs", id_, "open"), {"open_to": open_to}, OwnProofView)
    if not session.give(view):
        session.say(session.t("proofs.known", names=clean(_names(session, view))))


@command("drop")
@click.argument("proof")
@option("--yes", is_flag=True)
def _drop(session: Session, proof: str, *, yes: bool) -> None:
    found = _find(session, proof)
    if not yes:
        if not session.asks:
            raise UsageError("Who knows of this account will be told.", hint="Say so with --yes.")
        if not session.confirm(session.t("proofs.really-drop", address=clean(found.address))):
            raise click.Abort
    session.client.do("DELETE", at("proofs", found.id))
    if not session.give({"dropped": found.id}):
        session.say(session.t("proofs.dropped", address=clean(found.address)))


def _find(session: Session, text: str) -> OwnProofView:
    """The proof that is meant: an id, an address, or the only one on a network."""
    found = session.client.get("/proofs", Items[OwnProofView]).items
    for fitting in (
        [proof for proof in found if proof.id == text],
        [proof for proof in found if text.casefold() in {proof.address.casefold(), proof.handle.casefold()}],
        [proof for proof in found if proof.network == text.casefold()],
    ):
        if len(fitting) == 1:
            return fitting[0]
    raise NotFound(
        f"You have no proof {text!r}, or several.", hint="`swarmnode proofs list` shows them with their ids."
    )


@command("check")
@click.argument("who")
def _check(session: Session, who: str) -> None:
    id_ = session.find("person", who)
    with working(session.t("proofs.looking"), show=not session.json):
        person = session.client.call("POST", at("people", id_, "check"), None, PersonView)
    if not session.give(person):
        if not person.proofs:
            session.say(session.t("proofs.claims-nothing", name=named(person.name)))
        print_proofs(session, person)


@command("ask")
@click.argument("who")
@option("--via", default="", metavar="WAY")
def _ask(session: Session, who: str, via: str) -> None:
    id_ = session.find("person", who)
    with working(session.t("proofs.asking"), show=not session.json):
        path = at("people", id_, "challenge")
        person = session.client.call("POST", path, {"via": via}, PersonView)
    if not session.give(person):
        print_proofs(session, person)


@command("refuse")
@click.argument("who")
def _refuse(session: Session, who: str) -> None:
    path = at("people", session.find("person", who), "challenge")
    person = session.client.call("DELETE", path, None, PersonView)
    if not session.give(person):
        print_proofs(session, person)


@group("proofs", _list, _make, _open, _drop, _check, _ask, _refuse)
def proofs_(_: Session) -> None:
    """List proofs."""
    click.get_current_context().invoke(_list)
