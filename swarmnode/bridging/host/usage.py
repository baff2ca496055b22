"""What a process has of the machine, as Linux says; nothing, where the system does not say."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from pathlib import Path

MOST_FILES = 1_000
"""More are not counted: they are too many."""


def resident_bytes(pid: int) -> int:
    """What a process has in memory."""
    try:
        fields = Path(f"/proc/{pid}/statm").read_bytes().split()
        return int(fields[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0


def written_bytes(pid: int, folder: Path) -> float:
    """What a process has on the disk: in its folder, and in open files that are in none any more."""
    size, count, folders = 0, 0, [folder]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                size, count = size + entry.stat(follow_symlinks=False).st_size, count + 1
                if entry.is_dir(follow_symlinks=False):
                    folders.append(Path(entry.path))
                if count > MOST_FILES:
                    return float("inf")
    with suppress(OSError), os.scandir(f"/proc/{pid}/fd") as entries:
        for entry in entries:
            with suppress(OSError):
                known = entry.stat()
                size += known.st_size if stat.S_ISREG(known.st_mode) and not known.st_nlink else 0
    return size
