"""What a host calls next, and what follows from how the call ended.

`take` gives an intent to a bridge and `settle` takes the answer; between the two lies a commit, so a crash
finds the intent in a bridge's hands, and `started` says that nobody knows what became of it.

How a call ended decides the class of what it raised, and nothing else:

    Accepted               accepted
    Unknown, Interrupted, any other exception      in doubt (`settling`)
    AuthExpired, Conflict  back in the line; the account is held until the owner has acted
    Limited                back in the line; the account or the conversation waits as long as was said
    Temporary              back in the line, after a while; the host's circuit counts it
    Refused                never again; the reason is shown
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from swarm_bridges import api

from ...services.step import Step
from ...storage.bridge_shelves import ACCOUNTS, INTENTS, REMOTE_MESSAGES, AccountRow, Intent
from . import (
    accounts,
    bounds,
    carriage,
    challenges,
    consent,
    echoes,
    entries,
    health,
    holds,
    intents,
    parked,
    rooms,
    settling,
    words,
)
from .intents import SAYS, State
from .writing import Writing, writing

Result: TypeAlias = api.Accepted | api.Unknown | api.Absent | api.CantTell | BaseException | None
"""How a call ended; None is what `mark_read` gives."""


@dataclass(frozen=True, slots=True)
class Call:
    """A member of a bridge to be called, with arguments by name but the context."""

    intent: api.IntentId
    verb: str
    arguments: dict[str, Any] = field(repr=False)


def started(step: Step) -> None:
    """The node has started: what was in a bridge's hands when it ended may have been done, or not."""
    tidy(step)
    holds.forget_probes(step)
    for row in ACCOUNTS.all(step.tx):
        left(step, row.account)


def left(step: Step, account: str) -> None:
    """Nobody calls for an account at this moment: what is in a bridge's hands was left there.

    Who is stopped between the commit of `take` and the call cannot even say that it did not call.
    """
    row = accounts.find(step, account)
    held = [
        i for s in (State.CALLING, State.LOOKING) for i in INTENTS.all(step.tx, account_id=row.id, state=s)
    ]
    with writing(step, row) as at:
        for intent in held:
            holds.forget_probe(step, holds.of_host(row), intent.intent)
            if intent.state == State.CALLING:
                settling.in_doubt(at, intent)
            elif settling.all_there(step, intent):
                settling.accepted(at, intent, None)
            else:
                settling.look(at, intent, 0)


def give_back(step: Step, account: str, called: Collection[str]) -> None:
    """Put back what was taken for an account, but for the intents that were called: who took was stopped."""
    row = accounts.find(step, account)
    with writing(step, row) as at:
        for intent in _held(step, row):
            if intent.intent in called:
                continue
            holds.forget_probe(step, holds.of_host(row), intent.intent)
            if intent.state == State.LOOKING:
                settling.look(at, intent, 0)
            else:
                intents.change(step, intent, State.READY, attempts=intent.attempts - 1)


def _held(step: Step, row: AccountRow) -> list[Intent]:
    """What is in a bridge's hands."""
    hands = (State.CALLING.value, State.LOOKING.value)
    return [intent for state in hands for intent in INTENTS.all(step.tx, account_id=row.id, state=state)]


def tidy(step: Step) -> None:
    """Forget what nobody can ask for any more; once an hour is enough."""
    now = step.wall_s
    parked.forget_stale(step)
    echoes.forget_likeness(step)
    intents.FORGET.run(step.tx, {"oldest": now - intents.KEPT_S, "latest": now + intents.KEPT_S})


def take(step: Step, account: str) -> Call | None:
    """The next thing to call for an account; None while there is none, or something holds it.

    It is in the bridge's hands when this transaction is committed: call only then.
    """
    row = accounts.find(step, account)
    with writing(step, row) as now:
        _give_up_stale(now)
        if row.paused or holds.standing(step, holds.of_account(row.id)) is not None:
            return None
        carriage.take_due(step, row)
        challenges.take_due(step, row)
        host = holds.of_host(row)
        if not holds.may_try(step, host):
            return None
        for intent in _due(step, row):
            if holds.standing(step, holds.of_conversation(intent.conversation_id)) is not None:
                continue
            call = _call(now, intent)
            if call is not None:
                holds.trying(step, host, intent.intent)
                return call
    return None


def waits(step: Step, account: str) -> bool:
    """Whether `take` may have something to do. It only reads: most news are not about the outbox."""
    row = accounts.find(step, account)
    due = _due(step, row) or _stale(step, row)
    return bool(due or carriage.waits(step, row) or challenges.waits(step, row))


