"""TLS over a socket that the node connected."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from socket import socket
from typing import TypeVar

P = TypeVar("P", bound=asyncio.BaseProtocol)


async def encrypted(
    line: socket, factory: Callable[[], P], tls: ssl.SSLContext, name: str
) -> tuple[asyncio.Transport, P]:
    """As `loop.create_connection(factory, sock=line, ssl=tls, server_hostname=name)`, but in two steps.

    asyncio's one step, when it is given up as the handshake ends, waits for the other side's farewell, for up
    to half a minute and with nobody who knows of it; this one ends the connection at once. What comes before
    the encryption never reaches the protocol. A failure closes `line`.

    Raises:
        OSError: it did not come about; `ssl.SSLError` is one.
    """
    loop = asyncio.get_running_loop()
    clear, _ = await loop.create_connection(asyncio.Protocol, sock=line)
    try:
        protocol = factory()
        made = await loop.start_tls(clear, protocol, tls, server_hostname=name)
    except BaseException:
        clear.abort()
        raise
    if made is None:
        raise ConnectionResetError
    protocol.connection_made(made)
    return made, protocol
