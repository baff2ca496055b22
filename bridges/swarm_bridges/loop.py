"""An event loop that reaches the network through the node: libraries that connect by themselves work on it.

The process of a bridge has no network of its own. A library that asks this loop for a name's address gets a
number that stands for the name, and when it connects a socket to that, the loop asks the node for one that is
connected to the name and puts it in the place of the library's. So `asyncio.open_connection` and all that is
built on it needs no change; what opens sockets past the loop fails.
"""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import socket
from typing import Any

from .api import BridgeError, Refused
from .http import Connect

_FIRST = int(ipaddress.IPv4Address("240.0.0.1"))
"""Numbers of names: from a block of addresses that nobody has (RFC 1112 §4)."""
_STREAM = (socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "")


class NodeLoop(asyncio.SelectorEventLoop):
    """`connect` is to be set before something connects."""

    connect: Connect | None = None

    def __init__(self) -> None:
        super().__init__()
        self._numbers: dict[str, str] = {}
        self._names: dict[str, str] = {}

    async def getaddrinfo(
        self,
        host: bytes | str | None,
        port: bytes | str | int | None,
        *,
        family: int = 0,
        type: int = 0,  # noqa: A002 - the base class names them
        proto: int = 0,
        flags: int = 0,
    ) -> list[Any]:
        """A number that stands for `host`, whatever it is; whether there is such a host shows at connecting.

        Raises:
            socket.gaierror: no stream over IPv4 is wanted, or `host` or `port` is none.
        """
        del proto, flags
        if family not in {0, socket.AF_INET} or type not in {0, socket.SOCK_STREAM} or not host:
            raise socket.gaierror(socket.EAI_FAMILY, "the node connects streams alone")
        name = host if isinstance(host, str) else host.decode("ascii", "replace")
        try:
            number = int(port or 0)
        except ValueError:
            raise socket.gaierror(socket.EAI_SERVICE, "ports are numbers") from None
        return [(*_STREAM, (self._number(name), number))]

    def _number(self, name: str) -> str:
        if name not in self._numbers:
            number = str(ipaddress.IPv4Address(_FIRST + len(self._numbers)))
            self._numbers[name], self._names[number] = number, name
        return self._numbers[name]

    async def sock_connect(self, sock: socket.socket, address: Any) -> None:
        """Put a socket that the node connected into the place of `sock`.

        Raises:
            PermissionError: the node does not let this account go there.
            ConnectionError: it could not be reached.
        """
        if sock.type != socket.SOCK_STREAM or sock.family not in {socket.AF_INET, socket.AF_INET6}:
            raise PermissionError(errno.EACCES, "the node connects streams alone")
        assert self.connect is not None
        host, port = address[:2]
        try:
            line = await self.connect(self._names.get(host, host), port)
        except Refused as e:
            raise PermissionError(errno.EACCES, str(e)) from None
        except BridgeError as e:
            raise ConnectionError(errno.ENETUNREACH, str(e)) from None
        with line:
            line.setblocking(False)
            os.dup2(line.fileno(), sock.fileno(), inheritable=False)
