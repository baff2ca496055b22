"""When to ask whom (spec 50 §4). Time is a tick in seconds that only rises; no clock of the wall has a part.

A node is asked when a link to it comes back, when a gap does not close by itself, and now and then. Whatever
happens, an hour lies between two haves to one node, so neither a flapping link nor a gap that nobody can
fill, nor both on a thousand nodes at once, makes a storm.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from . import rules


@dataclass(frozen=True, slots=True)
class Target:
    """What is remembered of one node: when it was asked, when to ask it again, and its requests of this hour.

    `gap` is when to ask because of a gap, None without one.
    """

    due: int
    asked: int | None = None
    gap: int | None = None
    hour: int = 0
    answers: int = 0

    @property
    def at(self) -> int:
        """The tick at which it is asked."""
        soonest = self.due if self.gap is None else min(self.due, self.gap)
        return soonest if self.asked is None else max(soonest, self.asked + rules.APART_S)


@dataclass(frozen=True, slots=True)
class Repair:
    """The nodes that may be asked, by the key of their leaf. The caller adds and forgets them."""

    targets: Mapping[bytes, Target] = field(default_factory=dict)

    def connected(self, leaf_sig: bytes, tick: int) -> Repair:
        """A way to the node is there, for the first time or again: ask it now."""
        target = self._target(leaf_sig, tick)
        return self._with(leaf_sig, replace(target, due=min(target.due, tick)))

    def gap(self, leaf_sig: bytes, tick: int) -> Repair:
        """Something is missing that the node may have: ask it if that is so after `GRACE_S`."""
        target = self._target(leaf_sig, tick)
        due = tick + rules.GRACE_S if target.gap is None else target.gap
        return self._with(leaf_sig, replace(target, gap=due))

    def closed(self, leaf_sig: bytes) -> Repair:
        """Nothing is missing any more."""
        if leaf_sig not in self.targets:
            return self
        return self._with(leaf_sig, replace(self.targets[leaf_sig], gap=None))

    def forget(self, leaf_sig: bytes) -> Repair:
        """The node is no member, or there is no way to it."""
        return Repair({key: target for key, target in self.targets.items() if key != leaf_sig})

    def due(self, tick: int) -> tuple[Repair, tuple[bytes, ...]]:
        """The nodes to send a have to, now."""
        now = tuple(key for key, target in self.targets.items() if target.at <= tick)
        asked = {
            key: replace(self.targets[key], asked=tick, due=tick + rules.IDLE_S, gap=None) for key in now
        }
        return Repair({**self.targets, **asked}), now

    @property
    def next_due(self) -> int | None:
        """The tick at which `due` has something next."""
        return min((target.at for target in self.targets.values()), default=None)

    def may_answer(self, leaf_sig: bytes, tick: int) -> tuple[Repair, bool]:
        """Whether to answer a have or a request of the node; counts it. Too many are left unanswered."""
        target = self._target(leaf_sig, tick)
        if tick >= target.hour + rules.APART_S:
            target = replace(target, hour=tick, answers=0)
        allowed = target.answers < rules.MAX_ANSWERS
        return self._with(leaf_sig, replace(target, answers=target.answers + allowed)), allowed

    def _target(self, leaf_sig: bytes, tick: int) -> Target:
        return self.targets.get(leaf_sig) or Target(due=tick + rules.IDLE_S, hour=tick)

    def _with(self, leaf_sig: bytes, target: Target) -> Repair:
        return Repair({**self.targets, leaf_sig: target})
