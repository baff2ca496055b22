"""The label of parts (spec 20 §4); all purposes stand in `swarm_protocol.labels.LABELS`."""

from __future__ import annotations

from ..labels import HashLabel

PARTS = HashLabel("parts")
