"""Files that leave a node, or come back to it."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ...domain.views import CarryView
from ...domain.words import File


class Files(Protocol):
    """What is asked of a node about its data as a whole."""

    async def carry_out(self, path: Path, contact: str) -> CarryView:
        """Write what waits (for one contact, or an empty id) to a bundle file."""
        ...

    async def carry_in(self, path: Path) -> CarryView:
        """Take in a bundle file."""
        ...

    async def backup(self, path: Path) -> int:
        """Write a sealed backup, give its size in bytes."""
        ...

    async def backup_file(self) -> File:
        """A sealed backup, which only the words open."""
        ...

    async def export_file(self) -> File:
        """Everything that can be read. It never lies on the disk."""
        ...

    async def export(self, path: Path) -> int:
        """Write everything readable for other programs, not encrypted; give its size in bytes."""
        ...

    async def wipe(self, confirm: str) -> None:
        """Destroy the key at once, then the files. UsageError unless `confirm` is the persona's name."""
        ...
