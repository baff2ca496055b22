"""How an open node is, on one screen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from swarm_protocol.identity import Standing

from ..bridging.core import accounts, screens
from ..bridging.core.accounts import Account
from ..domain.later import RESTORED
from ..domain.views import NodeState, Problem, StatusView
from ..errors import StorageError
from ..services import backup, identity, queues, relays, rendezvous, restore, views, ways
from ..services.node import Node
from ..services.step import Step
from ..storage import queries
from ..storage.later_shelves import LATER, WAITING
from ..storage.shelves import ALERTS, CONTACTS, INVITES, PERSONAS, QUEUES_OUT, RELAYS
from ..texts import Texts, said_in
from .networks import sentence

SHOWN = 3
"""Relays that are tried for a contact, on the screen: the likeliest."""


@dataclass(frozen=True, slots=True)
class Store:
    """What the store says of itself."""

    rolled_back: bool = False
    problem: StorageError | None = None
    """What keeps it from being written, while it does."""


def of(step: Step, node: Node, store: Store, t: Texts) -> StatusView:
    """The status of a node whose store is open, its hints in the language of `t`."""
    row = next(iter(PERSONAS.all(step.tx)), None)
    if row is None:
        return StatusView(NodeState.EMPTY)
    quarantine = node.quarantine or ("rolled back" if store.rolled_back else "")
    me, phase = node.persona or identity.load(step), restore.state(step)
    assert me is not None, "there is a persona"
    elsewhere = accounts.all_of(step)
    return StatusView(
        state=NodeState.QUARANTINE if quarantine else NodeState.READY,
        name=row.name,
        persona=me.chain.persona_id.hex(),
        relays=relays.all_of(step, node),
        contacts=CONTACTS.count(step.tx),
        unread=queries.UNREAD.scalar(step.tx) + screens.unread(step),
        waiting=queries.WAITING.scalar(step.tx) + sum(account.waiting for account in elsewhere),
        near=views.near(step, node),
        restoring="" if phase == restore.READY else phase,
        missing=tuple(restore.missing(step)),
        problems=(*_problems(step, node, store, quarantine, t), *_elsewhere(elsewhere, t)),
        backup_at=backup.made_at(step) or 0,
    )


def _problems(step: Step, node: Node, store: Store, quarantine: str, t: Texts) -> Iterator[Problem]:
    if quarantine:
        reason = said_in(t.language, quarantine) or quarantine
        yield Problem("quarantine", t("problem.quarantine", reason=reason))
    if (problem := store.problem) is not None:
        yield Problem(problem.code, problem.hint or str(problem))
    stuck = ways.stuck(node)
    for id_, relays_there in ("problem.exposed", stuck.exposed), ("problem.no-way", stuck.waiting):
        if relays_there:
            yield Problem("no-forwarding", t.count(id_, relays_there))
    own = RELAYS.count(step.tx, own=True)
    if own < 2:
        code = "one-relay" if own else "no-relay"
        yield Problem(code, t(f"problem.{code}"))
    if rendezvous.alone(step, node):
        yield Problem("no-answer", t("problem.no-answer"))
    for relay_id in sorted({queue.relay_id for queue in QUEUES_OUT.all(step.tx, state=queues.BROKEN)}):
        if (known := RELAYS.get(step.tx, relay_id)) is not None:
            yield Problem("relay-contradicts", t("problem.relay-contradicts", relay=known.address))
    for lost in rendezvous.lost(step, node):
        tried = ", ".join(lost.tried[:SHOWN])
        yield Problem("contact-lost", t("problem.contact-lost", name=lost.name, relays=tried))
    if restore.wants_backup(step):
        yield Problem("backup", t("problem.backup"))
    if planned := sum(row.reason == RESTORED for row in LATER.query(step.tx, WAITING)):
        yield Problem("planned", t.count("problem.planned", planned))
    if asking := INVITES.count(step.tx, role="request", state="waiting"):
        yield Problem("request", t.count("problem.request", asking))
    for contact in CONTACTS.all(step.tx, blocked=False):
        if contact.standing == Standing.KEY_ALERT.value:
            yield Problem("key-alert", t("problem.key-alert", name=contact.name, typed=_typed(contact.name)))
        elif ALERTS.count(step.tx, contact_id=contact.id, kind="rejoined", settled=False):
            yield Problem("rejoined", t("problem.rejoined", name=contact.name, typed=_typed(contact.name)))


def _elsewhere(known: Sequence[Account], t: Texts) -> Iterator[Problem]:
    """What accounts on other networks want of their owner."""
    for account in known:
        if account.notice in {"auth", "conflict", "crashed"}:
            yield Problem("account", sentence(account, account.package, t))
    if asked := sum(account.asked for account in known):
        yield Problem("asked", t.count("problem.asked", asked))


def _typed(name: str) -> str:
    """A name as it is typed in a command."""
    return name if name.isalnum() else f'"{name}"'
