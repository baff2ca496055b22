"""Bridges: the networks where people already are, each behind the same small contract.

This room will hold that contract, a kit to test against it, and one package per network. None of it exists
yet. One rule is already checked: nothing in here imports the node, the protocol or a cryptographic library,
for a bridge must not see a key.
"""
