"""Commands about the node itself: making and running one, its state, its screens, its settings."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from ..errors import ConfigError, Conflict, NodeError, NotRunning
from .client import at
from .group import command, group, option
from .secret import ask, at_hand, recovery_words
from .session import Session
from .terminal import clean, new_file, short, table, when, working

if TYPE_CHECKING:
    from ..config import Config

FILE = click.Path(path_type=Path, dir_okay=False)


@command("init")
@option("--name", metavar="NAME")
@option("--words-file", type=FILE, metavar="FILE")
@option("--key-file", type=FILE, metavar="FILE")
@option("--passphrase-file", type=FILE, metavar="FILE")
def init_(
    session: Session,
    name: str | None,
    words_file: Path | None,
    key_file: Path | None,
    passphrase_file: Path | None,
) -> None:
    """Make a home with a persona in it."""
    t, config = session.t, session.load().config
    _must_be_new(session, config)
    if name is None:
        name = click.prompt(t("init.name")) if session.asks else t("init.anonymous")
    passphrase = None if key_file is not None else ask(session, passphrase_file, new=True)
    place = _reserve(words_file) if words_file is not None else None
    try:
        with working(t("init.working"), show=session.asks):
            words, runs = _create(session, config, name, passphrase, key_file)
    except NodeError:
        if place is not None and words_file is not None:
            place.close()
            words_file.unlink()
        raise
    if place is not None:
        with place:
            place.write("\n".join(words) + "\n")
    if session.give(
        {"home": str(session.home), "words_file": str(words_file)} if place else {"words": words}
    ):
        return
    session.say(t("init.done", home=session.home))
    if place:
        session.say(t("init.words-file", file=words_file))
    else:
        session.say(t("init.words"))
        _print_words(session, words)
    session.say(t("init.next-running" if runs else "init.next"))


def _must_be_new(session: Session, config: Config) -> None:
    """Say that there is a persona before anything is asked for; raises Conflict."""
    from ..domain.views import NodeState, StatusView  # noqa: PLC0415

    try:
        there = session.client.get("/status", StatusView).state is not NodeState.EMPTY
    except NotRunning:
        there = session.app.is_home(config)
    if there:
        raise Conflict(
            f"There is a persona in {session.home} already.", hint="Choose another folder: --home DIR."
        )


def _create(
    session: Session, config: Config, name: str, passphrase: str | None, key_file: Path | None
) -> tuple[tuple[str, ...], bool]:
    """Have the home made: by the node that runs on it already, or else here; the words, and which it was."""
    from ..api.about_node import RecoveryWords  # noqa: PLC0415

    place = None if key_file is None else str(key_file.absolute())
    body = {"name": name, "passphrase": passphrase, "key_file": place}
    try:
        return session.client.call("POST", "/identity", body, RecoveryWords).words, True
    except NotRunning:
        pass
    app = session.app
    return app.create_home(config, name=name, passphrase=passphrase, key_file=key_file, words=None), False


def _reserve(path: Path) -> TextIO:
    """Open a new file that only its owner can read, before there is anything to lose."""
    try:
        return TextIOWrapper(new_file(path), encoding="utf-8")
    except OSError as e:
        raise ConfigError(
            f"The words cannot be written to {path}: {e.strerror}.", hint="Name a new file."
        ) from None


def _print_words(session: Session, words: tuple[str, ...]) -> None:
    for row in range(0, len(words), 4):
        session.say(
            "    " + "".join(f"{row + i + 1:>2}. {word:<11}" for i, word in enumerate(words[row : row + 4]))
        )


@command("run")
@option("--http", metavar="HOST:PORT")
@option("--link", metavar="HOST:PORT")
@option("--role", "roles", multiple=True, type=click.Choice(["node", "relay"]))
@option("--passphrase-file", type=FILE, metavar="FILE")
def run_(
    session: Session, http: str | None, link: str | None, roles: tuple[str, ...], passphrase_file: Path | None
) -> None:
    """Run a node until it is told to stop."""
    import asyncio  # noqa: PLC0415

    from .. import log  # noqa: PLC0415
    from ..config import parse_address  # noqa: PLC0415

    http_host, http_port = parse_address(http, "--http") if http else (None, None)
    link_host, link_port = parse_address(link, "--link") if link else (None, None)
    config = session.load(
        http__host=http_host,
        http__port=http_port,
        link__host=link_host,
        link__port=link_port,
        roles=list(dict.fromkeys(roles)) or None,
    ).config
    passphrase = at_hand(session, passphrase_file, keyring=config.storage.keyring)
    log.set_up(config.log.level, config.log.format)

    def ready(*, url: str, code: str, state: str) -> None:
        if session.give({"url": url, "code": code, "state": state}):
            return
        if state != "relay":
            session.say(session.t("run.ready", url=url))
            logged = "JOURNAL_STREAM" in session.environment and not sys.stdout.isatty()
            session.say(session.t("run.pair") if logged else session.t("run.code", code=code))
        session.say(session.t(f"state.{state}"))

    work = session.app.run(config, passphrase=passphrase, ready=ready)
    try:
        import uvloop  # noqa: PLC0415
    except ImportError:
        asyncio.run(work)
    else:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work)


@command("status")
def status_(session: Session) -> None:
    """Show how the node is."""
    from ..domain.views import NodeState, StatusView  # noqa: PLC0415

    view = session.client.get("/status", StatusView)
    if session.give(view):
        return
    t = session.t
    state = "relay" if view.roles == ("relay",) else view.state.value
    session.say(f"{clean(view.name)}  {t(f'state.{state}')}".strip())
    if view.state in {NodeState.EMPTY, NodeState.LOCKED}:
        return
    session.say(t("status.counts", contacts=view.contacts, unread=view.unread, waiting=view.waiting))
    for relay in view.relays:
        session.say(t("status.relay", address=clean(relay.address), state=t(f"relay.{relay.state}")))
    for near in view.near:
        session.say(t(f"status.{near.way}", name=clean(near.name)))
    if view.restoring:
        names = clean(", ".join(view.missing))
        session.say(t(f"status.{view.restoring}", names=names))
    for problem in view.problems:
        session.say(f"! {clean(problem.hint)}")


@command("doctor")
@option("--retry", is_flag=True)
def doctor_(session: Session, *, retry: bool) -> int:
    """Check everything; 1 if something is wrong. With --retry take once more what was kept aside."""
    from ..api.node import Retried  # noqa: PLC0415
    from ..domain.views import Check, Items  # noqa: PLC0415

    if retry:
        again = session.client.call("POST", "/doctor/retry", None, Retried)
        if not session.give(again):
            session.say(session.t("doctor.retried", taken=again.taken, left=again.left))
        return 1 if again.left else 0
    with working(session.t("doctor.working"), show=not session.json):
        checks = session.client.get("/doctor", Items[Check])
    if not session.give(checks):
        for check in checks.items:
            mark = session.t("doctor.bad" if not check.ok else "doctor.advice" if check.hint else "doctor.ok")
            name = session.t(f"check.{check.name}") if f"check.{check.name}" in session.t else check.name
            session.say(f"{mark} {clean(name)}: {clean(check.detail)}")
            if check.hint:
                session.say(f"    {clean(check.hint)}")
    return 0 if all(check.ok for check in checks.items) else 1


@command("unlock")
@option("--passphrase-file", type=FILE, metavar="FILE")
def unlock_(session: Session, passphrase_file: Path | None) -> None:
    """Open the store."""
    from ..domain.views import StatusView  # noqa: PLC0415

    passphrase = ask(session, passphrase_file)
    with working(session.t("unlock.working"), show=not session.json):
        view = session.client.call("POST", "/unlock", {"passphrase": passphrase}, StatusView)
    if not session.give(view):
        session.say(session.t(f"state.{view.state}"))


@command("lock")
def lock_(session: Session) -> None:
    """Close the store."""
    from ..domain.views import StatusView  # noqa: PLC0415

    view = session.client.call("POST", "/lock", None, StatusView)
    if not session.give(view):
        session.say(session.t(f"state.{view.state}"))


@command("rename")
@click.argument("name")
def rename_(session: Session, name: str) -> None:
    """Change the persona's own name."""
    from ..domain.views import StatusView  # noqa: PLC0415

    view = session.client.call("PATCH", "/identity", {"name": name}, StatusView)
    if not session.give(view):
        session.say(session.t("rename.done", name=clean(view.name)))


