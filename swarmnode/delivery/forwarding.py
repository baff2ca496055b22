"""A relay's own connections to other relays, for what nodes pass through it (spec 30 §5).

Anybody who reads a queue here may name an address, so nothing in a private net may be reached by it: every
address that a name resolves to must be public, also where it hides inside another (IPv4 in IPv6), and the
connection goes to the address that was looked at, not to the name once more.

One connection serves all that goes to one relay, and is closed when it was idle for a while.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from dataclasses import dataclass, field

from swarm_protocol.errors import ProtocolError
from swarm_protocol.mailbox import Answer, Caller, Fwd
from swarm_protocol.mailbox import effects as fx
from swarm_protocol.mls.signatures import SignatureKeyPair

from ..domain.net import is_public
from ..errors import NodeError, Refused, Unreachable
from .link import Link, connect, split_address

ANSWER_S = 20.0
"""What is forwarded takes so long at most, name and connection included."""

IDLE_S = 60.0
MOST_LINKS = 128
MOST_AT_ONCE = 1024


class Forwarder:
    """Asks other relays. `run` keeps the connections; `ask` gives an answer or None.

    `key` signs nothing: what is forwarded bears the signature of who made it. `allow_private` is for tests
    and for showing several relays on one machine.
    """

    def __init__(self, key: SignatureKeyPair, *, allow_private: bool = False) -> None:
        self._key, self._allow_private = key, allow_private
        self._relays: dict[tuple[str, bytes], _FarRelay] = {}
        self._under_way = 0
        self.answered = 0
        self.failed = 0

    async def run(self) -> None:
        """Keep connections until cancelled."""
        async with asyncio.TaskGroup() as self._tasks:
            await asyncio.get_running_loop().create_future()

    async def ask(self, effect: fx.Forward) -> bytes | None:
        """What the far relay answered, sealed; None where there is no answer, whatever the reason."""
        if self._under_way >= MOST_AT_ONCE:
            return None
        self._under_way += 1
        try:
            async with asyncio.timeout(ANSWER_S):
                sealed = await self._relay(effect.address, effect.pin).ask(effect.data)
        except (TimeoutError, NodeError, ProtocolError):
            self.failed += 1
            return None
        finally:
            self._under_way -= 1
        self.answered += 1
        return sealed

    def _relay(self, address: str, pin: bytes) -> _FarRelay:
        if (known := self._relays.get((address, pin))) is not None:
            return known
        if len(self._relays) >= MOST_LINKS:
            raise Unreachable("too many connections to other relays")
        relay = self._relays[address, pin] = _FarRelay(self._key)
        relay.task = self._tasks.create_task(self._keep(relay, address, pin))
        return relay

    async def _keep(self, relay: _FarRelay, address: str, pin: bytes) -> None:
        try:
            async with connect(await self._looked_up(address), pin) as link:
                await relay.talk(link)
        except (TimeoutError, NodeError, ProtocolError):
            pass  # each who waits for it is told that there is no answer
        finally:
            del self._relays[address, pin]
            relay.end()

    async def _looked_up(self, address: str) -> str:
        """The address with a number in the place of its name.

        Raises:
            Unreachable: the name is not known.
            Refused: one of its addresses is not public.
        """
        host, port = split_address(address)
        try:
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as e:
            raise Unreachable("the relay's name is not known") from e
        numbers = [ipaddress.ip_address(entry[4][0]) for entry in found]
        if not self._allow_private and not all(map(is_public, numbers)):
            raise Refused("the relay's address is not public")
        return f"[{numbers[0]}]:{port}" if numbers[0].version == 6 else f"{numbers[0]}:{port}"


@dataclass(eq=False, slots=True)
class _FarRelay:
    """A connection to another relay, and who waits for what on it."""

    key: SignatureKeyPair = field(repr=False)
    task: asyncio.Task[None] | None = None
    link: Link | None = None
    caller: Caller | None = None
    settled: asyncio.Event = field(default_factory=asyncio.Event)
    """It greeted, or it ended."""
    waiting: dict[int, asyncio.Future[bytes]] = field(default_factory=dict)

    async def ask(self, sealed: bytes) -> bytes:
        """Raises Unreachable where the connection ends first; one that does not answer is ended."""
        try:
            await self.settled.wait()
            if self.link is None or self.caller is None:
                raise Unreachable("the relay cannot be reached")
            self.caller, data = self.caller.ask(Fwd(sealed), self.key)
            answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self.waiting[self.caller.number] = answer
            await self.link.send(data)
            return await answer
        except asyncio.CancelledError:
            if self.task is not None:
                self.task.cancel()
            raise

    async def talk(self, link: Link) -> None:
        """Take answers until the connection ends, or was idle."""
        async with asyncio.timeout(IDLE_S):
            self.caller = Caller.greeted(await link.receive())
        self.link = link
        self.settled.set()
        while True:
            async with asyncio.timeout(IDLE_S):
                frame = await link.receive()
            numbers = set(self.caller.waiting)
            self.caller, _, said = self.caller.hear(frame)
            for number in numbers - set(self.caller.waiting):
                answer = self.waiting.pop(number)
                if isinstance(said, Answer):
                    answer.set_result(said.sealed)
                else:
                    answer.set_exception(Refused("the relay refused what was forwarded"))

    def end(self) -> None:
        """Nobody waits in vain."""
        self.link = self.caller = None
        self.settled.set()
        for answer in self.waiting.values():
            if not answer.done():
                answer.set_exception(Unreachable("the connection to the relay ended"))
