"""`swarmnode` for whom ten minutes are a second, in all that waits for another network to be better.

    python e2e_brisk.py --home DIR run ...

The program is the product's, and so are all its times but these.
"""

from __future__ import annotations

from typing import Any, cast

from swarmnode.cli.main import main
from swarmnode.services import carriage, conversations, outgoing, repair, repeats

TIMES = 600.0


def hurry() -> None:
    """Shorten the times of this process."""
    cast("Any", repeats).UNCONFIRMED_S /= TIMES
    cast("Any", repeats).LAST_REPEAT_S = 3.0
    cast("Any", conversations).REPEATED_S /= TIMES
    for name in ("APART_S", "IDLE_S", "CONFIRM_APART_S"):
        setattr(repair, name, getattr(repair, name) / TIMES)
    cast("Any", carriage).REFUSED_S /= TIMES
    cast("Any", carriage).RETURNED_S /= TIMES
    cast("Any", carriage).AFTER_S = 1.0
    cast("Any", repeats).STUCK_S = 1.0
    for module in (outgoing, repeats):  # how often it looks whether something is due
        cast("Any", module).LOOK_S = 0.25


if __name__ == "__main__":
    hurry()
    main()
