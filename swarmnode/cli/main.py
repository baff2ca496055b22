"""The root of the command line: the table of commands."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from .group import Group, Option

if TYPE_CHECKING:
    from .app import App

COMMANDS: Mapping[str, str] = {
    **dict.fromkeys(("init", "run", "status", "doctor", "unlock", "lock"), "commands_node"),
    **dict.fromkeys(("rename", "words", "pair", "devices", "nodes", "config"), "commands_node"),
    **dict.fromkeys(("relay", "invite", "accept", "contacts", "verify", "block"), "commands_people"),
    "people": "commands_book",
    "proofs": "commands_proofs",
    **dict.fromkeys(("inbox", "conversations", "timeline"), "commands_inbox"),
    **dict.fromkeys(("send", "read", "react", "vote", "edit", "delete", "search"), "commands_talk"),
    **dict.fromkeys(("resend", "cancel", "confirm", "mark", "timer", "draft", "save"), "commands_talk"),
    **dict.fromkeys(("outbox", "leave", "deletions"), "commands_waiting"),
    **dict.fromkeys(("post", "forward", "consent"), "commands_posts"),
    **dict.fromkeys(("carry", "backup", "restore", "export", "wipe"), "commands_files"),
    **dict.fromkeys(("inspect", "trace"), "commands_look"),
    "bridge": "commands_bridge",
}
"""Each command's module. In it the command is called like this, with an underscore behind."""

GARBAGE = 10_000
"""So many new objects between two looks for cycles, instead of 700. Messages leave none; the looks alone were
a twentieth of what they cost."""


def _version(ctx: click.Context, _: click.Parameter, value: Any) -> None:
    if value and not ctx.resilient_parsing:
        from importlib.metadata import version  # noqa: PLC0415

        click.echo(f"swarmnode {version('social-swarm-node')}")
        ctx.exit()


def cli() -> Group:
    """Make the root."""
    shown = Option(["--version"], is_flag=True, expose_value=False, is_eager=True, callback=_version)
    return Group("swarmnode", modules=COMMANDS, params=[shown])


def main(app: App | None = None) -> None:
    """Run the command that `sys.argv` names, and end the process."""
    gc.set_threshold(GARBAGE)
    cli().main(obj=app, prog_name="swarmnode")
