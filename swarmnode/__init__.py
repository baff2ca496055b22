"""The node: what a person owns, holding their keys, their data and their conversations. The relay too.

`python -m swarmnode` is its command line. How the floors stand on each other says docs/adr/0014; a walk
through them is in docs/tour.md.
"""
