"""How an open node is, on one screen."""

from __future__ import annotations

from ..delivery.runner import Runner
from ..domain.views import NodeState, Problem, StatusView
from ..services import identity, relays, ways
from ..services.node import Node
from ..services.step import Step
from ..storage.shelves import CONTACTS, MESSAGES, OUTBOX, PERSONAS, RELAYS


def of(step: Step, node: Node, runner: Runner, release: str) -> StatusView:
    """The status of a node whose store is open."""
    row = next(iter(PERSONAS.all(step.tx)), None)
    if row is None:
        return StatusView(NodeState.EMPTY, release)
    quarantine = node.quarantine or ("rolled back" if runner.database.rolled_back else "")
    me = node.persona or identity.load(step)
    assert me is not None, "there is a persona"
    return StatusView(
        state=NodeState.QUARANTINE if quarantine else NodeState.READY,
        version=release,
        name=row.name,
        persona=me.chain.persona_id.hex(),
        relays=relays.all_of(step, node),
        contacts=CONTACTS.count(step.tx),
        unread=MESSAGES.count(step.tx, unread=True),
        waiting=len({item.message_id for item in OUTBOX.all(step.tx) if item.message_id is not None}),
        problems=_problems(step, node, quarantine, runner),
    )


def _problems(step: Step, node: Node, quarantine: str, runner: Runner) -> tuple[Problem, ...]:
    found: list[Problem] = []
    if quarantine:
        found.append(Problem("quarantine", f"{quarantine}: this home can be read, not used"))
    if runner.problem is not None:
        found.append(Problem(runner.problem.code, runner.problem.hint or str(runner.problem)))
    found += [Problem("no-forwarding", text) for text in ways.stuck(node)]
    own = RELAYS.all(step.tx, own=True)
    if not own:
        found.append(
            Problem("no-relay", "no relay keeps messages while you are away: `swarmnode relay use LINK`")
        )
    elif len(own) == 1 and node.persona is not None:
        found.append(Problem("one-relay", "only one relay: if it dies, messages wait until there is another"))
    return tuple(found)
