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
from .records import QueueRecord, RelayRecord


@dataclass(frozen=True, slots=True)
class Rendezvous:
    """The queues that one node may open for another to find.

    `secret` (32 bytes) is what the two share from their meeting (spec 40 §5), `sender` and `recipient` are
    the signature keys of their leaves (32 bytes each).
    """

    secret: bytes = field(repr=False)
    sender: bytes
    recipient: bytes

    def record(self, relay: RelayRecord, week: int, number: int) -> QueueRecord:
        """The queue with this number (from 0) in a week (from 0, see `week_of`), at a relay."""
        context = self.sender + self.recipient + relay.pin + week.to_bytes(8, "big") + bytes([number])
        sid = labels.RENDEZVOUS_QUEUE.derive(self.secret, context, size=ID_SIZE)
        return relay.queue(SenderId(sid), labels.RENDEZVOUS_KEY.derive(self.secret, context, size=KEY_SIZE))

    def opened(self, relay: RelayRecord, at: int) -> tuple[QueueRecord, ...]:
        """The queues that may be opened at `at` (Unix seconds), in the order in which they are taken."""
        return tuple(self.record(relay, week_of(at), number) for number in range(limits.RENDEZVOUS_NUMBERS))

    def sought(self, relay: RelayRecord, since: int | None, now: int) -> Iterator[QueueRecord]:
        """The queues that may have been opened since `since`, when the other was last heard (Unix seconds).

        Clocks may differ by a week. Nothing is older than `limits.RENDEZVOUS_WEEKS`, nor need it be known
        since when (None).
        """
        last = week_of(now) + 1
        known = 0 if since is None or since > now else week_of(since) - 1
        for week in range(max(0, known, last - limits.RENDEZVOUS_WEEKS), last + 1):
            for number in range(limits.RENDEZVOUS_NUMBERS):
                yield self.record(relay, week, number)


def week_of(now: int) -> int:
    """The number of the week at `now` (Unix seconds)."""
    return now // limits.WEEK
