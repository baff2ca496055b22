"""`swarmnode doctor`: looks at everything that can be wrong, and says the way out."""

from __future__ import annotations

import asyncio
import shutil

from ..delivery.relay_role import RelayRole
from ..delivery.runner import Runner
from ..domain.views import Check
from ..services import incoming, relays
from ..services.node import Node
from ..services.step import Step
from ..storage import integrity
from ..storage.home import Home
from ..storage.shelves import CONTACTS, GAPS, OUTBOX

LOW_DISK_MIB = 256


async def examine(
    place: Home, runner: Runner | None, role: RelayRole | None, *, exists: bool
) -> tuple[Check, ...]:
    """Every check, those of the store last."""
    checks = [_home(place), _disk(place)]
    if role is not None:
        health = role.health()
        address = role.address or "no public address"
        checks.append(
            Check(
                "relay",
                bool(role.address),
                f"{address}, {health.connections} connections",
                "" if role.address else "set link.public to HOST:PORT as others reach it",
            )
        )
    if runner is None:
        checks.append(
            Check("store", ok=not exists, detail="locked" if exists else "empty", hint="swarmnode unlock")
        )
        return tuple(checks)
    checks += await runner.look(_of_node)
    findings = await asyncio.to_thread(lambda: list(integrity.look(runner.database)))
    faults = [fault for finding in findings for fault in finding.faults]
    hint = "restore a backup into a new home: swarmnode restore"
    checks.append(Check("store", not faults, "; ".join(faults) or "whole", hint if faults else ""))
    return tuple(checks)


def _home(place: Home) -> Check:
    mode = place.path.stat().st_mode & 0o777
    closed = not mode & 0o077
    return Check("home", closed, f"{place.path}, mode {mode:o}", "" if closed else f"chmod 700 {place.path}")


def _disk(place: Home) -> Check:
    free = shutil.disk_usage(place.path).free // (1024 * 1024)
    enough = free >= LOW_DISK_MIB
    return Check(
        "disk", enough, f"{free} MiB free", "" if enough else "free some room: nothing new is stored without"
    )


def _of_node(step: Step, node: Node) -> list[Check]:
    checks = [
        Check(
            "copies",
            not node.quarantine,
            node.quarantine or "no other copy of this home was seen",
            "use the other copy, or restore from words and a backup into a new home"
            if node.quarantine
            else "",
        )
    ]
    own = relays.all_of(step, node)
    up = [relay for relay in own if relay.state == "up"]
    hint = ""
    if not own:
        hint = "swarmnode relay use LINK"
    elif len(up) < len(own):
        hint = "look at the network; a relay that stays away for an hour is replaced by another"
    elif len(own) < 2:
        hint = "a second relay, of another owner, keeps messages coming when the first dies"
    checks.append(
        Check("relays", bool(own) and len(up) == len(own), f"{len(up)} of {len(own)} reached", hint)
    )
    low = [relay.address for relay in own if relay.tickets < 8]
    checks.append(
        Check(
            "tickets",
            not low,
            "enough" if not low else "few left for " + ", ".join(low),
            "ask the relay's owner for a new link" if low else "",
        )
    )
    doubtful = [row.name for row in CONTACTS.all(step.tx) if row.standing == "key-alert"]
    checks.append(
        Check(
            "contacts",
            not doubtful,
            "no keys in doubt" if not doubtful else f"{len(doubtful)} with keys in doubt",
            "compare safety words: swarmnode verify CONTACT" if doubtful else "",
        )
    )
    poison = GAPS.count(step.tx, kind=incoming.POISON)
    checks.append(
        Check(
            "messages",
            not poison,
            f"{poison} kept unread, for an error of this program" if poison else "none is kept unread",
            "update this program, and report what its log says at engine.failed" if poison else "",
        )
    )
    waiting, gaps = OUTBOX.count(step.tx), GAPS.count(step.tx, repaired=False)
    checks.append(Check("delivery", ok=True, detail=f"{waiting} waiting, {gaps} gaps noticed"))
    return checks
