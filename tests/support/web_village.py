"""A village whose homes keep the address of their page: they end and begin anew under an open page."""

from __future__ import annotations

from e2e_world import PROGRAM, Home, Village
from ports import held_port


class PagesVillage(Village):
    """See `Village`."""

    def home(self, name: str, *flags: str, program: tuple[str, ...] = PROGRAM, **environment: str) -> Home:
        """See `Village`."""
        at = ("--http", f"127.0.0.1:{held_port()}")
        return super().home(name, *at, *flags, program=program, **environment)
