"""Who should be in a group and who should read what: a reference that knows nothing of the product.

It is told what was sent and which changes a commit made, in words (`("add", "ben")`), and says what each
member must then see. It keeps the rules of a group and none of its cryptography.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

Change = tuple[str, str | int | None]
"""What a commit does: ("add", name), ("remove", leaf), ("update", leaf), or (another kind, None)."""


@dataclass
class GroupModel:
    """The rosters of a group: who sits at which leaf, epoch by epoch."""

    roster: list[str | None]
    epoch: int = 0
    rosters: dict[int, dict[str, int]] = field(default_factory=dict)
    births: dict[str, int] = field(default_factory=dict)
    """The epoch in which each present member came in (again)."""

    def __post_init__(self) -> None:
        self.births = dict.fromkeys(self.names(), self.epoch)
        self.rosters[self.epoch] = self.names()

    def names(self) -> dict[str, int]:
        return {name: i for i, name in enumerate(self.roster) if name is not None}

    def apply(self, changes: Iterable[Change], comer: str | None = None) -> list[str]:
        """Take a commit's changes; `comer` commits from outside. Give the names that came in."""
        changes = list(changes)
        came = []
        for kind, leaf in changes:
            if kind == "remove":
                assert isinstance(leaf, int)
                assert self.roster[leaf] is not None, f"leaf {leaf} is blank"
                self.roster[leaf] = None
        while self.roster and self.roster[-1] is None:
            self.roster.pop()
        for kind, name in changes:
            if kind == "add":
                assert isinstance(name, str)
                came.append(name)
        if comer is not None:
            came.append(comer)
        for name in came:
            assert name not in self.names(), f"{name} is in the group already"
            if None in self.roster:
                self.roster[self.roster.index(None)] = name
            else:
                self.roster.append(name)
        self.epoch += 1
        names = self.names()
        self.births = {n: self.epoch if n in came else self.births[n] for n in names}
        self.rosters[self.epoch] = names
        return came


@dataclass
class Said:
    """One message of application data."""

    number: int
    group: bytes
    epoch: int
    sender: str
    leaf: int
    generation: int
    data: bytes


@dataclass
class ReaderModel:
    """What one member can read, by its own life in a group and its windows."""

    name: str
    epoch: int
    forward: int
    late: int
    past_epochs: int
    past_seconds: int
    active: bool = True
    past: list[tuple[int, int]] = field(default_factory=list)
    """Epochs that are over, each with the time at which it ended for this member."""
    ratchets: dict[tuple[int, int], tuple[int, set[int]]] = field(default_factory=dict)
    """By epoch and sender's leaf: the next generation, and those passed over that are kept."""

    def move(self, now: int) -> None:
        self.past.append((self.epoch, now))
        self.past = self.past[-self.past_epochs :] if self.past_epochs else []
        self.expire(now)
        self.epoch += 1

    def expire(self, now: int) -> None:
        self.past = [(e, ended) for e, ended in self.past if ended >= now - self.past_seconds]

    def leave(self) -> None:
        self.active = False
        self.past = []

    def reads(self, said: Said, roster: dict[str, int] | None) -> bool:
        """Whether the message opens now; it then never opens again. `roster` is of its epoch."""
        open_epochs = {self.epoch, *(e for e, _ in self.past)}
        if not self.active or said.epoch not in open_epochs or roster is None or said.sender == self.name:
            return False
        next_one, kept = self.ratchets.get((said.epoch, said.leaf), (0, set()))
        g = said.generation
        if g < next_one:
            if g not in kept:
                return False
            kept = kept - {g}
        elif g - next_one > self.forward:
            return False
        else:
            kept = kept | set(range(next_one, g))
            if g > next_one:
                kept = set(sorted(kept)[max(0, len(kept) - self.late) :])
            next_one = g + 1
        self.ratchets[said.epoch, said.leaf] = next_one, kept
        return True
