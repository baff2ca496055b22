"""Printing for people.

What others wrote is never printed as it is: it could move the cursor, hide a line, retitle the window, or
turn the direction of reading.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

import click

from ..errors import UsageError

UNITS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f"  # C0 and C1 controls: escape sequences
    "\u00ad\u061c\u180e\u200b\u200e\u200f"  # what is not seen, and marks of direction
    "\u2028\u2029"  # line and paragraph separators
    "\u202a-\u202e\u2060-\u2069"  # overrides and isolates of direction, invisible operators
    "\ufeff\ufff9-\ufffb"
    "\U000e0000-\U000e007f"  # tags: text that is not seen
    "\ud800-\udfff]"
)
"""Zero-width joiners stay: emoji and several scripts need them."""


def clean(text: str, *, lines: bool = False) -> str:
    """A text without what a terminal would obey; each such character is shown as its number.

    With `lines` line breaks and tabs stay.
    """

    def shown(match: re.Match[str]) -> str:
        character = match[0]
        if lines and character in "\n\t":
            return character
        return " " if character in "\n\t" else f"<U+{ord(character):04X}>"

    return _UNSAFE.sub(shown, text)


def named(name: str) -> str:
    """A name as it is typed in a command: in quotes where it needs them."""
    safe = clean(name)
    return safe if safe.isalnum() else f'"{safe}"'


def short(id_: str) -> str:
    """The start of an id, which is enough to name it."""
    return clean(id_[:8])


def when(wall_s: int, *, now: datetime | None = None) -> str:
    """A time as people read it, here: the time of day, with the date if it is another day."""
    try:
        at = datetime.fromtimestamp(wall_s).astimezone()
    except (OverflowError, ValueError, OSError):
        return "?"
    today = (now or datetime.now().astimezone()).date()
    return f"{at:%H:%M}" if at.date() == today else f"{at:%Y-%m-%d %H:%M}"


def length(seconds: int) -> str:
    """A length of time as it is typed, such as 90m; what cannot be said so, rounded down."""
    units = ((7 * 86400, "w"), (86400, "d"), (3600, "h"), (60, "m"), (1, "s"))
    exact = [(unit, letter) for unit, letter in units if seconds and seconds % unit == 0 and unit > 1]
    unit, letter = next(iter(exact or [u for u in units if u[0] <= max(1, seconds)]))
    return f"{seconds // unit}{letter}"


def duration(text: str) -> int:
    """Seconds of a length of time as it is typed, such as 90m; `off` is none.

    Raises:
        UsageError: it is none.
    """
    match = re.fullmatch(r"(\d{1,9})([smhdw]?)", text.strip())
    if text.strip() == "off":
        return 0
    if match is None:
        raise UsageError(f"{text!r} is no duration.", hint="For example 30m, 12h, 7d, 4w or off.")
    return int(match[1]) * UNITS[match[2]]


def size(size_bytes: int) -> str:
    """A size as people read it."""
    if size_bytes < 1024:
        return f"{size_bytes} B"
    return (
        f"{size_bytes / 1024:.1f} KiB" if size_bytes < 1024 * 1024 else f"{size_bytes / 1024 / 1024:.1f} MiB"
    )


def table(heads: Sequence[str], rows: Sequence[Sequence[str]], *, none: str = "") -> None:
    """Print a table, or a sentence where it has no rows; all cells are made safe here."""
    if not rows and none:
        click.echo(none)
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    grid = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for head in heads:
        grid.add_column(head, overflow="fold")
    for row in rows:
        grid.add_row(*(Text(clean(cell)) for cell in row))
    Console(highlight=False, soft_wrap=False).print(grid)


def qr(text: str) -> None:
    """Print a QR code."""
    import sys  # noqa: PLC0415

    import segno  # noqa: PLC0415

    segno.make(text, error="m", micro=False).terminal(out=sys.stdout, compact=True)


@contextmanager
def working(text: str, *, show: bool) -> Iterator[None]:
    """Show that something goes on, on stderr and only where a person looks."""
    import sys  # noqa: PLC0415

    if not show or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console  # noqa: PLC0415

    with Console(stderr=True).status(clean(text)):
        yield


def new_file(path: Path) -> BinaryIO:
    """Open a new file that its owner alone can read. Raises OSError; FileExistsError where there is one."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
