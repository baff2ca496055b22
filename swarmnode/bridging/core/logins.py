"""Logins that are under way: what is shown, and what the bridge keeps between two steps.

A bridge's process may be another at each step, and so may the node's: all that a login is lies here. Each
step that is shown has a turn of its own; an answer that comes twice is answered with what is shown by then.
"""

from __future__ import annotations

from collections.abc import Mapping

from swarm_bridges import api

from ...errors import NotFound, UsageError
from ...services.step import Step
from ...storage.bridge_shelves import LOGINS, Login
from . import accounts
from .packed import mapping, pack, unpack

KEPT_S = 3600
"""How long a login waits for the owner."""
MAX_SCRATCH = 1 << 20
"""Bytes."""
WHY = frozenset({"add", "reauth", "reconfigure"})


def begin(
    step: Step,
    package: str,
    why: str,
    *,
    account: str = "",
    settings: Mapping[str, str] | None = None,
    at_home: bool = False,
) -> Login:
    """Begin a login; for an account that is there, unless one is to be added.

    `at_home` lets it go to the owner's own network, as an account may for which that was said before.

    Raises:
        NotFound: there is no such account. UsageError: no such reason.
    """
    forget_stale(step)
    if why not in WHY or (why == "add") == bool(account):
        raise UsageError("a login adds an account, or is for one that is there")
    row = accounts.find(step, account) if account else None
    known = {} if row is None else dict(mapping(row.settings))
    login = step.entropy(16).hex()
    LOGINS.add(
        step.tx,
        id=login,
        package=package,
        account=account,
        why=why,
        at_home=at_home or (row is not None and row.at_home),
        settings=pack({**known, **(settings or {})}),
        scratch=b"",
        created_at=step.wall_s,
    )
    return get(step, login)


def get(step: Step, login: str) -> Login:
    """A login that is under way.

    Raises:
        NotFound: there is none, or it has waited for too long.
    """
    row = LOGINS.get(step.tx, login)
    if row is None or abs(step.wall_s - row.created_at) > KEPT_S:
        raise NotFound("there is no such login", hint="Begin it anew.")
    return row


def shown(row: Login) -> api.Step | None:
    """What the owner sees."""
    return None if row.shown is None else unpack(row.shown, api.Step)


def showed(step: Step, login: str, what: api.Step, scratch: bytes) -> Login:
    """The bridge wants this shown: a new turn.

    Raises:
        UsageError: it keeps too much.
    """
    row = get(step, login)
    if len(scratch) > MAX_SCRATCH:
        raise UsageError("a login keeps 1 MiB at most")
    turn = step.entropy(8).hex()
    LOGINS.change(step.tx, row.id, shown=pack(what), scratch=scratch, turn=turn, answered=row.turn)
    return get(step, login)


def repeated(step: Step, login: str, turn: str) -> bool:
    """Whether an answer is to a turn that was answered already: then show what is there.

    Raises:
        UsageError: it is to none of this login's last two turns.
    """
    row = get(step, login)
    if turn not in {row.turn, row.answered}:
        raise UsageError("this step of the login is over", hint="Look at the login again.")
    return turn != row.turn


def over(row: Login) -> api.AccountId | None:
    """The account of a login that is done: who did not hear of that may ask again for a while."""
    return api.AccountId(row.account) if row.shown is None and row.answered else None


def done(step: Step, login: str, result: api.LoginDone) -> api.AccountId:
    """The login works: an account is added, or renewed. Nothing of it is kept but which one.

    Raises:
        Conflict: the account is there already, or this is another one's login. The login goes on.
    """
    row = get(step, login)
    if row.account:
        accounts.relogin(step, row.account, result, at_home=row.at_home)
        account = api.AccountId(row.account)
    else:
        account = accounts.add(step, row.package, result, at_home=row.at_home)
    LOGINS.change(
        step.tx,
        row.id,
        account=account,
        settings=pack({}),
        scratch=b"",
        shown=None,
        turn="",
        answered=row.turn or "-",
    )
    return account


def end(step: Step, login: str) -> None:
    """Give a login up; one that is not there is given up already."""
    LOGINS.drop(step.tx, id=login)


def forget_stale(step: Step) -> None:
    """Forget logins that nobody went on with."""
    for row in LOGINS.all(step.tx):
        if abs(step.wall_s - row.created_at) > KEPT_S:
            LOGINS.drop(step.tx, id=row.id)
