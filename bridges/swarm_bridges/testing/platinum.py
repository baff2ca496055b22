"""Checks of the fourth tier: nobody needs to watch it."""

from __future__ import annotations

import ast
import asyncio
import os
import random
import sys
import time

from .core import ATTEMPTS
from .world import Tier, World, check, require

DAY_S = 24 * 3600
FORBIDDEN = {
    *("aiohttp", "http", "httpx", "requests", "socket", "ssl", "urllib3", "websockets"),
    *(
        "os",
        "pathlib",
        "random",
        "secrets",
        "shutil",
        "sqlite3",
        "subprocess",
        "tempfile",
        "threading",
        "time",
    ),
}
"""What the context gives in a form that can be tested, limited and watched."""


@check(Tier.PLATINUM, "all waiting, time, randomness, network and files come from the context")
async def injected(world: World) -> None:
    """All waiting, time, randomness, network and files come from the context."""
    for path in sorted(world.subject.folder.rglob("*.py")):
        if path.name == "fake.py":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module and not node.level:
                names = [node.module]
            if isinstance(node, ast.Attribute) and node.attr == "sleep":
                names.append("time")
            for name in names:
                require(name.split(".")[0] not in FORBIDDEN, f"{path.name} uses {name}")


@check(Tier.PLATINUM, "it is typed, strictly")
async def typed(world: World) -> None:
    """It is typed, strictly."""
    root = world.subject.folder.parents[world.subject.package.count(".")]
    mypy = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--follow-imports=silent"),
        *("--config-file=", "--cache-dir", os.devnull, "-p", world.subject.package),
        cwd=root,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await mypy.communicate()
    require(mypy.returncode == 0, told.decode(errors="replace"))


@check(Tier.PLATINUM, "it asks for no more than it needs")
async def narrow(world: World) -> None:
    """It asks for no more than it needs."""
    needs = world.subject.manifest.needs
    require("any" not in needs.egress, "it wants to reach everybody")
    require(needs.memory_mb <= 256, "it wants more than 256 MB")


@check(Tier.PLATINUM, "a day of random faults loses nothing and doubles nothing")
async def soak(world: World) -> None:
    """`SWARMNODE_SOAK_S` says how long; less than a day does not count."""
    wanted = float(os.environ.get("SWARMNODE_SOAK_S", "0"))
    seed = int.from_bytes(os.urandom(4))
    dice = random.Random(seed)  # noqa: S311 - it chooses faults
    await rounds(world, dice, wanted, seed)
    require(wanted >= DAY_S, f"it ran for {wanted:.0f} s: set SWARMNODE_SOAK_S={DAY_S}")


async def rounds(world: World, dice: random.Random, seconds: float, seed: int) -> None:
    """Play faults, and compare what is shown with what the network has after each round."""
    end, number = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        number += 1
        kind = dice.choice(["drop", "reset", "half", "garbage", "status", "delay", "delay_answer"])
        status = dice.choice([429, 500, 502, 503])
        world.network.faults.add(kind, times=dice.randint(1, ATTEMPTS // 4), status=status, value=0.01)
        world.network.duplicate = dice.random() < 0.3
        if dice.random() < 0.3:
            world.network.cut()
        world.network.say(f"peer {number}")
        sent = [await world.core.say(world.account, world.room, f"own {number}")] if world.has("text") else []
        if dice.random() < 0.1:
            await world.core.crash(world.account)
        for id_ in sent:
            await world.comes_to(id_, "accepted")
        world.network.faults.clear()
        await world.settled()
        has = sorted(message.text for message in world.network.said())
        shown = sorted(shown.text for shown in world.timeline())
        require(has == shown, f"seed {seed}, round {number}: {len(has)} on the network, {len(shown)} shown")
