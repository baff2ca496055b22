"""Commands by name, imported when they are run: `--help` takes its lines from the catalogue alone.

Every command takes `--home`, `--json` and `--lang`, before or after its name. Errors become one line and a
hint, or in JSON a document on stderr, and one of the exit codes 1 to 5.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import click

from ..errors import NodeError, UsageError
from .session import Session, print_error


def _note(ctx: click.Context, param: click.Parameter, value: Any) -> None:
    """Keep what was said; what stands after the command's name wins."""
    if value not in {None, False}:
        ctx.meta[f"swarmnode.{param.name}"] = value


def _common() -> list[click.Parameter]:
    return [
        Option(["--home"], metavar="DIR", expose_value=False, is_eager=True, callback=_note),
        Option(["--json", "as_json"], is_flag=True, expose_value=False, is_eager=True, callback=_note),
        Option(
            ["--lang", "language"],
            type=click.Choice(["en", "de"]),
            expose_value=False,
            is_eager=True,
            callback=_note,
        ),
    ]


class Option(click.Option):
    """An option whose help is in the catalogue, under `opt.<command>.<name>` or `opt.<name>`."""

    def get_help_record(self, ctx: click.Context) -> tuple[str, str] | None:
        """Give the line of the help."""
        t = Session.of(ctx).t
        name = (self.name or "").replace("_", "-")
        own = f"opt.{command_name(ctx)}.{name}"
        self.help = t(own if own in t else f"opt.{name}")
        return super().get_help_record(ctx)


class _Spoken(click.Command):
    """What speaks the language of the call."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params += _common()

    def get_help_option(self, ctx: click.Context) -> click.Option | None:
        option = super().get_help_option(ctx)
        if option is not None:
            option.help = Session.of(ctx).t("opt.help")
        return option

    def format_help_text(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        t, name = Session.of(ctx).t, command_name(ctx)
        formatter.write_paragraph()
        with formatter.indentation():
            formatter.write_text(t(f"help.{name}" if name else "help"))
            if f"more.{name}" in t:
                formatter.write_paragraph()
                formatter.write_text(t(f"more.{name}"))


class Command(_Spoken):
    """A command."""


class Group(_Spoken, click.Group):
    """A group of commands: `modules` says in which module of this package each of its commands is."""

    def __init__(self, *args: Any, modules: Mapping[str, str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.command_class = Command
        self.modules = modules or {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The names in the order of the table."""
        return [*self.modules, *(name for name in super().list_commands(ctx) if name not in self.modules)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name in self.modules:
            module = importlib.import_module(f".{self.modules[cmd_name]}", __package__)
            found = getattr(module, cmd_name.replace("-", "_") + "_")
            assert isinstance(found, click.Command)
            return found
        return super().get_command(ctx, cmd_name)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands without importing them."""
        t, prefix = Session.of(ctx).t, command_name(ctx)
        lines = [
            (name, t(f"help.{prefix}.{name}" if prefix else f"help.{name}"))
            for name in self.list_commands(ctx)
        ]
        with formatter.section(t("help.commands")):
            formatter.write_dl(lines)

    def main(self, args: Sequence[str] | None = None, *rest: Any, **kwargs: Any) -> Any:
        """Run, and end the process with an exit code: 0, 1, 2, 3 (not running), 4 (locked), 5 (not found)."""
        kwargs["standalone_mode"] = False
        said = list(args if args is not None else sys.argv[1:])
        try:
            code = super().main(said, *rest, **kwargs)
        except click.exceptions.NoArgsIsHelpError as e:
            click.echo(e.format_message())
            code = 2
        except click.UsageError as e:
            hint = f"{e.ctx.command_path} --help" if e.ctx else "swarmnode --help"
            code = print_error(said, UsageError(e.format_message(), hint=f"`{hint}`"))
        except (click.Abort, KeyboardInterrupt):
            code = 130
        except click.ClickException as e:
            code = print_error(said, UsageError(e.format_message()))
        except BrokenPipeError:
            code = 1
        except NodeError as e:
            code = print_error(said, e)
        sys.exit(code if isinstance(code, int) else 0)


def command_name(ctx: click.Context) -> str:
    """The path of a command below the root, with dots: `relay.ticket`."""
    names: list[str] = []
    here: click.Context | None = ctx
    while here is not None and here.parent is not None:
        names.append(here.info_name or "")
        here = here.parent
    return ".".join(reversed(names))


def command(name: str) -> Callable[[Callable[..., Any]], Command]:
    """Make a command; it is given the session before its own parameters."""

    def decorate(run: Callable[..., Any]) -> Command:
        made = click.command(name, cls=Command)(_with_session(run))
        assert isinstance(made, Command)
        return made

    return decorate


def group(
    name: str, *commands: click.Command, kind: type[Group] = Group
) -> Callable[[Callable[..., Any]], Group]:
    """Make a group of these commands; the function runs when none of them is named."""

    def decorate(run: Callable[..., Any]) -> Group:
        def alone(*args: Any, **kwargs: Any) -> Any:
            return run(*args, **kwargs) if click.get_current_context().invoked_subcommand is None else None

        made = click.group(name, cls=kind, invoke_without_command=True)(
            _with_session(functools.wraps(run)(alone))
        )
        assert isinstance(made, Group)
        for inside in commands:
            made.add_command(inside)
        return made

    return decorate


def _with_session(run: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(run)
    def with_session(*args: Any, **kwargs: Any) -> Any:
        return run(Session.of(click.get_current_context()), *args, **kwargs)

    return with_session


def option(*names: str, **kwargs: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """An option."""
    return click.option(*names, cls=Option, **kwargs)
