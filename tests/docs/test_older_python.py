"""The documents name Debian 12, whose Python is an early 3.11, with faults that later ones have not.

What is likely to meet them is tried with the system's own Python too. It shares our packages: both are 3.11.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SYSTEMS = Path("/usr/bin/python3")
TRIED = (
    "tests/bridges/text",  # regular expressions
    "tests/bridges/feeds/test_formats.py",
    "tests/node/relay/test_link.py",  # TLS of asyncio
    "tests/node/relay/test_forwarding.py",
)


def _missing() -> str:
    if not SYSTEMS.exists():
        return f"there is no {SYSTEMS}"
    told = subprocess.run([SYSTEMS, "-V"], capture_output=True, text=True, check=True).stdout.split()[1]
    ours = f"{sys.version_info.major}.{sys.version_info.minor}."
    return (
        "" if told.startswith(ours) else f"{SYSTEMS} is Python {told}, which cannot use packages of {ours}x"
    )


@pytest.mark.timeout(400)
@pytest.mark.skipif(bool(_missing()), reason=_missing())
def test_the_systems_own_python_does_as_ours() -> None:
    places = (ROOT, ROOT / "bridges", ROOT / "protocol", sysconfig.get_path("purelib"))
    told = subprocess.run(
        [SYSTEMS, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", *TRIED],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, places)), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout[-4000:]
