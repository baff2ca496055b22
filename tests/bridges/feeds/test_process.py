"""The bridge where it really runs: in a process of its own, which reaches the web through the node."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bridge_owner import ACCOUNT, Journal, Lines
from feeds_site import Site, item, rss

from swarm_bridges.api import AccountId, ConversationSeen, LoginDone
from swarm_bridges.desk import LoginState
from swarmnode.bridging.host.packages import load
from swarmnode.bridging.host.process import Process


async def test_feeds_and_files_through_a_process(tmp_path: Path) -> None:
    desk = Lines()
    async with Site().serving() as site:
        song = site.put("/song.mp3", b"la " * 100_000)
        more = f'<enclosure url="{song}" type="audio/mpeg"/>'
        first = site.put("/a", rss(item("1", "into the box", more=more)))
        second = site.put("/b", rss(item("1", "and another"), title="B"))
        process = Process(load("swarm_bridges.networks.feeds"), desk, tmp_path)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(process.run())
            await process.ready()
            turn = await process.login(
                AccountId("flow"), "submit", LoginState(why="add"), step="address", answers={"url": first}
            )
            done = turn.outcome
            assert isinstance(done, LoginDone)
            await process.start(ACCOUNT, done.network_account_id, done.settings)
            async with asyncio.timeout(30):
                while all(s.text != "into the box" for s in _journal(desk).shown.values()):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
            room = await process.call(ACCOUNT, "join", address=second)
            assert isinstance(room, ConversationSeen)
            assert _journal(desk).texts(room.conversation) == ["and another"]
            files = {f.name: f for s in _journal(desk).shown.values() for f in s.files}
            song_bytes = b"".join([piece async for piece in process.fetch(ACCOUNT, files["song.mp3"])])
            assert song_bytes == b"la " * 100_000
            listed = b"".join([piece async for piece in process.fetch(ACCOUNT, files["feeds.opml"])])
            assert second.encode() in listed
            await process.stop(ACCOUNT)
            running.cancel()
    desk.cut()


def _journal(desk: Lines) -> Journal:
    return Journal(desk.of(ACCOUNT).batches)
