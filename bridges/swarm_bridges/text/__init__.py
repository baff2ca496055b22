"""Markup to documents and back, within the bounds of `swarm_bridges.document`.

What comes from a network is hostile until shown otherwise: each reader takes time in proportion to what it
reads, whatever that is, and gives a document that holds nothing but safe nodes. Nothing here loads anything.

    from_plain  from_markdown  from_html      markup to a document
    to_plain    to_markdown    to_html        and back
    bounded                                   any document, cut to the bounds
    measure     split                         how long it is for a network, and parts that fit
"""

from .build import bounded
from .html import from_html, to_html
from .markdown import from_markdown, to_markdown
from .measure import measure
from .plain import from_plain, to_plain
from .split import split

__all__ = [
    "bounded",
    "from_html",
    "from_markdown",
    "from_plain",
    "measure",
    "split",
    "to_html",
    "to_markdown",
    "to_plain",
]
