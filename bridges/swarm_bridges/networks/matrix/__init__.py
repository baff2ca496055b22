"""Matrix: rooms and direct conversations at a homeserver, over its client-server API (ADR 0029).

model      the server's JSON, checked
client     asking it; errors sorted
rooms      what is known of each room; reactions, of each reaction
convert    events as messages, documents as content: pure; polls
session    an account while it runs; reader, what happens; past, what was before
sealed     end-to-end encryption
account    what the owner wants; outgoing says it; media, claims; login
"""

from .account import Matrix as Bridge
from .login import MatrixLogin as Login

__all__ = ["Bridge", "Login"]
