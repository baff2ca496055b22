"""Try the planted faults: `python tests/sim/mutants.py [--only NAME ...]`; see `sim_mutants.main`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from sim_mutants import main

sys.exit(main())
