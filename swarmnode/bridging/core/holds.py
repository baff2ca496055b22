"""Why nothing is called for a while: limits of networks, circuits that failures opened, the owner's turn.

They are rows, so a restart does not forget a wait. `auth` and `conflict` end when the owner has acted, the
others at a second of the wall clock; one that is further away than any can be was written by a clock that has
been set back since, and counts no more.

A circuit opens after `FAILURES` in a row, at one host for all accounts there, and lets one intent through
when its time is over: the probe. If that fails, it opens again for twice as long.
"""

from __future__ import annotations

from ...services.step import Step
from ...storage.bridge_shelves import HOLDS, AccountRow, Hold
from .packed import texts

OWNER_ACTS = ("auth", "conflict")
MAX_WAIT_S = 24 * 3600
"""A network that asks for more gets this."""
FAILURES = 5
FIRST_OPEN_S = 30
LONGEST_OPEN_S = 900
FIRST_BACK_OFF_S = 2
LONGEST_BACK_OFF_S = 900


def of_account(account_id: int) -> str:
    """What holds a whole account."""
    return f"account {account_id}"


def of_conversation(room_id: int) -> str:
    """What holds one conversation."""
    return f"conversation {room_id}"


def of_host(row: AccountRow) -> str:
    """What holds all accounts at one host; an account without one stands for itself."""
    hosts = texts(row.hosts)
    return f"host {row.package} {hosts[0]}" if hosts else f"host of account {row.id}"


def put(step: Step, scope: str, reason: str, *, wait_s: float | None) -> None:
    """Hold something, for a while or (None) until the owner acts; a longer wait that is there stays."""
    before = HOLDS.one(step.tx, scope=scope, reason=reason)
    until = None if wait_s is None else step.wall_s + int(min(max(wait_s, 1), MAX_WAIT_S)) + 1
    if before is None:
        HOLDS.add(step.tx, scope=scope, reason=reason, until=until)
    elif before.until is not None and (until is None or until > before.until or not _stands(step, before)):
        HOLDS.change(step.tx, before.id, until=until)


def lift(step: Step, scope: str, reason: str | None = None) -> None:
    """Let go."""
    if reason is None:
        HOLDS.drop(step.tx, scope=scope)
    else:
        HOLDS.drop(step.tx, scope=scope, reason=reason)


def lift_owner(step: Step, account_id: int) -> None:
    """The owner has acted."""
    for reason in OWNER_ACTS:
        lift(step, of_account(account_id), reason)


def owner_acts(step: Step, account_id: int) -> str:
    """What the owner has to do before anything of an account runs; empty: nothing."""
    reasons = {hold.reason for hold in HOLDS.all(step.tx, scope=of_account(account_id))}
    return next((reason for reason in OWNER_ACTS if reason in reasons), "")


def standing(step: Step, *scopes: str) -> Hold | None:
    """What holds one of these the longest, if anything does now."""
    found = [hold for scope in scopes for hold in HOLDS.all(step.tx, scope=scope) if _stands(step, hold)]
    return max(found, key=lambda hold: (hold.until is None, hold.until or 0), default=None)


def _stands(step: Step, hold: Hold) -> bool:
    if hold.reason == "circuit" and hold.failures < FAILURES:
        return False
    return hold.until is None or step.wall_s < hold.until <= step.wall_s + MAX_WAIT_S + 1


# Circuits


def failed(step: Step, scope: str) -> None:
    """Something failed at a host, not through the fault of what was asked."""
    hold = HOLDS.one(step.tx, scope=scope, reason="circuit")
    if hold is None:
        HOLDS.add(step.tx, scope=scope, reason="circuit", failures=1, until=step.wall_s)
        return
    failures = hold.failures + 1
    over = min(max(failures - FAILURES, 0), 8)
    wait_s = spread(step, min(FIRST_OPEN_S << over, LONGEST_OPEN_S)) if failures >= FAILURES else 0
    HOLDS.change(step.tx, hold.id, failures=failures, until=step.wall_s + wait_s, probe="")


def worked(step: Step, scope: str) -> None:
    """Something worked at a host: its circuit is closed."""
    lift(step, scope, "circuit")


def may_try(step: Step, scope: str) -> bool:
    """Whether a circuit lets something through: a closed one always, an open one a probe when it is time."""
    hold = HOLDS.one(step.tx, scope=scope, reason="circuit")
    return hold is None or hold.failures < FAILURES or (not _stands(step, hold) and not hold.probe)


def trying(step: Step, scope: str, intent: str) -> None:
    """This intent goes through: it is the probe if the circuit is open."""
    hold = HOLDS.one(step.tx, scope=scope, reason="circuit")
    if hold is not None and hold.failures >= FAILURES:
        HOLDS.change(step.tx, hold.id, probe=intent)


def forget_probe(step: Step, scope: str, intent: str) -> None:
    """This intent is in flight no more."""
    hold = HOLDS.one(step.tx, scope=scope, reason="circuit")
    if hold is not None and hold.probe == intent:
        HOLDS.change(step.tx, hold.id, probe="")


def forget_probes(step: Step) -> None:
    """Nothing is in flight after a start."""
    for hold in HOLDS.all(step.tx, reason="circuit"):
        HOLDS.change(step.tx, hold.id, probe="")


# Waits


def back_off(step: Step, attempts: int) -> int:
    """Seconds until the next attempt: from 1 to a bound that doubles (full jitter)."""
    return spread(step, min(FIRST_BACK_OFF_S << min(attempts, 10), LONGEST_BACK_OFF_S), least=1)


def spread(step: Step, most: int, *, least: int = 0) -> int:
    """A number from `least`, or half of `most` where none is given, to `most`."""
    low = least or most // 2
    return low + int.from_bytes(step.entropy(4), "big") % (most - low + 1)
