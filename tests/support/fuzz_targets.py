"""All targets of the fuzzer, and the guards around one input: what it may cost."""

from __future__ import annotations

import resource
import time

import mls_fuzz
import own_fuzz
import own_fuzz_deep
import own_fuzz_machines
import own_fuzz_node
from fuzzing import Target

TARGETS: dict[str, Target] = {
    **{f"mls-{name}": target for name, target in mls_fuzz.TARGETS.items()},
    **own_fuzz.DECODING,
    **own_fuzz_deep.DEEP,
    **own_fuzz_machines.MACHINES,
    **own_fuzz_node.NODE,
}

MAX_SECONDS = 2.0
"""Processor time that one input may take: some forty times what the slowest takes on a small machine."""

MAX_MEMORY_KIB = 64 * 1024
"""By how much one input may raise what the process has ever had in memory."""


def costs(target: Target, data: bytes) -> bool:
    """Whether the target accepts the input.

    Raises:
        AssertionError: it took too long or too much memory, or is a finding otherwise.
    """
    had, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    accepted = target.accepts(data)
    took = time.process_time() - begun
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - had
    assert took < MAX_SECONDS, f"{len(data)} bytes took {took:.1f} s"
    assert grown < MAX_MEMORY_KIB, f"{len(data)} bytes took {grown // 1024} MiB"
    return accepted
