"""Fills a home with messages of a contact, as if they had come: signed, chained, stored, indexed.

Sent through a relay, 100,000 messages would take most of an hour. Here the functions of the services run that
store what came, over the home of a node that is off; only envelopes and MLS are left out.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from swarm_protocol.content import AuthorLink, Conversation, Heads, Text, compose, next_lamport
from swarmnode.delivery.clock import clock
from swarmnode.services import chains, identity, indexing, talk
from swarmnode.services.node import Me, Node
from swarmnode.services.step import Step
from swarmnode.storage.database import Database
from swarmnode.storage.home import Home
from swarmnode.storage.keystore import KeyStore, Passphrase
from swarmnode.storage.shelves import CONVERSATIONS, MESSAGES, PEERS, RECEIPT_INTENTS

AT_ONCE = 500
"""Messages in one transaction."""


def fill(author: Path, home: Path, passphrase: str, count: int) -> int:
    """Let the person of one home have said `count` texts of 200 bytes to that of another; how many are there.

    Nothing may run on either home, and the author's node does not know: it must not speak afterwards.
    """
    with opened(author, passphrase) as database:
        me = me_of(database)
    with opened(home, passphrase) as database:
        node = Node(boot=database.boot, instance=database.instance, persona=me_of(database))
        for first in range(0, count, AT_ONCE):
            with database.write() as tx:
                step = Step(tx, clock(), os.urandom)
                for number in range(first, min(first + AT_ONCE, count)):
                    said(step, node, me, f"message {number} ".ljust(200, "z"))
                while indexing.catch_up(step, node):
                    pass
                RECEIPT_INTENTS.drop(tx, conversation_id=1)  # nobody waits for them
        with database.read() as tx:
            return MESSAGES.count(tx)


def said(step: Step, node: Node, me: Me, text: str) -> None:
    """One message of somebody to the person of a node."""
    conversation = CONVERSATIONS.get(step.tx, 1)
    peer = PEERS.one(step.tx, leaf_sig=me.keys.leaf_sig.public)
    assert conversation is not None, "they have met"
    assert peer is not None, "they have met"
    spoken_in = Conversation(conversation.conv_id)
    author = chains.author_row(step, conversation.id, me.author)
    message = compose(
        me.keys.leaf_sig,
        chains.chain_of(step, node, conversation, author),
        spoken_in,
        Text(text),
        parents=talk.tips_of(conversation),
        lamport=next_lamport(conversation.lamport),
        heads=Heads(me.chain.head),
        wall_s=step.wall_s,
        entropy=step.entropy,
    )
    talk.take(step, node, conversation, message, AuthorLink.of(message, spoken_in), from_peer=peer)


def me_of(database: Database) -> Me:
    """The person whose home it is."""
    with database.read() as tx:
        me = identity.load(Step(tx, clock(), os.urandom))
    assert me is not None, "a home has a persona"
    return me


@contextmanager
def opened(folder: Path, passphrase: str) -> Iterator[Database]:
    """The database of a home on which nothing runs."""
    with Home(folder) as home:
        root = KeyStore(home.files, entropy=os.urandom).unlock(Passphrase(passphrase))
        database = Database.open(home, root, entropy=os.urandom)
        try:
            yield database
        finally:
            database.close()
