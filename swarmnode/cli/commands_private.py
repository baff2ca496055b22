"""Commands about private talk with people on other networks; they belong to `people`."""

from __future__ import annotations

import click

from ..domain.book import PersonView
from ..domain.views import InviteView, MessageView
from ..errors import NotReady, UsageError
from .client import at
from .group import command, option
from .session import Session
from .terminal import clean, named

WAYS = ("", "can")


@command("private")
@click.argument("who")
@option("--via", default="", metavar="WAY")
def private_(session: Session, who: str, via: str) -> None:
    """Ask somebody to talk privately."""
    id_ = session.find("person", who)
    view = session.client.call("POST", at("people", id_, "private"), {"via": via}, InviteView)
    if session.give(view):
        return
    name = named(who)
    if view.role == "joiner":
        session.say(session.t("private.agreed", name=clean(who)))
    else:
        session.say(session.t("private.offered", name=clean(who)))
    session.say(session.t("private.between", name=name))


@command("carry")
@click.argument("who")
@option("--via", default="", metavar="WAY")
@option("--off", is_flag=True)
def carry_(session: Session, who: str, via: str, *, off: bool) -> None:
    """Let a conversation carry what is private."""
    id_ = session.find("person", who)
    asked = {"on": not off, "via": via}
    person = session.client.call("PUT", at("people", id_, "carry"), asked, PersonView)
    if session.give(person):
        return
    if off:
        session.say(session.t("carry.off", name=clean(person.name)))
        return
    states = [way.carries for way in person.ways if way.carries not in WAYS]
    said = "carry.in-use" if "in use" in states else "carry.probing"
    session.say(session.t(said, name=clean(person.name)))


@command("invite")
@click.argument("who")
@option("--via", default="", metavar="WAY")
@option("--text", default="", metavar="TEXT")
@option("--edit", is_flag=True)
@option("--yes", is_flag=True)
def people_invite_(session: Session, who: str, via: str, text: str, *, edit: bool, yes: bool) -> None:
    """Send an invite as an ordinary message, after showing it."""
    person = session.client.get(at("people", session.find("person", who)), PersonView)
    if any(link.contact for link in person.links):
        raise UsageError(f"{person.name} is a contact already.", hint="`swarmnode send` is private.")
    if not (yes or session.asks):
        raise UsageError("The message is shown before it is sent.", hint="Say --yes to send it as it is.")
    invite = session.client.call("POST", "/invites", {"kind": "one-time"}, InviteView)
    if not invite.link:
        raise NotReady("No relay keeps the invite yet.", hint="`swarmnode invite --list` says when.")
    said = f"{text or session.t('private.invitation')}\n\n{invite.link}"
    if edit:
        said = click.edit(said) or said
    if not yes:
        session.say(f"{said}\n")
    if invite.link not in said or not (yes or session.confirm(session.t("private.send"))):
        session.client.do("DELETE", at("invites", invite.id))
        raise click.Abort
    path = at("people", person.id, "messages")
    sent = session.client.call("POST", path, {"text": said, "via": via}, MessageView)
    if not session.give(sent):
        session.say(session.t("private.invited", name=clean(person.name)))
