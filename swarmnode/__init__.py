"""The node: what a person owns, holding their keys, their data and their conversations.

This room will hold the node itself: storage, services, delivery, the local API and the command line. None of
that exists yet. What works today is the end-to-end encryption it will stand on, in `swarm_protocol.mls`.
"""
