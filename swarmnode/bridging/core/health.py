"""How accounts are, and the one thing that the owner is asked to do about each.

An account has at most one notice, the most urgent, and it goes by itself when what it was about is over. A
line that drops for a moment is no news: what is neither connected nor on its way to be for `DEBOUNCE_S` is.
Ticks do that, not the wall clock, so they are in memory (`Watch`): after a start the time begins anew.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from swarm_bridges import api

from ...services.news import tell
from ...services.step import Step
from ...storage.bridge_shelves import ACCOUNTS, AccountRow
from . import accounts, holds

DEBOUNCE_S = 180.0
NOTICES = {
    "": "",
    "offline": "wait",
    "degraded": "wait",
    "crashed": "look",
    "conflict": "resume",
    "auth": "log-in",
}
"""What can be told of an account, the most urgent last, and the way out of each."""
_WELL = frozenset({api.State.CONNECTED, api.State.CATCHING_UP})
_BY_ITSELF = frozenset({"offline", "degraded", "crashed"})
"""Notices that are over when the account is connected."""


@dataclass(slots=True)
class Watch:
    """Since which tick accounts are not well; the host keeps it."""

    down: dict[str, float] = field(default_factory=dict)


def said(step: Step, watch: Watch, account: str, health: api.Health) -> None:
    """A bridge says how it goes."""
    put(step, watch, account, health.state, health.code)


def put(step: Step, watch: Watch, account: str, state: api.State, code: str = "") -> None:
    """Note an account's state; what has stayed the same is no news."""
    row = accounts.find(step, account)
    code = code[:64]
    if state in _WELL:
        watch.down.pop(account, None)
        _over(step, row)
    elif state is api.State.STOPPED:
        watch.down.pop(account, None)
    else:
        watch.down.setdefault(account, step.now.tick)
    if state is api.State.CRASHED:
        notice(step, row, "crashed")
    if (row.state, row.code) != (state.value, code):
        ACCOUNTS.change(step.tx, row.id, state=state.value, code=code, since=step.wall_s)
        tell(step, "bridge.changed", account=account)


def ended(
    step: Step, watch: Watch, account: str, error: BaseException | None, *, generation: int | None = None
) -> BaseException | None:
    """`run` has ended: what the account waits for now. When it is started again is the host's business.

    `generation` is that of the secrets with which it began: who has logged in since has acted already. Gives
    the error as it counts.
    """
    row = accounts.find(step, account)
    if isinstance(error, api.AuthExpired) and generation not in {None, row.generation}:
        error = api.Interrupted("there is another login by now")
    match error:
        case api.AuthExpired() | api.Conflict():
            put(step, watch, account, api.State.NEEDS_OWNER, owner_must_act(step, row, error))
        case api.Limited(wait_s=wait_s):
            holds.put(step, holds.of_account(row.id), "limit", wait_s=wait_s or holds.FIRST_OPEN_S)
            put(step, watch, account, api.State.HELD, "limit")
        case api.Refused():
            put(step, watch, account, api.State.HELD, "refused")
        case None | api.BridgeError():
            put(step, watch, account, api.State.CONNECTING, "offline")
        case _:
            put(step, watch, account, api.State.CONNECTING, "error")
    return error


def owner_must_act(step: Step, row: AccountRow, error: api.AuthExpired | api.Conflict) -> str:
    """Hold an account until the owner has logged in again, or resumed it; the reason."""
    reason = "conflict" if isinstance(error, api.Conflict) else "auth"
    holds.put(step, holds.of_account(row.id), reason, wait_s=None)
    notice(step, row, reason)
    return reason


def check(step: Step, watch: Watch) -> None:
    """Tell the owner of accounts that have been down for long enough."""
    for account, since in list(watch.down.items()):
        if step.now.tick >= since + DEBOUNCE_S:
            row = ACCOUNTS.one(step.tx, account=account)
            watch.down[account] = math.inf
            if row is not None and not row.paused:
                notice(step, row, "degraded" if row.state == api.State.DEGRADED.value else "offline")


def next_tick(watch: Watch) -> float | None:
    """The tick at which `check` has something to do."""
    soonest = min(list(watch.down.values()), default=math.inf)
    return None if soonest == math.inf else soonest + DEBOUNCE_S


def notice(step: Step, row: AccountRow, code: str) -> None:
    """Ask the owner to look at an account, unless something more urgent is told already, or this."""
    now = accounts.find(step, row.account)
    urgency = list(NOTICES)
    if urgency.index(code) > urgency.index(now.notice):
        ACCOUNTS.change(step.tx, row.id, notice=code)
        tell(step, "bridge.notice", account=row.account, notice=code, way_out=NOTICES[code])


def _over(step: Step, row: AccountRow) -> None:
    if row.notice in _BY_ITSELF:
        ACCOUNTS.change(step.tx, row.id, notice="")
        tell(step, "bridge.notice", account=row.account, notice="", way_out="")
