"""Ports of 127.0.0.1 that nobody else gets.

    port = held_port()
    Server(listens_at=port)     # or nothing: then whoever calls there is refused

A port that is merely free now may be another's a moment later: of the other worker, or of whatever the system
gives a port to. Linux gives one that is bound to nobody else, and lets a program bind it too that asks for it
by its number with SO_REUSEADDR, as servers do: such a server may also end and begin anew.
"""

from __future__ import annotations

import os
import socket
import sys


def held_port() -> int:
    """A port for TCP that is this process's until it ends.

    Where the system is not Linux two cannot bind the same, and the port is only free now.
    """
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    held.bind(("127.0.0.1", 0))
    port = int(held.getsockname()[1])
    left_open = held.detach()
    if sys.platform != "linux":
        os.close(left_open)
    return port
