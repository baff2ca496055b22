"""Commands about relays, invites and contacts."""

from __future__ import annotations

import click

from ..domain.views import ContactView, InviteView, Items, RelayView, SafetyView
from ..errors import UsageError
from .client import at
from .group import command, group, option
from .session import Session
from .terminal import clean, named, qr, short, table, when, working


@command("ticket")
@option("--count", type=click.IntRange(1, 100), default=1)
@option("--qr", "as_qr", is_flag=True)
def _ticket(session: Session, count: int, *, as_qr: bool) -> None:
    from ..api.about_node import Links  # noqa: PLC0415

    links = session.client.call("POST", "/relays/tickets", {"count": count}, Links).links
    if session.give({"link": links[0], "links": links}):
        return
    for link in links:
        session.say(link)
        if as_qr:
            qr(link)


@command("use")
@click.argument("link")
def _use(session: Session, link: str) -> None:
    with working(session.t("relay.working"), show=not session.json):
        view = session.client.call("POST", "/relays", {"link": link}, RelayView)
    if not session.give(view):
        state = session.t(f"relay.{view.state}")
        session.say(session.t("status.relay", address=clean(view.address), state=state))


@command("remove")
@click.argument("relay")
def _leave(session: Session, relay: str) -> None:
    id_ = session.find("relay", relay)
    session.client.do("DELETE", at("relays", id_))
    if not session.give({"removed": id_}):
        session.say(session.t("relay.removed", relay=clean(relay)))


@command("list")
def _relays(session: Session) -> None:
    relays = session.client.get("/relays", Items[RelayView])
    if not session.give(relays):
        t = session.t
        rows = [
            (short(r.id), r.address, t(f"relay.{r.state}"), str(r.queues), str(r.tickets))
            for r in relays.items
        ]
        table(t("relay.heads").split("|"), rows, none=t("relay.none"))


@group("relay", _ticket, _use, _relays, _leave)
def relay_(_: Session) -> None:
    """List the relays that this node uses."""
    click.get_current_context().invoke(_relays)


@command("invite")
@option("--address", is_flag=True)
@option("--code", is_flag=True)
@option("--qr", "as_qr", is_flag=True)
@option("--label", default="", metavar="TEXT")
@option("--note", default="", metavar="TEXT")
@option("--list", "as_list", is_flag=True)
@option("--revoke", metavar="INVITE")
def invite_(
    session: Session,
    *,
    address: bool,
    code: bool,
    as_qr: bool,
    label: str,
    note: str,
    as_list: bool,
    revoke: str | None,
) -> None:
    """Make an invite; or list them, or revoke one."""
    if sum((address, code, as_list, revoke is not None)) > 1:
        raise UsageError(
            "Only one of --address, --code, --list and --revoke.", hint="`swarmnode invite --help`"
        )
    t = session.t
    if revoke is not None:
        id_ = session.find("invite", revoke)
        session.client.do("DELETE", at("invites", id_))
        if not session.give({"revoked": id_}):
            session.say(t("invite.revoked"))
    elif as_list:
        invites = session.client.get("/invites", Items[InviteView])
        if not session.give(invites):
            rows = [
                (
                    short(i.id),
                    t(f"invite.kind.{i.kind}"),
                    t(f"invite.role.{i.role}"),
                    t(f"invite.state.{i.state}"),
                    when(i.expires_at),
                    i.note,
                )
                for i in invites.items
            ]
            table(t("invite.heads").split("|"), rows, none=t("invite.none"))
    else:
        kind = "address" if address else "code" if code else "one-time"
        view = session.client.call(
            "POST", "/invites", {"kind": kind, "label": label, "note": note}, InviteView
        )
        if session.give(view):
            return
        session.say(view.code or view.link)
        if as_qr and view.link:
            qr(view.link)
        session.say(t(f"invite.{kind}", at=when(view.expires_at)))


@command("accept")
@click.argument("link")
@option("--note", default="", metavar="TEXT")
def accept_(session: Session, link: str, note: str) -> None:
    """Accept an invite."""
    with working(session.t("accept.working"), show=not session.json):
        view = session.client.call("POST", "/invites/accept", {"link": link, "note": note}, InviteView)
    if session.give(view):
        return
    if view.contact:
        name = session.client.get(at("contacts", view.contact), ContactView).name
        session.say(session.t("accept.confirmed", name=clean(name), typed=named(name)))
    else:
        session.say(session.t("accept.asked" if view.state == "asked" else "accept.begun"))


