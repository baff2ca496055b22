"""What becomes of an intent: accepted, refused, given up, or in doubt.

Doubt is resolved in this order: all its parts came back from the network: accepted. Doing it twice is as
doing it once, or the network knows the key again within its window: once more, with the same key. The network
can be searched: look. Otherwise the owner is asked. Nothing that could become a second message is repeated by
itself.
"""

from __future__ import annotations

from swarm_bridges import api
from swarm_bridges.document import Document

from ...services.step import Step
from ...storage.bridge_shelves import INTENTS, REMOTE_MESSAGES, Intent, RemoteMessage
from . import about, accounts, entries, holds, intents, parked, people, rooms, words
from .content import Content
from .intents import SAYS, State
from .packed import ordered, pack, texts
from .writing import Writing

MAX_ATTEMPTS = 50
MAX_REASON = 200
"""Characters of a bridge's own words that are shown."""


def accepted(now: Writing, intent: Intent, outcome: api.Accepted | None) -> None:
    """The network has it."""
    step = now.step
    if intent.kind in SAYS:
        pairs = zip(intents.parts(step, intent), () if outcome is None else outcome.refs, strict=False)
        for number, (row, ref) in enumerate(list(pairs)):
            if row.remote_id is None and outcome is not None:
                REMOTE_MESSAGES.change(step.tx, row.id, revision=outcome.revision)
                named(now, row, ref, () if number else outcome.aliases)
        for row in intents.parts(step, intent):
            if row.state in {"queued", "waiting", "maybe"}:  # else it has come back, or even failed since
                _show(now, row, "sent")
    elif intent.message_id is not None:
        _done(now, intent, entries.get(step, intent.message_id), outcome)
    intents.change(step, intent, State.ACCEPTED, reason="")


def named(
    now: Writing, row: RemoteMessage, ref: api.MessageRef, aliases: tuple[str, ...] = ()
) -> RemoteMessage:
    """The network has named a message of ours; what it told of that name before is done now."""
    step = now.step
    row = entries.name_ours(now, row, ref, aliases)
    room = rooms.get(step, row.conversation_id)
    owner = people.owner(step, now.account)
    if row.remote_id is not None and row.gone_at is None:
        if parked.is_buried(now, room, (row.remote_id, *aliases), row.part, owner):
            entries.take_back(now, row)
        about.catch_up(now, row)
    return entries.get(step, row.id)


def _done(now: Writing, intent: Intent, row: RemoteMessage, outcome: api.Accepted | None) -> None:
    """What was done to a message is shown from now on; the network may show it in its own way later."""
    step = now.step
    payload = intents.payload(step, intent)
    if payload is None or row.gone_at is not None:
        return
    if intent.shown and intent.kind != "delete":
        now.changed(row)
        return
    match intent.kind:
        case "edit":
            revision = "0" if outcome is None else outcome.revision
            if row.revisions is not None and revision != "0":
                if revision in texts(row.revisions) or entries.is_older(revision, row.revision):
                    now.changed(row)
                    return  # it has shown this edit before the call began, or one behind it
                entries.note_revision(step, row, revision)
                REMOTE_MESSAGES.change(step.tx, row.id, revision=revision)
            old, body = words.of(step, row), payload.parts[0].body
            words.put(step, now.index, row, Content(body=body) if old is None else with_body(old, body))
            REMOTE_MESSAGES.change(step.tx, row.id, edited=True, reason="")
        case "delete":
            entries.take_back(now, row)
            return
        case "react":
            entries.react(now, row, people.owner(step, now.account), frozenset(payload.values))
        case "mark":
            mine, counts = entries.marks(row)
            changed = (mine | {payload.mark}) if payload.on else (mine - {payload.mark})
            REMOTE_MESSAGES.change(step.tx, row.id, marks=pack([ordered(changed), counts]))
        case _:
            pass
    now.changed(row)


def with_body(old: Content, body: Document) -> Content:
    """The same with other words."""
    return Content(**{**{name: getattr(old, name) for name in Content.__struct_fields__}, "body": body})


def echoed(now: Writing, row: RemoteMessage) -> None:
    """A message of ours came back. Whoever calls at this moment hears of it when the call has ended."""
    intent = None if row.intent_id is None else INTENTS.get(now.step.tx, row.intent_id)
    if intent is None or intent.state in intents.FINAL or intent.state in {State.CALLING, State.LOOKING}:
        return
    if all_there(now.step, intent):
        accepted(now, intent, None)


