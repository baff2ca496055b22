"""Nodes that repair each other's chains over a wire that loses; they keep what a node's store keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from content_world import CONVERSATION, Writer, author_of, link_of

from swarm_protocol import content as con
from swarm_protocol import sync


def forked_pool(count: int, fork_at: int) -> tuple[list[con.Message], list[con.Message]]:
    """What ada said, and what a copy of her node said from `fork_at` on."""
    ada, copy = Writer("ada"), Writer("ada", seed="copy")
    said = []
    for n in range(count):
        if n == fork_at:
            copy.chain = ada.chain
        said.append(ada.say(f"ada {n}"))
    return said, [copy.say(f"copy {n}") for n in range(fork_at, count)]


@dataclass
class Node:
    """A node that has chains and a store, and takes copies as it would take messages."""

    chains: dict[con.Author, con.AuthorChain] = field(default_factory=dict)
    store: dict[tuple[con.Author, int], bytes | con.AuthorLink] = field(default_factory=dict)
    links: dict[tuple[con.Author, int], con.AuthorLink] = field(default_factory=dict)

    @classmethod
    def following(cls, *nodes: str) -> Node:
        authors = [author_of(node) for node in nodes]
        return cls({author: con.AuthorChain.empty(CONVERSATION, author) for author in authors})

    def at(self, author: con.Author, seq: int) -> bytes | con.AuthorLink | None:
        return self.store.get((author, seq))

    def fork(self, author: con.Author) -> con.Fork | None:
        return self.chains[author].fork

    def have(self, *, asks: bool = False) -> sync.Have:
        return sync.Have.of(self.chains.values(), asks=asks)

    def take(self, copy: sync.Copy) -> None:
        match copy:
            case sync.Repaired(data):
                message = con.Message.decode(data)
                admitted = con.admit(message, CONVERSATION, sender=None, highest=0)
                assert admitted.link is not None
                self._receive(admitted.link, data)
            case sync.Tombstone(link):
                self._receive(link, link)
            case sync.Evidence(fork):
                for link in fork.pair:
                    self._receive(link, link)

    def hear(self, messages: Iterable[con.Message]) -> None:
        for message in messages:
            self._receive(link_of(message), message.data)

    def delete(self, author: con.Author, seq: int) -> None:
        if (author, seq) in self.store:
            self.store[author, seq] = self.links[author, seq]

    def _receive(self, link: con.AuthorLink, kept: bytes | con.AuthorLink) -> None:
        place = link.author, link.seq
        received = self.chains[link.author].receive(link, stored=self.links.get(place))
        self.chains[link.author] = received.chain
        if received.outcome in {con.Outcome.EXTENDED, con.Outcome.HELD}:
            self.links[place] = link
            self.store[place] = kept


Wire = Callable[[bytes], bytes | None]


def ask(asking: Node, answering: Node, wire: Wire) -> int:
    """One have of `asking`, and all that follows from it; gives the number of copies that were sent."""
    have = wire(asking.have(asks=True).encode())
    if have is None:
        return 0
    sent = _fetch(answering, asking, sync.Have.decode(have), wire)
    if sync.lacking(sync.Have.decode(have), answering.have()) is None:
        return sent
    answer = wire(answering.have().encode())
    return sent if answer is None else sent + _fetch(asking, answering, sync.Have.decode(answer), wire)


def _fetch(node: Node, source: Node, theirs: sync.Have, wire: Wire) -> int:
    sent = 0
    fetch, request = sync.Fetch.start(node.have(), theirs)
    while request is not None:
        asked = wire(request.encode())
        if asked is None:
            return sent
        answer = sync.Answer.to(sync.Request.decode(asked))
        while answer.todo:
            answer, copies = answer.take(source)
            assert len(copies) <= sync.rules.WINDOW
            sent += len(copies)
            for copy in copies:
                if (data := wire(copy.encode())) is not None:
                    node.take(sync.decode_copy(data))
            answer = answer.stored(len(copies))
        fetch, request = fetch.after(node.have())
    return sent
