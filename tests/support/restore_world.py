"""People who keep their words and backups, lose their home, and come back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from node_world import Person, World

from swarm_protocol.identity import RecoveryKit
from swarm_protocol.testing import SeededEntropy
from swarmnode.bridging.core import backup as remote
from swarmnode.services import backup, identity, restore
from swarmnode.services.step import Started
from swarmnode.storage.database import Database, MemoryDisk
from swarmnode.storage.shelves import ALERTS, CONTACTS


@dataclass
class Keeper(Person):
    """A person who has a kit; `empty` homes have no persona yet."""

    kit: RecoveryKit = field(default_factory=lambda: RecoveryKit(bytes(32)))
    empty: bool = False

    def __post_init__(self) -> None:
        self.entropy = SeededEntropy(f"keeper {self.name} {self.kit.secret.hex()} {self.empty}")
        self.disk = MemoryDisk()
        self.database = Database.memory(entropy=self.entropy, disk=self.disk)
        self.engine = self._engine()
        self.world.people.append(self)
        self.feed(Started())
        if not self.empty:
            self.do(lambda step: identity.create(step, self.node, self.name, self.kit))

    def backup(self) -> bytes:
        return self.do(lambda step: b"".join(backup.write(step, self.node, more=remote.records(step))))

    def come_back(self, kit: RecoveryKit, saved: bytes | None) -> None:
        pieces = None if saved is None else cut(saved, 100_000)
        self.do(lambda step: restore.begin(step, self.node, kit, pieces, more=remote.Restored(step).take))

    def state(self) -> str:
        return self.do(restore.state)

    def alerts(self) -> list[str]:
        return [alert.kind for alert in self.do(lambda step: ALERTS.all(step.tx, settled=False))]

    def standings(self) -> list[str]:
        return [contact.standing for contact in self.do(lambda step: CONTACTS.all(step.tx))]


def cut(data: bytes, size: int) -> Iterable[bytes]:
    """The same in pieces."""
    return [data[at : at + size] for at in range(0, len(data), size)]


def keeper(world: World, name: str, *relays: str) -> Keeper:
    """Somebody with relays and a kit of their own."""
    person = Keeper(world, name, kit=RecoveryKit(name.encode().ljust(32, b"-")))
    for relay in relays:
        person.use(world.relay(relay))
    world.settle()
    return person


def destroyed(person: Person) -> None:
    """The home is gone for good, with all that was in it."""
    person.stop()
    person.world.people.remove(person)


def two() -> tuple[World, Keeper, Keeper]:
    """Ada and Ben, who have met over two relays."""
    world = World("one", "two")
    ada, ben = keeper(world, "ada", "one", "two"), keeper(world, "ben", "one", "two")
    world.meet(ada, ben)
    return world, ada, ben
