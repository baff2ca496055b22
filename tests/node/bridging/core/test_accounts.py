"""Accounts and what is theirs alone: logins, secrets, what bridges remember."""

import pytest
from bridge_core_world import ME, Core, seen

from swarm_bridges import api
from swarmnode.bridging.core import accounts, inbox, logins, outbox, vault
from swarmnode.errors import Conflict, NotFound, UsageError
from swarmnode.services.step import Step
from swarmnode.storage.bridge_shelves import INTENTS, REMOTE_MESSAGES

ASKS = api.Step(id="password", kind="form", title="Password")


def done(owner: str = "me", token: bytes = b"t1") -> api.LoginDone:
    return api.LoginDone(
        network_account_id=owner, display=owner, secrets={"token": token}, settings={"b": "2"}
    )


def test_an_account_is_added_once() -> None:
    core = Core()
    with pytest.raises(Conflict):
        core.do(lambda step: accounts.add(step, "demo", done()))
    other = core.do(lambda step: accounts.add(step, "demo", done("other")))
    assert [account.owner for account in core.do(accounts.all_of)] == ["me", "other"]
    assert other != core.account


def test_a_new_login_keeps_all_and_must_be_the_same_account() -> None:
    core = Core()
    core.tell(seen("1", "kept"))
    core.do(lambda step: accounts.reconfigure(step, core.account, {"a": "1"}))
    with pytest.raises(Conflict):
        core.do(lambda step: accounts.relogin(step, core.account, done("somebody else")))
    core.do(lambda step: accounts.relogin(step, core.account, done()))
    assert core.sees() == ["kept"]
    assert core.do(lambda step: accounts.get(step, core.account)).settings == {"a": "1", "b": "2"}
    secret = core.do(lambda step: vault.secret(step, core.account, "token"))
    assert secret == api.Secret(b"t1", 2)


@pytest.mark.parametrize("thinned", [False, True])
def test_a_removed_account_leaves_nothing_behind(thinned: bool) -> None:
    core = Core()
    core.tell(seen("1", "findable words"), seen("2", "of two", ME))
    core.say("not sent yet")
    liked = core.views()[0].id
    core.do(lambda step: outbox.react(step, liked, ["+"]))
    core.do(lambda step: inbox.set_draft(step, "b1", "a draft"))
    if thinned:
        more = [core.do(lambda step: accounts.thin_out(step, core.account, 2)) for _ in range(2)]
        assert (more, core.sees()) == ([True, False], [])
    core.do(lambda step: accounts.remove(step, core.account))

    def look(step: Step) -> tuple[int, int, list[int], int]:
        bodies = step.tx.driver.execute("SELECT count(*) FROM body").fetchone()[0]
        found = step.tx.search.find("findable", 9) + step.tx.search.find("sent", 9)
        return REMOTE_MESSAGES.count(step.tx), INTENTS.count(step.tx), found, bodies

    assert core.do(look) == (0, 0, [], 0)
    with pytest.raises(NotFound):
        core.do(lambda step: accounts.get(step, core.account))


def test_two_accounts_in_one_room_see_it_each_for_itself() -> None:
    core = Core()
    first = core.account
    core.tell(seen("1", "hello"))
    second = core.do(lambda step: accounts.add(step, "demo", done("other")))
    core.account = second
    core.tell(seen("1", "hello"), seen("2", "mine", api.Actor("other", is_owner=True)))
    assert core.sees() == ["hello", "mine"]
    core.account = first
    assert core.sees() == ["hello"]


def test_secrets_change_all_or_none_and_only_from_the_generation_that_was_read() -> None:
    core = Core()
    secret = core.do(lambda step: vault.secret(step, core.account, "token"))
    assert secret is not None
    assert "t0" not in repr(secret)
    values = {"token": b"t1", "refresh": b"r1"}
    assert core.do(lambda step: vault.put(step, core.account, values, 1)) == 2
    with pytest.raises(api.Conflict):
        core.do(lambda step: vault.put(step, core.account, {"token": b"late"}, 1))
    assert core.do(lambda step: vault.secret(step, core.account, "token")) == api.Secret(b"t1", 2)
    assert core.do(lambda step: vault.secret(step, core.account, "none")) is None


def test_what_bridges_remember_has_a_bound_and_is_put_together() -> None:
    core = Core()
    core.do(lambda step: vault.kv_put(step, core.account, {"a/1": b"x", "a/2": b"y", "b": b"z"}))
    core.do(lambda step: vault.kv_put(step, core.account, {"a/2": None}))
    assert core.do(lambda step: vault.kv_names(step, core.account, "a/")) == ("a/1",)
    assert core.do(lambda step: vault.kv_names(step, core.account)) == ("a/1", "b")
    half = bytes(vault.QUOTA // 2)

    def too_much(step: Step) -> None:
        with pytest.raises(api.Refused):
            vault.kv_put(step, core.account, {"a/1": half, "c": half})

    core.do(too_much)
    assert core.do(lambda step: vault.kv_get(step, core.account, "a/1")) == b"x"
    assert core.do(lambda step: vault.kv_get(step, core.account, "c")) is None


def test_a_login_goes_on_after_a_restart_and_answers_twice_alike() -> None:
    core = Core()
    login = core.do(lambda step: logins.begin(step, "demo", "add", settings={"server": "x"})).id
    first = core.do(lambda step: logins.showed(step, login, ASKS, b"scratch"))
    core.crash()
    row = core.do(lambda step: logins.get(step, login))
    assert (row.scratch, logins.shown(row)) == (b"scratch", ASKS)
    assert not core.do(lambda step: logins.repeated(step, login, first.turn))
    second = core.do(lambda step: logins.showed(step, login, ASKS, b"more"))
    assert core.do(lambda step: logins.repeated(step, login, first.turn))
    assert not core.do(lambda step: logins.repeated(step, login, second.turn))
    with pytest.raises(UsageError):
        core.do(lambda step: logins.repeated(step, login, "another"))
    account = core.do(lambda step: logins.done(step, login, done("new")))
    assert core.do(lambda step: accounts.get(step, account)).owner == "new"
    row = core.do(lambda step: logins.get(step, login))
    assert (logins.over(row), row.scratch) == (account, b""), "whoever did not hear it may ask"
    assert logins.over(second) is None


def test_a_login_for_an_account_is_for_that_one() -> None:
    core = Core()
    login = core.do(lambda step: logins.begin(step, "demo", "reauth", account=core.account)).id
    with pytest.raises(Conflict):
        core.do(lambda step: logins.done(step, login, done("somebody else")))
    assert core.do(lambda step: logins.done(step, login, done())) == core.account
    with pytest.raises(UsageError):
        core.do(lambda step: logins.begin(step, "demo", "reauth"))


def test_a_login_that_nobody_goes_on_with_is_forgotten() -> None:
    core = Core()
    login = core.do(lambda step: logins.begin(step, "demo", "add")).id
    core.later(logins.KEPT_S + 1)
    with pytest.raises(NotFound):
        core.do(lambda step: logins.get(step, login))


def test_nothing_secret_is_in_what_is_printed() -> None:
    core = Core()
    core.say("a private word")
    call = core.call()
    login = core.do(lambda step: logins.begin(step, "demo", "add", settings={"password": "hunter2"}))
    printed = repr([call, login, core.do(accounts.all_of), core.do(lambda step: INTENTS.all(step.tx))])
    for word in ("private", "hunter2", "t0"):
        assert word not in printed
