"""Memory that nobody can use: of our frozen classes, what each was before it got its slots.

`dataclasses` makes such a class twice, and what keeps the second one frozen holds on to the first
(`swarm_protocol.mls.fast_init`): after a start 340 of them, 4 KiB each. They are dropped between the
imports, for only then the next modules take their places: memory between others does not go back to the
system. Measured: 1.3 MiB of 89. A start takes no longer, for what is frozen here is not looked at again.
(Python 3.11.2 keeps them all the same; 3.11.7 and later let them go.)
"""

from __future__ import annotations

import gc

from swarm_protocol.mls.fast_init import share_frozen

OURS = ("swarm_protocol.", "swarm_bridges.", "swarmnode.")


def drop() -> None:
    """Drop those of the classes that are loaded by now."""
    for cls in object.__subclasses__():
        known = vars(cls).get("__dataclass_params__")
        if (
            known is not None
            and known.frozen
            and "__slots__" in vars(cls)
            and cls.__module__.startswith(OURS)
        ):
            share_frozen(cls)
    gc.collect()
    gc.freeze()  # what a start loads stays: each look at it would cost 50 ms
