"""How a node is, and whose."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from ...domain.views import Check, StatusView
from .values import NodeView, Retried, SettingView


class Itself(Protocol):
    """What is asked of a node about itself."""

    async def status(self, language: str = "en") -> StatusView:
        """How the node is, with hints in this language; works in every state."""
        ...

    async def doctor(self, language: str = "en") -> tuple[Check, ...]:
        """Check everything that can be checked, in this language; may take seconds."""
        ...

    async def retry(self) -> Retried:
        """Take once more what was kept aside because taking it led to an error of this program."""
        ...

    async def settings(self) -> tuple[SettingView, ...]:
        """How each setting is, and who may change it; works in every state."""
        ...

    async def change_setting(self, name: str, value: str | None) -> SettingView:
        """Let a setting of the owner's be this, or (None) its default; works in every state.

        Raises:
            NotFound, AccessDenied, Conflict, ConfigError: there is none, it is the keeper's, the keeper has
                said what it is, or it cannot be this.
        """
        ...

    async def nodes(self) -> tuple[NodeView, ...]:
        """The persona's nodes."""
        ...

    def trace(self, peer: str) -> AsyncIterator[str]:
        """Tell what passes from now on between this node and a contact or relay (by id), a line each."""
        ...

    async def create(
        self, name: str, passphrase: str | None, key_file: Path | None, words: Sequence[str] | None
    ) -> tuple[str, ...]:
        """Make a persona, from these words if given. The 24 words come back once."""
        ...

    async def check_words(self, words: Mapping[int, str]) -> bool:
        """Whether the words at these places (from 1) are right; then that is remembered.

        All 24 can be tried at any time, some of them only right after they were made.
        """
        ...

    async def restore(
        self, words: Sequence[str], backup: Path | None, passphrase: str | None, *, uploaded: bool = False
    ) -> StatusView:
        """Bring a persona back on an empty home; `uploaded` uses up the backup of `take_backup`."""
        ...

    async def take_backup(self, pieces: AsyncIterator[bytes]) -> int:
        """Keep a sealed backup for `restore`, in the empty home; its size. Conflict if there is a persona."""
        ...

    async def unlock(self, passphrase: str) -> None:
        """Open the store. AccessDenied for a wrong passphrase; nothing happens if it is open."""
        ...

    async def lock(self) -> None:
        """Close the store and forget its key. Relays keep what comes meanwhile."""
        ...

    async def rename_self(self, name: str) -> None:
        """Change the persona's own name."""
        ...
