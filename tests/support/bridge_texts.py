"""What the tests of markup share: looks at documents that do not trust the code under test."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from swarm_bridges.document import Document, Emoji, Item, Link, List, Mention, Node, Paragraph, Quote, Text


def nodes(document: Document) -> Iterator[tuple[int, Node | Item]]:
    """All nodes with their depth; a loop, so that a deep tree is seen and not a crash."""
    todo: list[tuple[int, Any]] = [(1, block) for block in document.blocks]
    while todo:
        depth, node = todo.pop()
        yield depth, node
        inside = node.items if isinstance(node, List) else getattr(node, "children", ())
        todo += ((depth + 1, child) for child in inside)


def check_safe(document: Document) -> None:
    """Within the bounds; nothing that a screen could be tricked with; can be sent and read again."""
    count = 0
    for depth, node in nodes(document):
        count += 1
        assert depth <= 2 * 12 + 2, "lists count twice, and a leaf stands in a paragraph"
        if isinstance(node, Link | Emoji):
            assert node.url.lower().startswith(("http://", "https://", "mailto:", "xmpp:")) or (
                isinstance(node, Emoji) and not node.url
            )
            assert not any(c in node.url for c in ' "<>\n\x00')
        if isinstance(node, Text):
            assert node.text
            assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in node.text)
    assert count <= 20_000
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(document), type=Document) == document


def para(*children: Any) -> Paragraph:
    return Paragraph(tuple(Text(c) if isinstance(c, str) else c for c in children))


def doc(*blocks: Any) -> Document:
    return Document(tuple(para(b) if isinstance(b, str) else b for b in blocks))


def quote(*blocks: Any) -> Quote:
    return Quote(doc(*blocks).blocks)


def listed(*items: Any, ordered: bool = False) -> List:
    return List(tuple(Item(doc(item).blocks) for item in items), ordered)


MENTION = Mention("user-7", "@ada")
