"""The meeting of `first_meeting.txt` is what two nodes and a relay do, from the link to the same words."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from identity_world import node
from mailbox_world import START, TICKETS, Driver, Node, relay_keys
from meeting_world import HOST, WEEK, WORDS, chain, key_package

from swarm_protocol import content as con
from swarm_protocol import envelope as env
from swarm_protocol import identity as idn
from swarm_protocol import mailbox as mbx
from swarm_protocol import meeting as mt
from swarm_protocol import mls
from swarm_protocol.mailbox import limits
from swarm_protocol.mailbox.client import Heard
from swarm_protocol.mailbox.commands import CommandBody
from swarm_protocol.testing import SeededEntropy

TEXT = Path(__file__).with_name("first_meeting.txt")
E, JE = mt.InviteEvent, mt.JoiningEvent


@dataclass
class Person:
    """Somebody with a node: keys, a connection, and what the relay was asked and said since the last line."""

    driver: Driver
    name: str
    said: list[str] = field(default_factory=list)
    pulled: set[mbx.RecipientId] = field(default_factory=set)
    link_seq: int = 0

    def __post_init__(self) -> None:
        self.relay = Node(self.driver, self.name)
        self.entropy = SeededEntropy(f"first meeting of {self.name}")

    def ask(self, body: CommandBody, key: mls.SignatureKeyPair | None = None) -> Heard:
        size = f" {len(body.blob)}" if isinstance(body, mbx.Send) else ""
        heard = self.relay.ask(body, key)
        self.said.append(f"{body.type.name}{size} -> {shown(heard)}")
        return heard

    def new_queue(self, kind: mbx.Kind, ticket: bytes) -> tuple[mbx.Made, mbx.QueueRecord]:
        """Make a queue, each with a key of its own, and read it."""
        made = self.ask(mbx.New(kind, self.relay.key.public, ticket))
        assert isinstance(made, mbx.Made)
        self.ask(mbx.Sub(made.rid, 1, b"i" * 16))
        keys = relay_keys()
        address, pin, secret = HOST.address, HOST.pin, self.entropy(32)
        public = keys.signature.public, keys.hpke.public
        return made, mbx.QueueRecord(address, pin, *public, made.sid, secret)

    def send(self, queue: mbx.QueueRecord, kind: env.Kind, payload: bytes, msg_id: bytes) -> mbx.Send:
        """Seal what fits into one envelope, and send it."""
        (frame,) = env.frames_for(kind, payload, self.link_seq)
        self.link_seq += 1
        envelope = env.seal_envelope(env.QueueKey(queue.queue_key), frame, entropy=self.entropy)
        bucket = limits.BUCKETS.index(len(envelope))
        send = mbx.Send(queue.sid, mbx.MessageId(msg_id), bucket, envelope)
        self.ask(mbx.SKey(queue.sid, self.relay.key.public))
        self.ask(send)
        return send

    def look(self, made: mbx.Made, queue: mbx.QueueRecord) -> list[env.Frame]:
        """Take what waits in a queue: the frames, stored before they are acknowledged."""
        if made.rid not in self.pulled:
            self.pulled.add(made.rid)
            self.ask(mbx.Pull(made.rid, 0, 9))
        frames = []
        for notice in self.relay.take_notices():
            self.said.append(shown(notice))
            if isinstance(notice, mbx.Delivery):
                frames.append(env.open_envelope(env.QueueKey(queue.queue_key), notice.blob))
                self.ask(mbx.Ack(made.rid, notice.n, notice.msg_id))
        return frames


def shown(heard: Heard) -> str:
    """One answer or notice."""
    match heard:
        case mbx.Error(code):
            return f"ERROR {code.name}"
        case mbx.Receipt():
            return f"RECEIPT@{heard.n}"
        case mbx.Delivery():
            return f"DELIVERY@{heard.n} {len(heard.blob)}"
        case mbx.Bundle(bundle):
            return f"BUNDLE {len(bundle)}"
    return heard.type.name


class Stage:
    """Ada invites, ben joins, eve comes too late. Each method is one line of the text."""

    def __init__(self) -> None:
        self.driver = Driver()
        self.ada, self.ben, self.eve = (Person(self.driver, name) for name in ("ada", "ben", "eve"))
        self.invite, self.joining = mt.Invite.CREATED, mt.Joining.READ
        self.first: bytes | None = None

    def play(self, at: int, who: str, verb: str) -> str:
        self.driver.now = START + at
        people = {"ada": self.ada, "ben": self.ben, "eve": self.eve}
        outcome = getattr(self, f"{who}_{verb}")()
        said, people[who].said = people[who].said, []
        return " | ".join([*said, outcome])

    def happens(self, event: mt.InviteEvent) -> str:
        self.invite = mt.INVITE[self.invite, event]
        return f"{event.name} => {self.invite.name}"

    def goes_on(self, event: mt.JoiningEvent) -> str:
        self.joining = mt.JOINING[self.joining, event]
        return f"{event.name} => {self.joining.name}"

    # Ada

    def ada_invites(self) -> str:
        ada = self.ada
        self.replies, record = ada.new_queue(mbx.Kind.INVITE, TICKETS[0])
        self.reply_queue = record
        self.hpke = mt.HPKE.kem.from_private(ada.entropy(32))
        bundle = mt.Bundle(self.hpke.public, (record,), mt.Lent(HOST, TICKETS[4:6]), "Ada")
        self.made = mt.Invitation.make(
            mt.LinkKind.INVITE,
            mt.LinkSecret.generate(ada.entropy),
            bundle,
            fetch=(HOST,),
            expires_at=START + WEEK,
            entropy=ada.entropy,
        )
        ada.ask(mbx.Put(self.replies.rid, self.made.link.slot(HOST), self.made.sealed))
        text = self.made.link.format()
        return f"{text[:41]}... of {len(text)}"

    def ada_looks(self) -> str:
        frames, events = self.ada.look(self.replies, self.reply_queue), list[str]()
        if "FETCHED" in self.ada.said:
            events.append(self.happens(E.FETCHED))
        for frame in frames:
            assert frame.kind is env.Kind.CONN_REQ
            self.request = mt.open_request(
                self.made, self.hpke, frame.payload, own=chain("ada").persona_id, now=self.driver.now
            )
            leaf = self.request.node.leaf_sig
            events.append(f'conn_req {len(frame.payload)} "{self.request.note}"')
            events.append(self.happens(mt.request_event(self.first, leaf)))
            self.first = self.first or leaf
        return " | ".join(events)

    def ada_accepts(self) -> str:
        self.adas_queue, record = self.ada.new_queue(mbx.Kind.PAIR, TICKETS[1])
        self.adas_record = record
        self.accepted = mt.accept(
            self.request,
            key_package("ada"),
            chain("ada"),
            (record,),
            entropy=self.ada.entropy,
            now=self.driver.now,
        )
        self.answer(self.accepted.sealed)
        return f"conn_acc {len(self.accepted.sealed)} | {self.happens(E.ACCEPT)}"

    def answer(self, sealed: bytes) -> None:
        (queue,) = self.request.queues
        self.ada.send(queue, env.Kind.CONN_ACC, sealed, b"the answer......")

    def ada_reads(self) -> str:
        (frame,) = self.ada.look(self.adas_queue, self.adas_record)
        started = self.accepted.started
        people = (chain("ada"), chain("ben"))
        policy = mls.Policy(idn.authenticator({c.persona_id: c for c in people}.get), lambda _: None)
        _, event = mls.process(started.state, frame.payload, policy=policy)
        assert isinstance(event, mls.ApplicationMessage)
        sender = con.Author(chain("ben").persona_id, event.leaf.signature_key)
        message = con.Message.decode(event.data)
        con.admit(message, started.conversation, sender=sender, highest=0)
        assert isinstance(message.body, con.Hello)
        return f"hello | {self.happens(E.HELLO)}"

    def ada_cleans(self) -> str:
        self.ada.ask(mbx.Del(self.replies.rid))
        return f"the key of the bundle is deleted | {self.invite.name}"

    # Ben

    def ben_fetches(self) -> str:
        link = mt.InviteLink.parse(f"\n {self.made.link.format()} ")
        assert not link.expired(self.driver.now)
        heard = self.ben.ask(mbx.Fetch(link.slot(link.fetch[0]), self.ben.relay.key.public))
        assert isinstance(heard, mbx.Bundle)
        self.found = mt.Invitation.open(link, heard.bundle)
        return self.goes_on(JE.BUNDLE)

    def ben_asks(self) -> str:
        bundle = self.found.bundle
        assert bundle.lent is not None, "ben has no relay of his own"
        self.bens_queue, self.bens_record = self.ben.new_queue(mbx.Kind.PAIR, bundle.lent.tickets[0])
        draft = mt.draft_request(
            self.found, key_package("ben"), chain("ben"), (self.bens_record,), note="It is me, Ben."
        )
        self.asked = mt.seal_request(draft, entropy=self.ben.entropy)
        sealed = self.asked.sealed
        self.sent = self.ben.send(bundle.replies[0], env.Kind.CONN_REQ, sealed, b"the request.....")
        return f"conn_req {len(sealed)} | {self.goes_on(JE.ASK)}"

    def ben_repeats(self) -> str:
        self.ben.ask(self.sent)
        return self.joining.name

    def ben_asks_again(self) -> str:
        """He is not sure that it came: the same request, in another message."""
        replies = self.found.bundle.replies[0]
        self.ben.send(replies, env.Kind.CONN_REQ, self.asked.sealed, b"the request, 2..")
        return self.joining.name

    def ben_looks(self) -> str:
        (frame,) = self.ben.look(self.bens_queue, self.bens_record)
        assert frame.kind is env.Kind.CONN_ACC
        answer = mt.open_answer(self.asked.keys, frame.payload, own=chain("ben"))
        self.joined = mt.join(self.asked.own, self.asked.keys, answer, chain=chain("ben"))
        self.to_ada = answer.queues[0]
        assert self.joined.conversation == self.accepted.started.conversation
        return f"conn_acc {len(frame.payload)} | {self.goes_on(JE.ANSWER)}"

    def ben_greets(self) -> str:
        author = con.Author(chain("ben").persona_id, node("ben").leaf_sig.public)
        hello = con.compose_unchained(
            author,
            self.joined.conversation,
            con.Hello(1, b"i" * 16),
            wall_s=self.driver.now,
            entropy=self.ben.entropy,
        )
        _, message = mls.encrypt(self.joined.state, hello.data, entropy=self.ben.entropy)
        self.ben.send(self.to_ada, env.Kind.MLS_PRIVATE, message, b"the hello.......")
        return f"mls_private {len(message)}"

    def ben_compares(self) -> str:
        transcript = self.found.transcript
        sides = [
            mt.safety_words(mt.safety_material(state, transcript), WORDS)
            for state in (self.joined.state, self.accepted.started.state)
        ]
        assert sides[0] == sides[1]
        ada, ben = chain("ada").persona_id, chain("ben").persona_id
        outcome = mt.check_qr(mt.safety_qr(ada, ben, transcript), ben, ada, self.made.transcript)
        return f"{len(sides[0])} words are the same | QR {outcome.name}"

    # Eve, who saw the link

    def eve_fetches(self) -> str:
        heard = self.eve.ask(mbx.Fetch(self.made.link.slot(HOST), self.eve.relay.key.public))
        assert isinstance(heard, mbx.Error)
        return "nothing"


def test_the_meeting_is_as_it_is_written() -> None:
    stage, said, written = Stage(), list[str](), list[str]()
    for line in TEXT.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        if not line.startswith(" "):
            left, _, right = line.partition("  ->")
            at, who, verb = left.split()
            said.append(f"{' '.join(left.split())}  -> {stage.play(int(at), who, verb)}")
            written.append(f"{' '.join(left.split())}  -> {right.strip()}")
        else:
            written[-1] += f" {line.strip()}"
    assert said == written
    assert stage.invite is mt.Invite.CONFIRMED
    assert stage.joining is mt.Joining.CONFIRMED
