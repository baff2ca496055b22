"""What holds for all tests.

Hypothesis: few, fresh examples on a person's machine; in CI more, the same each time. A change then stands or
falls by itself, not by luck. A failure prints what reproduces it.

Compiled code is kept, whatever the environment says: hundreds of nodes, bridges and commands are started
here, each as a process, and each would compile all of its modules for itself.

Limits end what hangs. Where other processes take part they fit a machine that has much else to do.

Much of what is tested waits for a server, a browser or a clock: with a worker for each processor a quarter of
their time passed unused.
"""

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

settings.register_profile("dev", deadline=None, print_blob=True, max_examples=50)
settings.register_profile("ci", deadline=None, print_blob=True, max_examples=150, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")

LIMITS_S = {"e2e": 500, "demo": 500, "node": 240, "sim": 240}
LIMITS_S |= dict.fromkeys(("bridges", "cli", "docs", "fuzz", "interop", "migrations"), 120)


def pytest_xdist_auto_num_workers() -> int:
    """Three workers for each two processors."""
    return max(2, (os.cpu_count() or 1) * 3 // 2)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever names no limit has that of the folder; a test's includes what it begins for its module."""
    for item in items:
        folder = item.path.relative_to(Path(__file__).parent).parts[0]
        if folder in LIMITS_S and item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(LIMITS_S[folder]))