@command("words")
@option("--words-file", type=FILE, metavar="FILE")
def words_(session: Session, words_file: Path | None) -> int:
    """Try the recovery words: 1 if they are not those of this persona."""
    from ..api.about_node import Right  # noqa: PLC0415

    words = recovery_words(session, words_file)
    body = {"words": {str(place): word for place, word in enumerate(words, 1)}}
    answer = session.client.call("POST", "/identity/words/check", body, Right)
    if not session.give(answer):
        session.say(session.t("words.right" if answer.right else "words.wrong"))
    return 0 if answer.right else 1


@command("pair")
@option("--scope", type=click.Choice(["read", "write", "admin"]), default="admin")
def pair_(session: Session, scope: str) -> None:
    """Make a code that pairs a browser or a program."""
    from ..api.about_screens import PairingView  # noqa: PLC0415

    view = session.client.call("POST", "/pairing", {"scope": scope}, PairingView)
    if not session.give(view):
        session.say(view.code)
        session.say(session.t("pair.until", at=when(view.expires_at)))


@command("revoke")
@click.argument("device")
def _revoke(session: Session, device: str) -> None:
    id_ = session.find("device", device)
    session.client.do("DELETE", f"/devices/{id_}")
    if not session.give({"revoked": id_}):
        session.say(session.t("devices.revoked", device=clean(device)))


