"""Bridges: the networks where people already are, each behind the same small contract (`api`).

Nothing in here imports the node, the protocol or a database: a bridge must not see a key.
"""