def all_there(step: Step, intent: Intent) -> bool:
    """Whether the network has shown all parts of what was said."""
    return intent.kind in SAYS and all(row.remote_id is not None for row in intents.parts(step, intent))


def refused(now: Writing, intent: Intent, reason: str, state: State = State.REFUSED) -> None:
    """It will not be done. What was about a message that never comes to be is given up with it."""
    step, shown = now.step, "expired" if state is State.EXPIRED else "refused"
    reason = reason[:MAX_REASON]
    if intent.kind in SAYS:
        for row in intents.parts(step, intent):
            if row.remote_id is None:
                REMOTE_MESSAGES.change(step.tx, row.id, copy_hash=None)
                _show(now, row, shown, reason)
                give_up_about(now, row.id)
    elif intent.kind != "read" and intent.message_id is not None:
        row = entries.get(step, intent.message_id)
        _show(now, row, row.state, f"{intent.kind} {shown}: {reason}" if reason else f"{intent.kind} {shown}")
    intents.change(step, intent, state, reason=reason)


def give_up_about(now: Writing, message_id: int) -> None:
    """Cancel all that waits for a message."""
    for waiting in intents.open_about(now.step, message_id):
        if waiting.state == State.WAITING:
            intents.change(now.step, waiting, State.CANCELLED)


def again(now: Writing, intent: Intent, reason: str, *, wait_s: int, attempts: int | None = None) -> None:
    """It is to be called again, after a while."""
    step = now.step
    if intent.kind in SAYS:
        for row in intents.parts(step, intent):
            if row.remote_id is None:
                _show(now, row, "waiting", reason)
    intents.change(
        step,
        intent,
        State.READY,
        reason=reason,
        due_at=step.wall_s + wait_s,
        attempts=intent.attempts if attempts is None else attempts,
    )


def in_doubt(now: Writing, intent: Intent) -> None:
    """Nobody knows whether the network has it."""
    step = now.step
    if all_there(step, intent):
        accepted(now, intent, None)
        return
    INTENTS.change(step.tx, intent.id, maybe=True)
    intent = intents.get(step, intent.id)
    wait_s = holds.back_off(step, intent.attempts)
    if intent.attempts >= MAX_ATTEMPTS:
        ask_or_give_up(now, intent)
    elif intent.kind not in SAYS:
        again(now, intent, "network", wait_s=wait_s)
    elif not _in_order(step, intent):
        ask_or_give_up(now, intent)
    elif _knows_again(now, intent):
        again(now, intent, "network", wait_s=wait_s)
    elif _abilities(now, intent).repeat is api.Repeat.LOOKUP:
        look(now, intent, wait_s)
    else:
        ask_or_give_up(now, intent)


def look(now: Writing, intent: Intent, wait_s: int) -> None:
    """Search the network for it, after a while."""
    for row in intents.parts(now.step, intent):
        if row.remote_id is None:
            _show(now, row, "maybe", "looking")
    intents.change(now.step, intent, State.UNKNOWN, reason="looking", due_at=now.step.wall_s + wait_s)


def ask_or_give_up(now: Writing, intent: Intent) -> None:
    """Ask the owner whether it is there; nobody is asked about what can be done again without harm."""
    if intent.kind not in SAYS:
        refused(now, intent, "no answer", State.EXPIRED)
        return
    for row in intents.parts(now.step, intent):
        if row.remote_id is None:
            _show(now, row, "maybe", "asked")
    intents.change(now.step, intent, State.ASKED, reason="asked")


def _knows_again(now: Writing, intent: Intent) -> bool:
    """Whether the network still knows the key of the first attempt."""
    abilities = _abilities(now, intent)
    if abilities.repeat is not api.Repeat.KEYED or intent.first_at is None:
        return False
    age = now.step.wall_s - intent.first_at
    return 0 <= age < (abilities.repeat_window_s or 0)


def _in_order(step: Step, intent: Intent) -> bool:
    """Whether the parts that are there are the first ones, so that sending can go on behind them."""
    there = [row.remote_id is not None for row in intents.parts(step, intent)]
    return there == sorted(there, reverse=True)


def _abilities(now: Writing, intent: Intent) -> api.Capabilities:
    room = rooms.get(now.step, intent.conversation_id)
    return accounts.capabilities(now.step, now.account, room.abilities) or api.Capabilities(
        version="", levels={}
    )


def _show(now: Writing, row: RemoteMessage, state: str, reason: str = "") -> None:
    if (row.state, row.reason) != (state, reason):
        REMOTE_MESSAGES.change(now.step.tx, row.id, state=state, reason=reason)
        now.changed(row)
