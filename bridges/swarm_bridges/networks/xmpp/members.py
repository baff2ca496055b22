"""Closed rooms: only members come in, and each sees who the others are (XEP-0045). There OMEMO is possible.

Of any other room nobody can say who reads in it, and so for whom something would have to be locked.
"""

from __future__ import annotations

from ...api import BridgeError, Interrupted, Refused, Temporary
from .stanzas import DISCO, MUC_ADMIN, bare, element
from .stream import Stream

MOST = 200
"""Members of a room in which something is locked; a message has keys for each of their devices."""
KINDS = ("owner", "admin", "member")
CLOSED = {"muc_membersonly", "muc_nonanonymous"}
CHANGED = {"104", "170", "171", "172", "173", "174"}
"""A room tells that it is another than it was: of these it says one (XEP-0045, 15.6)."""


class Members:
    """Asks rooms. `closed` are those that said that they are."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self.closed: set[str] = set()

    async def look(self, room: str) -> bool:
        """Ask a room whether it is closed. One that does not say so is not.

        Raises:
            Interrupted, Temporary: nobody can say it now.
        """
        told: set[str] = set()
        try:
            answer = await self._stream.ask(element(DISCO, "query"), to=room)
            features = answer.iterfind(f"{{{DISCO}}}query/{{{DISCO}}}feature")
            told = {feature.get("var", "") for feature in features}
        except (Interrupted, Temporary):
            raise
        except BridgeError:
            pass
        if told >= CLOSED:
            self.closed.add(room)
        else:
            self.closed.discard(room)
        return room in self.closed

    async def of(self, room: str) -> frozenset[str]:
        """Everybody who may read in a closed room, also those who are away, by bare address.

        Asked for anew each time: whoever was put out must not read what comes next.

        Raises:
            Refused: it is not closed, or does not tell.
            BridgeError: as `Stream.ask`.
        """
        if not await self.look(room):
            raise Refused(
                "others than its members can read in this room now, so nothing can be locked for it"
            )
        found: set[str] = set()
        for kind in KINDS:
            query = element(MUC_ADMIN, "query")
            query.append(element(MUC_ADMIN, "item", affiliation=kind))
            answer = await self._stream.ask(query, to=room)
            items = answer.iterfind(f"{{{MUC_ADMIN}}}query/{{{MUC_ADMIN}}}item")
            found |= {bare(item.get("jid", "")) for item in items}
        if not all("@" in address for address in found):
            raise Refused("all of a server are members of this room, so nothing can be locked for it")
        if len(found) > MOST:
            raise Refused(f"this room has more than {MOST} members, which are too many to lock anything for")
        return frozenset(found)
