"""Hypothesis: few, fresh examples on a person's machine; in CI more, the same each time.

A change then stands or falls by itself, not by luck. A failure prints what reproduces it.
"""

import os

from hypothesis import settings

settings.register_profile("dev", deadline=None, print_blob=True, max_examples=50)
settings.register_profile("ci", deadline=None, print_blob=True, max_examples=150, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")
