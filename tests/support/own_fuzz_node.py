"""The fuzzer's targets of a node: what a contact who means harm says in a conversation, and sends at all.

Each input comes to one node, is stored and shown, and then undone; so all meet the same node.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from fuzzing import Target, mutate_cbor
from node_world import Person, World
from own_fuzz import value_of, vectors
from own_vectors import leaf

from swarm_protocol import cbor, mls
from swarm_protocol import content as con
from swarm_protocol import identity as idn
from swarm_protocol.cbor import Value
from swarm_protocol.content.chain import sign_place
from swarm_protocol.content.message import commitment
from swarm_protocol.envelope import Frame, Kind
from swarm_protocol.errors import RemoteProtocolError
from swarm_protocol.mls.codec import opaque
from swarm_protocol.mls.framing import ContentType, PrivateMessage
from swarmnode.services import groups, identity, incoming, messages, talk, views
from swarmnode.services.incoming import Source
from swarmnode.services.node import Node
from swarmnode.services.step import Step
from swarmnode.storage.shelves import CONVERSATIONS, GROUP_HEADS, MESSAGES, PERSONAS

CONV_TAG, AUTHOR, SEQ, PREV, SIGNATURE = 2, 3, 4, 5, 12
_SALT = bytes(16)


class _Undo(Exception):
    """Nothing of this transaction is wanted."""


@dataclass(frozen=True)
class Scene:
    """Ada, whom ben has told something; what ben signs with, and what he said last."""

    ada: Person
    conversation: con.Conversation
    author: con.Author
    keys: mls.SignatureKeyPair
    leaf: mls.LeafNode
    said: tuple[int, bytes]


@cache
def scene() -> Scene:
    """The two of them, who have met."""
    world = World("relay")
    ada, ben = world.person("ada", "relay"), world.person("ben", "relay")
    world.meet(ada, ben)
    for number in range(3):
        ben.say(f"ben {number}")
        ada.say(f"ada {number}")
    world.run(120)

    def look(step: Step) -> tuple[bytes, idn.NodeKeys, idn.PersonaId, int, tuple[int, bytes]]:
        row, (persona,) = CONVERSATIONS.all(step.tx)[0], PERSONAS.all(step.tx)
        chain = idn.Sigchain.decode(persona.chain)
        last = max(MESSAGES.all(step.tx, mine=True), key=lambda message: message.seq)
        keys = idn.NodeKeys.from_secret(persona.node_secret)
        return row.conv_id, keys, chain.persona_id, persona.node_seq, (last.seq, last.name)

    conv_id, keys, persona_id, node_seq, said = ben.do(look)
    author = con.Author(persona_id, keys.leaf_sig.public)
    own = leaf(author.leaf_sig, cbor.encode({1: persona_id, 2: node_seq}))
    return Scene(ada, con.Conversation(conv_id), author, keys.leaf_sig, own, said)


def said(data: bytes) -> bool:
    """The fields of a message: it is put in ben's name and into his chain, and signed."""
    here, fields = scene(), dict(value_of(data, dict))

    def take(step: Step, node: Node) -> None:
        group = GROUP_HEADS.all(step.tx)[0]
        talk.receive(step, node, groups.Data(group, here.leaf, group.epoch, _signed(here, fields)))

    return _taken(here, take)


def sent(data: bytes) -> bool:
    """An array of a kind and a payload: what came in ben's envelope, out of its seal."""
    given = value_of(data, list)
    if len(given) != 2 or given[0] not in list(Kind) or not isinstance(given[1], bytes):
        return False
    frame = Frame(Kind(given[0]), given[1], 0)
    return _taken(scene(), lambda step, node: incoming.frame(step, node, Source(1, None, 1), frame))


def _taken(here: Scene, take: Callable[[Step, Node], None]) -> bool:
    """Take it, look at the conversation as a screen does, and undo it; False if it was refused."""
    try:
        with here.ada.database.write() as tx:
            step = Step(tx, here.ada.world.now, here.ada.entropy)
            node = here.ada._engine().node
            identity.remember(step, node)
            take(step, node)
            views.page(step, node, messages.find(step, "1"), limit=200)
            views.chats(step, node)
            raise _Undo  # noqa: TRY301 - what was written is not wanted
    except RemoteProtocolError:
        return False
    except _Undo:
        return True


def _signed(here: Scene, fields: dict[int, Value]) -> bytes:
    fields |= {CONV_TAG: here.conversation.tag, AUTHOR: here.author.fields()}
    if SIGNATURE not in fields:
        return cbor.encode(fields)
    del fields[SIGNATURE]
    last, prev = here.said
    if fields.get(SEQ) in (0, 1):  # the first and second of the vectors follow what was said
        fields |= {SEQ: last + 1, PREV: prev}
    name, seq, before = commitment(_SALT, cbor.encode(fields)), fields.get(SEQ), fields.get(PREV)
    signature = sign_place(
        here.keys,
        here.conversation,
        here.author,
        seq if isinstance(seq, int) and seq >= 0 else 0,
        before if isinstance(before, bytes) else None,
        name,
    )
    return cbor.encode({**fields, SIGNATURE: {1: signature, 2: _SALT}})


def _messages() -> list[bytes]:
    """The messages of the vectors, and changes of what ben said."""
    about: dict[int, Value] = {3: {1: "an edit"}, 4: {1: "+"}, 2: {1: "a reply"}, 7: {}}
    chained: dict[int, Value] = {
        1: bytes(16),
        4: 0,
        7: 1,
        8: 1_800_000_000,
        12: 0,
        13: [scene().said[1]],
        14: {1: {1: 1, 2: bytes(16)}},
    }
    changes = [cbor.encode({**chained, 9: kind, 10: body}) for kind, body in about.items()]
    return [*vectors("content/message", lambda v: v[1:2]), *changes]


def _frames() -> list[bytes]:
    """Payloads of each kind, as far as vectors have them, and messages of groups that ada does not know."""
    rest = bytes([ContentType.APPLICATION]) + opaque(b"") + opaque(b"sender") + opaque(b"sealed")
    bodies = (opaque(b"group") + epoch.to_bytes(8, "big") + rest for epoch in (0, (1 << 63) - 1))
    wires = [mls.MLSMessage(PrivateMessage.decode(body)).encode() for body in bodies]
    parts = vectors("envelope/parts", lambda payloads: payloads[:2])
    found: dict[Kind, list[bytes]] = {
        Kind.MLS_PRIVATE: wires,
        Kind.PART: parts,
        Kind.REJOIN: vectors("meeting/rejoin", lambda v: [v[3]]),
        Kind.CONN_ACC: vectors("meeting/answer", lambda v: [v[4]]),
        Kind.BUNDLE_ACK: vectors("carry/ack"),
    }
    return [cbor.encode([int(kind), payload]) for kind, payloads in found.items() for payload in payloads]


NODE: dict[str, Target] = {
    "node-said": Target(said, _messages, mutate_cbor, slow=True),
    "node-sent": Target(sent, _frames, mutate_cbor, slow=True),
}