def _one(session: Session, method: str, contact: str, path: str, body: dict[str, object], said: str) -> None:
    """Change one contact, and show it."""
    view = session.client.call(
        method, at("contacts", session.find("contact", contact)) + path, body, ContactView
    )
    if not session.give(view):
        session.say(session.t(said, name=clean(view.name)))


@command("accept")
@click.argument("contact")
def _take_in(session: Session, contact: str) -> None:
    _one(session, "POST", contact, "/answer", {"accept": True}, "contacts.accepted")


@command("decline")
@click.argument("contact")
def _decline(session: Session, contact: str) -> None:
    _one(session, "POST", contact, "/answer", {"accept": False}, "contacts.declined")


@command("rename")
@click.argument("contact")
@click.argument("name")
def _rename(session: Session, contact: str, name: str) -> None:
    _one(session, "PATCH", contact, "", {"name": name}, "contacts.renamed")


@command("remove")
@click.argument("contact")
@option("--yes", is_flag=True)
def _remove(session: Session, contact: str, *, yes: bool) -> None:
    id_ = session.find("contact", contact)
    if not yes:
        if not session.asks:
            raise UsageError("This destroys the conversation too.", hint="Say so with --yes.")
        if not session.confirm(session.t("contacts.really", name=clean(contact))):
            raise click.Abort
    session.client.do("DELETE", at("contacts", id_))
    if not session.give({"removed": id_}):
        session.say(session.t("contacts.removed", name=clean(contact)))


@group("contacts", _take_in, _decline, _rename, _remove)
def contacts_(session: Session) -> None:
    """List contacts and requests."""
    contacts = session.client.get("/contacts", Items[ContactView])
    if not session.give(contacts):
        t = session.t
        rows = [
            (short(c.id), c.name, t(f"standing.{c.standing}"), _remark(session, c)) for c in contacts.items
        ]
        table(t("contacts.heads").split("|"), rows, none=t("contacts.none"))


def _remark(session: Session, contact: ContactView) -> str:
    """What happened to a contact's keys; else what a stranger wrote, as far as it is not the name alone."""
    alerts = [session.t(f"alert.{kind}") for kind in contact.alerts]
    return "; ".join(alerts) or (contact.note if contact.note.strip() != contact.name else "")


@command("verify")
@click.argument("contact")
@option("--qr", "qr_text", metavar="TEXT")
@option("--yes", is_flag=True)
@option("--trust", "settle", flag_value="trust")
@option("--distrust", "settle", flag_value="distrust")
def verify_(session: Session, contact: str, qr_text: str | None, settle: str | None, *, yes: bool) -> None:
    """Compare with a contact, or settle a doubt about keys."""
    t, path = session.t, at("contacts", session.find("contact", contact))
    if settle is not None:
        trust = settle == "trust"
        view = session.client.call("POST", path + "/alert", {"trust": trust}, ContactView)
    elif qr_text is not None or yes:
        view = session.client.call("POST", path + "/verify", {"qr": qr_text}, ContactView)
    else:
        safety = session.client.get(path + "/safety", SafetyView)
        if session.give(safety):
            return
        session.say(t("verify.compare", name=clean(contact)))
        for i in range(0, len(safety.words), 2):
            session.say("    " + " ".join(safety.words[i : i + 2]))
        session.say("    " + " ".join(safety.digits))
        qr(safety.qr)
        if not session.asks:
            session.say(t("verify.then", name=named(contact)))
            return
        if not session.confirm(t("verify.same")):
            session.say(t("verify.differ"))
            return
        view = session.client.call("POST", path + "/verify", {"seen": safety.seen}, ContactView)
    if not session.give(view):
        session.say(f"{clean(view.name)}: {t(f'standing.{view.standing}')}")


@command("block")
@click.argument("contact")
@option("--off", is_flag=True)
def block_(session: Session, contact: str, *, off: bool) -> None:
    """Block a contact, or unblock."""
    _one(session, "PUT", contact, "/block", {"on": not off}, "block.off" if off else "block.on")
