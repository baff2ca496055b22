"""Starts the other implementation: ts-mls, behind the program in peer/."""

from __future__ import annotations

import shutil
from pathlib import Path

from .rpc import LinePeer

HOME = Path(__file__).parent / "peer"


def missing() -> str | None:
    """Why ts-mls can't be started here, or None if it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    if not (HOME / "node_modules" / "ts-mls").is_dir():
        return "ts-mls is not installed: run `npm ci` in tests/interop/peer"
    return None


def start(*, as_published: bool = False) -> LinePeer:
    """The peer, to be entered with `with`; `as_published` leaves out the changes of mends.mjs."""
    command = ["node", "peer.mjs", *(["--as-published"] if as_published else [])]
    return LinePeer("ts-mls as published" if as_published else "ts-mls", command, cwd=HOME)
