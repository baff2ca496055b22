"""Demo networks on which the owner is somebody else: one node may have accounts on several."""

from __future__ import annotations

from swarm_bridges.testing.demo_network import DemoNetwork

ON_SECOND = "u-olga-2"
SHORT = 60
"""Characters of a post there."""


class SecondNetwork(DemoNetwork):
    """The server."""

    def __init__(self) -> None:
        super().__init__()
        self.people[ON_SECOND] = "Olga on the second"
        home = self.rooms["home"]
        home.members = (*home.members, ON_SECOND)
        home.limits = {"version": 1, "max_text": SHORT}
        self.rooms = {"home": home}

    def session(self, user: str) -> str:
        """See `DemoNetwork`."""
        token = super().session(user)
        self.sessions[token] = ON_SECOND
        return token


class OwnNetwork(DemoNetwork):
    """A server whose owner, room and Mallory are called after it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._owner = f"u-{name.lower().replace(' ', '-')}"
        self.people[self._owner] = f"Olga {name}"
        del self.people["u-mallory"]
        self.people[f"u-mallory-of-{self._owner}"] = f"Mallory {name}"
        for room in self.rooms.values():
            room.members = (*room.members, self._owner)
        self.rooms["r1"].title = name

    def session(self, user: str) -> str:
        """See `DemoNetwork`."""
        token = super().session(user)
        self.sessions[token] = self._owner
        return token
