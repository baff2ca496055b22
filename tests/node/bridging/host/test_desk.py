"""The node's desk: each request is a step of its own, and whatever goes wrong in it stays there."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

import pytest
from bridge_host_world import a_node, message

from swarm_bridges import api
from swarm_bridges.api import AccountId, Batch, Cursor, Health, LocalFile, State
from swarm_bridges.desk import Fact
from swarmnode.bridging.core import journal
from swarmnode.services.step import Step

NOBODY = AccountId("nobody")


async def test_events_and_cursor_are_stored_and_what_is_remembered_too(tmp_path: Path) -> None:
    async with a_node(tmp_path) as node:
        account, desk = await node.add(), node.desk
        assert await desk.cursor(account) is None
        await desk.ingest(account, Batch((message("m1", "hi"),), Cursor(b"1")))
        assert await desk.cursor(account) == b"1"
        assert [view.text for view in await node.views(account)] == ["hi"]
        await desk.kv_put(account, {"a": b"1", "b": b"2"})
        await desk.kv_put(account, {"a": None})
        assert await desk.kv_names(account, "") == ("b",)
        assert await desk.kv_get(account, "b") == b"2"
        assert await desk.kv_get(account, "a") is None
        secret = await desk.secret(account, "token")
        assert secret is not None
        assert secret.value == b"hunter2"
        generation = await desk.secrets_put(account, {"token": b"t2"}, secret.generation)
        with pytest.raises(api.Conflict):
            await desk.secrets_put(account, {"token": b"t3"}, secret.generation)
        assert await desk.secret(account, "token") == api.Secret(b"t2", generation)


async def test_what_is_to_be_settled_is_told_once_and_bounded(tmp_path: Path) -> None:
    async with a_node(tmp_path) as node:
        account, desk = await node.add(), node.desk
        matters = (api.Matter("d1", "A new device", pressing=True),)
        async with node.runner.news() as news:
            for _ in range(2):
                await desk.matters(account, matters)
            assert desk.to_settle == {account: matters}
            await desk.matters(account, ())
            assert desk.to_settle == {}
            assert [news.get_nowait().type for _ in range(news.qsize())] == ["bridge.changed"] * 2
        odd = api.Matter("a b", ""), api.Matter("", ""), api.Matter("a", "x" * 501)
        for wrong in (matters * 51, *((one,) for one in odd)):
            with pytest.raises(api.Refused):
                await desk.matters(account, wrong)
        assert desk.to_settle == {}


async def test_what_a_batch_remembers_stands_and_falls_with_its_events_and_its_cursor(tmp_path: Path) -> None:
    async with a_node(tmp_path) as node:
        account, desk = await node.add(), node.desk
        await desk.kv_put(account, {"key": b"old", "gone": b"x"})
        kv = {"key": b"new", "gone": None}
        await desk.ingest(account, Batch((message("m1", "hi"),), Cursor(b"1"), kv))
        assert await desk.kv_get(account, "key") == b"new"
        assert await desk.kv_names(account, "") == ("key",)
        with pytest.raises(api.Refused):
            await desk.ingest(account, Batch((message("m2", "ho"),), Cursor(b"2"), {"key": bytes(17 << 20)}))
        assert await desk.kv_get(account, "key") == b"new"
        assert await desk.cursor(account) == b"1"
        assert [view.text for view in await node.views(account)] == ["hi"]


async def test_an_error_is_the_bridges_and_not_the_nodes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A failed request takes nothing with it that was asked at the same moment."""

    def stumbles(step: Step, account: str, batch: Batch) -> None:
        whole(step, account, batch)
        if account == poor:
            raise ZeroDivisionError("a fault of ours, on purpose")

    whole = journal.ingest
    monkeypatch.setattr(journal, "ingest", stumbles)
    async with a_node(tmp_path) as node:
        account, poor = await node.add(), await node.add(name="poor")
        async with asyncio.TaskGroup() as tasks:
            good = [tasks.create_task(node.desk.ingest(account, Batch((message("m1", "hi"),), Cursor(b"1"))))]
            with pytest.raises(api.Temporary):
                await node.desk.ingest(poor, Batch((message("m1", "hunter2"),), Cursor(b"1")))
            good.append(tasks.create_task(node.desk.kv_put(account, {"a": b"1"})))
        assert await node.desk.cursor(account) == b"1"
        assert await node.desk.kv_get(account, "a") == b"1"
        assert await node.desk.cursor(poor) is None
        assert await node.views(poor) == []
        for asked in (node.desk.cursor(NOBODY), node.desk.ingest(NOBODY, Batch(()))):
            with pytest.raises(api.Gone):
                await asked
        with pytest.raises(api.Refused):
            await node.desk.kv_put(account, {"big": bytes(17 << 20)})
        assert await node.desk.kv_names(account, "") == ("a",)
        assert "engine.failed" not in caplog.text
        assert "hunter2" not in caplog.text


async def test_health_is_what_a_bridge_may_say_of_itself(tmp_path: Path) -> None:
    async with a_node(tmp_path) as node:
        account = await node.add()
        await node.desk.state(account, Health(State.DEGRADED, "no_history"))
        now = await node.account(account)
        assert (now.state, now.code) == (State.DEGRADED, "no_history")
        with pytest.raises(api.Refused):
            await node.desk.state(account, Health(State.CRASHED))
        with pytest.raises(api.Refused):
            await node.desk.state(account, Health(State.CONNECTED, "Ada said: hunter2"))


async def test_a_lock_has_one_holder(tmp_path: Path) -> None:
    async with a_node(tmp_path) as node:
        account = await node.add()
        await node.desk.secrets_lock(account, "token")
        async with asyncio.TaskGroup() as tasks:
            second = tasks.create_task(node.desk.secrets_lock(account, "token"))
            await asyncio.sleep(0.05)
            assert not second.done()
            await node.desk.secrets_unlock(account, "token")
        await node.desk.secrets_unlock(account, "token")
        with pytest.raises(api.Refused):
            await node.desk.secrets_unlock(account, "token")


async def test_the_log_has_no_words(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    async with a_node(tmp_path) as node:
        account = await node.add()
        facts: dict[str, Fact] = {"after_s": 1.5, "mood": "good", "said": "Hi Ada", "Big Name": 1}
        node.desk.log(account, "warning", "slow", facts)
        node.desk.log(account, "info", "Ada said hunter2", {})
        file = LocalFile(id="hunter2", name="hunter2", media_type="image/png", size_bytes=1)
        with pytest.raises(api.Gone):
            await node.desk.read(account, file)
    slow, said = [vars(record) for record in caplog.records if record.msg == "bridge.log"]
    assert (slow["event"], slow["fact_after_s"], slow["fact_mood"]) == ("slow", 1.5, "good")
    assert said["event"] == "bridge.said"
    assert "fact_said" not in slow
    shown = str([*slow.values(), *said.values()])
    assert "hunter2" not in shown
    assert account not in shown
