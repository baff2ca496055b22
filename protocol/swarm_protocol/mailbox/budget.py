"""What one connection may ask for, so that it takes nothing from another (spec 30 §4)."""

from __future__ import annotations

from dataclasses import dataclass

from . import limits


@dataclass(slots=True)
class Bucket:
    """A budget that fills at `rate` a second up to `burst`. One large taking may leave it in debt."""

    rate: int
    burst: int
    left: int
    since: int

    def wait(self, now: int) -> int:
        """Seconds until there is something in it; 0 if there is now. A clock set back fills nothing."""
        if now > self.since:
            self.left = min(self.burst, self.left + (now - self.since) * self.rate)
        self.since = now
        return 0 if self.left > 0 else -self.left // self.rate + 1


@dataclass(slots=True)
class Budget:
    """The budget of a connection: commands and bytes."""

    commands: Bucket
    size: Bucket

    @classmethod
    def full(cls, now: int) -> Budget:
        """The budget of a new connection."""
        return cls(
            Bucket(limits.RATE, limits.BURST, limits.BURST, now),
            Bucket(limits.BYTES_RATE, limits.BYTES_BURST, limits.BYTES_BURST, now),
        )

    def take(self, size_bytes: int, now: int) -> int:
        """Take one command of that size; give 0, or take nothing and give the seconds to wait."""
        wait = max(self.commands.wait(now), self.size.wait(now))
        if not wait:
            self.commands.left -= 1
            self.size.left -= size_bytes
        return wait

    def refuse(self) -> None:
        """Charge for a command that was refused."""
        self.commands.left -= limits.REFUSAL_COST - 1
