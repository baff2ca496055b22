"""Being found on the local network, and finding others there: DNS-SD over multicast (spec 52 §1).

Each announcement is by somebody new: the name of the service and of the machine are random, and the port is a
fresh one, so that nothing in it tells that it was there before, nor who it is. The machine's own addresses
stay, which whoever shares the network sees anyway. The one before ends, and so do the links to its port.

Found is what somebody announces. Whether it is a contact's says the node's logic, which has the secrets.
"""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from swarm_protocol.entropy import Entropy

from ..errors import ConfigError
from ..services.step import Announce, Noticed
from .direct import Called, Listener, listen

if TYPE_CHECKING:
    from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

SERVICE = "_swarmnode._tcp.local."
ASK_MS = 3000.0
"""So long others are asked for the details of what they announce."""
ASKERS = 4
MAX_WAITING = 64
"""Names that wait to be asked for; more are not looked at: a network with so many is not a home's."""
MAX_ADDRESSES = 4
CLOSE_S = 3.0
WATCH_S = 5.0

logger = logging.getLogger(__name__)


class Lan:
    """Announces this node, and tells `noticed` of others, until `run` is cancelled.

    `host` is the one address of this machine to use; empty, all that it has.
    """

    def __init__(
        self,
        context: ssl.SSLContext,
        called: Called,
        noticed: Callable[[Noticed], None],
        *,
        host: str = "",
        entropy: Entropy = os.urandom,
    ) -> None:
        self._context, self._called, self._noticed = context, called, noticed
        self._host, self._entropy = host, entropy
        self._next: Announce | None = None
        self._wanted = asyncio.Event()
        self.name, self.port = "", 0
        """What is announced now."""

    def announce(self, effect: Announce) -> None:
        """Be somebody new from now on."""
        self._next = effect
        self._wanted.set()

    async def run(self) -> None:
        """Be there, from the first announcement on."""
        while True:
            await self._wanted.wait()
            self._wanted.clear()
            assert self._next is not None, "it was set before"
            async with asyncio.TaskGroup() as tasks:
                presence = tasks.create_task(self._be(self._next))
                await self._wanted.wait()
                presence.cancel()

    async def _be(self, effect: Announce) -> None:
        from zeroconf import Error  # noqa: PLC0415 - few nodes need it

        try:
            with listen(self._host, 0) as sock:
                self.port = sock.getsockname()[1]
                async with asyncio.TaskGroup() as tasks, self._network() as network:
                    tasks.create_task(Listener(self._context, self._called).run(sock))
                    await self._announce_and_look(network, effect)
        except* (OSError, ConfigError, Error) as group:  # no network: the next announcement tries again
            logger.info("lan.off", extra={"reason": type(group.exceptions[0]).__name__})
        finally:
            self.name, self.port = "", 0

    @asynccontextmanager
    async def _network(self) -> AsyncIterator[AsyncZeroconf]:
        from zeroconf import InterfaceChoice, IPVersion  # noqa: PLC0415
        from zeroconf.asyncio import AsyncZeroconf  # noqa: PLC0415

        interfaces: Any = [self._host] if self._host else InterfaceChoice.All
        network = AsyncZeroconf(interfaces=interfaces, ip_version=IPVersion.V4Only)
        try:
            yield network
        finally:
            async with asyncio.timeout(CLOSE_S):
                await network.async_close()  # says goodbye for the name

    async def _announce_and_look(self, network: AsyncZeroconf, effect: Announce) -> None:
        from zeroconf import ServiceStateChange  # noqa: PLC0415
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo  # noqa: PLC0415

        self.name = self._entropy(8).hex()
        own = AsyncServiceInfo(
            SERVICE,
            f"{self.name}.{SERVICE}",
            port=self.port,
            parsed_addresses=_addresses(self._host),
            properties=dict(effect.texts),
            server=f"{self.name}.local.",
        )
        names: asyncio.Queue[str] = asyncio.Queue(MAX_WAITING)

        def changed(name: str, state_change: ServiceStateChange, **_: object) -> None:
            if state_change is ServiceStateChange.Added and name != own.name and not names.full():
                names.put_nowait(name)

        AsyncServiceBrowser(network.zeroconf, SERVICE, handlers=[changed])
        async with asyncio.TaskGroup() as askers:
            for _ in range(ASKERS):
                askers.create_task(self._ask(network, names))
            await (await network.async_register_service(own))  # which takes a second or two

    async def _ask(self, network: AsyncZeroconf, names: asyncio.Queue[str]) -> None:
        from zeroconf import Error  # noqa: PLC0415
        from zeroconf.asyncio import AsyncServiceInfo  # noqa: PLC0415

        while True:
            name = await names.get()
            with suppress(Error):  # a name that is none
                info = AsyncServiceInfo(SERVICE, name)
                if await info.async_request(network.zeroconf, ASK_MS) and (found := _seen(info)).addresses:
                    self._noticed(found)


async def watch(changed: Callable[[], None], addresses: Callable[[], Sequence[str]] | None = None) -> None:
    """Tell when this machine has other addresses than before, until cancelled."""
    look = addresses or (lambda: _addresses(""))
    before = look()
    while True:
        await asyncio.sleep(WATCH_S)
        now = look()
        if now != before:
            changed()
        before = now


def _seen(info: AsyncServiceInfo) -> Noticed:
    from zeroconf import IPVersion  # noqa: PLC0415

    addresses = info.parsed_addresses(IPVersion.V4Only)[:MAX_ADDRESSES]
    return Noticed(tuple(f"{address}:{info.port}" for address in addresses), dict(info.properties))


def _addresses(host: str) -> list[str]:
    import ifaddr  # noqa: PLC0415

    if host:
        return [host]
    found = (ip.ip for adapter in ifaddr.get_adapters() for ip in adapter.ips if isinstance(ip.ip, str))
    return sorted(address for address in found if not address.startswith("127."))
