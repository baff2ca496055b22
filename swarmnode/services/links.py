"""Lines to relays: opened when wanted, closed when idle, tried again without ever storming.

A line that fails is tried after 1 s, 2 s, 4 s … up to an hour, 30 % more or less, and at once when the
network has changed. What is to be asked on a line that comes up is found in the tables; a line that breaks
loses nothing but the answers.
"""

from __future__ import annotations

from functools import lru_cache

from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mailbox import Caller
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.mls.signatures import Ed25519, SignatureKeyPair

from ..storage.shelves import QUEUES_OUT, RELAYS
from .news import tell
from .node import Line, LineState, Node, jitter
from .step import LinkId, Open, Shut, Step, Transmit

FIRST_RETRY_S, LAST_RETRY_S = 1.0, 3600.0
STEADY_S = 10.0
"""A line that broke sooner has not helped: the next try waits longer, or a relay that fails is stormed."""
UNSTEADY_FAILURES = 5
"""But no longer than after so many failures, 32 s: the relay is there, it may only have started anew."""
NO_ANSWER_S = 120.0
"""A relay that owes an answer for so long has lost it; whatever was asked is asked again on a new line."""
FIRST_PROBE_S, LAST_PROBE_S = 1.0, 300.0
"""Where a line broke with receipts due, one envelope goes out again after 1 s, 2 s, 4 s … on a new line, and
the others once it has a receipt: a relay that takes and never answers is not stormed."""
GREETING_S = 20.0
"""A relay that has not greeted by then is none."""
IDLE_S = 600.0
"""A line to a relay of somebody else that was not used for so long is closed."""

_ED25519 = Ed25519()


@lru_cache(1024)
def key_of(secret: bytes) -> SignatureKeyPair:
    """The key pair of a queue's end, from the seed in its row. Each command is signed with one."""
    return _ED25519.from_private(secret)


def want(step: Step, node: Node, relay_id: int) -> Line:
    """The line to a relay; it is opened unless it is up, on its way, or waits for its next try."""
    line = node.line(relay_id)
    line.used = step.now.tick
    if line.state is LineState.DOWN and ("line", relay_id) not in node.timers and not node.quarantine:
        _open(step, node, line)
    return line


def probe_later(step: Step, node: Node, sid: bytes, least_s: float = FIRST_PROBE_S) -> None:
    """The queue with this sid took nothing: one envelope is tried in a while, at least `least_s` from now."""
    queue = QUEUES_OUT.one(step.tx, sid=sid)
    if queue is not None:
        tries = node.probing.get(queue.id, 0)
        node.probing[queue.id] = tries + 1
        pause = max(least_s, min(FIRST_PROBE_S * 2 ** min(tries, 12), LAST_PROBE_S))
        node.remind(step, ("probe", queue.id), pause)


def opened(step: Step, node: Node, link: LinkId) -> None:
    """A link is there; the relay greets first."""
    line = node.links.get(link)
    if line is not None and line.state is LineState.OPENING:
        line.state = LineState.GREETING
        node.remind(step, ("line", line.relay_id), GREETING_S, sooner=False)


def greeted(step: Step, node: Node, line: Line, data: bytes) -> bool:
    """Take the greeting: whether the line is up now. A relay's keys are those of its first greeting."""
    relay = RELAYS.get(step.tx, line.relay_id)
    try:
        caller = Caller.greeted(data, relay=relay.key if relay is not None else None)
    except RemoteProtocolError:
        fail(step, node, line, "not the relay that it was")
        return False
    if relay is not None and (relay.key is None or relay.state != "up"):
        RELAYS.change(
            step.tx,
            relay.id,
            key=caller.session.relay,
            hpke=caller.hpke,
            state="up",
            failures=0,
            failed_since=None,
        )
        tell(step, "relay.changed", relay=str(relay.id), state="up")
    node.timers.pop(("line", line.relay_id), None)
    if relay is not None and not relay.own:
        node.remind(step, ("idle", line.relay_id), IDLE_S, sooner=False)
    line.caller, line.state, line.up_since, line.down_since = caller, LineState.UP, step.now.tick, None
    return True


def ask(step: Step, line: Line, body: CommandBody, key: SignatureKeyPair) -> None:
    """Ask a relay over a line that is up."""
    assert line.caller is not None, "only lines that are up are asked"
    assert line.link is not None
    line.caller, data = line.caller.ask(body, key)
    line.used = step.now.tick
    line.watched = line.watched or (line.caller.number, step.now.tick)
    step.do(Transmit(line.link, data))


