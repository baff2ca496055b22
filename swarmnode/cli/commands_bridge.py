"""Commands for authors of bridges: `bridge new` and `bridge check`. They need no node."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import click

from ..errors import UsageError
from .group import command, group, option
from .session import Session


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


@group("bridge", new_, check_)
def bridge_(session: Session) -> None:
    """Say what there is for bridges."""
    session.say(click.get_current_context().get_help())
