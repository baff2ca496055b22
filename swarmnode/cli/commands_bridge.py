"""Commands about other networks: accounts there, and for authors of bridges `new` and `check`."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from ..domain.bridge_views import AccountView, NetworkView
from ..domain.views import ChatView, Items
from ..errors import UsageError
from .client import at
from .group import command, group, option
from .said import titled
from .session import Session
from .terminal import clean, named, short, size, table, when

ANSWERS = click.Path(path_type=Path, dir_okay=False)


@command("list")
def list_(session: Session) -> None:
    """List networks that can be added."""
    found = session.client.get("/bridges", Items[NetworkView])
    if session.give(found):
        return
    t = session.t
    rows = [
        (n.id, n.name, n.version, t("bridge.quarantined") if n.quarantined else n.problem or n.summary)
        for n in found.items
    ]
    table(t("bridge.heads").split("|"), rows, none=t("bridge.none"))


@command("status")
@click.argument("account", required=False)
def status_(session: Session, account: str | None) -> None:
    """Show how accounts are."""
    if account is not None:
        id_ = session.find("account", account)
        view = session.client.get(at("accounts", id_), AccountView)
        if not session.give(view):
            _print(session, view)
        return
    found = session.client.get("/accounts", Items[AccountView])
    if session.give(found):
        return
    t = session.t
    rows = [(short(a.id), a.network_name, a.display, _said(session, a)) for a in found.items]
    table(t("bridge.accounts.heads").split("|"), rows, none=t("bridge.accounts.none"))


def _said(session: Session, account: AccountView) -> str:
    t, parts = session.t, [account.says]
    if account.waiting:
        parts.append(t("bridge.waits", n=account.waiting))
    if account.asked:
        parts.append(t("bridge.asked", n=account.asked))
    parts += [clean(matter.title) for matter in account.matters if matter.pressing]
    return " ".join(parts)


def _print(session: Session, account: AccountView) -> None:
    t = session.t
    session.say(f"{short(account.id)}  {clean(account.network_name)}  {clean(account.display)}")
    session.say(f"    {clean(_said(session, account))}")
    session.say("    " + t("bridge.since", at=when(account.since)))
    _matters(session, account)
    networks = session.client.get("/bridges", Items[NetworkView]).items
    for network in networks:
        if network.id == account.network and network.runs:
            confined = ", ".join(network.confined) or t("bridge.unconfined")
            session.say("    " + t("bridge.process", size=size(network.resident_bytes), confined=confined))


@command("add")
@click.argument("network")
@option("--answers", type=ANSWERS, metavar="FILE")
@option("--at-home", is_flag=True)
def add_(session: Session, network: str, answers: Path | None, *, at_home: bool) -> None:
    """Log in to an account on a network, which is added then."""
    body = {"network": session.find("network", network), "at_home": at_home}
    _log_in(session, body, answers, "bridge.added")


@command("login")
@click.argument("account")
@option("--answers", type=ANSWERS, metavar="FILE")
@option("--at-home", is_flag=True)
@option("--settings", is_flag=True)
def login_(session: Session, account: str, answers: Path | None, *, at_home: bool, settings: bool) -> None:
    """Log in to an account again, or change its settings."""
    why = "reconfigure" if settings else "reauth"
    body = {"account": session.find("account", account), "why": why, "at_home": at_home}
    _log_in(session, body, answers, "bridge.renewed")


def _log_in(session: Session, body: dict[str, object], answers: Path | None, said: str) -> None:
    from .login import run  # noqa: PLC0415

    view = run(session, body, answers)
    account = session.client.get(at("accounts", view.account), AccountView)
    if not session.give(account):
        name, typed = clean(account.display), named(account.display)
        session.say(session.t(said, name=name, network=clean(account.network_name), typed=typed))


@command("settle")
@click.argument("account")
@click.argument("matter", required=False)
@option("--answers", type=ANSWERS, metavar="FILE")
def settle_(session: Session, account: str, matter: str | None, answers: Path | None) -> None:
    """Settle what an account has to settle with its owner; without a name, the one thing that there is."""
    from .login import settle  # noqa: PLC0415

    id_ = session.find("account", account)
    view = session.client.get(at("accounts", id_), AccountView)
    if matter is None:
        pressing = [m for m in view.matters if m.pressing] or list(view.matters)
        if len(pressing) != 1:
            _matters(session, view)
            raise UsageError("Say which one.", hint="`swarmnode bridge status ACCOUNT` shows them.")
        matter = pressing[0].id
    done = settle(session, id_, matter, answers)
    if not session.give({"settled": done}):
        session.say(session.t("bridge.settled" if done else "bridge.dismissed"))


def _matters(session: Session, account: AccountView) -> None:
    for matter in account.matters:
        mark = "! " if matter.pressing else "- "
        session.say(
            f"    {mark}{clean(matter.title)}  (swarmnode bridge settle {named(account.display)} {matter.id})"
        )


def _change(session: Session, account: str, verb: str) -> None:
    view = session.client.call(
        "POST", at("accounts", session.find("account", account), verb), None, AccountView
    )
    if not session.give(view):
        session.say(clean(view.says))


@command("pause")
@click.argument("account")
def pause_(session: Session, account: str) -> None:
    """Let nothing of an account run."""
    _change(session, account, "pause")


@command("resume")
@click.argument("account")
def resume_(session: Session, account: str) -> None:
    """Let an account run again."""
    _change(session, account, "resume")


@command("remove")
@click.argument("account")
@option("--yes", is_flag=True)
def remove_(session: Session, account: str, *, yes: bool) -> None:
    """Forget an account, with all that it brought."""
    id_ = session.find("account", account)
    if not yes:
        if not session.asks:
            raise UsageError("This destroys what it brought here, too.", hint="Say so with --yes.")
        if not session.confirm(session.t("bridge.really", name=clean(account))):
            raise click.Abort
    session.client.do("DELETE", at("accounts", id_))
    if not session.give({"removed": id_}):
        session.say(session.t("bridge.removed", name=clean(account)))


@command("open")
@click.argument("account")
@click.argument("address")
@option("--room", is_flag=True)
def open_(session: Session, account: str, address: str, *, room: bool) -> None:
    """Find the conversation with somebody, or enter a room, by the address there."""
    path = at("accounts", session.find("account", account), "chats")
    view = session.client.call("POST", path, {"address": address, "room": room}, ChatView)
    if not session.give(view):
        session.say(session.t("bridge.opened", title=clean(titled(session, view)), id=view.id))


@command("join")
@click.argument("conversation")
def join_(session: Session, conversation: str) -> None:
    """Accept an invitation into a conversation of a network."""
    view = session.client.call(
        "POST", at("chats", session.find("conversation", conversation), "join"), None, ChatView
    )
    if not session.give(view):
        session.say(session.t("bridge.opened", title=clean(titled(session, view)), id=view.id))


@command("leave")
@click.argument("conversation")
def leave_(session: Session, conversation: str) -> None:
    """Go out of a room of a network, or decline an invitation to it."""
    view = session.client.call(
        "POST", at("chats", session.find("conversation", conversation), "leave"), None, ChatView
    )
    if not session.give(view):
        session.say(session.t("bridge.left", title=clean(titled(session, view))))


@command("reload")
@click.argument("network")
def reload_(session: Session, network: str) -> None:
    """Start a bridge anew, in the version that is installed now."""
    id_ = session.find("network", network)
    view = session.client.call("POST", at("bridges", id_, "reload"), None, NetworkView)
    if not session.give(view):
        session.say(session.t("bridge.reloaded", name=clean(view.name), version=clean(view.version)))


@command("new")
@click.argument("name")
@option("--style", type=click.Choice(["stream", "poll", "webhook"]), default="poll")
@option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), default=Path(), metavar="DIR")
def new_(session: Session, name: str, style: str, folder: Path) -> None:
    """Write the package of a new bridge."""
    from swarm_bridges.scaffold import CannotWrite, write  # noqa: PLC0415

    try:
        root = write(folder, name, style)
    except CannotWrite as e:
        raise UsageError(f"{str(e).capitalize()}.") from None
    if not session.give({"path": str(root)}):
        session.say(session.t("bridge.written", path=root, name=name))


@command("check")
@click.argument("package")
@option("--tier", type=click.Choice(["bronze", "silver", "gold", "platinum"]), default="gold")
def check_(session: Session, package: str, tier: str) -> int:
    """Run the kit's checks on a bridge, and say its tier."""
    from swarm_bridges.testing import CheckFailed, Subject, Tier, grade, report, run_checks, up_to  # noqa: PLC0415

    sys.path.insert(0, str(Path.cwd()))  # where its author stands
    wanted = Tier[tier.upper()]
    try:
        subject = Subject.of(package)
    except CheckFailed as e:
        raise UsageError(f"This is no bridge: {e}.", hint="`swarmnode bridge new NAME` writes one.") from None
    results = asyncio.run(run_checks(subject, up_to(wanted)))
    reached = grade(results)
    found = {result.check.name: result.failure or "passed" for result in results}
    if not session.give({"tier": reached.name.lower() if reached else "none", "checks": found}):
        session.say(report(subject, results))
    return 0 if reached is not None and reached >= wanted else 1


@group(
    "bridge",
    list_,
    add_,
    status_,
    login_,
    settle_,
    open_,
    join_,
    leave_,
    pause_,
    resume_,
    remove_,
    reload_,
    new_,
    check_,
)
def bridge_(_: Session) -> None:
    """Say how accounts on other networks are."""
    click.get_current_context().invoke(status_, account=None)
