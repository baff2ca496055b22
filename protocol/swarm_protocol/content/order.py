"""The order in which messages are shown, which no clock has a part in (spec 21 §6).

All who hold the same messages see the same order, and each message after those that its author had seen, even
where an author lied about its lamport. It works on places, so a deleted message keeps its own.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable

from . import rules
from .message import Place


def next_lamport(highest: int) -> int:
    """The lamport of the next message, when `highest` is the highest that was seen (0 at first)."""
    return highest + 1


def display_order(places: Iterable[Place]) -> list[Place]:
    """All places in the order of the screen: by the least lamport that fits what each follows, then by id.

    A message follows its `prev` and its parents, as far as they are here. Honest lamports fit already.
    """
    by_id = {place.id: place for place in places}
    following: dict[bytes, list[Place]] = defaultdict(list)
    waits: dict[bytes, int] = {}
    for place in by_id.values():
        before = {i for i in (place.prev, *place.parents) if i is not None and i in by_id}
        waits[place.id] = len(before)
        for i in before:
            following[i].append(place)
    height = {place.id: place.lamport for place in by_id.values()}
    ready = deque(i for i, count in waits.items() if not count)
    settled = 0
    while ready:
        done = ready.popleft()
        settled += 1
        for place in following[done]:
            height[place.id] = max(height[place.id], height[done] + 1)
            waits[place.id] -= 1
            if not waits[place.id]:
                ready.append(place.id)
    assert settled == len(by_id), "a circle of hashes"
    return sorted(by_id.values(), key=lambda place: (height[place.id], place.id))


def tips(places: Iterable[Place]) -> tuple[bytes, ...]:
    """The parents of the next message: what nothing here follows yet, the four latest if there are more."""
    held = list(places)
    followed = {i for place in held for i in (place.prev, *place.parents)}
    loose = sorted((place.lamport, place.id) for place in held if place.id not in followed)
    return tuple(sorted(i for _, i in loose[-rules.MAX_PARENTS :]))
