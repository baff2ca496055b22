"""`swarmnode` for whom an hour is a second: what waits for hours or days before it gives a relay up.

    python e2e_hasty.py --home DIR run ...

The program is the product's, and so are all its times but these.
"""

from __future__ import annotations

from typing import Any, cast

from swarmnode.cli.main import main
from swarmnode.services import links, rendezvous, repeats, rotation

HOUR_S = 1.0


def hurry() -> None:
    """Shorten the times of this process."""
    cast("Any", rotation).HEALTH_S = HOUR_S / 2
    cast("Any", rotation).DEAD_AFTER_S = 3 * HOUR_S
    cast("Any", rotation).ANOTHER_UP_S = 4 * HOUR_S
    cast("Any", rotation).ADDRESSES_S = HOUR_S / 2
    cast("Any", rotation).REPEAT_S = HOUR_S
    cast("Any", rendezvous).FIRST_LOOK_S = HOUR_S
    cast("Any", rendezvous).LOOK_S = HOUR_S
    cast("Any", rendezvous).DAY_S = 5 * HOUR_S
    cast("Any", repeats).UNCONFIRMED_S = 5 * HOUR_S
    cast("Any", links).LAST_RETRY_S = 2 * HOUR_S


if __name__ == "__main__":
    hurry()
    main()
