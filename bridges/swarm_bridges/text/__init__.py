"""Markup to documents and back, within the bounds of `swarm_bridges.document`.

What comes from a network is hostile until shown otherwise: each reader takes time in proportion to what it
reads, whatever that is, and gives a document that holds nothing but safe nodes. Nothing here loads anything.

    from_plain  from_markdown  from_html      markup to a document
    to_plain    to_markdown    to_html        and back
    bounded                                   any document, cut to the bounds
    measure     split                         how long it is for a network, and parts that fit
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .build import bounded
from .measure import measure
from .plain import from_plain, to_plain
from .split import split

if TYPE_CHECKING:
    from .html import from_html, to_html
    from .markdown import from_markdown, to_markdown

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


def __getattr__(name: str) -> Any:
    """Load a reader of markup when it is wanted: a node has plain text alone for most of its life."""
    for module in ("html", "markdown"):
        if name.endswith(f"_{module}") and name in __all__:
            return getattr(import_module(f".{module}", __name__), name)
    raise AttributeError(name)
