"""What the command line asks of the process that it is: to make a home, and to run a node on it."""

from __future__ import annotations

import importlib
import mimetypes
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
    """Import what runs nodes: it takes most of a second, so only those commands do."""
    with lean():
        return cast("App", importlib.import_module("swarmnode.app"))


@contextmanager
def lean() -> Iterator[None]:
    """Import libraries without what they load for purposes that a node does not have: 5 MiB together.

    - aiohttp has a list in C++ (`frozenlist`), which would bring C++'s own library: 1 MiB.
    - It would take `aiodns` for names where a bridge's library has brought it: 1 MiB, 4 % of a start, a
      thread, and other answers than the system's.
    - It reads the system's authorities, for connections that are given no context of their own: 1.5 MiB. A
      node's are: it knows the key at the other end (`delivery/tls.py`). Bridges are processes of their own.
    - It reads which types of files the system knows: 0.4 MiB. Those of the page stand in `api/pages.py`.
    - cryptography loads ciphers that nobody should use any more: 0.5 MiB.
    """
    os.environ.setdefault("CRYPTOGRAPHY_OPENSSL_NO_LEGACY", "1")
    os.environ.setdefault("FROZENLIST_NO_EXTENSIONS", "1")
    sys.modules.setdefault("aiodns", None)  # type: ignore[arg-type]
    mimetypes.knownfiles.clear()
    authorities = {name: os.environ.get(name) for name in ("SSL_CERT_FILE", "SSL_CERT_DIR")}
    os.environ |= dict.fromkeys(authorities, os.devnull)
    try:
        yield
    finally:
        for name, said in authorities.items():
            del os.environ[name]
            if said is not None:
                os.environ[name] = said
