"""Nodes with doors of their own in the world of `node_world`: they call each other without a relay."""

from __future__ import annotations

from node_world import Person, World

from swarm_protocol.content import Endpoint, EndpointType
from swarmnode.services.engine import Engine
from swarmnode.services.node import DirectLink, Options
from swarmnode.services.step import (
    Announce,
    Called,
    Effect,
    Heard,
    LinkId,
    Lost,
    NetworkChanged,
    Noticed,
    Open,
    Opened,
    Reachable,
    Shut,
    Transmit,
)


class Neighbourhood(World):
    """A world with doors, by address."""

    def __init__(self, *relays: str) -> None:
        super().__init__(*relays)
        self.doors: dict[str, Neighbour] = {}

    def neighbour(self, name: str, *relays: str, direct: bool = False, lan: bool = False) -> Neighbour:
        person = Neighbour(self, name, Options(direct=direct, lan=lan))
        self.people.append(person)
        for relay in relays:
            person.use(self.relay(relay))
        self.settle()
        return person


class Neighbour(Person):
    """A node that others may call."""

    def __init__(self, world: Neighbourhood, name: str, options: Options) -> None:
        self.street, self.options = world, options
        self.announced: list[Announce] = []
        self.ends: dict[LinkId, tuple[Neighbour, LinkId]] = {}
        self.knocked: set[LinkId] = set()
        self.frames = 0
        """Frames that left over direct links, knocks not counted."""
        self.calls = 0
        self.guests = 0
        self.deaf = False
        """Whether what comes over direct links is lost, and the links stand."""
        super().__init__(world, name)

    @property
    def address(self) -> str:
        return f"{self.name}.example:8471"

    @property
    def pin(self) -> bytes:
        return self.name.encode().ljust(32, b"#")

    @property
    def direct(self) -> list[DirectLink]:
        """Its direct links that are up."""
        return [link for link in self.node.near.links.values() if link.up]

    def open_door(self, kind: EndpointType = EndpointType.INTERNET) -> None:
        """Listen, and tell the node so."""
        self.street.doors[self.address] = self
        address = self.address if kind is EndpointType.INTERNET else ""
        self.feed(Reachable((Endpoint(kind, address, self.pin),)))

    def close_door(self) -> None:
        """Listen no longer; links that are open break."""
        self.street.doors.pop(self.address, None)
        for link in list(self.ends):
            self._cut(link)
            self.feed(Lost(link, "broken"))

    def notice(self, other: Neighbour) -> None:
        """Hear what another one announces on the same network."""
        self.feed(Noticed((other.address,), dict(other.announced[-1].texts)))

    def move(self) -> None:
        """Be on another network."""
        self.feed(NetworkChanged())

    def _engine(self) -> Engine:
        return Engine(boot=self.database.boot, instance=self.database.instance, options=self.options)

    def stop(self) -> None:
        for link in list(self.ends):
            self._cut(link)
        super().stop()

    def _perform(self, effect: Effect) -> None:
        match effect:
            case Open(link, address, pin) if address.endswith(":8471"):
                self._call(link, address, pin)
            case Transmit(link, data) if link in self.ends:
                self._say(link, data)
            case Shut(link) if link in self.ends:
                self._cut(link)
            case Announce():
                self.announced.append(effect)
            case _:
                super()._perform(effect)

    def _call(self, link: LinkId, address: str, pin: bytes) -> None:
        self.calls += 1
        other = self.street.doors.get(address)
        if other is None or not other.on or other.pin != pin:
            self.world.later(lambda: self.feed(Lost(link, "refused")))
            return
        other.guests -= 1
        theirs = LinkId(other.guests)
        self.ends[link], other.ends[theirs] = (other, theirs), (self, link)
        self.world.later(lambda: self.feed(Opened(link)))

    def _say(self, link: LinkId, data: bytes) -> None:
        other, theirs = self.ends[link]
        knock = link > 0 and link not in self.knocked
        self.knocked.add(link)
        self.frames += not knock
        came = Called(theirs, data) if knock else Heard(theirs, data)
        if not other.deaf:
            self.world.later(lambda: other.feed(came) if theirs in other.ends else None)

    def _cut(self, link: LinkId) -> None:
        other, theirs = self.ends.pop(link)
        self.knocked.discard(link)
        if other.ends.pop(theirs, None) is not None:
            self.world.later(lambda: other.feed(Lost(theirs, "closed")))
