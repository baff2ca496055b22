"""Encrypted rooms for tests: the friend's client is matrix-nio, with a device of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bridge_owner import ACCOUNT, Owner
from matrix_network import MatrixNetwork
from matrix_nio import NioPeer
from matrix_server import PYTHON, Synapse

from swarm_bridges.api import ConversationRef, ConversationSeen, MessageSeen


class Sealed(MatrixNetwork):
    """The friend speaks through a client that encrypts, in a room that it made."""

    friend: NioPeer
    folder: Path

    @classmethod
    async def begun(cls, server: Synapse, folder: Path) -> Sealed:
        """With the friend's client running."""
        made = cls(server)
        made.folder = folder
        made.friend = made.nio(made.names["friend"])
        await made.friend.start()
        return made

    def nio(self, name: str) -> NioPeer:
        """A client that encrypts, of somebody."""
        user = self.other.user(name)
        return NioPeer(self.other.base, user, f"password of {name}", self.folder, PYTHON)

    async def enter(self, owner: Owner) -> str:
        """Have the owner go into the room."""
        room = str((await self.friend.do("create", invite=[self.answers["address"]]))["told"])
        await owner.call("join", room)
        self.conversation = ConversationRef(room)
        await owner.until(lambda _: self.answers["address"] in self._people(owner, room))
        return room

    def _people(self, owner: Owner, room: str) -> set[str]:
        shown = [
            e
            for batch in owner.desk.of(ACCOUNT).batches
            for e in batch.events
            if isinstance(e, ConversationSeen) and e.conversation.remote_id == room and not e.labels
        ]
        return {member.remote_id for member in shown[-1].members or ()} if shown else set()


def messages(owner: Owner) -> list[MessageSeen]:
    return [e for batch in owner.desk.of(ACCOUNT).batches for e in batch.events if isinstance(e, MessageSeen)]


async def raw(network: MatrixNetwork, event_id: str) -> dict[str, Any]:
    """An event as the server has it."""
    path = f"/rooms/{network.conversation.remote_id}/event/{event_id}"
    found: dict[str, Any] = await network.client("owner").ask("GET", path)
    return found
