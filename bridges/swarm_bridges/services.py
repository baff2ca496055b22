"""In which order servers are tried that a domain names in SRV records."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from .api import Service


def in_order(services: Iterable[Service], random: Callable[[int], bytes]) -> list[Service]:
    """Lower priorities first; among equals each is as often the next one as its weight says (RFC 2782).

    Those without a host, which say that there is no such service, are left out.
    """
    made: list[Service] = []
    left = sorted((s for s in services if s.host), key=lambda s: (s.priority, s.weight))
    while left:
        equal = [s for s in left if s.priority == left[0].priority]
        point = int.from_bytes(random(4), "big") % (sum(s.weight for s in equal) + 1)
        for one in equal:  # those of no weight stand before the others, and are hit at 0 alone
            point -= one.weight
            if point <= 0:
                made.append(one)
                left.remove(one)
                break
    return made
