"""The owner at a Mastodon that does not exist: for streams, polls and limits, which no server here has."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager

from bridge_owner import ACCOUNT, PATIENCE_S, Lines, Owner, log_in

from swarm_bridges.api import ConversationRef, LoginDone, State
from swarm_bridges.networks.mastodon import Bridge, Login
from swarm_bridges.networks.mastodon.fake import Network
from swarm_bridges.testing.network import OWNER, PEER, FakeMessage


class Fake:
    """`bridge_owner.Home` over the kit's network."""

    def __init__(self, network: Network, room: str = "r2") -> None:
        self.network = network
        self.conversation: ConversationRef = network.conversation(room)
        self.answers: Mapping[str, str] = {"server": network.url, "token": network.session("olga")}

    def bridge(self) -> Bridge:
        made = Bridge()
        made.poll_s = 0.05
        return made

    def login(self) -> Login:
        return Login()

    async def entered(self, owner: Owner) -> None:
        account = owner.desk.of(ACCOUNT)
        async with asyncio.timeout(PATIENCE_S):
            while State.CONNECTED not in {health.state for health in account.health}:  # noqa: ASYNC110
                await asyncio.sleep(0.01)


class Somebody:
    """`bridge_suite.Peer` over the network itself, in the direct posts between Ada and Olga."""

    def __init__(self, network: Network, who: str) -> None:
        self._network, self._who = network, who

    async def _there(self, wanted: Callable[[FakeMessage], bool]) -> FakeMessage:
        async with asyncio.timeout(PATIENCE_S):
            while not (found := [m for m in self._network.said() if wanted(m)]):  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        return found[0]

    async def _named(self, text: str) -> FakeMessage:
        return await self._there(lambda message: message.text == text)

    async def say(self, text: str) -> None:
        self._network.say(text, who=self._who)

    async def edit(self, old: str, new: str) -> None:
        self._network.edit((await self._named(old)).id, new)

    async def delete(self, text: str) -> None:
        self._network.take_back((await self._named(text)).id)

    async def react(self, text: str, *values: str) -> None:
        raise NotImplementedError("the network has no reactions")

    async def reply(self, text: str, answer: str) -> None:
        self._network.say(answer, who=self._who, reply_to=(await self._named(text)).id)

    async def send_file(self, name: str, data: bytes) -> None:
        self._network.say_file(name, data)

    async def sees(self, text: str) -> None:
        await self._named(text)

    async def sees_edit(self, old: str, new: str) -> None:  # noqa: ARG002 - the network keeps no older text
        assert (await self._named(new)).rev == 1

    async def sees_gone(self, text: str) -> None:
        assert text not in self.texts()

    async def sees_reaction(self, text: str, value: str) -> None:
        raise NotImplementedError("the network has no reactions")

    async def sees_reply(self, text: str, answer: str) -> None:
        assert (await self._named(answer)).more["reply_to"] == (await self._named(text)).id

    async def sees_file(self, name: str) -> bytes:  # noqa: ARG002 - the bridge gives it another
        message = await self._there(lambda message: bool(message.more.get("files")))
        return self._network.files[message.more["files"][0]["id"]]

    def texts(self) -> list[str]:
        return [message.text for message in self._network.said()]

    async def archive(self) -> list[str]:
        return self.texts()


class FakeServer(Fake):
    """`bridge_suite.Network`: one that is stopped breaks each line."""

    resume_s = 0.0

    def __init__(self, network: Network) -> None:
        super().__init__(network, "r1")
        self.answers = {**self.answers, "password": self.answers["token"]}
        self._loop = asyncio.get_running_loop()

    async def peer(self) -> Somebody:
        return Somebody(self.network, PEER)

    async def other_client(self) -> Somebody:
        return Somebody(self.network, OWNER)

    def _do(self, what: Callable[[], object]) -> None:
        async def done() -> None:
            what()

        asyncio.run_coroutine_threadsafe(done(), self._loop).result()

    def stop(self, *, kill: bool = False) -> None:  # noqa: ARG002 - it has nothing that could be saved
        def stopped() -> None:
            self.network.faults.add("drop", times=1_000_000)
            self.network.cut()

        self._do(stopped)

    def start(self) -> None:
        self._do(self.network.faults.clear)

    def set_password(self, password: str) -> None:  # noqa: ARG002 - tokens are what ends
        self._do(self.network.expire)

    def remove_account(self) -> None:
        self._do(self.network.expire)


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
