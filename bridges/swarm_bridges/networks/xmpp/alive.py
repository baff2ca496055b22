"""Whether what says nothing is still there: the line, and the rooms.

A line may be dead for long before the system knows. A room on another server forgets its members when that
server starts anew, and tells nobody.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ...api import BridgeError, Context
from .rooms import Rooms
from .stream import Stream

LOOK_S = 600.0


async def look_after(
    ctx: Context,
    stream: Stream,
    rooms: Rooms,
    enter_again: Callable[[str], Awaitable[None]],
    *,
    at_once: bool,
) -> None:
    """Ask each LOOK_S, until the line is dead; then it is broken. `at_once`: ask the rooms now, too."""
    while True:
        if at_once:
            for room in list(rooms.seats):
                if await rooms.has_forgotten(room):
                    ctx.log.info("room_has_forgotten", room=ctx.log.hashed(room))
                    await enter_again(room)
        at_once, began = True, ctx.clock.monotonic()
        while (left := began + LOOK_S - ctx.clock.monotonic()) > 0:
            await ctx.pause(left)
        try:
            await stream.reached()
        except BridgeError:
            stream.abort()
            return
