"""The owner's accounts on networks: added by a login, paused, renewed, removed (ADR 0023)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy import bindparam

from swarm_bridges import api

from ...errors import Conflict, NotFound
from ...services import book, carriage, own_claims, proofs
from ...services.news import tell
from ...services.step import Step
from ...storage import bridge_tables as tables
from ...storage.bridge_shelves import ACCOUNTS, INTENTS, REMOTE_MESSAGES, ROOMS, SECRETS, AccountRow
from ...storage.shelf import Prepared
from . import bounds, entries, files, holds, intents, posted, rooms, words
from .packed import mapping, pack, texts, unpack

_m = tables.remote_message.c
_r = tables.remote_conversation.c
_SOME = Prepared(
    sa.select(*REMOTE_MESSAGES.columns)
    .where(_m.conversation_id.in_(sa.select(_r.id).where(_r.account_id == bindparam("account"))))
    .limit(bindparam("count"))
)


@dataclass(frozen=True, slots=True)
class Account:
    """An account, without its secrets."""

    account: api.AccountId
    package: str
    owner: str
    """`LoginDone.network_account_id`."""
    display: str
    settings: Mapping[str, str] = field(repr=False)
    hosts: tuple[str, ...]
    at_home: bool
    """Whether its server may be in a private network: the owner has said so."""
    state: api.State
    code: str
    since: int
    """Unix seconds since which it is in this state."""
    notice: str
    """What the owner is asked to look at; a code, empty where all is well."""
    paused: bool
    waiting: int
    """Things that the owner wants there and that are not done."""
    asked: int
    """Things of which the owner is asked whether they are there."""
    held: str
    """Why its bridge is not to run: `auth` or `conflict`, until the owner has acted."""
    generation: int
    """Of its secrets: each login, and each change of them, makes another one."""

    @property
    def wanted(self) -> bool:
        """Whether its bridge is to run."""
        return not self.paused and not self.held


def add(step: Step, package: str, done: api.LoginDone, *, at_home: bool = False) -> api.AccountId:
    """Add an account that was logged in to; `at_home` says that its server is in the owner's network.

    Raises:
        Conflict: it is there already; log in again there.
    """
    owner = done.network_account_id
    if ACCOUNTS.one(step.tx, package=package, remote_id=owner) is not None:
        raise Conflict("this account is there already", hint="Log in to it again instead.")
    account = api.AccountId(step.entropy(8).hex())
    row_id = ACCOUNTS.add(
        step.tx,
        account=account,
        package=package,
        remote_id=owner,
        display=bounds.name(done.display),
        settings=pack(done.settings),
        hosts=pack(done.hosts),
        at_home=at_home,
        generation=1,
        since=step.wall_s,
        added_at=step.wall_s,
    )
    _store_secrets(step, row_id, done.secrets)
    tell(step, "bridge.changed", account=account)
    return account


def relogin(step: Step, account: str, done: api.LoginDone, *, at_home: bool = False) -> None:
    """Renew a login. Conversations, outbox and settings of the owner's stay; what was held goes on.

    Raises:
        Conflict: it is the login of another account.
    """
    row = find(step, account)
    if done.network_account_id != row.remote_id:
        raise Conflict("this is the login of another account", hint="Add it as an account of its own.")
    SECRETS.drop(step.tx, account_id=row.id)
    _store_secrets(step, row.id, done.secrets)
    ACCOUNTS.change(
        step.tx,
        row.id,
        display=bounds.name(done.display),
        settings=pack({**mapping(row.settings), **done.settings}),
        hosts=pack(done.hosts),
        at_home=at_home,
        generation=row.generation + 1,
        notice="" if row.notice in holds.OWNER_ACTS else row.notice,
    )
    holds.lift_owner(step, row.id)
    own_claims.say_again(step, row.package, row.remote_id)
    tell(step, "bridge.changed", account=row.account)


def reconfigure(step: Step, account: str, settings: Mapping[str, str]) -> None:
    """Replace the settings that the owner may change."""
    row = find(step, account)
    ACCOUNTS.change(step.tx, row.id, settings=pack(dict(settings)))
    tell(step, "bridge.changed", account=row.account)


def pause(step: Step, account: str) -> None:
    """Let nothing of an account run until it is resumed."""
    row = find(step, account)
    ACCOUNTS.change(step.tx, row.id, paused=True)
    tell(step, "bridge.changed", account=row.account)


def resume(step: Step, account: str) -> None:
    """Let an account run again, also one that was held because another session took its place.

    Somebody has looked, so what failed is tried at once; what the network asked to wait still waits.
    """
    row = find(step, account)
    holds.lift(step, holds.of_host(row), "circuit")
    intents.hurry(step, row.id)
    notice = "" if row.notice == "conflict" else row.notice
    ACCOUNTS.change(step.tx, row.id, paused=False, notice=notice)
    holds.lift(step, holds.of_account(row.id), "conflict")
    tell(step, "bridge.changed", account=row.account)


def thin_out(step: Step, account: str, count: int = 50) -> bool:
    """Destroy some messages of an account that is to be removed; whether there are more.

    To take words out of the search index takes milliseconds for each message, and others want to write too.
    """
    rows = REMOTE_MESSAGES.query(step.tx, _SOME, {"account": find(step, account).id, "count": count})
    gone = list[int]()
    for row in rows:
        words.forget(step, row)
        wanted = [intent.body_id for intent in INTENTS.all(step.tx, message_id=row.id)]
        gone += [body for body in (row.body_id, *wanted) if body is not None] + files.bodies(step, row.id)
        REMOTE_MESSAGES.drop(step.tx, id=row.id)
    step.tx.bodies.shred(gone)
    return len(rows) == count


def remove(step: Step, account: str) -> None:
    """Forget an account with all that it brought: bodies are destroyed, and so are its secrets.

    One with many messages is thinned out before.

    What its people said about their words being passed on is kept, for it outlasts the account.
    """
    row = find(step, account)
    carriage.account_ends(step, row.id)
    wanted = INTENTS.all(step.tx, account_id=row.id)
    bodies = [intent.body_id for intent in wanted if intent.body_id is not None]
    for room in ROOMS.all(step.tx, account_id=row.id):
        for message in REMOTE_MESSAGES.all(step.tx, conversation_id=room.id):
            words.forget(step, message)
            bodies += [message.body_id] if message.body_id is not None else []
            bodies += files.bodies(step, message.id)
        bodies += [room.draft_id] if room.draft_id is not None else []
        holds.lift(step, holds.of_conversation(room.id))
        entries.drop_all(step, room.id)
    holds.lift(step, holds.of_account(row.id))
    step.tx.bodies.shred(bodies)
    ACCOUNTS.drop(step.tx, id=row.id)
    posted.forget_empty(step)
    book.forget_network(step, row.package)
    tell(step, "bridge.removed", account=row.account)


def get(step: Step, account: str) -> Account:
    """One account.

    Raises:
        NotFound: there is none.
    """
    return _account(step, find(step, account))


def all_of(step: Step) -> list[Account]:
    """All accounts, in the order in which they were added."""
    return [_account(step, row) for row in ACCOUNTS.all(step.tx)]


def cursor(step: Step, account: str) -> api.Cursor | None:
    """How far its bridge has read."""
    data = find(step, account).cursor
    return None if data is None else api.Cursor(data)


def learn(
    step: Step, account: str, conversation: api.ConversationRef | None, capabilities: api.Capabilities
) -> None:
    """Note what can be done in a conversation, or in the account at all. Who says too much can nothing."""
    row = find(step, account)
    if bounds.size_of(capabilities) > bounds.MAX_ABOUT:
        capabilities = api.Capabilities(version="", levels={})
    if conversation is None:
        ACCOUNTS.change(step.tx, row.id, abilities=pack(capabilities))
        own_claims.say_again(step, row.package, row.remote_id, only_waiting=True)
        proofs.can_look(step, row.package)
        tell(step, "proofs.changed")
    else:
        wanted = {"remote_id": conversation.remote_id, "private": conversation.private}
        if (room := ROOMS.one(step.tx, account_id=row.id, **wanted)) is None:
            return  # an invitation that was over before the answer came
        new = pack(capabilities)
        ROOMS.change(step.tx, room.id, abilities=new, ask=False)
        if new != room.abilities:
            tell(step, "chat.changed", chat=rooms.chat_id(room.id))


def unasked(step: Step, account: str, limit: int = 100) -> list[api.ConversationRef]:
    """Conversations of which it is to be asked what can be done there, since it may be new; latest first."""
    found = ROOMS.all(step.tx, account_id=find(step, account).id, ask=True)
    there = (room for room in found if not room.gone or room.invitation is not None)
    latest = sorted(there, key=lambda room: -room.last_at)
    return [api.ConversationRef(room.remote_id, room.private) for room in latest[:limit]]


def capabilities(step: Step, row: AccountRow, abilities: bytes | None) -> api.Capabilities | None:
    """What can be done in a conversation with these abilities, or else in the account; None: nobody knows."""
    del step
    data = abilities or row.abilities
    return None if data is None else unpack(data, api.Capabilities)


def find(step: Step, account: str) -> AccountRow:
    """The row of an account.

    Raises:
        NotFound: there is none.
    """
    row = ACCOUNTS.one(step.tx, account=account)
    if row is None:
        raise NotFound("there is no such account", hint="`swarmnode bridge list` shows them.")
    return row


def _account(step: Step, row: AccountRow) -> Account:
    waiting, asked = intents.open_of(step, row.id)
    return Account(
        account=api.AccountId(row.account),
        package=row.package,
        owner=row.remote_id,
        display=row.display,
        settings=mapping(row.settings),
        hosts=texts(row.hosts),
        at_home=row.at_home,
        state=api.State(row.state),
        code=row.code,
        since=row.since,
        notice=row.notice,
        paused=row.paused,
        waiting=waiting,
        asked=asked,
        held=holds.owner_acts(step, row.id),
        generation=row.generation,
    )


def _store_secrets(step: Step, row_id: int, secrets: Mapping[str, bytes]) -> None:
    for name, value in secrets.items():
        SECRETS.add(step.tx, account_id=row_id, name=name, value=value)
