"""Labels of content (spec 21 §8); all purposes stand in `swarm_protocol.labels.LABELS`."""

from __future__ import annotations

from ..labels import HashLabel, SignatureLabel

CONVERSATION = HashLabel("conversation")
COMMITMENT = HashLabel("content commitment")
FORK = HashLabel("author fork")
CONTENT_SIGNATURE = SignatureLabel("sign content")
DELETION_SIGNATURE = SignatureLabel("sign deletion")
