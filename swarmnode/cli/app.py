"""What the command line asks of the process that it is: to make a home, and to run a node on it."""

from __future__ import annotations

import importlib
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

if TYPE_CHECKING:
    from ..config import Config


class Ready(Protocol):
    """What is told once, when a node can be reached."""

    def __call__(self, *, url: str, code: str, state: str) -> None:
        """The address of its page, a pairing code for it, and the node's state."""
        ...


class App(Protocol):
    """`swarmnode.app`."""

    def is_home(self, config: Config) -> bool:
        """Whether there is a home already."""
        ...

    def create_home(
        self,
        config: Config,
        *,
        name: str,
        passphrase: str | None,
        key_file: Path | None,
        words: Sequence[str] | None,
    ) -> tuple[str, ...]:
        """Make a home and a persona in it; the 24 words come back once. Conflict if there is one already."""
        ...

    async def run(self, config: Config, *, passphrase: str | None, ready: Ready) -> None:
        """Run until SIGTERM or SIGINT, then return with everything stored."""
        ...


def load_app() -> App:
    """Import what runs nodes: it takes most of a second, so only those commands do.

    One of the libraries under it has a list in C++, for which a MiB of C++'s own library would lie in memory.
    """
    os.environ.setdefault("FROZENLIST_NO_EXTENSIONS", "1")
    return cast("App", importlib.import_module("swarmnode.app"))
