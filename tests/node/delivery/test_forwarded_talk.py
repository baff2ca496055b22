"""Two nodes, each at a real relay of its own: neither relay is connected to by the other one's node."""

from __future__ import annotations

from pathlib import Path

from direct_nodes import meet, somebody
from relay_world import served

from swarmnode.services.node import Options
from swarmnode.storage.shelves import QUEUES_OUT


async def test_a_talk_over_two_relays_that_pass_on(tmp_path: Path) -> None:
    async with (
        served(tmp_path / "near", allow_private=True) as near,
        served(tmp_path / "far", allow_private=True) as far,
        somebody(tmp_path / "ada", "ada", await near.tickets_link(), Options(forward="always")) as ada,
        somebody(tmp_path / "ben", "ben", await far.tickets_link(), Options(forward="always")) as ben,
    ):
        await meet(ada, ben)
        for number in range(40):
            await ada.say(f"number {number}")
        await ben.comes("number 39")
        keyed = await ada.do(lambda step, _: [queue.keyed for queue in QUEUES_OUT.all(step.tx)])
        assert keyed == [True]
        # Each relay: its own node, and the other relay, which passes on. To fetch the bundle, ben came once.
        assert far.health().counters.connections == 2
        assert near.health().counters.connections == 3
        assert near.health().forwards_answered >= 41
        assert near.health().forwards_failed == far.health().forwards_failed == 0


async def test_where_the_own_relay_passes_nothing_on_a_node_connects_itself(tmp_path: Path) -> None:
    async with (
        served(tmp_path / "near") as near,  # it refuses addresses of this machine
        served(tmp_path / "far") as far,
        somebody(tmp_path / "ada", "ada", await near.tickets_link(), Options()) as ada,
        somebody(tmp_path / "ben", "ben", await far.tickets_link(), Options()) as ben,
    ):
        await meet(ada, ben)
        assert far.health().counters.connections == 2
        assert near.health().forwards_answered == 0
