"""Two people who meet: ada invites, ben joins; and eve, who would like to."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

from identity_world import node, persona
from mailbox_world import START, relay_keys

from swarm_protocol import identity as idn
from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as mt
from swarm_protocol import mls
from swarm_protocol.testing import SeededEntropy

NOW = START
WEEK = 7 * 86_400
HOST = mt.RelayAddress("relay.example.org:443", b"p" * 32)
ONION = mt.RelayAddress("b" * 56 + ".onion:8471", b"o" * 32)
WORDS = [f"{first}{second}" for first in "abcdefgh" for second in range(256)]


@lru_cache
def chain(name: str) -> idn.Sigchain:
    """The chain of somebody with one node."""
    return persona(f"+{name}", name=name)


def queue(number: int, at: mt.RelayAddress = HOST) -> mbx.QueueRecord:
    keys = relay_keys()
    sid = mbx.SenderId(bytes([number]) * 24)
    return mbx.QueueRecord(
        at.address, at.pin, keys.signature.public, keys.hpke.public, sid, bytes([number]) * 32
    )


def key_package(name: str, lifetime: tuple[int, int] = (NOW - WEEK, NOW + WEEK)) -> mls.OwnKeyPackage:
    ref = idn.NodeRef(chain(name).persona_id, 1)
    entropy = SeededEntropy(f"key package of {name}")
    return mt.node_key_package(ref, node(name), lifetime=lifetime, entropy=entropy)


@dataclass
class Meeting:
    """An invite, or an address, of ada's."""

    kind: mt.LinkKind = mt.LinkKind.INVITE
    stamp_bits: int = 0
    replies: tuple[mbx.QueueRecord, ...] = (queue(1),)
    seed: str = "meeting"
    invitation: mt.Invitation = field(init=False)

    def __post_init__(self) -> None:
        self.entropy = SeededEntropy(self.seed)
        self.hpke = mt.HPKE.kem.from_private(self.entropy(32))
        self.invitation = mt.Invitation.make(
            self.kind,
            mt.LinkSecret.generate(self.entropy),
            mt.Bundle(self.hpke.public, self.replies, label="Ada", stamp_bits=self.stamp_bits),
            fetch=(HOST,),
            expires_at=NOW + WEEK if self.kind is mt.LinkKind.INVITE else None,
            entropy=self.entropy,
        )

    def ask(
        self, name: str = "ben", note: str = "It is me.", lends: mbx.QueueRecord | None = None
    ) -> mt.Asked:
        """Somebody opens the link and asks."""
        link = mt.InviteLink.parse(self.invitation.link.format())
        found = mt.Invitation.open(link, self.invitation.sealed)
        draft = mt.draft_request(found, key_package(name), chain(name), (lends or queue(3),), note=note)
        stamp = mt.search_stamp(draft.challenge, self.stamp_bits, steps=1 << 12) if self.stamp_bits else None
        return mt.seal_request(draft, stamp=stamp, entropy=self.entropy)

    def hear(self, sealed: bytes, *, name: str = "ada", now: int = NOW) -> mt.Request:
        own = chain(name).persona_id
        return mt.open_request(self.invitation, self.hpke, sealed, own=own, now=now)

    def accept(self, request: mt.Request, lends: mbx.QueueRecord | None = None) -> mt.Accepted:
        own, queues = key_package("ada"), (lends or queue(5),)
        return mt.accept(request, own, chain("ada"), queues, entropy=self.entropy, now=NOW)

    @staticmethod
    def join(asked: mt.Asked, sealed: bytes, name: str = "ben") -> mt.Started:
        own = chain(name)
        answer = mt.open_answer(asked.keys, sealed, own=own)
        return mt.join(asked.own, asked.keys, answer, chain=own)
