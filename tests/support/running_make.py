"""Calls of `make` as a person makes them, from tests that themselves run under `make test`."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path
from subprocess import PIPE

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
    """Run make to its end, with these arguments, and more in its environment.

    Where a test has no time left for that, all that make has started ends too.
    """
    words, env = [*MAKE, *arguments], environment(**more)
    with subprocess.Popen(
        words, cwd=ROOT, env=env, stdout=PIPE, stderr=PIPE, text=True, start_new_session=True
    ) as running:
        try:
            said, wrong = running.communicate()
        except BaseException:
            os.killpg(running.pid, signal.SIGKILL)
            raise
    return subprocess.CompletedProcess(words, running.returncode, said, wrong)
