"""What the API asks of a node. Values are those of `domain.views`, errors those of `swarmnode.errors`.

Ids are exact here; what people type is turned into ids by `resolve`. While the store is closed all but
`status`, `doctor` and `unlock` raise Locked; while there is no persona all but those, `create` and `restore`
raise NotReady.

Each part of a node is a port of its own; `Node` is all of them.
"""

from __future__ import annotations

from typing import Protocol

from ...domain.words import File, Words
from .book import Book
from .contacts import Contacts
from .events import Events
from .files import Files
from .itself import Itself
from .networks import Networks
from .posts import Posts
from .proofs import Proofs
from .relays import Relays
from .talk import Talk
from .values import LinkView, NodeView, Posting, Retried, SettingView
from .waiting import Waiting

__all__ = ["File", "LinkView", "Node", "NodeView", "Posting", "Retried", "SettingView", "Words"]


class Node(Itself, Relays, Contacts, Book, Talk, Waiting, Networks, Posts, Proofs, Files, Events, Protocol):
    """A running node, ready or not."""
