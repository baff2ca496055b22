"""Looks again at what failed in CI: `pytest … || python scripts/second_look.py $?`.

Tests between processes share two processors with real servers and browsers. Where a few of them fail in that
company, each runs again alone, several times in a row: one that fails again, even once, stops the change, and
so does any failure of a test that is in one process. One that passes is named at the end with what it said:
it is wrong, or what it tests is, and that is to be mended (docs/adr/0009).

Outside CI nothing is repeated.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
FAILED = Path(".pytest_cache/v/cache/lastfailed")
BETWEEN_PROCESSES = ("tests/e2e/", "tests/bridges/", "tests/demo/")
AT_MOST = 2
TIMES = 3
TESTS_FAILED = 1
"""What pytest ends with where tests failed, and all else went well."""


def main(code: int) -> int:
    """The code to end with, after pytest has ended with `code` in this directory."""
    if os.environ.get("CI") != "true" or code != TESTS_FAILED or not FAILED.exists():
        return code
    failed = sorted(json.loads(FAILED.read_text(encoding="utf-8")))
    if len(failed) > AT_MOST or not all(name.startswith(BETWEEN_PROCESSES) for name in failed):
        return code
    print(f"\nAgain, alone, {TIMES} times: {', '.join(failed)}", flush=True)
    again = [sys.executable, "-m", "pytest", "--numprocesses", "0", "-p", "no:cacheprovider"]
    for _ in range(TIMES):
        if ended := subprocess.run([*again, *failed], check=False).returncode:
            return ended
    print(f"\nFAILED BESIDE OTHERS, passed alone {TIMES} times. To be mended, see above: {', '.join(failed)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1])))
