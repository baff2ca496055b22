"""Try every mutant of the catalogue: `python tests/mutants/run.py [--only NAME ...]`; see `mutants.main`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from mutants import main

main()
