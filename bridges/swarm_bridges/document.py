"""What people write, as one neutral tree: what every network's markup can be turned into, and back.

A `Document` is a list of blocks. It holds no raw markup, no script and no picture that loads by itself, so
that whatever shows it cannot be tricked by where it came from. `swarm_bridges.text` makes documents from
plain text and HTML, within `MAX_DEPTH` and `MAX_NODES`, and renders them.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec

MAX_DEPTH = 12
"""Blocks in blocks and emphasis in emphasis; deeper parts are flattened."""
MAX_NODES = 20_000
"""Nodes of one document; what comes later is cut off, and a sentence says so."""


class Node(msgspec.Struct, frozen=True, tag_field="is"):
    """Root of all nodes."""


class Text(Node, frozen=True, tag="text"):
    """Characters without any markup."""

    text: str


class Strong(Node, frozen=True, tag="strong"):
    """Bold."""

    children: tuple[Inline, ...]


class Emphasis(Node, frozen=True, tag="emphasis"):
    """Italic."""

    children: tuple[Inline, ...]


class Struck(Node, frozen=True, tag="struck"):
    """Struck through."""

    children: tuple[Inline, ...]


class Code(Node, frozen=True, tag="code"):
    """Characters of fixed width, inside a line."""

    text: str


class Break(Node, frozen=True, tag="break"):
    """A new line inside a paragraph."""


class Link(Node, frozen=True, tag="link"):
    """A link: `http`, `https`, `mailto` or `xmpp`, nothing else."""

    url: str
    children: tuple[Inline, ...]


class Mention(Node, frozen=True, tag="mention"):
    """Somebody of this network, by immutable id."""

    remote_id: str
    name: str


class Emoji(Node, frozen=True, tag="emoji"):
    """A picture of the network's own that stands in a line. `fallback` is what text alone shows."""

    name: str
    fallback: str
    url: str = ""


class Paragraph(Node, frozen=True, tag="paragraph"):
    """Lines that belong together."""

    children: tuple[Inline, ...]


class Heading(Node, frozen=True, tag="heading"):
    """A heading, level 1 to 6."""

    level: int
    children: tuple[Inline, ...]


class Quote(Node, frozen=True, tag="quote"):
    """Somebody else's words."""

    children: tuple[Block, ...]


class CodeBlock(Node, frozen=True, tag="code_block"):
    """Lines of fixed width."""

    text: str
    language: str = ""


class Item(msgspec.Struct, frozen=True):
    """One entry of a list."""

    children: tuple[Block, ...]


class List(Node, frozen=True, tag="list"):
    """A list, numbered if `ordered`."""

    items: tuple[Item, ...]
    ordered: bool = False


class Rule(Node, frozen=True, tag="rule"):
    """A line between two parts."""


Inline: TypeAlias = Text | Strong | Emphasis | Struck | Code | Break | Link | Mention | Emoji
Block: TypeAlias = Paragraph | Heading | Quote | CodeBlock | List | Rule


class Document(msgspec.Struct, frozen=True):
    """What somebody wrote."""

    blocks: tuple[Block, ...] = ()
