"""TLS over a socket that the node connected, and whom it trusts."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import suppress
from socket import socket
from typing import TypeVar, cast

from .api import Refused

P = TypeVar("P", bound=asyncio.BaseProtocol)


def trusting(certificate: str) -> ssl.SSLContext:
    """TLS as usual. `certificate`, if not empty, is the PEM of one more authority to trust.

    Raises:
        Refused: that cannot be read.
    """
    context = ssl.create_default_context()
    try:
        if certificate:
            context.load_verify_locations(cadata=certificate)
    except (ssl.SSLError, ValueError):
        raise Refused("the certificate cannot be read") from None
    return context


def cut(transport: asyncio.BaseTransport | None) -> None:
    """Break a connection at once, also one that is ending or gone."""
    if transport is not None:
        with suppress(AttributeError):  # of asyncio in early versions of Python 3.11, after a second `close`
            cast("asyncio.Transport", transport).abort()  # uvloop's are no subclass


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