def next_at(step: Step, account: str) -> int | None:
    """Unix second at which `take` may give something, now if that is past; None: nothing waits for time.

    Asked after `take` gave nothing.
    """
    row = accounts.find(step, account)
    if row.paused or holds.owner_acts(step, row.id):
        return None
    found = list[int]()
    hosts = (holds.of_account(row.id), holds.of_host(row))
    for intent in INTENTS.query(step.tx, intents.HEADS, {"account": row.id}):
        hold = holds.standing(step, *hosts, holds.of_conversation(intent.conversation_id))
        until = 0 if hold is None or hold.until is None else hold.until
        found.append(max(_due_at(step, intent), until))
    if found and not holds.may_try(step, holds.of_host(row)) and min(found) <= step.wall_s:
        return None  # a probe is in flight, and its end is an occasion to ask again
    return min(found, default=None)


def _due_at(step: Step, intent: Intent) -> int:
    """When an intent is due; one that is further away than any wait is so by a clock that was set back."""
    return intent.due_at if intent.due_at <= step.wall_s + holds.LONGEST_BACK_OFF_S else 0


def _due(step: Step, row: AccountRow) -> list[Intent]:
    heads = INTENTS.query(step.tx, intents.HEADS, {"account": row.id})
    return [intent for intent in heads if _due_at(step, intent) <= step.wall_s]


def _stale(step: Step, row: AccountRow) -> list[Intent]:
    return INTENTS.query(step.tx, intents.STALE, {"account": row.id, "now": step.wall_s})


def _give_up_stale(now: Writing) -> None:
    """Give up what is too old to be sent; where the network may have it, the owner is asked instead."""
    step = now.step
    for intent in _stale(step, now.account):
        if intents.get(step, intent.id).state != intent.state:
            continue  # it was given up with the message that it was about
        if intent.maybe and intent.kind in SAYS:
            settling.ask_or_give_up(now, intent)
        else:
            settling.refused(now, intent, "too late", State.EXPIRED)


def _call(now: Writing, intent: Intent) -> Call | None:
    """Put an intent into a bridge's hands; None where there is nothing to be done any more."""
    step = now.step
    room = rooms.get(step, intent.conversation_id)
    payload = intents.payload(step, intent)
    if payload is None:
        settling.refused(now, intent, "", State.CANCELLED)
        return None
    if reason := consent.refuses(step, now.account, room, intent):
        settling.refused(now, intent, reason)
        return None
    if intent.kind == carriage.KIND and not any(
        part.is_wanted(step, intent.intent) for part in (carriage, challenges)
    ):
        settling.refused(now, intent, "", State.CANCELLED)
        return None
    looking = intent.state == State.UNKNOWN
    about = None if intent.message_id is None else entries.get(step, intent.message_id)
    target = None if about is None or intent.kind in SAYS else entries.ref(step, about)
    if intent.kind not in {*SAYS, carriage.KIND} and (
        about is None or target is None or about.gone_at is not None
    ):
        settling.refused(now, intent, "", State.CANCELLED)
        return None
    attempt = intent.attempts + (not looking)
    taken = intents.change(
        step,
        intent,
        State.LOOKING if looking else State.CALLING,
        attempts=intent.attempts + 1,
        shown=False,
        first_at=step.wall_s if intent.first_at is None else intent.first_at,
    )
    return Call(api.IntentId(intent.intent), *_asked(step, taken, payload, attempt, target))


def _asked(
    step: Step, taken: Intent, payload: intents.Payload, attempt: int, target: api.MessageRef | None
) -> tuple[str, dict[str, Any]]:
    """The member of the bridge that does what is wanted, and its arguments."""
    about = {"target": target, "key": taken.intent}
    match taken.kind:
        case "delete":
            return "delete", about
        case "react":
            return "react", {**about, "values": frozenset(payload.values)}
        case "mark":
            return "mark", {**about, "name": payload.mark, "on": payload.on}
        case "vote":
            return "vote", {**about, "options": frozenset(payload.values)}
        case "read":
            return "mark_read", {"up_to": target}
    out = _out(step, taken, payload, attempt)
    match taken.kind:
        case carriage.KIND:
            return "send_opaque", {"out": out, "blob": payload.blob}
        case "edit":
            return "edit", {"target": target, "out": out}
        case kind:
            return "find_sent" if taken.state == State.LOOKING else kind, {"out": out}


