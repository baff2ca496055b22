"""The owner at a Mastodon that does not exist: for streams, polls and limits, which no server here has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from bridge_owner import ACCOUNT, Lines, Owner, log_in

from swarm_bridges.api import ConversationRef, LoginDone, State
from swarm_bridges.networks.mastodon import Bridge, Login
from swarm_bridges.networks.mastodon.fake import Network


class Fake:
    """`bridge_owner.Home` over the kit's network."""

    def __init__(self, network: Network) -> None:
        self.network = network
        self.conversation: ConversationRef = network.conversation("r2")
        self.answers: Mapping[str, str] = {"server": network.url, "token": network.session("olga")}

    def bridge(self) -> Bridge:
        made = Bridge()
        made.poll_s = 0.05
        return made

    def login(self) -> Login:
        return Login()

    async def entered(self, owner: Owner) -> None:
        account = owner.desk.of(ACCOUNT)
        async with asyncio.timeout(20):
            while State.CONNECTED not in {health.state for health in account.health}:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


@asynccontextmanager
async def olga(
    network: Network | None = None, desk: Lines | None = None
) -> AsyncIterator[tuple[Network, Owner]]:
    """The network, and the owner there, whose bridge runs."""
    network = network or Network()
    async with network.serving():
        home = Fake(network)
        done = await log_in(home, Lines(), home.answers)
        assert isinstance(done, LoginDone), done
        async with Owner(home, done, desk=desk) as owner:
            yield network, owner
