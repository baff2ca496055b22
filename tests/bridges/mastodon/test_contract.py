"""The kit against a Mastodon that does not exist: streams, polls and keys, which snac2 lacks."""

from swarm_bridges.testing import contract

TestContract = contract("swarm_bridges.networks.mastodon")
