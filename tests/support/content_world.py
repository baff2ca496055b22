"""Authors for tests: seeded keys, and chains that are written in one line."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from swarm_protocol import content as con
from swarm_protocol import identity as idn
from swarm_protocol.content.bodies import Known
from swarm_protocol.mls.signatures import Ed25519, SignatureKeyPair
from swarm_protocol.testing import SeededEntropy

CONVERSATION = con.Conversation(SeededEntropy("conversation")(32))
HEADS = con.Heads(idn.Head(1, bytes(16)))


@lru_cache
def keys_of(node: str) -> SignatureKeyPair:
    return Ed25519().generate(SeededEntropy(f"leaf of {node}"))


@lru_cache
def author_of(node: str) -> con.Author:
    """The author that `ada` or `ada/away` is: a persona, and one of its nodes."""
    persona = SeededEntropy(f"persona {node.partition('/')[0]}")(32)
    return con.Author(idn.PersonaId(persona), keys_of(node).public)


@dataclass
class Writer:
    """One node that writes in a conversation, and sees what it is shown."""

    node: str
    conversation: con.Conversation = CONVERSATION
    seed: object = ""
    seen: dict[bytes, con.Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.author = author_of(self.node)
        self.chain = con.AuthorChain.empty(self.conversation, self.author)
        self.entropy = SeededEntropy(f"{self.node} {self.seed}")

    def see(self, *messages: con.Message) -> None:
        for message in messages:
            self.seen[message.id] = message.standing

    def say(self, body: Known | str, *, lamport: int | None = None, expire_s: int = 0) -> con.Message:
        highest = max((place.lamport for place in self.seen.values()), default=0)
        message = con.compose(
            keys_of(self.node),
            self.chain,
            self.conversation,
            con.Text(body) if isinstance(body, str) else body,
            parents=con.tips(self.seen.values()),
            lamport=con.next_lamport(highest) if lamport is None else lamport,
            heads=HEADS,
            wall_s=1_800_000_000,
            entropy=self.entropy,
            expire_s=expire_s,
        )
        link = con.AuthorLink.of(message, self.conversation)
        self.chain = self.chain.receive(link).chain
        self.see(message)
        return message


def link_of(message: con.Message, conversation: con.Conversation = CONVERSATION) -> con.AuthorLink:
    return con.AuthorLink.of(message, conversation)
