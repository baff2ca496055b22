"""One call of the command line: which home, which language, for people or for programs."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import NodeError
from ..texts import Texts, language_of, said_in
from .terminal import clean

if TYPE_CHECKING:
    from ..config import Loaded
    from .app import App
    from .client import Client


class Session:
    """What every command gets."""

    def __init__(
        self, meta: Mapping[str, Any], environment: Mapping[str, str], app: App | None = None
    ) -> None:
        self._meta, self.environment, self._app = meta, environment, app

    @classmethod
    def of(cls, ctx: click.Context) -> Session:
        """The session of a call."""
        return cls(ctx.meta, os.environ, ctx.find_root().obj)

    @cached_property
    def home(self) -> Path:
        """The home of the node: `--home`, `SWARMNODE_HOME`, or the system's place for data."""
        said = self._meta.get("swarmnode.home") or self.environment.get("SWARMNODE_HOME")
        if said:
            return Path(said).expanduser().absolute()
        import platformdirs  # noqa: PLC0415

        return platformdirs.user_data_path("swarmnode", appauthor=False)

    @property
    def json(self) -> bool:
        """Whether a program reads."""
        return bool(self._meta.get("swarmnode.as_json"))

    @cached_property
    def t(self) -> Texts:
        """The language of the person."""
        return Texts(language_of(self._meta.get("swarmnode.language"), self.environment))

    @property
    def asks(self) -> bool:
        """Whether somebody is there who can be asked."""
        return not self.json and sys.stdin.isatty()

    @cached_property
    def client(self) -> Client:
        """The way to the running node."""
        from .client import Client  # noqa: PLC0415

        return Client(self.home, self.t.language)

    @property
    def app(self) -> App:
        """What runs nodes in this process."""
        if self._app is None:
            from .app import load_app  # noqa: PLC0415

            self._app = load_app()
        return self._app

    def load(self, **flags: object) -> Loaded:
        """The settings; flags by name with `__` for the dot."""
        from ..config import load  # noqa: PLC0415

        named = {name.replace("__", "."): value for name, value in flags.items()}
        return load(self.home, self.environment, named)

    def say(self, text: str = "") -> None:
        """Print a line for people; nothing in JSON mode."""
        if not self.json:
            click.echo(text)

    def give(self, value: object) -> bool:
        """In JSON mode print the value as a document, and say that this was all."""
        if self.json:
            import msgspec  # noqa: PLC0415

            click.echo(msgspec.json.encode(value).decode())
        return self.json

    def confirm(self, question: str) -> bool:
        """Ask for yes or no, in the language of the person; anything else is no."""
        yes = self.t("yes")[0]
        said = click.prompt(f"{question} [{yes}/{self.t('no')[0].upper()}]", default="", show_default=False)
        return str(said).strip().lower()[:1] == yes

    def find(self, kind: str, text: str) -> str:
        """The id of what a person means."""
        return self.client.resolve(kind, text)


def print_error(said: Sequence[str], error: NodeError) -> int:
    """Print an error to stderr as this call wants it, and give its exit code."""
    retry, where = getattr(error, "retry_after", None), getattr(error, "where", "")
    choices = getattr(error, "choices", ())
    if "--json" in said:
        import msgspec  # noqa: PLC0415

        facts = {
            "code": error.code,
            "detail": str(error),
            "hint": error.hint,
            "where": where,
            "retry_after": retry,
            "choices": choices,
        }
        shown = {name: fact for name, fact in facts.items() if fact not in {"", None, ()}}
        click.echo(msgspec.json.encode({"error": shown}).decode(), err=True)
        return error.exit
    flag = next((b for a, b in pairwise(said) if a == "--lang"), None)
    t = Texts(language_of(flag, os.environ))
    click.echo(f"{t('error')}: {clean(_sentence(t, error))}", err=True)
    own = f"hint.{error.code}"
    hint = said_in(t.language, error.hint)
    if hint is None:
        hint = t(own) if t.language != "en" and own in t else error.hint
    if hint:
        click.echo(f"{t('hint')}: {clean(hint[:1].upper() + hint[1:])}", err=True)
    return error.exit


def _sentence(t: Texts, error: NodeError) -> str:
    """What happened: in English as the node says it, else by its code with that in brackets."""
    own, text = f"error.{error.code}", str(error)
    known = said_in(t.language, text)
    if known is None and t.language != "en" and own in t:
        return f"{t(own)} ({text})"
    text = known or text
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "?", "!")) else ".")
