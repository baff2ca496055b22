"""Where the kit finds the network."""

from swarm_bridges.testing.demo_network import DemoNetwork as Network

__all__ = ["Network"]
