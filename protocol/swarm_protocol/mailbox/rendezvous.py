"""Where two nodes find each other again when all relays between them are lost (spec 30 §8).

    recipient                                   sender
    NEW with the sid of now, at a relay   ..    tries the sids of some weeks, at relays that both may know
    NEW       <== QTEST(sid), through it ====   TESTED     from here on as in any rotation

The sid and the key of such a queue follow from what these two know alone, so nobody has to say them. To its
relay they are random numbers, which have nothing to do with those of another week, another relay, or the
other direction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from .. import labels
from . import limits
from .commands import ID_SIZE, SenderId
from .frames import KEY_SIZE


@dataclass(frozen=True, slots=True)
class Place:
    """What two nodes know of a queue before it is made: its sid, and the key of what is in it (32 bytes)."""

    sid: SenderId = field(repr=False)
    queue_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Rendezvous:
    """The queues that one node may open for another to find.

    `secret` (32 bytes) is what the two share from their meeting (spec 40 §5), `sender` and `recipient` are
    the signature keys of their leaves (32 bytes each).
    """

    secret: bytes = field(repr=False)
    sender: bytes
    recipient: bytes

    def place(self, pin: bytes, week: int, number: int) -> Place:
        """The queue with this number (from 0) in a week (see `week_of`), at the relay with this pin."""
        context = self.sender + self.recipient + pin + week.to_bytes(8, "big") + bytes([number])
        sid = labels.RENDEZVOUS_QUEUE.derive(self.secret, context, size=ID_SIZE)
        return Place(SenderId(sid), labels.RENDEZVOUS_KEY.derive(self.secret, context, size=KEY_SIZE))

    def opened(self, pin: bytes, at: int) -> tuple[Place, ...]:
        """What may be opened at `at` (Unix seconds), in the order in which it is taken."""
        return tuple(self.place(pin, week_of(at), number) for number in range(limits.RENDEZVOUS_NUMBERS))

    def sought(self, pin: bytes, since: int | None, now: int) -> Iterator[Place]:
        """What may have been opened since `since`, when the recipient was last heard (Unix seconds).

        Clocks may differ by a week. `since` may be unknown (None); nothing is looked for longer than
        `limits.RENDEZVOUS_WEEKS`.
        """
        last = week_of(now) + 1
        known = 0 if since is None or since > now else week_of(since) - 1
        for week in range(max(0, known, last - limits.RENDEZVOUS_WEEKS), last + 1):
            for number in range(limits.RENDEZVOUS_NUMBERS):
                yield self.place(pin, week, number)


def week_of(now: int) -> int:
    """The number of the week at `now` (Unix seconds)."""
    return now // limits.WEEK
