"""Frozen values of the node: instants, and what services answer with. Knows nothing of the other floors."""