@command("rename")
@click.argument("device")
@click.argument("name")
def _rename_device(session: Session, device: str, name: str) -> None:
    from ..api.about_screens import DeviceView  # noqa: PLC0415

    id_ = session.find("device", device)
    view = session.client.call("PATCH", f"/devices/{id_}", {"name": name}, DeviceView)
    if not session.give(view):
        session.say(session.t("devices.renamed", device=clean(view.label)))


@group("devices", _rename_device, _revoke)
def devices_(session: Session) -> None:
    """List the screens and programs that were paired."""
    from ..api.about_screens import DeviceView  # noqa: PLC0415
    from ..domain.views import Items  # noqa: PLC0415

    devices = session.client.get("/devices", Items[DeviceView])
    if not session.give(devices):
        rows = [(short(d.id), d.label, d.scope, d.kind, when(d.used_at)) for d in devices.items]
        table(session.t("devices.heads").split("|"), rows, none=session.t("devices.none"))


@command("nodes")
def nodes_(session: Session) -> None:
    """List the persona's nodes."""
    from ..api.node import NodeView  # noqa: PLC0415
    from ..domain.views import Items  # noqa: PLC0415

    nodes = session.client.get("/nodes", Items[NodeView])
    if not session.give(nodes):
        t = session.t
        rows = [
            (short(n.id), n.label, t("nodes.this") if n.this else "", t("yes") if n.active else t("no"))
            for n in nodes.items
        ]
        table(t("nodes.heads").split("|"), rows)


@command("show")
def _show(session: Session) -> None:
    from ..config import SETTINGS, show, value_of  # noqa: PLC0415

    loaded = session.load()
    rows = [(name, value_of(loaded.config, name), loaded.sources.get(name, "default")) for name in SETTINGS]
    values = {name: {"value": value, "source": source} for name, value, source in rows}
    if not session.give({"home": str(session.home), "settings": values}):
        session.say(session.t("config.home", home=session.home))
        table(
            session.t("config.heads").split("|"),
            [(name, show(value), source) for name, value, source in rows],
        )


@command("set")
@click.argument("name")
@click.argument("value")
def _set(session: Session, name: str, value: str) -> None:
    _change(session, name, value)


@command("reset")
@click.argument("name")
def _reset(session: Session, name: str) -> None:
    _change(session, name, None)


def _change(session: Session, name: str, value: str | None) -> None:
    from ..api.node import SettingView  # noqa: PLC0415

    view = session.client.call("PATCH", at("settings", name), {"value": value}, SettingView)
    if not session.give(view):
        said = "config.waits" if view.waits else "config.changed"
        session.say(session.t(said, name=view.name, value=clean(view.value)))


@group("config", _show, _set, _reset)
def config_(_: Session) -> None:
    """Show the settings."""
    click.get_current_context().invoke(_show)
