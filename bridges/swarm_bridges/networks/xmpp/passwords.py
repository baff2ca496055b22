"""Rooms that want a password (XEP-0045, 7.2.5): the owner is asked for it, whatever led there."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping

from ...api import Field, Gone, Matter, Step
from .errors import WantsPassword

OF_ROOMS = "password."
"""Matters of rooms begin so."""
MOST = 20


class Passwords:
    """`join` goes into a room with a password, for good; `show` is called when `matters` are others."""

    def __init__(
        self, join: Callable[[str, str], Awaitable[object]], show: Callable[[], Awaitable[None]]
    ) -> None:
        self._join, self._show = join, show
        self._rooms: dict[str, Matter] = {}

    @property
    def matters(self) -> tuple[Matter, ...]:
        """What there is to settle."""
        return tuple(self._rooms.values())

    async def wanted(self, room: str, *, pressing: bool) -> None:
        """A room wants one. `pressing`: the owner wants to go in now."""
        id_ = OF_ROOMS + hashlib.blake2b(room.encode(), digest_size=8).hexdigest()
        title = f"{room} wants a password."
        if room in self._rooms or len(self._rooms) < MOST:
            self._rooms[room] = Matter(id_, title[:500], pressing=pressing)
        await self._show()

    async def entered(self, room: str) -> None:
        """The owner is in a room, or does not want to be."""
        if self._rooms.pop(room, None) is not None:
            await self._show()

    async def settle(self, matter: str, step: str, answers: Mapping[str, str]) -> Step | None:
        """See `api.Settles`."""
        room = next((room for room, one in self._rooms.items() if one.id == matter), None)
        if room is None:
            raise Gone("this is settled")
        if step != "password":
            return _step(room)
        typed = answers.get("password", "")
        if not typed or not typed.isprintable():
            return _step(room, "This is no password of a room.")
        try:
            await self._join(room, typed)
        except WantsPassword:
            return _step(room, "The room does not accept this password.")
        return None

    async def dismiss(self, matter: str) -> None:
        """See `api.Settles`: it is asked again when the room is to be entered again."""
        for room in [room for room, one in self._rooms.items() if one.id == matter]:
            await self.entered(room)


def _step(room: str, error: str = "") -> Step:
    return Step(
        id="password",
        kind="form",
        title="This room wants a password",
        text=room,
        fields=(Field("password", "secret", "Password"),),
        error=error,
    )
