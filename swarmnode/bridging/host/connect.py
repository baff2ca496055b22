"""Connections for bridges, which have no network of their own: where to is checked, then made here.

A bridge reaches what its manifest names, and the hosts of its account. A name is looked up once; every
address that it has must be public, and the connection goes to what was looked at, so that no name leads into
the owner's own network. Only where the owner has said that an account's server is there, the hosts of this
account may have private addresses, and none else: a link in a message leads nowhere.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import socket
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from swarm_bridges.api import Refused, Temporary

from ...domain.net import IPAddress, is_at_home, is_public

CONNECT_S = 10.0
"""For one address."""
LOOK_UP_S = 10.0
MOST_ADDRESSES = 4
MAX_HOST = 253


@dataclass(frozen=True, slots=True)
class Reach:
    """Where one account may go: patterns of a manifest (`HOST`, `*.HOST`, `any`), and its own hosts.

    `named` are hosts that the owner typed while logging in: they and what lies below them. `at_home`: all
    these hosts may be in the owner's own network.
    """

    egress: tuple[str, ...]
    hosts: frozenset[str] = frozenset()
    named: frozenset[str] = frozenset()
    at_home: bool = False

    def allows(self, host: str, port: int) -> bool:
        """Whether a host may be reached at a port. `host` is in lower case, without a final dot."""
        if "any" in self.egress:
            return True
        if "account_host" in self.egress:
            if not self.hosts.isdisjoint({host, f"{host}:{port}", f"[{host}]:{port}"}):
                return True
            if _is_among(host, self.named):
                return True
        return any(
            host.endswith(pattern[1:]) if pattern.startswith("*.") else host == pattern
            for pattern in self.egress
        )

    def may_ask(self, name: str) -> bool:
        """Whether the name service may be asked for a name: where one may go, and what lies below."""
        if "any" in self.egress:
            return True
        own = {*self.named, *map(without_port, self.hosts)} if "account_host" in self.egress else set()
        return _is_among(name, {*own, *(pattern.removeprefix("*.") for pattern in self.egress)})

    def may_be_private(self, host: str) -> bool:
        """Whether a host may have a private address: one of the account, at any port, or what lies below."""
        return self.at_home and _is_among(host, {*self.named, *map(without_port, self.hosts)})


class Private(Refused):
    """A host of somebody's own network, of which nobody has said that it is the owner's."""


def _is_among(host: str, names: Iterable[str]) -> bool:
    return any(host == name or host.endswith(f".{name}") for name in names)


def without_port(place: str) -> str:
    """The host of `HOST`, `HOST:PORT` or `[v6]:PORT`."""
    host, _, port = place.rpartition(":")
    is_place = port.isdecimal() and host and (":" not in host or host.startswith("["))
    return (host if is_place else place).strip("[]").lower()


def plain_host(host: str) -> str:
    """A host as it is compared: lower case, international names in their ASCII form, no final dot.

    Raises:
        Refused: it is none.
    """
    name = host.strip("[]").rstrip(".").lower()
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(name))
    try:
        name = name.encode("idna").decode()
    except UnicodeError:
        name = ""
    if (
        not name
        or len(name) > MAX_HOST
        or not name.replace("-", "").replace(".", "").replace("_", "").isalnum()
    ):
        raise Refused("not the name of a host")
    return name


async def connect(
    reach: Reach, host: str, port: int, *, loopback: bool = False, names: Executor | None = None
) -> socket.socket:
    """A connected socket that does not block. `loopback` allows this machine's own addresses.

    `names` asks for addresses in the place of the loop: a name that nobody knows takes a thread for long.

    Raises:
        Refused: this account may not go there; Private: it could, if the owner said so.
        Temporary: it could not be reached.
    """
    name = plain_host(host)
    if not 0 < port < 65536 or not reach.allows(name, port):
        raise Refused("this bridge may not connect there")
    addresses, at_home = await _addresses(name, names), reach.may_be_private(name)
    for address in addresses:
        if not (
            is_public(address) or (at_home and is_at_home(address)) or (loopback and address.is_loopback)
        ):
            raise Private("this is an address of a private network, where this account may not go")
    for address in addresses[:MOST_ADDRESSES]:
        if (line := await _connected(address, port)) is not None:
            return line
    raise Temporary("the host could not be reached")


async def _addresses(name: str, names: Executor | None) -> list[IPAddress]:
    """All addresses of a name, those of the older protocol behind those of the newer."""
    with contextlib.suppress(ValueError):
        return [ipaddress.ip_address(name)]
    try:
        async with asyncio.timeout(LOOK_UP_S):
            found = await asyncio.get_running_loop().run_in_executor(
                names, partial(socket.getaddrinfo, name, None, type=socket.SOCK_STREAM)
            )
    except (OSError, UnicodeError, TimeoutError):
        raise Temporary("the host's name is not known") from None
    return _numbers(str(entry[4][0]) for entry in found)


def _numbers(texts: Iterable[str]) -> list[IPAddress]:
    return [ipaddress.ip_address(text) for text in dict.fromkeys(texts)]


async def _connected(address: IPAddress, port: int) -> socket.socket | None:
    line = socket.socket(socket.AF_INET6 if address.version == 6 else socket.AF_INET)
    line.setblocking(False)
    try:
        async with asyncio.timeout(CONNECT_S):
            await asyncio.get_running_loop().sock_connect(line, (str(address), port))
    except (OSError, TimeoutError):
        line.close()
        return None
    except BaseException:
        line.close()
        raise
    return line
