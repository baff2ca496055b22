"""Calls of `make` as a person makes them, from tests that themselves run under `make test`."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAKE = ["make", "--old-file=.venv/ready"]  # set up it is: these tests run in it


def environment(**more: str) -> dict[str, str]:
    """The environment without the flags of an outer make, and without a node of the person's own."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("MAKE", "MFLAGS", "SWARMNODE"))
    }
    return {**own, **more}


def make(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run make to its end, with these arguments, and more in its environment."""
    return subprocess.run(
        [*MAKE, *arguments], cwd=ROOT, env=environment(**more), check=False, capture_output=True, text=True
    )