def answered(step: Step, line: Line) -> None:
    """An answer came: if it was the one that is watched for, the next one is."""
    if line.caller is not None and line.watched is not None and line.watched[0] not in line.caller.waiting:
        oldest = next(iter(line.caller.waiting), None)
        line.watched = None if oldest is None else (oldest, step.now.tick)


def watch(step: Step, node: Node) -> None:
    """See to it that lines on which an answer is due are looked at, and no others that are up."""
    for line in node.lines.values():
        if line.watched is not None and ("line", line.relay_id) not in node.timers:
            node.remind(step, ("line", line.relay_id), NO_ANSWER_S)
        elif line.watched is None and line.is_up:
            node.timers.pop(("line", line.relay_id), None)


def fail(step: Step, node: Node, line: Line, reason: str) -> None:
    """Give a link up, and try again later."""
    if line.link is not None:
        step.do(Shut(line.link))
        lost(step, node, line.link, reason)


def lost(step: Step, node: Node, link: LinkId, reason: str = "") -> Line | None:
    """A link is gone; the next try is set. Gives the line that it was."""
    line = node.links.pop(link, None)
    if line is None or line.link != link:
        return None
    was_up = line.is_up
    if was_up and step.now.tick - line.up_since >= STEADY_S:
        line.failures = 0
    elif was_up:
        line.failures = min(line.failures, UNSTEADY_FAILURES)
    line.state, line.link, line.caller = LineState.DOWN, None, None
    line.asked.clear()
    line.watched = None
    for sid in sorted({sid for sid, _ in line.sending}):
        probe_later(step, node, sid)
    line.sending.clear()
    line.passed.clear()
    for rid in [rid for rid, reading in node.reading.items() if reading.row.relay_id == line.relay_id]:
        del node.reading[rid]
    if line.down_since is None:
        line.down_since = step.now.tick
    pause = min(FIRST_RETRY_S * 2 ** min(line.failures, 12), LAST_RETRY_S)
    line.failures += 1
    node.remind(step, ("line", line.relay_id), jitter(step.entropy, pause), sooner=False)
    relay = RELAYS.get(step.tx, line.relay_id)
    if relay is not None and (was_up or relay.state != "down"):
        RELAYS.change(
            step.tx,
            relay.id,
            state="dead" if relay.state == "dead" else "down",
            failed_since=relay.failed_since or step.wall_s,
        )
        tell(step, "relay.changed", relay=str(relay.id), state="down", reason=reason)
    return line


def woke(step: Step, node: Node, relay_id: int) -> None:
    """The timer of a line: open it again, or give up waiting for a greeting."""
    line = node.line(relay_id)
    if line.state in {LineState.OPENING, LineState.GREETING}:
        fail(step, node, line, "no greeting")
    elif line.watched is not None and step.now.tick - line.watched[1] >= NO_ANSWER_S:
        fail(step, node, line, "no answer")
    elif line.state is LineState.DOWN and not node.quarantine:
        _open(step, node, line)


def network_changed(step: Step, node: Node) -> None:
    """What failed before may work now."""
    for line in node.lines.values():
        if line.state is LineState.DOWN and node.timers.pop(("line", line.relay_id), None) is not None:
            line.failures = 0
            _open(step, node, line)


def rest(step: Step, node: Node, relay_id: int) -> None:
    """Close a line to a relay of somebody else that has long had nothing to do; a wish opens it again."""
    line, relay = node.line(relay_id), RELAYS.get(step.tx, relay_id)
    if not line.is_up or line.link is None or relay is None or relay.own:
        return
    read = any(reading.row.relay_id == relay_id for reading in node.reading.values())
    left = line.used + IDLE_S - step.now.tick
    if read or line.asked or line.sending or left > 0:
        node.remind(step, ("idle", relay_id), left if left > 0 else IDLE_S)
        return
    step.do(Shut(line.link))
    del node.links[line.link]
    line.state, line.link, line.caller = LineState.DOWN, None, None


def shut_all(step: Step, node: Node) -> None:
    """Close all links for good."""
    for link in list(node.links):
        step.do(Shut(link))
        lost(step, node, link)
    for name in [name for name in node.timers if name[0] == "line"]:
        del node.timers[name]


def _open(step: Step, node: Node, line: Line) -> None:
    relay = RELAYS.get(step.tx, line.relay_id)
    if relay is None:
        del node.lines[line.relay_id]
        return
    line.state, line.link = LineState.OPENING, node.next_link()
    node.links[line.link] = line
    node.remind(step, ("line", line.relay_id), GREETING_S, sooner=False)
    step.do(Open(line.link, relay.address, relay.pin))