def _out(step: Step, intent: Intent, payload: intents.Payload, attempt: int) -> api.Outgoing:
    room = rooms.get(step, intent.conversation_id)
    reply_to = None if payload.reply_to is None else REMOTE_MESSAGES.get(step.tx, payload.reply_to)
    answered = None if reply_to is None else words.of(step, reply_to)
    done = list[api.MessageRef]()
    for row in intents.parts(step, intent):
        ref = entries.ref(step, row)
        if ref is None:
            break
        done.append(ref)
    return api.Outgoing(
        intent=api.IntentId(intent.intent),
        key=intent.intent,
        attempt=attempt,
        conversation=rooms.ref(room),
        parts=payload.parts,
        done_parts=tuple(done),
        reply_to=None if reply_to is None or reply_to.gone_at is not None else entries.ref(step, reply_to),
        thread_root=None if answered is None else answered.thread_root,  # what answers stays in the thread
        title=payload.title,
        sensitive=payload.sensitive,
        visibility=payload.visibility,
        poll=payload.poll,
        protect=payload.protect,
        language=payload.language,
    )


# How it ended


def settle(step: Step, intent: str, result: Result) -> None:
    """A call has ended. What ended twice, or is no longer in a bridge's hands, changes nothing."""
    row = INTENTS.one(step.tx, intent=intent)
    if row is None or row.state not in {State.CALLING, State.LOOKING}:
        return
    result = _within(result)
    with writing(step, row.account_id) as now:
        _note_host(now, result)
        if isinstance(result, api.Unknown):
            _name_parts(now, row, result.refs_so_far)
        if not isinstance(result, api.Accepted) and settling.all_there(step, row):
            settling.accepted(now, row, None)  # whatever it says, the network has shown it
        elif row.state == State.LOOKING:
            _looked(now, row, result)
        else:
            _called(now, row, result)


def _within(result: Result) -> Result:
    """The same without names that no network gives."""
    match result:
        case api.Accepted(refs, revision, aliases) if not bounds.named(refs, revision, *aliases):
            return api.Accepted(())
        case api.Unknown(refs_so_far=refs) if not bounds.named(refs):
            return api.Unknown()
        case _:
            return result


def _called(now: Writing, row: Intent, result: Result) -> None:
    match result:
        case api.Accepted() | None:
            settling.accepted(now, row, result)
        case api.AuthExpired() | api.Conflict() | api.Limited():
            settling.again(now, row, _hold(now, row, result), wait_s=0)
        case api.Temporary() if row.attempts < settling.MAX_ATTEMPTS:
            settling.again(now, row, "network", wait_s=holds.back_off(now.step, row.attempts))
        case api.Temporary() if row.maybe:
            settling.ask_or_give_up(now, row)
        case api.Temporary():
            settling.refused(now, row, "too many attempts", State.EXPIRED)
        case api.Refused():
            _refused(now, row, result)
        case _:
            settling.in_doubt(now, row)


def _looked(now: Writing, row: Intent, result: Result) -> None:
    match result:
        case api.Accepted():
            settling.accepted(now, row, result)
        case api.Absent():
            INTENTS.change(now.step.tx, row.id, maybe=False)
            settling.again(now, intents.get(now.step, row.id), "network", wait_s=0)
        case api.AuthExpired() | api.Conflict() | api.Limited():
            _hold(now, row, result)
            settling.look(now, row, 0)
        case api.Temporary() | api.Interrupted() if row.attempts < settling.MAX_ATTEMPTS:
            settling.look(now, row, holds.back_off(now.step, row.attempts))
        case _:
            settling.ask_or_give_up(now, row)


def _refused(now: Writing, row: Intent, error: api.Refused) -> None:
    """Refused; a deletion of what is gone is done, and nothing more can be done in a conversation that is."""
    if row.kind == "delete" and isinstance(error, api.Gone):
        settling.accepted(now, row, None)
    else:
        settling.refused(now, row, str(error))


def _hold(now: Writing, row: Intent, error: api.AuthExpired | api.Conflict | api.Limited) -> str:
    """Hold what the error is about; the reason that is shown meanwhile."""
    step = now.step
    if not isinstance(error, api.Limited):
        return health.owner_must_act(step, now.account, error)
    here = error.scope == "conversation"
    scope = holds.of_conversation(row.conversation_id) if here else holds.of_account(row.account_id)
    wait_s = max(error.wait_s or 0, holds.back_off(step, row.attempts))
    holds.put(step, scope, "limit", wait_s=wait_s)
    return "limit"


def _note_host(now: Writing, result: Result) -> None:
    host = holds.of_host(now.account)
    if isinstance(result, api.Temporary | api.Interrupted):
        holds.failed(now.step, host)
    else:
        holds.worked(now.step, host)


def _name_parts(now: Writing, row: Intent, refs: tuple[api.MessageRef, ...]) -> None:
    for message, ref in zip(intents.parts(now.step, row), refs, strict=False):
        if message.remote_id is None:
            settling.named(now, message, ref)
