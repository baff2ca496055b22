"""A second demo network, on which the owner is somebody else: one node may have accounts on both."""

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
