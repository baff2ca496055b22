"""Hypothesis: few, fresh examples on a person's machine, more in CI; a failure prints what reproduces it."""

import os

from hypothesis import settings

settings.register_profile("dev", deadline=None, print_blob=True, max_examples=50)
settings.register_profile("ci", deadline=None, print_blob=True, max_examples=150, derandomize=False)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")
