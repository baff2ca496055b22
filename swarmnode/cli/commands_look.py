"""Commands that look inside: `inspect` for bytes, `trace` for what passes."""

from __future__ import annotations

import errno
import sys
from pathlib import Path

import click

from ..errors import NodeError, NotFound, UsageError
from .group import command, option
from .session import Session
from .terminal import clean

MAX_INPUT = 64 * 1024 * 1024


def _bytes(source: str) -> bytes:
    """What a file holds, or what hex digits say; `-` is stdin."""
    if source == "-":
        return sys.stdin.buffer.read(MAX_INPUT)
    try:
        with Path(source).open("rb") as file:
            return file.read(MAX_INPUT)
    except (FileNotFoundError, ValueError):
        pass
    except OSError as e:
        if e.errno != errno.ENAMETOOLONG:  # hex digits are a long name of no file
            raise NotFound(f"{source} cannot be read: {e.strerror}.") from None
    if source.startswith("swarm:"):
        return source.encode()
    try:
        return bytes.fromhex(source)
    except ValueError:
        raise UsageError(
            "This is neither a file nor hex digits nor a link.",
            hint="`swarmnode inspect FILE`, or hex digits.",
        ) from None


@command("inspect")
@click.argument("source")
def inspect_(session: Session, source: str) -> None:
    """Explain a frame, a blob or a link; needs no keys and no node."""
    from .explain import Explained, explain  # noqa: PLC0415

    found = explain(_bytes(source))
    if session.give(found):
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415
    from rich.tree import Tree  # noqa: PLC0415

    def grow(tree: Tree, node: Explained) -> Tree:
        for inside in node.inside:
            grow(tree.add(Text(line(inside))), inside)
        return tree

    def line(node: Explained) -> str:
        return clean(f"{node.label}: {node.value}" if node.value else node.label)

    Console(highlight=False).print(grow(Tree(Text(line(found))), found))


@command("trace")
@option("--peer", required=True, metavar="CONTACT")
def trace_(session: Session, peer: str) -> None:
    """Print what passes between this node and a peer, until it is stopped."""
    try:
        id_ = session.find("contact", peer)
    except NodeError as e:
        if e.code != NotFound.code:
            raise
        id_ = session.find("relay", peer)
    for _, text in session.client.stream("/trace", peer=id_):
        if not session.give({"line": text}):
            session.say(clean(str(text)))
