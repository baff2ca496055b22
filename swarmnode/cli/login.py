"""Logins in a terminal: each step is shown and answered here, or from a file.

What is secret is asked for without an echo, and is never an argument: other people of the machine can read
those. An answers file is TOML, `NAME = "..."` for each field; a table `[STEP]` is for one step alone.
"""

from __future__ import annotations

import time
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from ..domain.bridge_views import FieldView, LoginView, SettlingView, StepView
from ..errors import AccessDenied, ConfigError, NodeError, UsageError
from .client import at
from .session import Session
from .terminal import clean, qr, working

POLL_S = 2.0
PATIENCE_S = 300.0
"""So long an answers file waits for what somebody does elsewhere."""


def run(session: Session, body: Mapping[str, object], answers: Path | None) -> LoginView:
    """Log in: from the first step to the account. A login that does not come to its end is given up.

    Raises:
        AccessDenied: the answers of the file are wrong.
        UsageError, ConfigError: they are not enough, or the file cannot be read; or nobody can be asked.
    """
    known = None if answers is None else _read(answers)
    if known is None and not session.asks:
        raise UsageError("Nobody is there to be asked.", hint="Give the answers in a file: --answers FILE.")
    with working(session.t("bridge.starting"), show=not session.json):
        view = session.client.call("POST", "/logins", body, LoginView)
    try:
        return _go_through(session, view, known)
    except BaseException:
        _give_up(session, view)
        raise


def _go_through(session: Session, view: LoginView, known: Mapping[str, Any] | None) -> LoginView:
    answered = set[str]()
    while (step := view.step) is not None:
        if known is not None and step.error and step.id in answered:
            raise AccessDenied(clean(step.error), hint="Look at the answers file.")
        if known is None or step.show:
            _show(session, step)
        answered.add(step.id)
        if step.kind == "show_and_wait" or (step.kind == "open_url" and not step.fields):
            view = _wait(session, view, step)
            continue
        given = _from_file(step, known) if known is not None else _asked(session, step)
        path = at("logins", view.id)
        with working(session.t("bridge.working"), show=not session.json):
            view = session.client.call("POST", path, {"turn": view.turn, "answers": given}, LoginView)
    return view


def settle(session: Session, account: str, matter: str, answers: Path | None) -> bool:
    """Settle a matter of an account that runs, from the first step to the end; False: the owner said no.

    Raises:
        AccessDenied, UsageError, ConfigError: as `run`.
    """
    known = None if answers is None else _read(answers)
    path, answered = at("accounts", account, "matters", matter), set[str]()

    def ask(step: str, given: Mapping[str, str]) -> SettlingView:
        body = {"step": step, "answers": given}
        with working(session.t("bridge.working"), show=not session.json):
            return session.client.call("POST", path, body, SettlingView)

    view = ask("", {})
    while (step := view.step) is not None:
        if known is not None and step.error and step.id in answered:
            raise AccessDenied(clean(step.error), hint="Look at the answers file.")
        _show(session, step)
        answered.add(step.id)
        end = time.monotonic() + PATIENCE_S
        while view.step is not None and view.step.id == step.id and step.kind == "show_and_wait":
            if time.monotonic() > end:
                raise UsageError("What this waits for has not happened.")
            time.sleep(step.poll_every_s or POLL_S)
            view = ask(step.id, {})
        if step.kind == "show_and_wait":
            continue
        try:
            given = _from_file(step, known) if known is not None else _asked(session, step)
        except click.Abort:
            if step.kind == "confirm":
                session.client.do("DELETE", path)
                return False
            raise
        view = ask(step.id, given)
    return True


def _give_up(session: Session, view: LoginView) -> None:
    with suppress(NodeError):  # it is given up after an hour in any case
        session.client.do("DELETE", at("logins", view.id))


# What is shown


def _show(session: Session, step: StepView) -> None:
    """Print a step; what has to be seen is printed for programs too, on stderr."""
    to_stderr = session.json
    click.echo(clean(step.title), err=to_stderr)
    if step.text:
        click.echo(clean(step.text, lines=True), err=to_stderr)
    for name, text in step.show.items():
        if name == "qr" and not to_stderr:
            qr(text)
        else:
            click.echo(f"  {clean(text)}", err=to_stderr)
    if step.error:
        click.echo(f"! {clean(step.error)}", err=to_stderr)


def _wait(session: Session, view: LoginView, step: StepView) -> LoginView:
    """Ask again and again whether it has happened."""
    end = time.monotonic() + PATIENCE_S
    with working(session.t("bridge.waiting"), show=not session.json):
        while view.step is not None and view.step.id == step.id and not view.step.error:
            if time.monotonic() > end:
                raise UsageError("What this login waits for has not happened.", hint="Begin it anew.")
            time.sleep(step.poll_every_s or POLL_S)
            view = session.client.call("POST", at("logins", view.id, "tick"), None, LoginView)
    return view


# What is answered


def _asked(session: Session, step: StepView) -> dict[str, str]:
    if step.kind == "confirm" and not step.fields:
        if not session.confirm(session.t("bridge.confirm")):
            raise click.Abort
        return {}
    return {field.name: _ask(session, field) for field in step.fields}


def _ask(session: Session, field: FieldView) -> str:
    label = clean(field.label)
    if field.help:
        label += f" ({clean(field.help)})"
    if field.kind == "bool":
        return "true" if session.confirm(label) else "false"
    if field.options:
        for value, text in field.options:
            session.say(f"  {clean(value)}: {clean(text)}")
    kind = click.Choice([value for value, _ in field.options]) if field.options else None
    default = field.default if field.default or field.optional else None
    said = click.prompt(
        label,
        default=default,
        # A terminal would obey what stands in there; values to choose from are listed above.
        show_default=bool(field.default) and field.kind != "secret" and clean(field.default) == field.default,
        show_choices=False,
        hide_input=field.kind == "secret",
        type=kind,
    )
    return str(said)


def _read(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as e:
        raise ConfigError(f"The answers cannot be read from {path}.", hint=str(e)) from None
    except tomllib.TOMLDecodeError:
        # What the parser says may quote a line, and that may be a password.
        raise ConfigError(f"{path} is not TOML.", hint='One line for each answer: name = "..."') from None


def _from_file(step: StepView, known: Mapping[str, Any]) -> dict[str, str]:
    own = known.get(step.id)
    said = {**known, **own} if isinstance(own, dict) else known
    found = {}
    for field in step.fields:
        value = said.get(field.name)
        if value is None:
            if not field.optional and not field.default:
                label = clean(field.label)
                raise UsageError(f"The answers file does not say {field.name} ({label}), for step {step.id}.")
            continue
        found[field.name] = str(value).lower() if isinstance(value, bool) else str(value)
    return found
