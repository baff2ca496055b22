"""Runs the checks: in an author's pytest, and for `swarmnode bridge check`.

An author's test module is three lines:

    from swarm_bridges.testing import contract

    TestContract = contract("my_package")
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

from . import bronze, gold, platinum, silver
from .core import LoginFailed, small_core
from .world import CHECKS, Check, CheckFailed, MakeCore, Subject, Tier, new_world

__all__ = ["CHECKS", "bronze", "gold", "platinum", "silver"]

LIMIT_S = 50.0
"""For one check; the day-long one has no limit."""


@dataclass(frozen=True, slots=True)
class Result:
    """How a check went. `missing` are the features without which there was nothing to check."""

    check: Check
    failure: str = ""
    missing: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing was wrong."""
        return not self.failure


async def run_check(subject: Subject, one: Check, make_core: MakeCore = small_core) -> Result:
    """Run a check in a world of its own.

    Raises:
        CheckFailed: with what was wrong.
    """
    try:
        async with new_world(subject, make_core) as made:
            missing = tuple(feature for feature in one.needs if not made.has(feature))
            if not missing:
                async with asyncio.timeout(None if one.name == "soak" else LIMIT_S):
                    await one.run(made)
    except ExceptionGroup as e:  # the world's tasks end with what ended the check
        raise _first(e) from None
    return Result(one, missing=missing)


async def run_checks(
    subject: Subject, checks: Iterable[Check], make_core: MakeCore = small_core
) -> list[Result]:
    """Run checks one after the other; what goes wrong stands in the results."""
    results = []
    for one in checks:
        try:
            results.append(await run_check(subject, one, make_core))
        except (CheckFailed, LoginFailed, TimeoutError) as e:
            results.append(Result(one, str(e) or "it takes too long"))
        except Exception as e:  # noqa: BLE001 - a bridge may raise whatever it likes; others are still checked
            results.append(Result(one, f"{type(e).__name__}: {e}"))
    return results


def _first(error: Exception) -> Exception:
    """What lies in groups of errors."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return error


def grade(results: Sequence[Result]) -> Tier | None:
    """The best tier of which, and of those below it, all checks have passed."""
    reached = None
    for tier in Tier:
        of_tier = [result.passed for result in results if result.check.tier is tier]
        if not of_tier or not all(of_tier):
            break
        reached = tier
    return reached


def up_to(tier: Tier) -> list[Check]:
    """The checks of a tier and of those below it, the lowest first."""
    return sorted((one for one in CHECKS.values() if one.tier <= tier), key=lambda one: one.tier)


def claimed(subject: Subject) -> Tier:
    """The tier that the manifest names; bronze if none: that is what a bridge begins with."""
    return next((tier for tier in Tier if tier.name.lower() == subject.manifest.tier), Tier.BRONZE)


def report(subject: Subject, results: list[Result]) -> str:
    """What people read: each check, the tier, and what is missing for the next one."""
    lines = []
    for result in results:
        mark = "ok  " if result.passed else "FAIL"
        mark = "-   " if result.missing else mark
        lines.append(f"{mark} {result.check.tier.name.lower():<9} {result.check.name}: {result.check.text}")
        if result.failure:
            lines.append(f"     {result.failure.splitlines()[0]}")
    reached = grade(results)
    following = Tier((reached or 0) + 1) if reached is not Tier.PLATINUM else None
    lines += ["", f"{subject.manifest.name} is {reached.name.lower() if reached else 'not yet bronze'}."]
    missing = [r.check.name for r in results if not r.passed and r.check.tier is following]
    if following and missing:
        lines.append(f"For {following.name.lower()} it lacks: {', '.join(missing)}.")
    return "\n".join(lines)


def contract(package: str, make_core: MakeCore = small_core, *, tier: Tier | None = None) -> type:
    """A class for pytest, one test for each check up to the tier that the manifest names.

    It needs `pytest-asyncio` in auto mode, or another plug-in that runs coroutines.
    """
    subject = Subject.of(package)

    def test(one: Check) -> Callable[[object], Awaitable[None]]:
        async def run(_: object) -> None:
            await run_check(subject, one, make_core)

        run.__doc__ = one.text
        return run

    return type(
        "TestContract", (), {f"test_{one.name}": test(one) for one in up_to(tier or claimed(subject))}
    )
