"""The context over a desk: secrets that are renewed once, pauses that end early, a log without words."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest
from bridge_desk import DeskInMemory

from swarm_bridges import api
from swarm_bridges.api import AccountId, LocalFile, Secret
from swarm_bridges.context import ROTATION_S, Context, LoginContext
from swarm_bridges.desk import LoginState

ACCOUNT = AccountId("a1")


class Clock:
    at = 100.0

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at


class Mood(Enum):
    GOOD = "hunter2"


def context(desk: DeskInMemory, clock: Clock | None = None) -> Context:
    return Context(desk, ACCOUNT, owner="ada", settings={}, clock=clock or Clock(), random=bytes)


class Renewal:
    """A network that gives a new token for each call."""

    def __init__(self) -> None:
        self.calls: list[bytes] = []

    async def __call__(self, secret: Secret) -> Mapping[str, bytes]:
        await asyncio.sleep(0)
        self.calls.append(secret.value)
        return {"token": b"t%d" % len(self.calls)}


async def test_a_secret_is_renewed_once_whoever_asks() -> None:
    desk, renewal = DeskInMemory(), Renewal()
    desk.of(ACCOUNT).secrets["token"] = b"t0"
    ctx = context(desk)
    await ctx.secrets.get("token")
    async with asyncio.TaskGroup() as tasks:
        asked = [tasks.create_task(ctx.secrets.rotate("token", renewal)) for _ in range(5)]
    assert renewal.calls == [b"t0"]
    assert {task.result().value for task in asked} == {b"t1"}
    assert desk.of(ACCOUNT).secrets["token"] == b"t1"


async def test_a_secret_that_another_process_renewed_is_read_again() -> None:
    desk, renewal = DeskInMemory(), Renewal()
    desk.of(ACCOUNT).secrets["token"] = b"t0"
    one, two = context(desk), context(desk)
    await one.secrets.get("token")
    await two.secrets.get("token")
    await one.secrets.rotate("token", renewal)
    assert (await two.secrets.rotate("token", renewal)).value == b"t1"
    assert renewal.calls == [b"t0"]


async def test_one_who_is_late_does_not_renew_what_is_fresh() -> None:
    desk, renewal, clock = DeskInMemory(), Renewal(), Clock()
    desk.of(ACCOUNT).secrets["token"] = b"t0"
    ctx = context(desk, clock)
    await ctx.secrets.rotate("token", renewal)
    clock.at += ROTATION_S - 1
    await ctx.secrets.rotate("token", renewal)
    assert renewal.calls == [b"t0"]
    clock.at += 2
    await ctx.secrets.rotate("token", renewal)
    assert renewal.calls == [b"t0", b"t1"]


async def test_a_renewal_that_fails_gives_the_lock_back() -> None:
    desk = DeskInMemory()
    desk.of(ACCOUNT).secrets["token"] = b"t0"
    ctx = context(desk)

    async def fails(_: Secret) -> Mapping[str, bytes]:
        raise api.AuthRevoked("no more")

    with pytest.raises(api.AuthRevoked):
        await ctx.secrets.rotate("token", fails)
    assert (await ctx.secrets.rotate("token", Renewal())).value == b"t1"
    with pytest.raises(api.AuthExpired):
        await ctx.secrets.rotate("absent", fails)


async def test_a_pause_ends_when_somebody_looks_also_when_that_was_before() -> None:
    ctx = context(DeskInMemory())
    async with asyncio.timeout(30), asyncio.TaskGroup() as tasks:
        pause = tasks.create_task(ctx.pause(60))
        await asyncio.sleep(0)
        ctx.wake()
        await pause
        ctx.wake()
        await ctx.pause(60)
        await ctx.pause(0.01)


async def test_a_log_takes_numbers_and_states_and_no_words() -> None:
    desk = DeskInMemory()
    log: Any = context(desk).log
    log.info("joined", rooms=3, mood=Mood.GOOD, again=True)
    log.warning("slow", after_s=1.5, room=log.hashed("!room:example.org"))
    (_, _, facts), (level, event, slow) = desk.of(ACCOUNT).lines
    assert facts == {"rooms": 3, "mood": "good", "again": True}
    assert (level, event) == ("warning", "slow")
    assert slow["room"] == log.hashed("!room:example.org") != log.hashed("!room:example.com")
    for words in ("hi", b"hi", None, ["hi"]):
        with pytest.raises(TypeError):
            log.info("said", text=words)


async def test_a_login_has_no_files_and_shows_nothing() -> None:
    about = LoginState(why="add", settings={"password": "hunter2"}, scratch=b"hunter2")
    assert "hunter2" not in repr(about)
    ctx = LoginContext(DeskInMemory(), AccountId("l1"), about, clock=Clock(), random=bytes)
    assert ctx.scratch == b"hunter2"
    ctx.keep(b"more")
    assert ctx.scratch == b"more"
    picture = LocalFile(id="f1", name="p.png", media_type="image/png", size_bytes=3)
    with pytest.raises(api.NotSupported):
        await ctx.http.post("http://localhost/", files=[("file", picture)])
    await ctx.close()
