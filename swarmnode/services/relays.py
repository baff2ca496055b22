"""Relays that the owner uses: added by a link with tickets, watched, and taken leave of."""

from __future__ import annotations

from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox import Recipient
from swarm_protocol.meeting import RelayLink

from ..domain.views import RelayView
from ..errors import NotFound, UsageError
from ..storage.shelves import QUEUES_IN, RELAYS, TICKETS, Relay
from . import links, queues, rotation
from .node import Node
from .step import Step


def use(step: Step, node: Node, link_text: str) -> RelayView:
    """Take a relay's link: its tickets are kept, and queues are made where contacts have too few.

    Raises:
        UsageError: it is no link of a relay.
    """
    node.require_writable()
    try:
        link = RelayLink.parse(link_text)
    except RemoteProtocolError as e:
        raise UsageError("this is no link of a relay", hint="Copy the whole line, from `swarm:` on.") from e
    relay_id = queues.relay_at(step, link.at.address, link.at.pin)
    RELAYS.change(step.tx, relay_id, own=True, address=link.at.address)
    for ticket in link.tickets():
        TICKETS.add_new(step.tx, relay_id=relay_id, ticket=ticket, used=False)
    relay = RELAYS.get(step.tx, relay_id)
    assert relay is not None
    if relay.state == "dead":
        RELAYS.change(step.tx, relay_id, state="down")
    node.timers.pop(("line", relay_id), None)
    links.want(step, node, relay_id)
    node.remind(step, ("addresses", 0), rotation.ADDRESSES_S)
    if node.persona is not None:
        rotation.fill(step, node)
    return view(step, node, relay_id)


def view(step: Step, node: Node, relay_id: int) -> RelayView:
    """One relay. Raises NotFound."""
    relay = RELAYS.get(step.tx, relay_id)
    if relay is None:
        raise NotFound("there is no such relay")
    line = node.lines.get(relay.id)  # screens ask from threads of their own: nothing is changed
    up = relay.state != "dead" and line is not None and line.is_up
    live = [q for q in QUEUES_IN.all(step.tx, relay_id=relay.id) if q.state in rotation.LIVE]
    return RelayView(
        id=str(relay.id),
        address=relay.address,
        state="up" if up else relay.state,
        queues=len(live),
        tickets=TICKETS.count(step.tx, relay_id=relay.id, used=False),
    )


def all_of(step: Step, node: Node) -> tuple[RelayView, ...]:
    """The relays that the owner uses."""
    return tuple(view(step, node, relay.id) for relay in RELAYS.all(step.tx, own=True))


def remove(step: Step, node: Node, relay_id: int) -> None:
    """Stop using a relay: its queues are replaced by others.

    Raises:
        NotFound: there is no such relay.
    """
    relay: Relay | None = RELAYS.get(step.tx, relay_id)
    if relay is None or not relay.own:
        raise NotFound("there is no such relay")
    RELAYS.change(step.tx, relay_id, own=False)
    for queue in QUEUES_IN.all(step.tx, relay_id=relay_id):
        if queue.state in rotation.LIVE and queue.peer_id is not None:
            QUEUES_IN.change(step.tx, queue.id, state=Recipient.DRAINING.value, drained_at=step.wall_s)
    rotation.fill(step, node)
    for soon in ("rotation", "addresses"):
        node.remind(step, (soon, 0), 0.0)
