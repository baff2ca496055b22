"""The ways in to a node that are on: at an address of its own, and on the local network (ADR 0021).

async with doors.opened(runner, home, direct=True, lan=True, host="", port=8471, public="node.example:8471"):
    ...
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from swarm_protocol.content import Endpoint, EndpointType

from ..services.step import NetworkChanged, Reachable
from .direct import Listener, certificate, listen
from .runner import Runner

_ANY = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound


@asynccontextmanager
async def opened(
    runner: Runner, folder: Path, *, direct: bool, lan: bool, host: str, port: int, public: str
) -> AsyncIterator[None]:
    """Let contacts in as long as the block lasts, and let the node know at which doors.

    A door at an address is opened where others can be told one: `public` is HOST:PORT as they reach it, or
    `host` is one address and not all. Without either, contacts are called and cannot call.

    Raises:
        ConfigError: it cannot listen there.
        StorageError, DiskFull: the certificate's file in `folder`.
    """
    if not direct and not lan:
        yield
        return
    context, pin = certificate(folder)
    endpoints: list[Endpoint] = []
    async with asyncio.TaskGroup() as tasks:
        work: list[asyncio.Task[None]] = []
        if direct and (public or host not in _ANY):
            sock = listen(host, port)
            address = public or _address(host, sock.getsockname()[1])
            endpoints.append(Endpoint(EndpointType.INTERNET, address, pin))
            work.append(tasks.create_task(Listener(context, runner.called).run(sock)))
        if lan:
            from .lan import Lan, watch  # noqa: PLC0415 - few nodes need it

            presence = Lan(context, runner.called, runner.feed, host="" if host in _ANY else host)
            runner.on_announce = presence.announce
            endpoints.append(Endpoint(EndpointType.LAN, "", pin))
            work.append(tasks.create_task(presence.run()))
            work.append(tasks.create_task(watch(lambda: runner.feed(NetworkChanged()))))
        runner.feed(Reachable(tuple(endpoints)))
        try:
            yield
        finally:
            for task in work:
                task.cancel()


def _address(host: str, port: int) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
