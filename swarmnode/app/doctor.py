"""`swarmnode doctor`: looks at everything that can be wrong, and says the way out."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

from swarm_protocol.identity import Standing

from ..api.node import Retried
from ..delivery.runner import Runner
from ..domain.views import Check
from ..errors import StorageError
from ..services import aside, backup, relays, rendezvous, restore
from ..services.node import Node
from ..services.step import Step
from ..storage import integrity
from ..storage.home import Home
from ..storage.shelves import CONTACTS, GAPS, OUTBOX
from ..texts import Texts, said_in
from . import networks
from .hosted import Hosted

if TYPE_CHECKING:
    from ..delivery.relay_role import RelayRole

LOW_DISK_MIB = 256
OLD_BACKUP_DAYS = 30
FEW_TICKETS = 8
"""A contact costs a few."""


async def examine(
    place: Home,
    runner: Runner | None,
    role: RelayRole | None,
    *,
    exists: bool,
    t: Texts,
    hosted: Hosted | None = None,
) -> tuple[Check, ...]:
    """Every check, those of the store last, in the language of `t`."""
    checks = [_home(place, t), _disk(place, t)]
    if role is not None:
        checks.append(_relay(role, t))
    if runner is None:
        if exists:
            checks.append(Check("store", False, t("doctor.store.locked"), t("doctor.store.unlock")))
        return tuple(checks)
    checks += await runner.look(lambda step, node: _of_node(step, node, t))
    checks += await runner.look(lambda step, _: list(networks.checks(step, hosted, t)))
    findings = await asyncio.to_thread(lambda: list(integrity.look(runner.database)))
    faults = [fault for finding in findings for fault in finding.faults]
    if faults:
        checks.append(Check("store", False, "; ".join(faults), t("doctor.store.damaged")))
    else:
        checks.append(Check("store", True, t("doctor.store")))
    return tuple(checks)


async def retry(runner: Runner) -> Retried:
    """Take once more what is kept aside, one after the other: what fails again takes nothing else with it."""
    taken = left = 0
    for number in await runner.look(lambda step, _: aside.all_of(step)):
        try:
            await runner.do(lambda step, node, n=number: aside.take(step, node, n))  # type: ignore[misc]
        except StorageError:
            raise
        except Exception:  # noqa: BLE001 - any error may come again; the runner has logged it
            left += 1
        else:
            taken += 1
    return Retried(taken, left)


def _home(place: Home, t: Texts) -> Check:
    mode = place.path.stat().st_mode & 0o777
    closed = not mode & 0o077
    hint = "" if closed else t("doctor.home.open", path=place.path)
    return Check("home", closed, t("doctor.home", path=place.path, mode=f"{mode:o}"), hint)


def _disk(place: Home, t: Texts) -> Check:
    free = shutil.disk_usage(place.path).free // (1024 * 1024)
    enough = free >= LOW_DISK_MIB
    return Check("disk", enough, t("doctor.disk", free=free), "" if enough else t("doctor.disk.low"))


def _relay(role: RelayRole, t: Texts) -> Check:
    if not role.address:
        return Check("relay", False, t("doctor.relay.unknown"), t("doctor.relay.public"))
    connections = role.health().connections
    return Check("relay", True, t("doctor.relay", address=role.address, connections=connections))


def _of_node(step: Step, node: Node, t: Texts) -> list[Check]:
    return [
        _copies(node, t),
        *_relays(step, node, t),
        _contacts(step, t),
        _reach(step, node, t),
        _kept_aside(step, t),
        Check("delivery", True, t("doctor.delivery", waiting=OUTBOX.count(step.tx), gaps=_gaps(step))),
        _backup(step, t),
    ]


def _copies(node: Node, t: Texts) -> Check:
    if node.quarantine:
        reason = said_in(t.language, node.quarantine) or node.quarantine
        return Check("copies", False, reason, t("doctor.copies.quarantine"))
    return Check("copies", True, t("doctor.copies"))


def _relays(step: Step, node: Node, t: Texts) -> list[Check]:
    own = relays.all_of(step, node)
    if not own:
        return [Check("relays", False, t("doctor.relays.none"), t("doctor.relays.use"))]
    up = sum(relay.state == "up" for relay in own)
    hint = t("doctor.relays.away") if up < len(own) else t("doctor.relays.second") if len(own) < 2 else ""
    low = [relay.address for relay in own if relay.tickets < FEW_TICKETS]
    return [
        Check("relays", up == len(own), t("doctor.relays", up=up, all=len(own)), hint),
        Check("tickets", False, t("doctor.tickets.few", relays=", ".join(low)), t("doctor.tickets.ask"))
        if low
        else Check("tickets", True, t("doctor.tickets")),
    ]


def _contacts(step: Step, t: Texts) -> Check:
    doubtful = [row.name for row in CONTACTS.all(step.tx) if row.standing == Standing.KEY_ALERT.value]
    if doubtful:
        return Check(
            "contacts",
            False,
            t("doctor.contacts.doubt", names=", ".join(doubtful)),
            t("doctor.contacts.verify"),
        )
    return Check("contacts", True, t("doctor.contacts"))


def _reach(step: Step, node: Node, t: Texts) -> Check:
    if rendezvous.alone(step, node):
        return Check("reach", False, t("doctor.reach.alone"), t("doctor.reach.use"))
    lost = rendezvous.lost(step, node)
    if lost:
        tried = sorted({relay for contact in lost for relay in contact.tried})
        names = ", ".join(contact.name for contact in lost)
        detail = t("doctor.reach.lost", names=names, relays=", ".join(tried))
        return Check("reach", False, detail, t("doctor.reach.meet"))
    return Check("reach", True, t("doctor.reach"))


def _kept_aside(step: Step, t: Texts) -> Check:
    kept = len(aside.all_of(step))
    if kept:
        return Check("messages", False, t.count("doctor.messages", kept), t("doctor.messages.retry"))
    return Check("messages", True, t("doctor.messages.none"))


def _gaps(step: Step) -> int:
    return GAPS.count(step.tx, repaired=False) - len(aside.all_of(step))


def _backup(step: Step, t: Texts) -> Check:
    made_at = backup.made_at(step)
    if restore.wants_backup(step):
        return Check("backup", False, t("doctor.backup.again"), t("doctor.backup.make"))
    if made_at is None:
        return Check("backup", True, t("doctor.backup.none"), t("doctor.backup.make"))
    days = max(0, step.wall_s - made_at) // 86400
    hint = t("doctor.backup.make") if days > OLD_BACKUP_DAYS else ""
    return Check("backup", True, t.count("doctor.backup", days), hint)
