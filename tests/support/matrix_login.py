"""A login to Matrix, step by step."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from bridge_owner import Lines

from swarm_bridges.api import AccountId, LoginDone, Step
from swarm_bridges.context import Clock, LoginContext
from swarm_bridges.desk import LoginState
from swarm_bridges.networks.matrix import Login


async def steps(
    *answers: Mapping[str, str], seen: list[Step] | None = None, **about: Any
) -> Step | LoginDone:
    """A login with one answer to each step; `seen` gets what is shown."""
    lines, scratch = Lines(), b""
    found: Step | LoginDone = Step(id="account", kind="form", title="")
    for given in answers:
        assert isinstance(found, Step)
        state = LoginState(why="add", scratch=scratch, **about)
        ctx = LoginContext(lines, AccountId("flow"), state, clock=Clock(), random=os.urandom)
        found = await Login().submit(ctx, found.id, given)
        scratch = ctx.scratch
        await ctx.close()
        if seen is not None and isinstance(found, Step):
            seen.append(found)
    lines.cut()
    return found
